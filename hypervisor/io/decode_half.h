/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the parts of the memory-access emulation, io/decode*.c. Own vCPU thread. */
#pragma once

#include "io/decode_alu.h"
#include "io/decode_insn.h"
#include "lib/addr.h"
#include "vm/gva.h"
#include "vm/vcpu.h"

/* A byte register with high_byte is bits 15:8 of `reg`. Values are zero-extended from `size`. */
uint64_t half_reg(const struct vcpu *vcpu, uint8_t reg, uint8_t size, bool high_byte);
/* Writes as the CPU does: 32-bit results clear the upper half, smaller ones keep the rest. */
void half_set_reg(struct vcpu *vcpu, uint8_t reg, uint8_t size, bool high_byte, uint64_t value);

/* Steps to acc->next_rip and ends STI/MOV-SS blocking. DECODE_OK. */
int half_step(struct vcpu *vcpu);

/* Makes vcpu->io the write of `value` to the same address, after which only the step is left. DECODE_AGAIN. */
int half_write_back(struct vcpu *vcpu, uint64_t value);

/* GVA_ bits of the current privilege level for data. */
static inline uint32_t half_access(const struct vcpu *vcpu)
{
	return vcpu_cpl(vcpu) == 3 ? GVA_USER : 0;
}

/* Segment base plus offset; outside 64-bit mode linear addresses are 32 bits wide. */
static inline uint64_t half_linear(const struct vcpu *vcpu, unsigned int seg, uint64_t offset)
{
	uint64_t linear = vcpu_seg_base(vcpu, seg) + offset;

	return vcpu_mode_bytes(vcpu) == 8 ? linear : (uint32_t)linear;
}

/* Strings (io/decode_string.c): first half, and what follows an answered access. As io_decode(), io_decode_finish(). */
int string_decode(struct vcpu *vcpu, const struct insn *in, gpa_t gpa, bool write) __must_check;
int string_finish(struct vcpu *vcpu) __must_check;

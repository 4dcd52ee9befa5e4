/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake registry of ports and MMIO ranges, and accesses to what was registered. */
#pragma once

#include "io/region.h"

/* Result of the last access: enum io_result, IO_MISS when nobody is there, or -errno. */
extern int fake_io_result;

uint64_t fake_io_read(struct vcpu *vcpu, enum io_space space, uint64_t addr, uint8_t size);
void fake_io_write(struct vcpu *vcpu, enum io_space space, uint64_t addr, uint8_t size, uint64_t value);
unsigned int fake_io_nr_regions(void);
void fake_io_reset(void);

/* One-byte port accesses. */
static inline uint8_t fake_in(struct vcpu *vcpu, uint16_t port)
{
	return (uint8_t)fake_io_read(vcpu, IO_PORT, port, 1);
}

static inline void fake_out(struct vcpu *vcpu, uint16_t port, uint8_t value)
{
	fake_io_write(vcpu, IO_PORT, port, 1, value);
}

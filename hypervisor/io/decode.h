/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Instruction decoder and second half for memory accesses that are not RAM.
 *
 * io_decode() is given the guest-physical address from the exit and fetches the
 * instruction at RIP; it fills vcpu->io with the access to make (for a write:
 * value already computed from registers or guest memory). io_decode_finish()
 * is its sibling after the answer: writes registers, flags and memory, handles
 * read-modify-write (it may ask for a second access, the write), REP, and steps RIP.
 */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"

struct vcpu;

enum decode_result {
	DECODE_OK = 0,
	DECODE_FAULT = 1,	/* a guest exception was queued by virq_exception(); re-enter */
	DECODE_AGAIN = 2,	/* finish only: another access is ready in vcpu->io */
};

/*
 * DECODE_OK, DECODE_FAULT, or -ENOEXEC for a form that is not supported
 * (the caller crashes the VM with the bytes in its report). Own thread.
 */
int io_decode(struct vcpu *vcpu, gpa_t gpa, bool write) __must_check;
int io_decode_finish(struct vcpu *vcpu) __must_check;

/* The bytes of the last instruction, for reports; returns their number (<= 15). */
unsigned int io_decode_bytes(struct vcpu *vcpu, uint8_t buf[15]);

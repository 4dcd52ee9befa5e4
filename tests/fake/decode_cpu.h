/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The test machine's own CPU as the judge of emulated instructions: runs one
 * instruction in this process with given registers, in pages below 2 GiB so
 * that operands can be absolute.
 */
#pragma once

#include "lib/types.h"

struct cpu_regs {
	uint64_t gpr[16];	/* in the order of the encoding */
	uint64_t rflags;
};

enum cpu_result { CPU_DONE, CPU_FAULT, CPU_UNDEFINED };

struct cpu_run {
	enum cpu_result result;
	uint64_t fault;		/* CPU_FAULT: address, and whether it was a write */
	bool fault_write;
};

/* Readable and writable page-aligned memory below 2 GiB; stays until the process ends. */
uint8_t *cpu_low_memory(size_t size);

/* Runs the instruction; regs in and out (undefined after CPU_FAULT). */
struct cpu_run cpu_run_insn(const uint8_t *insn, unsigned int len, struct cpu_regs *regs);

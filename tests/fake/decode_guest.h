/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest with one vCPU, RAM from address 0 in a real EPT, and page tables in
 * it. Registers are VMCS fields of tests/fake/x86/vmx_insn.h. Link with
 * hypervisor/mm/pg*.c, vm_mem.c and vm_vm.c; flags -DHOST_DIRECT_BASE=0ul.
 */
#pragma once

#include "vm/vcpu.h"
#include "vm/vm.h"

#define GUEST_RAM_SIZE	(4ul << 20)
#define GUEST_TABLES	(2ul << 20)	/* page tables are taken from here on; CR3 of guest_long_mode() */
#define GUEST_MMIO	0xfe000000ul	/* nothing is mapped there */

struct decode_guest {
	struct vm *vm;
	struct vcpu *vcpu;
	uint8_t *ram;
	uint64_t next_table;
	uint64_t efer;
	unsigned int cpl;
	unsigned int mode;	/* 2, 4 or 8 */
	unsigned int nr_faults;	/* exceptions queued */
	unsigned int nr_traps;	/* single-step traps: instructions and iterations ended with TF */
	uint8_t vector;		/* of the last one */
	uint32_t error;
	uint64_t cr2;
};

extern struct decode_guest guest;

/* A fresh guest in 64-bit mode with empty tables; guest_free() ends it. */
void guest_make(void);
void guest_free(void);

/* Switches paging: CR0.PE and PG, CR4 as given, EFER. Nothing is mapped but what the tables at CR3 say. */
void guest_paging(bool on, uint64_t cr3, uint64_t cr4, uint64_t efer);

/* Maps a 4 KiB page in the 4-level tables at GUEST_TABLES; intermediate entries allow all. */
void guest_map(uint64_t linear, uint64_t gpa, uint64_t bits);

uint64_t *guest_entry(uint64_t gpa);	/* an 8-byte place in RAM */
uint64_t guest_new_table(void);		/* an empty page in RAM */

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target for the instruction decoder: bytes are mode and registers, then
 * code. Whatever a guest runs, the emulation makes accesses of 1 to 8 bytes,
 * ends, and steps by at most 15 bytes.
 */
/* fuzz: hypervisor/io/decode.c hypervisor/io/decode_insn.c hypervisor/io/decode_alu.c hypervisor/io/decode_finish.c hypervisor/io/decode_string.c hypervisor/vm/gva.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/decode_guest.c tests/fake/vm_mem.c tests/fake/vm_vm.c */
/* fuzz-flags: -DHOST_DIRECT_BASE=0ul */
#include <stdlib.h>
#include <string.h>

#include "decode_guest.h"
#include "io/decode.h"
#include "lib/util.h"
#include "x86/cr.h"
#include "x86/pte.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CODE	0x400000ul
#define CODE_AT	0x10000ul
#define DEVICE	0x600000ul
#define DATA	0x601000ul
#define NR_REGS	NR_GPRS

struct start {
	uint8_t mode, write, near_end, flags;
	uint8_t reg[NR_REGS];	/* high bit: points to the device, to memory, or nowhere */
};

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void set_regs(const struct start *s)
{
	static const uint64_t bases[4] = { DEVICE, DATA, 0x7fffffffffff00, 0 };
	unsigned int i;

	for (i = 0; i < NR_REGS; i++)
		vcpu_set_gpr(guest.vcpu, i, bases[s->reg[i] >> 6] + (s->reg[i] & 0x3f) * 64);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | (s->flags & 1 ? RFLAGS_DF : 0) | (s->flags & 2 ? RFLAGS_CF : 0));
	guest.mode = 2u << s->mode % 3;
	guest.cpl = s->flags & 4 ? 3 : 0;
}

static void run(bool write)
{
	uint64_t rip = vmread(VMCS_GUEST_RIP);
	struct io_access *acc = &guest.vcpu->io;
	unsigned int i = 0;
	int r = io_decode(guest.vcpu, gpa(GUEST_MMIO), write);

	if (r != DECODE_OK) {
		expect(r == DECODE_FAULT || r < 0);
		return;
	}
	do {
		expect(acc->size == 1 || acc->size == 2 || acc->size == 4 || acc->size == 8);
		expect(acc->space == IO_MMIO && i++ < 2);
		expect(!acc->write || acc->size == 8 || !(acc->value >> 8 * acc->size));
		if (!acc->write)
			acc->value = 0x8899aabbccddeeff & (~0ul >> (64 - 8 * acc->size));
		r = io_decode_finish(guest.vcpu);
	} while (r == DECODE_AGAIN);
	expect(r == DECODE_OK || r == DECODE_FAULT || r < 0);
	expect(vmread(VMCS_GUEST_RIP) - rip <= 15);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct start s;
	uint64_t at;

	if (size < sizeof(s) + 1 || size > sizeof(s) + 32)
		return 0;
	if (!guest.vm) {
		guest_make();
		guest_map(CODE, CODE_AT, PTE_P | PTE_U);
		guest_map(CODE + PAGE_SIZE, CODE_AT + PAGE_SIZE, PTE_P);
		guest_map(DEVICE, GUEST_MMIO, PTE_P | PTE_W | PTE_U);
		guest_map(DATA, 0x20000, PTE_P | PTE_W | PTE_U);
	}
	memcpy(&s, data, sizeof(s));
	set_regs(&s);
	/* Near the end of a page the second one is fetched, too. */
	at = s.near_end & 1 ? PAGE_SIZE - 1 - (s.near_end >> 4) : 0;
	memset(guest.ram + CODE_AT, 0, 2 * PAGE_SIZE);
	memcpy(guest.ram + CODE_AT + at, data + sizeof(s), size - sizeof(s));
	vmwrite(VMCS_GUEST_RIP, CODE + at);
	run(s.write & 1);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unit tests' stand-in for hypervisor/x86/vmx_insn.h: the VMCS is an array by
 * field encoding, the instructions count. Nothing needs to be linked.
 */
#pragma once

#include "lib/errno.h"
#include "lib/types.h"

#define FAKE_VMCS_FIELDS	0x8000u

struct fake_vmx {
	uint64_t field[FAKE_VMCS_FIELDS];
	unsigned int nr_reads, nr_writes, nr_invept, nr_invvpid;
	bool fail;		/* VMXON, VMCLEAR, VMPTRLD and vmwrite_fails() fail */
	const uint64_t *loaded;	/* operand of the last VMPTRLD */
};

__attribute__((weak)) struct fake_vmx fake_vmx;

#define INVEPT_CONTEXT	1u
#define INVEPT_ALL	2u
#define INVVPID_CONTEXT	1u
#define INVVPID_ALL	2u

static inline int __must_check vmxon(const uint64_t *address)
{
	(void)address;
	return fake_vmx.fail ? -EINVAL : 0;
}

static inline int __must_check vmclear(const uint64_t *address)
{
	(void)address;
	return fake_vmx.fail ? -EINVAL : 0;
}

static inline int __must_check vmptrld(const uint64_t *address)
{
	fake_vmx.loaded = address;
	return fake_vmx.fail ? -EINVAL : 0;
}

static inline uint64_t vmread(uint32_t field)
{
	fake_vmx.nr_reads++;
	return fake_vmx.field[field];
}

static inline uint64_t vmread_known(uint32_t field) { return vmread(field); }

static inline bool vmwrite_fails(uint32_t field, uint64_t v)
{
	fake_vmx.nr_writes++;
	if (!fake_vmx.fail)
		fake_vmx.field[field] = v;
	return fake_vmx.fail;
}

static inline void vmwrite(uint32_t field, uint64_t v)
{
	fake_vmx.nr_writes++;
	fake_vmx.field[field] = v;
}

static inline void invept(uint64_t type, uint64_t eptp)
{
	(void)type;
	(void)eptp;
	fake_vmx.nr_invept++;
}

static inline void invvpid(uint64_t type, uint16_t vpid)
{
	(void)type;
	(void)vpid;
	fake_vmx.nr_invvpid++;
}

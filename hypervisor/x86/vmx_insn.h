/* SPDX-License-Identifier: BSD-3-Clause */
/* VMX instructions (SDM vol 3, ch. 31). Unit tests shadow this file by arrays. */
#pragma once

#include "lib/errno.h"
#include "lib/types.h"

/* All return 0, or -EINVAL when the CPU set CF or ZF (VMfail). */
#define VMX_INSN_POINTER(name, insn)					\
	static inline int __must_check name(const uint64_t *address)	\
	{								\
		bool fail;						\
									\
		__asm__ volatile(insn " %1" : "=@ccbe"(fail) : "m"(*address) : "memory"); \
		return fail ? -EINVAL : 0;				\
	}

VMX_INSN_POINTER(vmxon, "vmxon")
VMX_INSN_POINTER(vmclear, "vmclear")
VMX_INSN_POINTER(vmptrld, "vmptrld")
#undef VMX_INSN_POINTER

/* A field of the current VMCS; a field that does not exist reads as 0. */
static inline uint64_t vmread(uint32_t field)
{
	uint64_t v = 0;

	__asm__ volatile("vmread %1, %0" : "+r"(v) : "r"((uint64_t)field) : "cc");
	return v;
}

/* On the fast path: the field is known to exist. */
static inline uint64_t vmread_known(uint32_t field)
{
	uint64_t v;

	__asm__ volatile("vmread %1, %0" : "=r"(v) : "r"((uint64_t)field) : "cc");
	return v;
}

static inline bool vmwrite_fails(uint32_t field, uint64_t v)
{
	bool fail;

	__asm__ volatile("vmwrite %2, %1" : "=@ccbe"(fail) : "r"((uint64_t)field), "r"(v) : "memory");
	return fail;
}

/* On the fast path: the field is known to exist and to be writable. */
static inline void vmwrite(uint32_t field, uint64_t v)
{
	__asm__ volatile("vmwrite %1, %0" : : "r"((uint64_t)field), "r"(v) : "cc", "memory");
}

#define INVEPT_CONTEXT	1u
#define INVEPT_ALL	2u
#define INVVPID_CONTEXT	1u
#define INVVPID_ALL	2u

static inline void invept(uint64_t type, uint64_t eptp)
{
	const uint64_t desc[2] = { eptp, 0 };

	__asm__ volatile("invept %0, %1" : : "m"(desc), "r"(type) : "cc", "memory");
}

static inline void invvpid(uint64_t type, uint16_t vpid)
{
	const uint64_t desc[2] = { vpid, 0 };

	__asm__ volatile("invvpid %0, %1" : : "m"(desc), "r"(type) : "cc", "memory");
}

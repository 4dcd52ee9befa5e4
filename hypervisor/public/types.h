/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Fixed-width types and layout checks for the public headers.
 *
 * The headers in this folder are the contract between the hypervisor, the
 * kernel module of the Service VM, the device model and the tools. They depend
 * on nothing but fixed-width integers and can be included by all four.
 * All structures are little endian and live in memory shared between parties,
 * so every size and offset is asserted beside its definition.
 */
#pragma once

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

/* ABI_SIZE: the size of a shared structure, in bytes. */
#define ABI_SIZE(type, size) \
	_Static_assert(sizeof(type) == (size), #type " is not " #size " bytes")

/* ABI_AT: the offset of a field of a shared structure, in bytes. */
#define ABI_AT(type, field, offset) \
	_Static_assert(__builtin_offsetof(type, field) == (offset), \
		       #type "." #field " is not at " #offset)

/* ABI_EQ: a number that is part of the contract, computed two ways. */
#define ABI_EQ(a, b) _Static_assert((a) == (b), #a " differs from " #b)

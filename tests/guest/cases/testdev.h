/* SPDX-License-Identifier: BSD-3-Clause */
/* The in-guest test device, public/testdev.h, as its guest uses it. */
#pragma once

#include "public/testdev.h"
#include "x86/insn.h"

static inline uint32_t testdev_read(uint32_t reg)
{
	outl(TESTDEV_PORT + TESTDEV_SELECT, reg);
	return inl(TESTDEV_PORT + TESTDEV_DATA);
}

static inline void testdev_write(uint32_t reg, uint32_t v)
{
	outl(TESTDEV_PORT + TESTDEV_SELECT, reg);
	outl(TESTDEV_PORT + TESTDEV_DATA, v);
}

static inline bool testdev_is_there(void)
{
	return testdev_read(TESTDEV_ID) == TESTDEV_MAGIC;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests whose sources take physical addresses below 4 GiB: put into
 * unit-flags as `-include tests/fake/direct_base.h`, it makes the direct map
 * begin at an address the test chooses, so that an array is "physical memory".
 */
#pragma once

#include <stdint.h>

__attribute__((weak)) uint64_t fake_direct_base;
#define HOST_DIRECT_BASE fake_direct_base

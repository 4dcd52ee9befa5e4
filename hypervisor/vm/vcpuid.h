/* SPDX-License-Identifier: BSD-3-Clause */
/* What CPUID tells a guest: a table of what is kept of the machine's answer, everything else hidden. */
#pragma once

#include "x86/insn.h"

struct vcpu;

/* Answer for one leaf and subleaf. Own thread. */
struct cpuid_regs vcpuid_get(struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf);

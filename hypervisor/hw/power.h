/* SPDX-License-Identifier: BSD-3-Clause */
/* Machine reset and power-off. */
#pragma once

#include "lib/types.h"

/* ACPI reset register, then 0xCF9, then the keyboard controller, then a triple fault. */
void power_reset(void) __noreturn;
/* ACPI S5; falls back to halting with a message. */
void power_off(void) __noreturn;

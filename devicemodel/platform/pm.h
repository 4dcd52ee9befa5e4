/* SPDX-License-Identifier: BSD-3-Clause */
/* What others may do to the ACPI fixed hardware. */
#pragma once

/* Press the power button: sets PWRBTN_STS and raises the SCI if enabled. Device lock held. */
void pm_power_button(void *state);

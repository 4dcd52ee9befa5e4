/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The program: runs on the first processor with interrupts off; its return ends the machine. */
void guest_main(void);

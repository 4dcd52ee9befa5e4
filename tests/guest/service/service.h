/* SPDX-License-Identifier: BSD-3-Clause */
/* The cases of build/guest/service.elf. Interrupts are off, one processor. */
#pragma once

void case_policy(void);		/* who may call, unknown numbers, what a call changes */
void case_life(void);		/* a user VM's life, its I/O and interrupts */
void case_hostile(void);	/* chosen wrong arguments */
void case_tamper(void);		/* the IOREQ page in wrong states */
void case_full(void);		/* no pages, no VM numbers left */
void case_shm(void);		/* shared memory of a user VM */
void case_random(void);		/* random arguments */
void case_monitor(void);	/* interrupts of devices, counted and damped */
void case_stats(void);		/* what VMs have used */
void case_microcode(void);	/* updates of the processors' microcode */
void case_mce(void);		/* machine checks, where the emulator has them */
void case_msi(void);		/* messages of a device, where the emulator has one */
void case_isolation(void);	/* what the Service VM must not reach */
void case_plant(void);		/* faults for the memory check to find */
void case_faults(void);		/* VMs and itself, killed and crashed, N times */

/* In a pre-launched VM. */
void prelaunched_main(void);
/* Says what VMCALL gives there. */
void prelaunched_calls(void);

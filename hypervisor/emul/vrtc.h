/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtual MC146818 clock and CMOS, ports 70/71: time from the machine's RTC
 * plus elapsed TSC; setting it moves only the guest's own copy. The flags of
 * register C are kept up to date for polling; IRQ 8 is not driven (guests have
 * the LAPIC timer; Linux falls back to polling).
 */
#pragma once

#include "lib/types.h"

struct vm;

/* `unix_time`: seconds since 1970 now (from the machine's RTC, see vrtc_host_time()). 0, -ENOMEM, -EEXIST. Before the VM runs. */
int vrtc_create(struct vm *vm, uint64_t unix_time) __must_check;
void vrtc_destroy(struct vm *vm);
/*
 * Seconds since 1970 now: reads the physical RTC at the first call (ports 70/71 of the host; right to a second, 10 ms at
 * most), later counts on by the TSC, whatever becomes of the chip. First call at boot; then any CPU.
 */
uint64_t vrtc_host_time(void);

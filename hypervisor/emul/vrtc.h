/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual MC146818 clock and CMOS, ports 70/71: time from the machine's RTC plus elapsed TSC; reads only move the guest's own copy. */
#pragma once

#include "lib/types.h"

struct vm;

/* `unix_time`: seconds since 1970 now (from the machine's RTC, see vrtc_host_time()). */
int vrtc_create(struct vm *vm, uint64_t unix_time) __must_check;
void vrtc_destroy(struct vm *vm);
/* Reads the physical RTC once at boot; ports 70/71 of the host. */
uint64_t vrtc_host_time(void);

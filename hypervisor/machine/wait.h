/* SPDX-License-Identifier: BSD-3-Clause */
/* Waiting for what another thread does. */
#pragma once

#include "lib/types.h"

/* Sleeps until done(arg); looks every 50 microseconds. Boot CPU before its idle loop (then it spins) or vCPU thread. */
void wait_until(bool (*done)(void *arg), void *arg);

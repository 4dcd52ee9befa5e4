/* SPDX-License-Identifier: BSD-3-Clause */
/* A fake clock and fake timers: time passes only when the test says so. */
#pragma once

#include <stdint.h>

extern uint64_t fake_clock_ns;

/* Let @ns pass; timers fire in order on the way, with the clock at their time. */
void fake_clock_advance(uint64_t ns);

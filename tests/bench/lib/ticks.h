/* SPDX-License-Identifier: BSD-3-Clause */
/* What a bench guest measures with: samples of one path, their median, marks for the emulator's debugger. */
#pragma once

#include "lib/types.h"
#include "x86/insn.h"

#define ROUNDS	201u

extern uint64_t samples[ROUNDS], overhead;

/* Takes the word "trace" from the command line and measures an empty round. First. */
void ticks_init(void);

/*
 * With the word "trace": calls the emulator's debugger, which prints what runs until the
 * next call (tests/bench/trace.py). Otherwise it does nothing.
 */
void ticks_mark(bool here);

/* Sorts the samples. */
uint64_t ticks_median(void);
/* Prints their median as "BENCH NAME MEDIAN", and gives it. */
uint64_t ticks_publish(const char *name);
/* The same of a number that is no sample. */
void ticks_say(const char *name, uint64_t value);

/* Round trips of one operation, which must not touch the time stamps' registers. */
#define ROUND_TRIPS(name, ...)						\
	do {								\
		uint64_t start_;					\
		unsigned int i_;					\
									\
		for (i_ = 0; i_ < ROUNDS; i_++) {			\
			ticks_mark(i_ == ROUNDS - 1);			\
			start_ = rdtsc();				\
			__VA_ARGS__;					\
			samples[i_] = rdtsc() - start_ - overhead;	\
		}							\
		ticks_mark(true);					\
		ticks_publish(name);					\
	} while (0)

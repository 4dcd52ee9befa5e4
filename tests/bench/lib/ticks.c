/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/lib/ticks.h"

#include "lib/args.h"
#include "lib/console.h"
#include "lib/platform.h"
#include "lib/report.h"

uint64_t samples[ROUNDS], overhead;
static bool traced;

void ticks_mark(bool here)
{
	if (traced && here)
		__asm__ volatile("xchg %%bx, %%bx" ::: "memory");
}

uint64_t ticks_median(void)
{
	unsigned int i, j;

	for (i = 1; i < ROUNDS; i++) {
		uint64_t v = samples[i];

		for (j = i; j && samples[j - 1] > v; j--)
			samples[j] = samples[j - 1];
		samples[j] = v;
	}
	return samples[ROUNDS / 2];
}

void ticks_say(const char *name, uint64_t value)
{
	printf("BENCH %s %lu\n", name, value);
	report(value > 0 && value < 10000000, "%s measured", name);
}

uint64_t ticks_publish(const char *name)
{
	uint64_t m = ticks_median();

	ticks_say(name, m);
	report_info("%s: least %lu, median %lu, most %lu", name, samples[0], m, samples[ROUNDS - 1]);
	return m;
}

void ticks_init(void)
{
	unsigned int i;

	traced = args_has("trace");
	for (i = 0; i < ROUNDS; i++) {
		uint64_t start = rdtsc();

		compiler_barrier();
		samples[i] = rdtsc() - start;
	}
	overhead = ticks_median();
	printf("bench: arguments '%s', empty measurement %lu\n", platform_cmdline(), overhead);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "service/hc.h"

#include "lib/clock.h"
#include "lib/console.h"
#include "lib/cpu.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/string.h"
#include "lib/util.h"
#include "x86/insn.h"

#define LOOK_US	1000000u	/* for the console's answer */

static uint64_t start, next, end;
static uint64_t states[MAX_CPUS];	/* of each processor's random numbers */

void arena_init(void)
{
	unsigned int i;

	for (i = 0; i < platform_nr_ram; i++) {
		uint64_t from = ALIGN_UP(platform_ram[i].base, SIZE_2M);
		uint64_t to = ALIGN_DOWN(MIN(platform_ram[i].base + platform_ram[i].size, 1ul << 32), SIZE_2M);

		if (from < to && to - from > end - start) {
			start = from;
			end = to;
		}
	}
	next = start;
}

void *arena_get(unsigned int nr_pages)
{
	void *p = (void *)next;

	if (nr_pages * PAGE_SIZE > end - next) {
		report(false, "%u pages of memory are left for the test", nr_pages);
		report_end();
	}
	next += nr_pages * PAGE_SIZE;
	memset(p, 0, nr_pages * PAGE_SIZE);
	return p;
}

uint64_t arena_start(void)
{
	return start;
}

uint64_t arena_size(void)
{
	return end - start;
}

uint64_t arena_left(void)
{
	return end - next;
}

void random_seed(uint64_t seed)
{
	states[this_cpu()->index] = seed ? seed : 1;
}

uint64_t random_next(void)
{
	uint64_t v = states[this_cpu()->index];

	v ^= v << 13;
	v ^= v >> 7;
	v ^= v << 17;
	states[this_cpu()->index] = v;
	return v;
}

uint64_t random_below(uint64_t n)
{
	return random_next() % n;
}

void pool_look(unsigned int nr)
{
	uint64_t until;

	printf("POOL: look %u\n", nr);
	/* In a guest that was entered with RFLAGS.IF clear, Bochs 2.7 looks for physical interrupts only behind a CLI. */
	until = rdtsc() + clock_from_us(LOOK_US);
	while (rdtsc() < until)
		cpu_cli();
	/* Behind the console's prompt. */
	printf("\n");
}

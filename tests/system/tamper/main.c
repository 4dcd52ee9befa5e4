/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hostile device model: tamper CASE [SEED]. Runs in the Service VM; ends with 0 when the
 * kernel module and the hypervisor answered everything as they should, else with 1 and a line
 * for each wrong answer. The seed makes the random cases repeatable; without one it is random.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "victim.h"

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "calls", case_calls },
	{ "memory", case_memory },
	{ "life", case_life },
	{ "ioreq", case_ioreq },
	{ "scribble", case_scribble },
};

#define NR_CASES (sizeof(cases) / sizeof(cases[0]))

int main(int argc, char **argv)
{
	uint64_t seed = 0;
	size_t i;

	if (argc > 2)
		seed = strtoull(argv[2], NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; argc > 1 && i < NR_CASES; i++) {
		if (strcmp(cases[i].name, argv[1]) != 0)
			continue;
		random_seed(seed);
		printf("tamper: %s, seed 0x%llx\n", argv[1], (unsigned long long)seed);
		cases[i].run();
		victim_proves_itself(argv[1]);
		return all_checked_ok() ? 0 : 1;
	}
	fprintf(stderr, "usage: tamper CASE [SEED]; the cases are:");
	for (i = 0; i < NR_CASES; i++)
		fprintf(stderr, " %s", cases[i].name);
	fprintf(stderr, "\n");
	return 2;
}

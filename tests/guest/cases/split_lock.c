/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A locked access to two cache lines: it is done, also by processors that could refuse it, unless the hypervisor's option
 * split_lock=fault says otherwise (args "faults").
 */
#include "cases/cases.h"

#include "lib/args.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/cr.h"

#define LINE	64u
#define ROUNDS	3u

static uint8_t lines[2 * LINE] __attribute__((aligned(64)));

void case_split_lock(void)
{
	uint64_t *across = (uint64_t *)(void *)(lines + LINE - 4), *within = (uint64_t *)(void *)lines;
	unsigned int i, refused = 0;

	for (i = 0; i < ROUNDS; i++) {
		ASM_TRY("lock incq %0", : "+m"(*within));
		refused += fault_vector() >= 0;
	}
	report(!refused && *within == ROUNDS, "locked accesses to one line are done");
	for (i = 0; i < ROUNDS; i++) {
		ASM_TRY("lock incq %0", : "+m"(*across));
		refused += fault_vector() == EXC_AC && !fault_last()->error;
	}
	if (args_has("faults"))
		report(refused == ROUNDS && !*across, "over two lines each is an alignment check");
	else
		report(!refused && *across == ROUNDS, "over two lines too");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What Quercus can do on a board, what is missing, and how to switch it on. */
#pragma once

#include <stdio.h>

#include "board.h"

enum verdict { VERDICT_RUNS = 0, VERDICT_NOT, VERDICT_UNKNOWN };

enum state { STATE_HAS, STATE_LACKS, STATE_UNKNOWN };

/* A thing the hypervisor needs (or uses when it is there), in the words of its capability gate. */
struct feature {
	const char *name, *where;
	enum board_word word;
	uint64_t bits;		/* all of them */
	const char *without;	/* what is different without it; NULL: the hypervisor needs it */
	const char *remedy;	/* how to switch it on, NULL: the CPU has it or not */
};

/* Ends with a name of NULL. */
extern const struct feature verdict_features[];

enum state verdict_state(const struct board *b, const struct feature *f);

/* Prints the summary. */
enum verdict verdict_print(const struct board *b, FILE *out);

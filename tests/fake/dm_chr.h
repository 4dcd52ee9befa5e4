/* SPDX-License-Identifier: BSD-3-Clause */
/* A fake character backend: keeps what is written, delivers what the test says. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "backends/chr.h"

struct fake_chr {
	char out[4096];
	size_t nr_out;
	bool full;			/* take nothing */
	char spec[64];
	struct chr_reader reader;
	char held[64];			/* input the reader refused */
	size_t nr_held;
	int nr_open;
};

extern struct fake_chr fake_chr;

/* Input arrives: what is refused is held until chr_resume(). */
void fake_chr_input(const char *text);

/* The backend has room again. */
void fake_chr_drain(void);

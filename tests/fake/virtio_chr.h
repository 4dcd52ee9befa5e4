/* SPDX-License-Identifier: BSD-3-Clause */
/* backends/chr.h for unit tests: the test types into it and looks at what was written. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "backends/chr.h"

#define VIRTIO_CHRS 8

struct chr {
	char spec[64];
	struct chr_reader reader;
	char in[65536];		/* typed, not yet taken */
	size_t in_len;
	char out[1 << 20];
	size_t out_len;
	size_t room;		/* bytes it takes before it is full */
	bool open;
};

/* In the order of opening. */
extern struct chr virtio_chr[VIRTIO_CHRS];
extern unsigned int virtio_nr_chrs;

/* Forgets all and makes room without limit. */
void virtio_chr_clear(void);

/* The user types @text. */
void virtio_chr_type(struct chr *chr, const char *text);

/* @room more bytes can be written, which is announced. */
void virtio_chr_drain(struct chr *chr, size_t room);

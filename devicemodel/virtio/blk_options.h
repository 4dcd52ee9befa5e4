/* SPDX-License-Identifier: BSD-3-Clause */
/* The option text of virtio-blk, read and checked. */
#pragma once

#include "backends/block.h"

#define BLK_QUEUES_MAX 8
#define BLK_PATH_MAX 1024
#define BLK_RANGES_MAX 16	/* segments of one discard request */

struct blk_options {
	char path[BLK_PATH_MAX];	/* "" = nodisk */
	struct block_options block;	/* block.path points to path */
	unsigned int nr_queues;
	bool writethru;
	bool discard;
	uint32_t discard_max;		/* sectors */
	uint32_t discard_segments;
	uint32_t discard_align;		/* sectors */
};

/*
 * Reads "[iothread,][mq=N,]PATH|nodisk[,option...]" (doc/feature/virtio-blk.md) from @text into @o. -EINVAL, or -ENAMETOOLONG, with
 * a message that names the option and says what would be right.
 */
int blk_options_parse(const char *text, struct blk_options *o);

/* SPDX-License-Identifier: BSD-3-Clause */
/* A disk that is a plain file or a block device: byte n of the disk is byte n of the file. */
#pragma once

#include "backends/block.h"

struct block_raw {
	int fd;
	bool direct;
	uint64_t offset;	/* where the disk begins in the file, bytes */
	struct block_info info;
};

/* Opens the file and learns its size and sector sizes. Logs and returns -errno. */
int block_raw_open(struct block_raw *raw, const char *who, const struct block_options *opts);

void block_raw_close(struct block_raw *raw);

/* Does all of @req, blocking; returns its result. Any thread. */
int block_raw_execute(const struct block_raw *raw, const struct block_req *req);

/* Tries a read that needs no waiting; true when it was done completely. */
bool block_raw_try_read(const struct block_raw *raw, const struct block_req *req);

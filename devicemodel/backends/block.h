/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Disks behind storage devices: asynchronous requests on a file or block device.
 *
 * One thread (the device's worker) submits and reaps. A request that can be answered at once, such as a read from the
 * page cache, is; others go to a few threads of the backend, and done_fd becomes readable when some are finished.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#define BLOCK_SECTOR 512u

struct block;

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_FLUSH,
	BLOCK_DISCARD,		/* contents become undefined */
	BLOCK_ZERO,		/* contents become zero */
};

struct block_range {
	uint64_t offset;	/* bytes */
	uint64_t len;
};

/* One request, owned by the caller; alone the backend's while in flight. */
struct block_req {
	enum block_op op;
	bool sync;		/* a write is on stable storage when it is done */
	bool unmap;		/* BLOCK_ZERO may free the space */
	const struct iovec *iov;	/* READ, WRITE: the data */
	unsigned int nr_iov;
	const struct block_range *range;	/* READ, WRITE: one; DISCARD, ZERO: any number; FLUSH: none */
	unsigned int nr_ranges;
	int result;		/* 0 or -errno; -EOPNOTSUPP: the file cannot do this */
	struct block_req *next;	/* the backend's while in flight; links the list block_reap() returns */
};

struct block_options {
	const char *path;
	bool read_only;
	bool direct;		/* past the page cache */
	bool uring;		/* io_uring rather than threads */
	uint64_t range_offset;	/* bytes; only this part of the file is the disk */
	uint64_t range_size;	/* 0 = to the end */
	uint32_t logical_size;	/* sector sizes in bytes, 0 = ask the file */
	uint32_t physical_size;
};

/* What a block file turned out to be. */
struct block_info {
	uint64_t size;		/* bytes, a multiple of BLOCK_SECTOR */
	uint32_t logical_size;
	uint32_t physical_size;
	bool read_only;
};

/*
 * Opens the disk. On failure logs "@who: cannot open PATH: why" and returns -errno with nothing left behind.
 */
int block_open(const char *who, const struct block_options *opts, struct block **out);

/* Closes it. No request may be in flight. NULL is allowed. */
void block_close(struct block *block);

const struct block_info *block_info(const struct block *block);

/* Readable when block_reap() has something. */
int block_done_fd(const struct block *block);

/* Begins @req, whose ranges lie inside the disk. Returns true when it is done already, false when block_reap() will return it. */
bool block_submit(struct block *block, struct block_req *req);

/* Ends a batch of submits; they may be held back until then. */
void block_kick(struct block *block);

/* All requests finished since the last call, oldest first, linked by next; NULL when none. */
struct block_req *block_reap(struct block *block);

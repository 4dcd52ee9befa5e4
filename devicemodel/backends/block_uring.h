/* SPDX-License-Identifier: BSD-3-Clause */
/* io_uring for the reads, writes and flushes of a raw disk: no threads, one system call a batch. */
#pragma once

#include "backends/block_raw.h"

struct block_uring;

/* Makes a ring whose completions are announced on the eventfd @done_fd. -errno; -ENOSYS or -EPERM on kernels without it. */
int block_uring_open(const struct block_raw *raw, int done_fd, struct block_uring **out);

/* NULL is allowed. Nothing may be in flight. */
void block_uring_close(struct block_uring *u);

/* Queues @req; false when it is of a kind, or the ring too full, for that: then a thread must do it. */
bool block_uring_submit(struct block_uring *u, struct block_req *req);

/* Gives what was queued to the kernel; also to be called after reaping, for what it would not take before. */
void block_uring_kick(struct block_uring *u);

/* One finished request with its result, or NULL. */
struct block_req *block_uring_reap(struct block_uring *u);

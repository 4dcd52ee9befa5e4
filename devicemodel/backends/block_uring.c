/* SPDX-License-Identifier: BSD-3-Clause */
/* io_uring for raw disks. A transfer the kernel cut short is finished with ordinary calls, which is rare and simple. */
#include "backends/block_uring.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTRIES 128
/* The kernel refuses longer vectors; block.c's threads take those in pieces. */
#define MAX_IOV 1024

struct block_uring {
	const struct block_raw *raw;
	struct io_uring ring;
	int done_fd;
	unsigned int inflight;	/* never more than the completion ring holds, so none is lost */
};

int block_uring_open(const struct block_raw *raw, int done_fd, struct block_uring **out)
{
	struct block_uring *u = calloc(1, sizeof(*u));
	int ret;

	if (!u)
		return -ENOMEM;
	u->raw = raw;
	u->done_fd = done_fd;
	ret = io_uring_queue_init(ENTRIES, &u->ring, 0);
	if (ret) {
		free(u);
		return ret;
	}
	ret = io_uring_register_eventfd(&u->ring, done_fd);
	if (ret) {
		block_uring_close(u);
		return ret;
	}
	*out = u;
	return 0;
}

void block_uring_close(struct block_uring *u)
{
	if (!u)
		return;
	io_uring_queue_exit(&u->ring);
	free(u);
}

bool block_uring_submit(struct block_uring *u, struct block_req *req)
{
	uint64_t at = u->raw->offset + (req->nr_ranges ? req->range->offset : 0);
	struct io_uring_sqe *sqe;

	if (req->op == BLOCK_DISCARD || req->op == BLOCK_ZERO || req->nr_iov > MAX_IOV || u->inflight >= ENTRIES)
		return false;
	sqe = io_uring_get_sqe(&u->ring);
	if (!sqe)
		return false;
	if (req->op == BLOCK_READ)
		io_uring_prep_readv(sqe, u->raw->fd, req->iov, req->nr_iov, at);
	else if (req->op == BLOCK_WRITE)
		io_uring_prep_writev2(sqe, u->raw->fd, req->iov, req->nr_iov, at, req->sync ? RWF_DSYNC : 0);
	else
		io_uring_prep_fsync(sqe, u->raw->fd, IORING_FSYNC_DATASYNC);
	io_uring_sqe_set_data(sqe, req);
	u->inflight++;
	return true;
}

void block_uring_kick(struct block_uring *u)
{
	if (!io_uring_sq_ready(&u->ring))
		return;
	/* Short of memory or of room for completions: what was not taken stays in the ring, and the next reap comes back here. */
	if (io_uring_submit(&u->ring) < 0)
		(void)!write(u->done_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

struct block_req *block_uring_reap(struct block_uring *u)
{
	struct io_uring_cqe *cqe;
	struct block_req *req;

	if (io_uring_peek_cqe(&u->ring, &cqe))
		return NULL;
	req = io_uring_cqe_get_data(cqe);
	req->result = cqe->res < 0 ? cqe->res : 0;
	/* Short, or refused for its alignment past the page cache: all of it again, the patient way. */
	if ((req->op != BLOCK_FLUSH && cqe->res >= 0 && (uint64_t)cqe->res != req->range->len) || cqe->res == -EINVAL ||
	    cqe->res == -EAGAIN)
		req->result = block_raw_execute(u->raw, req);
	io_uring_cqe_seen(&u->ring, cqe);
	u->inflight--;
	return req;
}

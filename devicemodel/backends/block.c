/* SPDX-License-Identifier: BSD-3-Clause */
/* Disks: hands requests to a few threads, or to io_uring, and collects them again. */
#include "backends/block.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backends/block_raw.h"
#include "backends/block_uring.h"
#include "core/log.h"

#define NR_THREADS 4
#define STACK_SIZE (128 * 1024)

/* A first-in first-out list of requests. */
struct req_list {
	struct block_req *head;
	struct block_req **tail;
};

struct block {
	struct block_raw raw;
	struct block_uring *uring;	/* NULL: threads only */
	int done_fd;
	pthread_t thread[NR_THREADS];
	unsigned int nr_threads;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct req_list todo;		/* [lock] */
	struct req_list done;		/* [lock] */
	bool stop;			/* [lock] */
};

static void list_reset(struct req_list *l)
{
	l->head = NULL;
	l->tail = &l->head;
}

static void list_add(struct req_list *l, struct block_req *req)
{
	req->next = NULL;
	*l->tail = req;
	l->tail = &req->next;
}

static struct block_req *list_take(struct req_list *l)
{
	struct block_req *req = l->head;

	if (req) {
		l->head = req->next;
		if (!l->head)
			l->tail = &l->head;
	}
	return req;
}

/* Lock held. Only the first of a batch costs a system call. */
static void complete(struct block *b, struct block_req *req)
{
	bool first = !b->done.head;

	list_add(&b->done, req);
	if (first)
		(void)!write(b->done_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

static void *thread_main(void *arg)
{
	struct block *b = arg;
	struct block_req *req;

	pthread_mutex_lock(&b->lock);
	while (!b->stop) {
		req = list_take(&b->todo);
		if (!req) {
			pthread_cond_wait(&b->work, &b->lock);
			continue;
		}
		pthread_mutex_unlock(&b->lock);
		req->result = block_raw_execute(&b->raw, req);
		pthread_mutex_lock(&b->lock);
		complete(b, req);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

static int start_threads(struct block *b)
{
	sigset_t all, old;
	pthread_attr_t attr;
	int ret = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	while (b->nr_threads < NR_THREADS && !ret) {
		ret = -pthread_create(&b->thread[b->nr_threads], &attr, thread_main, b);
		if (!ret)
			b->nr_threads++;
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

int block_open(const char *who, const struct block_options *opts, struct block **out)
{
	struct block *b = calloc(1, sizeof(*b));
	int ret;

	if (!b)
		return -ENOMEM;
	ret = block_raw_open(&b->raw, who, opts);
	if (ret) {
		free(b);
		return ret;
	}
	list_reset(&b->todo);
	list_reset(&b->done);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->work, NULL);
	b->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ret = b->done_fd < 0 ? -errno : 0;
	if (!ret && opts->uring)
		ret = block_uring_open(&b->raw, b->done_fd, &b->uring);
	if (!ret)
		ret = start_threads(b);
	if (ret) {
		log_error("%s: cannot open %s: %s for its %s", who, opts->path, strerror(-ret),
			  opts->uring ? "io_uring or threads" : "threads");
		block_close(b);
		return ret;
	}
	*out = b;
	return 0;
}

void block_close(struct block *b)
{
	unsigned int i;

	if (!b)
		return;
	pthread_mutex_lock(&b->lock);
	b->stop = true;
	pthread_cond_broadcast(&b->work);
	pthread_mutex_unlock(&b->lock);
	for (i = 0; i < b->nr_threads; i++)
		pthread_join(b->thread[i], NULL);
	block_uring_close(b->uring);
	if (b->done_fd >= 0)
		close(b->done_fd);
	pthread_cond_destroy(&b->work);
	pthread_mutex_destroy(&b->lock);
	block_raw_close(&b->raw);
	free(b);
}

const struct block_info *block_info(const struct block *b)
{
	return &b->raw.info;
}

int block_done_fd(const struct block *b)
{
	return b->done_fd;
}

bool block_submit(struct block *b, struct block_req *req)
{
	if (b->uring) {
		if (block_uring_submit(b->uring, req))
			return false;
	} else if (block_raw_try_read(&b->raw, req)) {
		req->result = 0;
		return true;
	}
	pthread_mutex_lock(&b->lock);
	list_add(&b->todo, req);
	pthread_cond_signal(&b->work);
	pthread_mutex_unlock(&b->lock);
	return false;
}

void block_kick(struct block *b)
{
	if (b->uring)
		block_uring_kick(b->uring);
}

struct block_req *block_reap(struct block *b)
{
	struct block_req *list, *req;
	uint64_t n;

	/* Empty first and look then: a completion in between leaves it readable again. EAGAIN is as good. */
	(void)!read(b->done_fd, &n, sizeof(n));
	pthread_mutex_lock(&b->lock);
	while (b->uring && (req = block_uring_reap(b->uring)))
		list_add(&b->done, req);
	block_kick(b);
	list = b->done.head;
	list_reset(&b->done);
	pthread_mutex_unlock(&b->lock);
	return list;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/transfer.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common/journal.h"

#define STEP	(128u << 10)

struct transfer {
	atomic_int refs;		/* the thread and the stream */
	atomic_bool stopped;
	atomic_bool over;		/* the thread has said why[]; comes before the socket's end */
	struct transfer_ask ask;
	int file, sock;
	uint64_t moved;			/* thread */
	char why[768];			/* "": nothing went wrong */
	char path[];
};

static atomic_uint nr_transfers;

static void fail(struct transfer *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct transfer *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->why, sizeof(t->why), fmt, ap);
	va_end(ap);
}

static void fail_at(struct transfer *t, int err)
{
	fail(t, "%s: at byte %llu: %s", t->path, (unsigned long long)(t->ask.at + t->moved), strerror(err));
}

/* False: nobody takes them any more. */
static bool send_all(struct transfer *t, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t done = send(t->sock, bytes, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes += done;
		n -= done;
	}
	return true;
}

static void move_down(struct transfer *t, uint8_t *bytes)
{
	while (t->moved < t->ask.size) {
		uint64_t left = t->ask.size - t->moved;
		ssize_t n = pread(t->file, bytes, left < STEP ? left : STEP, t->ask.at + t->moved);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail_at(t, errno);
		else if (!n)
			fail(t, "%s: it was cut to %llu bytes while it was read", t->path, (unsigned long long)(t->ask.at + t->moved));
		if (n <= 0 || !send_all(t, bytes, n))
			return;
		t->moved += n;
	}
}

static bool write_all(struct transfer *t, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t done = pwrite(t->file, bytes, n, t->ask.at + t->moved);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			fail_at(t, done ? errno : EIO);
			return false;
		}
		bytes += done;
		n -= done;
		t->moved += done;
	}
	return true;
}

/* All has come. What only the cache has, or a file that nobody finds any more, is not what the client is to be told of as kept. */
static void keep(struct transfer *t)
{
	struct stat st;

	if (fsync(t->file))
		fail(t, "%s: writing it to the disk: %s", t->path, strerror(errno));
	else if (fstat(t->file, &st) == 0 && !st.st_nlink)
		fail(t, "%s: it was removed while it was written", t->path);
}

static void move_up(struct transfer *t, uint8_t *bytes)
{
	ssize_t n;

	while ((n = recv(t->sock, bytes, STEP, 0)) && !t->stopped) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail_at(t, errno);
			return;
		}
		if ((uint64_t)n > t->ask.size - t->moved) {
			fail(t, "%s: more than the %llu bytes that fit behind byte %llu", t->path, (unsigned long long)t->ask.size,
			     (unsigned long long)t->ask.at);
			return;
		}
		if (!write_all(t, bytes, n))
			return;
	}
	if (!t->stopped)
		keep(t);
}

static void note(const struct transfer *t)
{
	const char *why = *t->why ? t->why : t->stopped ? "given up" : NULL;

	journal(why ? LOG_WARNING : LOG_NOTICE, NULL, "%s: %llu bytes from byte %llu on written by client %u (user %u)%s%s", t->path,
		(unsigned long long)t->moved, (unsigned long long)t->ask.at, t->ask.client, (unsigned int)t->ask.uid,
		why ? "; not all: " : "", why ?: "");
}

static void *work(void *arg)
{
	struct transfer *t = arg;
	uint8_t *bytes = malloc(STEP);

	if (!bytes)
		fail_at(t, ENOMEM);
	else if (t->ask.up)
		move_up(t, bytes);
	else
		move_down(t, bytes);
	free(bytes);
	if (t->ask.up)
		note(t);
	/* Who is told of the end may begin another one at once. */
	close(t->file);
	atomic_fetch_sub(&nr_transfers, 1);
	t->over = true;
	close(t->sock);
	transfer_put(t);
	return NULL;
}

static int begin(struct transfer *t, int *end)
{
	int ends[2], err;
	pthread_t thread;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return errno;
	t->sock = ends[1];
	err = pthread_create(&thread, NULL, work, t);
	if (err) {
		close(ends[0]);
		close(ends[1]);
		return err;
	}
	pthread_detach(thread);
	*end = ends[0];
	return 0;
}

struct transfer *transfer_create(int file, const struct transfer_ask *ask, int *end)
{
	size_t len = strlen(ask->path) + 1;
	struct transfer *t = calloc(1, sizeof(*t) + len);
	int err = t ? 0 : ENOMEM;

	if (t) {
		t->ask = *ask;
		t->file = file;
		memcpy(t->path, ask->path, len);
		t->ask.path = t->path;
		t->refs = 2;
	}
	if (atomic_fetch_add(&nr_transfers, 1) >= TRANSFERS_MAX)
		err = EUSERS;
	if (!err)
		err = begin(t, end);
	if (!err)
		return t;
	atomic_fetch_sub(&nr_transfers, 1);
	close(file);
	free(t);
	errno = err;
	return NULL;
}

void transfer_put(struct transfer *t)
{
	if (atomic_fetch_sub(&t->refs, 1) == 1)
		free(t);
}

void transfer_stop(struct transfer *t)
{
	t->stopped = true;
}

bool transfer_is_up(const struct transfer *t)
{
	return t->ask.up;
}

const char *transfer_why(const struct transfer *t)
{
	if (!t->over)
		return "its end is not known";
	return *t->why && !t->stopped ? t->why : NULL;
}

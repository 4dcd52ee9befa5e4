/* SPDX-License-Identifier: BSD-3-Clause */
/* Character backends: finds the kind by its spec and moves the bytes. */
#include "backends/chr.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/chr_kind.h"
#include "core/event.h"
#include "core/log.h"

static const struct chr_kind *const kinds[] = {
	&chr_stdio_kind, &chr_tty_kind, &chr_pty_kind, &chr_file_kind, &chr_tcp_kind, &chr_socket_kind,
};

#define READS_PER_TURN 16
#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

int chr_fail(const char *what, int err)
{
	log_error("console %s: %s", what, strerror(err));
	return -err;
}

int chr_prepare_fd(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	return 0;
}

/* Offers what is held to the reader. Returns true when nothing is left. */
static bool deliver(struct chr *c)
{
	size_t n;

	if (!c->hold_len)
		return true;
	c->delivering = true;
	n = c->reader.input ? c->reader.input(c->reader.arg, c->hold, c->hold_len) : c->hold_len;
	c->delivering = false;
	c->hold_len -= n;
	memmove(c->hold, c->hold + n, c->hold_len);
	return c->hold_len == 0;
}

static void stop_input(struct chr *c)
{
	event_del(c->in_event);
	c->in_event = NULL;
}

static void start_input(struct chr *c);

/* End of input. The output may well go on: a closed stdin is no reason to lose the guest's messages. */
static void input_ended(struct chr *c)
{
	if (c->keep_on_eof)
		return;
	stop_input(c);
	if (c->listen_fd >= 0)
		chr_detach(c);
}

/* Reads until there is no more, the reader is full, the peer gone, or others should have their turn. */
static void in_ready(void *arg, uint32_t events)
{
	struct chr *c = arg;
	ssize_t n;
	int i;

	(void)events;
	for (i = 0; i < READS_PER_TURN; i++) {
		if (!deliver(c)) {
			stop_input(c);
			return;
		}
		n = read(c->in_fd, c->hold, sizeof(c->hold));
		if (n > 0) {
			c->hold_len = n;
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			input_ended(c);
		return;
	}
	/* A new registration reports what is still there, edge triggered or not. */
	stop_input(c);
	if (deliver(c))
		start_input(c);
}

static void start_input(struct chr *c)
{
	struct event_handler h = { .fn = in_ready, .arg = c };
	/* Edge triggered where the peer may be away: an absent peer is "ready" all the time. */
	uint32_t events = EPOLLIN | (c->keep_on_eof ? EPOLLET : 0);
	int ret;

	if (c->in_fd < 0 || c->in_event)
		return;
	ret = event_add(c->vm, c->in_fd, events, h, &c->in_event);
	if (ret)
		log_debug("console %s: no input from there: %s", c->kind->name, strerror(-ret));
}

void chr_attach(struct chr *c, int in_fd, int out_fd)
{
	c->in_fd = in_fd;
	/* Two descriptors, since each is waited for on its own. */
	c->out_fd = in_fd >= 0 && in_fd == out_fd ? fcntl(in_fd, F_DUPFD_CLOEXEC, 0) : out_fd;
	start_input(c);
}

void chr_detach(struct chr *c)
{
	bool waiting = c->out_event;

	stop_input(c);
	event_del(c->out_event);
	c->out_event = NULL;
	if (c->in_fd >= 0)
		close(c->in_fd);
	if (c->out_fd >= 0)
		close(c->out_fd);
	c->in_fd = -1;
	c->out_fd = -1;
	c->hold_len = 0;
	if (waiting && c->reader.writable)
		c->reader.writable(c->reader.arg);
}

static void out_ready(void *arg, uint32_t events)
{
	struct chr *c = arg;

	(void)events;
	event_del(c->out_event);
	c->out_event = NULL;
	if (c->reader.writable)
		c->reader.writable(c->reader.arg);
}

/* Nobody has the other end of a terminal open: what is written there would wait for ever. */
static bool peer_away(const struct chr *c)
{
	struct pollfd p = { .fd = c->out_fd, .events = POLLOUT };

	return c->keep_on_eof && poll(&p, 1, 0) > 0 && p.revents & POLLHUP;
}

/* Arranges for writable() to be called. Returns false when that cannot be. */
static bool wait_for_room(struct chr *c)
{
	struct event_handler h = { .fn = out_ready, .arg = c };

	return c->out_event || event_add(c->vm, c->out_fd, EPOLLOUT, h, &c->out_event) == 0;
}

size_t chr_write(struct chr *c, const uint8_t *buf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len && c->out_fd >= 0) {
		n = write(c->out_fd, buf + done, len - done);
		if (n > 0) {
			done += n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if ((n == 0 || errno == EAGAIN) && !peer_away(c) && wait_for_room(c))
			return done;
		/* Away, or broken for good: see the contract in chr.h. */
		break;
	}
	c->dropped += len - done;
	return len;
}

void chr_resume(struct chr *c)
{
	/* Called by the reader from within its input(): in_ready() goes on by itself. */
	if (c->delivering || c->in_event)
		return;
	if (deliver(c))
		start_input(c);
}

/* "/path" means a terminal or a file, whichever is there. */
static const struct chr_kind *kind_of_path(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISCHR(st.st_mode) ? &chr_tty_kind : &chr_file_kind;
}

static const struct chr_kind *find_kind(const char *spec, const char **arg)
{
	size_t len = strcspn(spec, ":=");
	unsigned int i;

	*arg = spec;
	if (*spec == '/')
		return kind_of_path(spec);
	*arg = spec[len] ? spec + len + 1 : NULL;
	for (i = 0; i < NR_KINDS; i++) {
		if (strlen(kinds[i]->name) == len && !strncmp(kinds[i]->name, spec, len))
			return kinds[i];
	}
	return NULL;
}

int chr_open(struct vm *vm, const char *spec, struct chr_reader reader, struct chr **out)
{
	const struct chr_kind *kind;
	const char *arg;
	struct chr *c;
	int ret;

	kind = find_kind(spec, &arg);
	if (!kind) {
		log_error("console \"%s\": unknown kind: it should be stdio, tty:PATH, pty[:LINK], file:PATH, "
			  "tcp:PORT[:server|:client] or socket:PATH[:server|:client]", spec);
		return -EINVAL;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->vm = vm;
	c->kind = kind;
	c->reader = reader;
	c->in_fd = -1;
	c->out_fd = -1;
	c->listen_fd = -1;
	/* A reader of our output that goes away must be an error of write(), not our death. */
	signal(SIGPIPE, SIG_IGN);
	ret = kind->open(c, arg);
	if (ret) {
		if (ret == -EINVAL)
			log_error("console \"%s\": it should be %s", spec, kind->usage);
		free(c);
		return ret;
	}
	*out = c;
	return 0;
}

void chr_close(struct chr *c)
{
	if (!c)
		return;
	c->reader = (struct chr_reader){ 0 };
	c->kind->close(c);
	chr_detach(c);
	if (c->dropped)
		log_debug("console %s: %llu bytes of output were thrown away, nobody was connected", c->kind->name,
			  (unsigned long long)c->dropped);
	free(c->path);
	free(c);
}

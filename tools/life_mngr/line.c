/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/life_mngr/line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

#include "tools/common/journal.h"

#define SECOND_US 1000000ull

struct line {
	sd_event *event;
	char *path;
	const struct line_ops *ops;
	void *arg;
	int fd;
	sd_event_source *io, *timer, *reopen;
	char in[LINE_MESSAGE_MAX];
	size_t in_len;
	bool overflow;			/* the rest of this message is skipped */
	char question[LINE_MESSAGE_MAX], yes[LINE_MESSAGE_MAX], no[LINE_MESSAGE_MAX];
	unsigned int tries_left;
	bool for_ever, complained;
};

static int ready(sd_event_source *source, int fd, uint32_t revents, void *arg);
static int open_again(sd_event_source *source, uint64_t usec, void *arg);

static int open_device(struct line *l)
{
	struct termios raw;

	l->fd = open(l->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (l->fd < 0)
		return -errno;
	if (tcgetattr(l->fd, &raw)) {
		close(l->fd);
		l->fd = -1;
		return -ENOTTY;
	}
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL | CREAD;
	cfsetspeed(&raw, B115200);
	tcsetattr(l->fd, TCSANOW, &raw);
	return sd_event_add_io(l->event, &l->io, l->fd, EPOLLIN, ready, l);
}

static void later(struct line *l, sd_event_source **timer, sd_event_time_handler_t fn)
{
	*timer = sd_event_source_disable_unref(*timer);
	sd_event_add_time_relative(l->event, timer, CLOCK_MONOTONIC, SECOND_US, 1000, fn, l);
}

static void shut(struct line *l, int err)
{
	if (!l->complained)
		journal(LOG_WARNING, NULL, "%s: %s; it is tried again every second", l->path, strerror(err));
	l->complained = true;
	l->io = sd_event_source_disable_unref(l->io);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	later(l, &l->reopen, open_again);
}

static int open_again(sd_event_source *source, uint64_t usec, void *arg)
{
	struct line *l = arg;
	int err = open_device(l);

	(void)source, (void)usec;
	if (err < 0)
		shut(l, -err);
	else
		l->complained = false;
	return 0;
}

static void end_question(struct line *l, const char *answer)
{
	char question[LINE_MESSAGE_MAX];

	strcpy(question, l->question);
	l->question[0] = 0;
	l->timer = sd_event_source_disable_unref(l->timer);
	l->ops->answered(l, question, answer);
}

static void take_message(struct line *l)
{
	char message[LINE_MESSAGE_MAX];

	l->in[l->in_len] = 0;
	strcpy(message, l->in);
	if (!*message)
		return;
	if (l->question[0] && (!strcmp(message, l->yes) || (l->no[0] && !strcmp(message, l->no))))
		end_question(l, message);
	else
		l->ops->heard(l, message);
}

static void take_byte(struct line *l, char c)
{
	if (c == 0 || c == '\n' || c == '\r') {
		if (l->overflow)
			journal(LOG_WARNING, NULL, "%s: a message of more than %d bytes, or with odd ones, was dropped", l->path,
				LINE_MESSAGE_MAX - 1);
		else
			take_message(l);
		l->in_len = 0;
		l->overflow = false;
	} else if (l->in_len == sizeof(l->in) - 1 || c < ' ' || c > '~') {
		l->overflow = true;
	} else {
		l->in[l->in_len++] = c;
	}
}

static int ready(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct line *l = arg;
	char buf[256];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)source, (void)revents;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		shut(l, n ? errno : ENOTCONN);
	for (ssize_t i = 0; i < n; i++)
		take_byte(l, buf[i]);
	return 0;
}

void line_say(struct line *l, const char *message)
{
	size_t len = strlen(message) + 1;

	/* A line that takes nothing has nobody at its other end; questions are asked again anyway. */
	if (l->fd >= 0 && write(l->fd, message, len) != (ssize_t)len)
		journal(LOG_WARNING, NULL, "%s: \"%s\" was not sent", l->path, message);
}

static int ask_again(sd_event_source *source, uint64_t usec, void *arg)
{
	struct line *l = arg;

	(void)source, (void)usec;
	if (!l->for_ever && l->tries_left-- == 0) {
		end_question(l, NULL);
		return 0;
	}
	line_say(l, l->question);
	later(l, &l->timer, ask_again);
	return 0;
}

void line_ask(struct line *l, const char *question, const char *yes, const char *no)
{
	snprintf(l->question, sizeof(l->question), "%s", question);
	snprintf(l->yes, sizeof(l->yes), "%s", yes);
	snprintf(l->no, sizeof(l->no), "%s", no ? no : "");
	l->tries_left = LINE_TRIES;
	l->for_ever = false;
	ask_again(NULL, 0, l);
}

void line_keep_asking(struct line *l)
{
	l->for_ever = true;
}

struct line *line_open(sd_event *event, const char *path, const struct line_ops *ops, void *arg)
{
	struct line *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->event = event;
	l->path = strdup(path);
	l->ops = ops;
	l->arg = arg;
	l->fd = -1;
	open_again(NULL, 0, l);
	return l;
}

void line_close(struct line *l)
{
	if (!l)
		return;
	sd_event_source_disable_unref(l->io);
	sd_event_source_disable_unref(l->timer);
	sd_event_source_disable_unref(l->reopen);
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	free(l);
}

const char *line_path(const struct line *l)
{
	return l->path;
}

void *line_arg(const struct line *l)
{
	return l->arg;
}

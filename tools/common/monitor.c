/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/common/monitor.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tools/common/place.h"

#define DM_REBOOT_S	60u	/* REBOOT_LIMIT_S of acrn-dm */
#define BUSY_US		10000u
#define LINE_MAX_SIZE	(1u << 20)	/* answers may be longer than requests */

uint64_t monitor_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static int connect_to(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	strcpy(at.sun_path, path);
	/* Non-blocking: a listener whose queue is full says EAGAIN rather than make us wait. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	err = errno == EAGAIN ? ETIMEDOUT : errno;
	close(fd);
	return -err;
}

int monitor_check_greeting(const json_t *line)
{
	if (!strcmp(monitor_error_code(line), "not_permitted"))
		return -EPERM;
	if (!strcmp(monitor_error_code(line), "too_many"))
		return -EBUSY;
	if (strcmp(json_string_value(json_object_get(line, "greeting")) ?: "", "acrn-dm") != 0 ||
	    json_integer_value(json_object_get(line, "protocol")) != MONITOR_PROTOCOL)
		return -EPROTO;
	return 0;
}

int monitor_connect(struct monitor *m, const char *name)
{
	char path[PLACE_PATH_MAX];
	int fd = connect_to(place_run(path, name, PLACE_SOCKET));

	*m = (struct monitor){ .fd = fd < 0 ? -1 : fd };
	return fd < 0 ? fd : 0;
}

static int open_once(struct monitor *m, const char *name, uint64_t deadline, json_t **greeting)
{
	json_t *line;
	int err = monitor_connect(m, name);

	if (err)
		return err;
	err = monitor_line(m, deadline, &line);
	if (!err) {
		err = monitor_check_greeting(line);
		if (!err && greeting)
			*greeting = json_incref(line);
		json_decref(line);
	}
	if (err)
		monitor_close(m);
	return err;
}

int monitor_open(struct monitor *m, const char *name, uint64_t deadline, json_t **greeting)
{
	bool busy = false;
	int err;

	/* Others are there for moments only. */
	while ((err = open_once(m, name, deadline, greeting)) == -EBUSY && monitor_now_ms() < deadline) {
		busy = true;
		usleep(BUSY_US);
	}
	return err == -ETIMEDOUT && busy ? -EBUSY : err;
}

pid_t monitor_owner(const char *name)
{
	char path[PLACE_PATH_MAX];
	int fd = connect_to(place_run(path, name, PLACE_SOCKET));
	struct ucred owner = { .pid = 0 };
	socklen_t len = sizeof(owner);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &owner, &len))
		owner.pid = 0;
	close(fd);
	return owner.pid;
}

void monitor_close(struct monitor *m)
{
	if (m->fd >= 0)
		close(m->fd);
	free(m->buf);
	*m = (struct monitor){ .fd = -1 };
}

/* Reads what is there, at most until the deadline. */
static int fill(struct monitor *m, uint64_t deadline)
{
	uint64_t now = monitor_now_ms();
	struct pollfd p = { .fd = m->fd, .events = POLLIN };
	ssize_t n;
	int ready;

	if (m->len == m->size) {
		char *bigger = m->size < LINE_MAX_SIZE ? realloc(m->buf, m->size ? 2 * m->size : 8192) : NULL;

		if (!bigger)
			return -EPROTO;
		m->buf = bigger;
		m->size = m->size ? 2 * m->size : 8192;
	}
	ready = poll(&p, 1, deadline > now ? (int)(deadline - now) : 0);
	if (ready == 0)
		return -ETIMEDOUT;
	n = ready < 0 ? -1 : recv(m->fd, m->buf + m->len, m->size - m->len, 0);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return -ECONNRESET;
	m->len += n;
	return 0;
}

int monitor_line(struct monitor *m, uint64_t deadline, json_t **line)
{
	char *end;
	int err;

	while (!(end = m->len ? memchr(m->buf, '\n', m->len) : NULL)) {
		err = fill(m, deadline);
		if (err)
			return err;
	}
	*line = json_loadb(m->buf, end - m->buf, 0, NULL);
	m->len -= end + 1 - m->buf;
	memmove(m->buf, end + 1, m->len);
	if (*line && json_is_object(*line))
		return 0;
	json_decref(*line);
	return -EPROTO;
}

int monitor_send(struct monitor *m, const char *command, json_t *args)
{
	json_t *request = json_pack("{s:s}", "command", command);
	char *text;
	size_t len;
	ssize_t n;

	if (args)
		json_object_set_new(request, "arguments", args);
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (!text)
		return -ENOMEM;
	len = strlen(text);
	text[len] = '\n';	/* instead of the zero */
	n = send(m->fd, text, len + 1, MSG_NOSIGNAL);
	free(text);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return n == (ssize_t)len + 1 ? 0 : -ETIMEDOUT;
}

int monitor_ask(struct monitor *m, const char *command, json_t *args, json_t **answer)
{
	uint64_t deadline = monitor_now_ms() + MONITOR_ANSWER_MS;
	int err = monitor_send(m, command, args);

	while (!err) {
		err = monitor_line(m, deadline, answer);
		if (err || json_object_get(*answer, "ok"))
			break;
		json_decref(*answer);
	}
	return err;
}

json_t *monitor_reboot_args(unsigned int limit_s)
{
	return limit_s == DM_REBOOT_S ? NULL : json_pack("{s:i}", "limit_s", limit_s ? (int)limit_s : 1);
}

int monitor_event(struct monitor *m, const char *name, uint64_t deadline, json_t **event)
{
	int err;

	while (!(err = monitor_line(m, deadline, event))) {
		const char *is = json_string_value(json_object_get(*event, "event"));

		if (is && !strcmp(is, name))
			break;
		json_decref(*event);
	}
	return err;
}

int monitor_ok(const json_t *answer)
{
	return json_is_true(json_object_get(answer, "ok"));
}

static const char *error_member(const json_t *answer, const char *name)
{
	const char *text = json_string_value(json_object_get(json_object_get(answer, "error"), name));

	return text ? text : "";
}

const char *monitor_error_code(const json_t *answer)
{
	return error_member(answer, "code");
}

const char *monitor_error_text(const json_t *answer)
{
	return error_member(answer, "message");
}

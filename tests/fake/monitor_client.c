/* SPDX-License-Identifier: BSD-3-Clause */
/* See monitor_client.h. */
#include "monitor_client.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_MS 10000

void client_open(struct monitor_client *c, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int tries = 0;

	strcpy(at.sun_path, path);
	c->len = 0;
	c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_ge(c->fd, 0);
	while (connect(c->fd, (struct sockaddr *)&at, sizeof(at))) {
		ck_assert_msg(++tries < WAIT_MS, "%s: %s", path, strerror(errno));
		usleep(1000);
	}
}

void client_close(struct monitor_client *c)
{
	close(c->fd);
	c->fd = -1;
}

void client_send(struct monitor_client *c, const char *text)
{
	ck_assert_int_eq(send(c->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

json_t *client_line(struct monitor_client *c)
{
	char *end;

	while (!(end = memchr(c->buf, '\n', c->len))) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };
		ssize_t n;

		ck_assert_int_eq(poll(&p, 1, WAIT_MS), 1);
		n = recv(c->fd, c->buf + c->len, sizeof(c->buf) - c->len, 0);
		if (n <= 0)
			return NULL;
		c->len += n;
	}
	json_error_t error;
	json_t *o = json_loadb(c->buf, end - c->buf, JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg(o != NULL, "%.*s: %s", (int)(end - c->buf), c->buf, error.text);
	c->len -= end + 1 - c->buf;
	memmove(c->buf, end + 1, c->len);
	return o;
}

json_t *client_ask(struct monitor_client *c, const char *line)
{
	json_t *o;

	client_send(c, line);
	client_send(c, "\n");
	while ((o = client_line(c)) && !json_object_get(o, "ok"))
		json_decref(o);
	ck_assert_ptr_nonnull(o);
	return o;
}

json_t *client_event(struct monitor_client *c, const char *name)
{
	json_t *o;

	while ((o = client_line(c)) && strcmp(text_of(o, "event"), name) != 0)
		json_decref(o);
	ck_assert_msg(o != NULL, "no event '%s' came", name);
	return o;
}

static const json_t *member(const json_t *o, const char *path)
{
	char name[64];

	while (*path) {
		size_t len = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		o = json_object_get(o, name);
		path += len + (path[len] == '.');
	}
	return o;
}

const char *text_of(const json_t *o, const char *path)
{
	const char *text = json_string_value(member(o, path));

	return text ? text : "";
}

long long number_of(const json_t *o, const char *path)
{
	const json_t *m = member(o, path);

	ck_assert_msg(json_is_integer(m), "no number at %s", path);
	return json_integer_value(m);
}

bool truth_of(const json_t *o, const char *path)
{
	const json_t *m = member(o, path);

	ck_assert_msg(json_is_boolean(m), "no truth at %s", path);
	return json_is_true(m);
}

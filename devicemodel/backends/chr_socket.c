/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Consoles on sockets: "tcp:PORT" on the loopback interface and "socket:PATH" in the file system. A server (the default)
 * serves one client at a time and waits for the next when that one leaves; a client connects once, at the start.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backends/chr_kind.h"
#include "core/event.h"
#include "core/log.h"

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_un un;
	};
	socklen_t len;
};

/* Splits "NAME[:server|:client]" in place. Returns -EINVAL when there is no name. */
static int split(char *text, bool *client)
{
	char *role = strrchr(text, ':');

	*client = role && !strcmp(role, ":client");
	if (role && (*client || !strcmp(role, ":server")))
		*role = 0;
	return *text ? 0 : -EINVAL;
}

static int tcp_address(const char *text, struct address *a)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*end || *text < '0' || *text > '9' || port == 0 || port > 65535)
		return -EINVAL;
	memset(a, 0, sizeof(*a));
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons(port);
	a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a->len = sizeof(a->in);
	return 0;
}

static int unix_address(const char *path, struct address *a)
{
	memset(a, 0, sizeof(*a));
	if (strlen(path) >= sizeof(a->un.sun_path))
		return chr_fail(path, ENAMETOOLONG);
	a->un.sun_family = AF_UNIX;
	strcpy(a->un.sun_path, path);
	a->len = sizeof(a->un);
	return 0;
}

static void accept_ready(void *arg, uint32_t events)
{
	struct chr *c = arg;
	int fd = accept(c->listen_fd, NULL, NULL);

	(void)events;
	if (fd < 0)
		return;
	if (c->in_fd >= 0 || chr_prepare_fd(fd)) {
		close(fd);
		return;
	}
	chr_attach(c, fd, fd);
}

static int serve(struct chr *c, int fd, const char *what)
{
	struct event_handler h = { .fn = accept_ready, .arg = c };
	int ret = event_add(c->vm, fd, EPOLLIN, h, &c->listen_event);

	if (ret)
		return chr_fail(what, -ret);
	c->listen_fd = fd;
	return 0;
}

static int serve_path(struct chr *c, const char *path)
{
	int ret = listener_open(&c->listener, "console", path, LISTENER_NO_GROUP);

	if (ret)
		return ret;
	ret = serve(c, c->listener.fd, path);
	if (ret)
		listener_close(&c->listener);
	return ret;
}

static int bind_port(int fd, const struct address *a)
{
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, &a->any, a->len) || listen(fd, 1) ? -1 : 0;
}

static int open_address(struct chr *c, const struct address *a, bool client, const char *what)
{
	int fd, ret = 0;

	if (!client && a->any.sa_family == AF_UNIX)
		return serve_path(c, a->un.sun_path);
	fd = socket(a->any.sa_family, SOCK_STREAM, 0);
	if (fd < 0)
		return chr_fail(what, errno);
	if (client ? connect(fd, &a->any, a->len) : bind_port(fd, a))
		ret = chr_fail(what, errno);
	if (!ret)
		ret = chr_prepare_fd(fd);
	if (!ret && !client)
		ret = serve(c, fd, what);
	if (ret)
		close(fd);
	else if (client)
		chr_attach(c, fd, fd);
	return ret;
}

static int open_spec(struct chr *c, const char *arg, int (*parse)(const char *text, struct address *a))
{
	struct address a;
	bool client;
	char *text;
	int ret;

	text = strdup(arg ? arg : "");
	if (!text)
		return -ENOMEM;
	ret = split(text, &client);
	if (!ret)
		ret = parse(text, &a);
	if (!ret)
		ret = open_address(c, &a, client, text);
	free(text);
	return ret;
}

static int tcp_open(struct chr *c, const char *arg)
{
	return open_spec(c, arg, tcp_address);
}

static int socket_open(struct chr *c, const char *arg)
{
	return open_spec(c, arg, unix_address);
}

static void socket_close(struct chr *c)
{
	event_del(c->listen_event);
	if (c->listener.path)
		listener_close(&c->listener);
	else if (c->listen_fd >= 0)
		close(c->listen_fd);
	c->listen_fd = -1;
}

const struct chr_kind chr_tcp_kind = {
	.name = "tcp",
	.usage = "tcp:PORT or tcp:PORT:client, PORT from 1 to 65535",
	.open = tcp_open,
	.close = socket_close,
};

const struct chr_kind chr_socket_kind = {
	.name = "socket",
	.usage = "socket:PATH or socket:PATH:client",
	.open = socket_open,
	.close = socket_close,
};

/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/common/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/common/args.h"

/* The path or port in "KIND:REST[:server]". */
static const char *rest_of(const char *backend, const char *kind, char *rest, size_t size)
{
	size_t len = strlen(kind);

	if (strncmp(backend, kind, len) != 0 || backend[len] != ':')
		return NULL;
	snprintf(rest, size, "%s", backend + len + 1);
	if (strlen(rest) > 7 && !strcmp(rest + strlen(rest) - 7, ":server"))
		rest[strlen(rest) - 7] = 0;
	return rest;
}

static int open_socket(const struct sockaddr *at, socklen_t len)
{
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, at, len)) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

int serial_open(const char *backend)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char rest[sizeof(un.sun_path)];
	uint64_t port;

	if (rest_of(backend, "socket", rest, sizeof(rest))) {
		strcpy(un.sun_path, rest);
		return open_socket((struct sockaddr *)&un, sizeof(un));
	}
	if (rest_of(backend, "tcp", rest, sizeof(rest)) && args_number(rest, 1, 65535, &port)) {
		in.sin_port = htons(port);
		return open_socket((struct sockaddr *)&in, sizeof(in));
	}
	if (rest_of(backend, "pty", rest, sizeof(rest)))
		return open(rest, O_RDWR | O_NOCTTY | O_CLOEXEC);
	errno = EINVAL;
	return -1;
}

const char *serial_backend(const json_t *query, const char *port)
{
	const json_t *list = json_object_get(query, "serial"), *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (!port || !strcmp(json_string_value(json_object_get(one, "port")) ?: "", port))
			return json_string_value(json_object_get(one, "backend"));
	return NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/life_mngr/local.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/common/journal.h"
#include "tools/life_mngr/protocol.h"

#define REQUEST_MAX	128
#define CLIENTS_MAX	8

struct local_client {
	int fd;
	sd_event_source *io;
};

static sd_event *loop;
static sd_event_source *listener;
static int listen_fd = -1;
static unsigned int nr_clients;
static void (*request_fn)(struct local_client *client, const char *request);

static const char *place(void)
{
	const char *path = getenv("LIFE_MNGR_SOCKET");

	return path && *path ? path : LOCAL_SOCKET;
}

static int address(struct sockaddr_un *at)
{
	*at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(place()) >= sizeof(at->sun_path))
		return -ENAMETOOLONG;
	strcpy(at->sun_path, place());
	return 0;
}

void local_answer(struct local_client *c, const char *answer)
{
	if (!c)
		return;
	if (send(c->fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		journal(LOG_INFO, NULL, "nobody waits for answer \"%s\"", answer);
	sd_event_source_disable_unref(c->io);
	close(c->fd);
	free(c);
	nr_clients--;
}

/* Requests are so short that they come in one piece; an end mark is optional. */
static int client_ready(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct local_client *c = arg;
	char request[REQUEST_MAX + 1];
	ssize_t n = recv(fd, request, REQUEST_MAX, MSG_DONTWAIT);

	(void)revents;
	if (n <= 0) {
		local_answer(c, "");
		return 0;
	}
	while (n > 0 && (request[n - 1] == '\n' || request[n - 1] == '\r' || !request[n - 1]))
		n--;
	request[n] = 0;
	/* No second request, and no look at the connection until the answer. */
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	request_fn(c, request);
	return 0;
}

static int accept_ready(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	int client_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct local_client *c = client_fd >= 0 && nr_clients < CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;

	(void)source, (void)revents, (void)arg;
	if (c)
		c->fd = client_fd;
	if (c && sd_event_add_io(loop, &c->io, client_fd, EPOLLIN, client_ready, c) >= 0) {
		nr_clients++;
		return 0;
	}
	free(c);
	if (client_fd >= 0)
		close(client_fd);
	return 0;
}

/* A socket that nobody answers is one of a life_mngr that is gone. */
static int remove_stale(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0)
		err = -EADDRINUSE;
	else if (errno == ECONNREFUSED && lstat(at->sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(at->sun_path);
	close(fd);
	return err;
}

int local_open(sd_event *event, void (*fn)(struct local_client *client, const char *request))
{
	struct sockaddr_un at;
	int err = address(&at);

	loop = event;
	request_fn = fn;
	if (!err)
		err = remove_stale(&at);
	if (!err) {
		listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (listen_fd < 0 || fchmod(listen_fd, 0600) || bind(listen_fd, (struct sockaddr *)&at, sizeof(at)) ||
		    listen(listen_fd, CLIENTS_MAX))
			err = -errno;
	}
	if (!err)
		err = sd_event_add_io(loop, &listener, listen_fd, EPOLLIN, accept_ready, NULL);
	if (err < 0)
		journal(LOG_ERR, NULL, "%s: %s%s", place(), strerror(-err),
			err == -EADDRINUSE ? "; is another life_mngr running?" : "");
	return err < 0 ? err : 0;
}

void local_close(void)
{
	listener = sd_event_source_disable_unref(listener);
	if (listen_fd < 0)
		return;
	unlink(place());
	close(listen_fd);
	listen_fd = -1;
}

int local_request(const char *request, unsigned int seconds)
{
	struct sockaddr_un at;
	char answer[REQUEST_MAX + 1];
	struct pollfd p = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .events = POLLIN };
	ssize_t n = 0;

	if (p.fd < 0 || address(&at) || connect(p.fd, (struct sockaddr *)&at, sizeof(at)) ||
	    send(p.fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
		fprintf(stderr, "life_mngr: %s: %s; is life_mngr running, and are you root?\n", place(), strerror(errno));
		return 1;
	}
	if (poll(&p, 1, (int)seconds * 1000) == 1)
		n = recv(p.fd, answer, REQUEST_MAX, 0);
	close(p.fd);
	answer[n > 0 ? n : 0] = 0;
	puts(n > 0 ? answer : NO_ANSWER);
	return strncmp(answer, "ack_", 4) != 0 || !strcmp(answer, NO_ANSWER);
}

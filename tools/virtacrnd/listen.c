/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/listen.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "tools/common/journal.h"
#include "tools/common/peer.h"
#include "tools/virtacrnd/server.h"

static struct sockaddr_un made[2];

static bool ends_in_ro(const char *path)
{
	size_t len = strlen(path);

	return len > strlen(LISTEN_RO) && !strcmp(path + len - strlen(LISTEN_RO), LISTEN_RO);
}

/* -EADDRINUSE if somebody answers there, or it is no socket. */
static int remove_left(const struct sockaddr_un *at)
{
	struct stat st;
	int fd, err = 0;

	if (lstat(at->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 || errno != ECONNREFUSED)
		err = -EADDRINUSE;
	close(fd);
	if (!err && unlink(at->sun_path))
		err = -errno;
	return err;
}

static int make_socket(const struct sockaddr_un *at, gid_t group, mode_t mode)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;
	mode_t mask;

	if (fd < 0)
		return -errno;
	/* Nobody gets in before it has its owner and mode. */
	mask = umask(0177);
	err = bind(fd, (const struct sockaddr *)at, sizeof(*at)) ? -errno : 0;
	umask(mask);
	if (!err && ((group != PEER_NO_GROUP && chown(at->sun_path, -1, group)) || chmod(at->sun_path, mode) || listen(fd, SOMAXCONN)))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int make(sd_event *event, const char *path, gid_t group, bool read_only)
{
	struct sockaddr_un *at = &made[read_only];
	int fd, err;

	at->sun_family = AF_UNIX;
	if ((size_t)snprintf(at->sun_path, sizeof(at->sun_path), "%s%s", path, read_only ? LISTEN_RO : "") >= sizeof(at->sun_path)) {
		journal(LOG_ERR, NULL, "%s%s: longer than the %zu bytes of a socket's path", path, read_only ? LISTEN_RO : "",
			sizeof(at->sun_path) - 1);
		*at->sun_path = 0;
		return -ENAMETOOLONG;
	}
	err = remove_left(at);
	fd = err ? err : make_socket(at, group, read_only ? 0666 : group == PEER_NO_GROUP ? 0600 : 0660);
	if (fd >= 0)
		return server_add(event, fd, read_only);
	journal(LOG_ERR, NULL, "%s: %s", at->sun_path, fd == -EADDRINUSE ? "another daemon answers there" :
		fd == -EEXIST ? "is no socket; move it away" : strerror(-fd));
	/* It is not ours. */
	*at->sun_path = 0;
	return fd;
}

static int take_given(sd_event *event, int nr)
{
	int err = 0;

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + nr && !err; fd++) {
		struct sockaddr_un at = { .sun_family = AF_UNIX };
		socklen_t len = sizeof(at) - 1;

		if (getsockname(fd, (struct sockaddr *)&at, &len) || at.sun_family != AF_UNIX) {
			journal(LOG_ERR, NULL, "descriptor %d from systemd is no UNIX socket; see virtacrnd.socket", fd);
			return -EINVAL;
		}
		err = server_add(event, fd, ends_in_ro(at.sun_path));
	}
	return err;
}

int listen_begin(sd_event *event, const char *path, const char *group)
{
	int err, nr = sd_listen_fds(1);
	gid_t gid = PEER_NO_GROUP;

	if (group && *group && !peer_group(group, &gid)) {
		journal(LOG_ERR, NULL, "there is no group \"%s\"; addgroup --system %s makes it", group, group);
		return -ENOENT;
	}
	server_allow(gid);
	if (nr > 0)
		return take_given(event, nr);
	if (!strcmp(path, LISTEN_PATH))
		mkdir("/run/libvirt", 0755);
	err = make(event, path, gid, false);
	return err ? err : make(event, path, PEER_NO_GROUP, true);
}

void listen_end(void)
{
	for (int i = 0; i < 2; i++)
		if (*made[i].sun_path)
			unlink(made[i].sun_path);
}

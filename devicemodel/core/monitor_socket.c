/* SPDX-License-Identifier: BSD-3-Clause */
/* See monitor_socket.h. */
#include "core/monitor_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/log.h"
#include "core/monitor_peer.h"

#define BACKLOG 16

static int fail(const char *path, const char *what, int err)
{
	log_error("--cmd_monitor %s: %s: %s%s", path, what, strerror(err), err == ENOENT ? "; does its folder exist?" : "");
	return -err;
}

/* 0: the place is free now. */
static int make_place(const struct sockaddr_un *at)
{
	struct stat st;
	int fd, err;

	if (lstat(at->sun_path, &st))
		return errno == ENOENT ? 0 : fail(at->sun_path, "cannot be looked at", errno);
	if (!S_ISSOCK(st.st_mode)) {
		log_error("--cmd_monitor %s: a file that is no socket is there, and is left alone", at->sun_path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(at->sun_path, "no socket", errno);
	err = connect(fd, (const struct sockaddr *)at, sizeof(*at)) ? errno : 0;
	close(fd);
	/* Only a refusal says that nobody listens: EAGAIN, for one, means that somebody is busy. */
	if (err != ECONNREFUSED && err != ENOENT) {
		log_error("--cmd_monitor %s: another program answers there; is the VM running already?", at->sun_path);
		return -EADDRINUSE;
	}
	log_info("monitor: %s was left by a program that is gone, replaced", at->sun_path);
	return unlink(at->sun_path) && errno != ENOENT ? fail(at->sun_path, "cannot be removed", errno) : 0;
}

static int bind_at(struct monitor_socket *s, const struct sockaddr_un *at, gid_t group)
{
	struct stat st;

	/* Linux gives the file the mode of the socket, so it is never open to others in between. */
	if (fchmod(s->fd, 0600) || bind(s->fd, (const struct sockaddr *)at, sizeof(*at)))
		return fail(at->sun_path, "cannot be made", errno);
	s->path = strdup(at->sun_path);
	if (!s->path || lstat(at->sun_path, &st)) {
		unlink(at->sun_path);
		return fail(at->sun_path, "cannot be made", ENOMEM);
	}
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	if (group != MONITOR_NO_GROUP && (lchown(s->path, (uid_t)-1, group) || chmod(s->path, 0660)))
		return fail(s->path, "cannot be given to the group", errno);
	return listen(s->fd, BACKLOG) ? fail(s->path, "cannot listen", errno) : 0;
}

/*
 * One at a time in a folder: between somebody's look at a socket that was left and its removal, another may have made his own.
 * Returns a descriptor to close, or -errno.
 */
static int lock_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return fail(path, "its folder cannot be locked", errno);
}

int monitor_socket_open(struct monitor_socket *s, const char *path, gid_t group)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int err, lock;

	*s = (struct monitor_socket){ .fd = -1 };
	if (strlen(path) >= sizeof(at.sun_path)) {
		log_error("--cmd_monitor %s: %zu characters, at most %zu fit", path, strlen(path), sizeof(at.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(at.sun_path, path);
	lock = lock_folder(path);
	if (lock < 0)
		return lock;
	err = make_place(&at);
	if (!err) {
		s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		err = s->fd < 0 ? fail(path, "no socket", errno) : bind_at(s, &at, group);
	}
	close(lock);
	if (err)
		monitor_socket_close(s);
	return err;
}

void monitor_socket_close(struct monitor_socket *s)
{
	struct stat st;

	if (s->path && lstat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
		unlink(s->path);
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	*s = (struct monitor_socket){ .fd = -1 };
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* See listener.h. */
#include "core/listener.h"

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

#define BACKLOG 16

static int fail(const struct listener *l, const char *path, const char *what, int err)
{
	log_error("%s %s: %s: %s%s", l->who, path, what, strerror(err), err == ENOENT ? "; does its folder exist?" : "");
	return -err;
}

/* 0: the place is free now. */
static int make_place(const struct listener *l, const struct sockaddr_un *at)
{
	struct stat st;
	int fd, err;

	if (lstat(at->sun_path, &st))
		return errno == ENOENT ? 0 : fail(l, at->sun_path, "cannot be looked at", errno);
	if (!S_ISSOCK(st.st_mode)) {
		log_error("%s %s: a file that is no socket is there, and is left alone", l->who, at->sun_path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(l, at->sun_path, "no socket", errno);
	err = connect(fd, (const struct sockaddr *)at, sizeof(*at)) ? errno : 0;
	close(fd);
	/* Only a refusal says that nobody listens: EAGAIN, for one, means that somebody is busy. */
	if (err != ECONNREFUSED && err != ENOENT) {
		log_error("%s %s: another program answers there; is the VM running already?", l->who, at->sun_path);
		return -EADDRINUSE;
	}
	log_info("%s %s: was left by a program that is gone, replaced", l->who, at->sun_path);
	return unlink(at->sun_path) && errno != ENOENT ? fail(l, at->sun_path, "cannot be removed", errno) : 0;
}

static int bind_at(struct listener *l, const struct sockaddr_un *at, gid_t group)
{
	struct stat st;

	/* Linux gives the file the mode of the socket, so it is never open to others in between. */
	if (fchmod(l->fd, 0600) || bind(l->fd, (const struct sockaddr *)at, sizeof(*at)))
		return fail(l, at->sun_path, "cannot be made", errno);
	l->path = strdup(at->sun_path);
	if (!l->path || lstat(at->sun_path, &st)) {
		unlink(at->sun_path);
		return fail(l, at->sun_path, "cannot be made", ENOMEM);
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	if (group != LISTENER_NO_GROUP && (lchown(l->path, (uid_t)-1, group) || chmod(l->path, 0660)))
		return fail(l, l->path, "cannot be given to the group", errno);
	return listen(l->fd, BACKLOG) ? fail(l, l->path, "cannot listen", errno) : 0;
}

/*
 * One at a time in a folder: between somebody's look at a socket that was left and its removal, another may have made his own.
 * Returns a descriptor to close, or -errno.
 */
static int lock_folder(const struct listener *l, const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return fail(l, path, "its folder cannot be locked", errno);
}

int listener_open(struct listener *l, const char *who, const char *path, gid_t group)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int err, lock;

	*l = (struct listener){ .fd = -1, .who = who };
	if (strlen(path) >= sizeof(at.sun_path)) {
		log_error("%s %s: %zu characters, at most %zu fit", who, path, strlen(path), sizeof(at.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(at.sun_path, path);
	lock = lock_folder(l, path);
	if (lock < 0)
		return lock;
	err = make_place(l, &at);
	if (!err) {
		l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		err = l->fd < 0 ? fail(l, path, "no socket", errno) : bind_at(l, &at, group);
	}
	close(lock);
	if (err)
		listener_close(l);
	return err;
}

void listener_close(struct listener *l)
{
	struct stat st;

	if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	*l = (struct listener){ .fd = -1 };
}

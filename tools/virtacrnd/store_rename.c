/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Another name for a definition. The name is also in the launch file, so moving that is not enough, and two files cannot be exchanged at
 * once for one. So the file first becomes one that is right by either name, then it is moved, then it is cleaned up: whoever looks, and
 * whenever this is killed, there is either the old definition or the new one.
 *
 *	#!/bin/sh
 *	# virtacrnd UUID
 *	[ "${0##*\/}" != NEW.sh ] || exec ACRN-DM ARGUMENTS "$@" NEW
 *	exec ACRN-DM ARGUMENTS "$@" OLD
 *	#<domain type="acrn">		by the old name
 *	exit # NEW
 *	#<domain type="acrn">		by the new one
 *
 * The settings are there by both names meanwhile. Those of a name without a launch file mean nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/settings.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/store.h"
#include "tools/virtacrnd/store_priv.h"

static int copy_settings(const char *from, const char *to, char *why, size_t why_size)
{
	char path[PLACE_PATH_MAX];
	struct settings s;
	int err;

	/* Of one that had this name before. */
	unlink(place_conf(path, to, PLACE_SETTINGS));
	if (access(place_conf(path, from, PLACE_SETTINGS), F_OK) && errno == ENOENT)
		return 0;
	err = settings_read(from, &s, why, why_size);
	if (err)
		return err;
	err = settings_write(to, &s);
	settings_free(&s);
	if (err)
		snprintf(why, why_size, "%s: %s", place_conf(path, to, PLACE_SETTINGS), strerror(-err));
	return err;
}

static void put_both(FILE *file, const struct domxml *old, const struct domxml *new, const char *dm, char *const text[2])
{
	store_put_head(file, old);
	fprintf(file, "[ \"${0##*/}\" != %s" PLACE_LAUNCH " ] || ", new->name);
	store_put_exec(file, new, dm);
	store_put_exec(file, old, dm);
	store_put_xml(file, text[0]);
	fprintf(file, STORE_RENAMED "%s\n", new->name);
	store_put_xml(file, text[1]);
}

/* The file that is right by both names, in the place of the old one. A descriptor with its lock (nobody starts it), or -errno. */
static int write_both(const struct domxml *old, const struct domxml *new, const char *dm)
{
	char path[PLACE_PATH_MAX], beside[PLACE_PATH_MAX], *text[2] = { domxml_text(old, -1), domxml_text(new, -1) };
	int lock = -ENOMEM, err;
	FILE *file;

	place_conf(path, old->name, PLACE_LAUNCH);
	file = text[0] && text[1] ? store_create(place_conf(beside, old->name, STORE_MOVING)) : NULL;
	if (file) {
		put_both(file, old, new, dm, text);
		lock = store_lock(beside);
		err = store_finish(file, beside, path, 0755);
		if (err && lock >= 0)
			close(lock);
		lock = err ? err : lock;
	} else if (text[0] && text[1]) {
		lock = -errno;
	}
	free(text[0]);
	free(text[1]);
	return lock;
}

/* What is left of the old name. The log is the last run's; anything else in that folder is of a run that is over. */
static void move_rest(const char *from, const char *to)
{
	char old[PLACE_PATH_MAX], new[PLACE_PATH_MAX];

	unlink(place_conf(old, from, PLACE_SETTINGS));
	rename(place_run(old, from, PLACE_LOG), place_run(new, to, PLACE_LOG));
}

int store_rename(const struct domxml *old, const struct domxml *new, const char *dm, char *why, size_t why_size)
{
	char from[PLACE_PATH_MAX], to[PLACE_PATH_MAX];
	int lock, err = copy_settings(old->name, new->name, why, why_size);

	if (err)
		return err;
	place_conf(from, old->name, PLACE_LAUNCH);
	place_conf(to, new->name, PLACE_LAUNCH);
	lock = write_both(old, new, dm);
	err = lock < 0 ? lock : renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) ? -errno : 0;
	if (err) {
		snprintf(why, why_size, "%s to %s: %s", from, to, strerror(-err));
		/* Somebody else's by now, perhaps. */
		if (err != -EEXIST)
			unlink(place_conf(to, new->name, PLACE_SETTINGS));
	} else {
		/* Without these it is as good, with more in it than need be. */
		store_write_by(new, dm, STORE_MOVING);
		move_rest(old->name, new->name);
	}
	if (lock >= 0)
		close(lock);
	return err;
}

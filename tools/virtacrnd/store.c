/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common/place.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/store_priv.h"
#include "tools/virtacrnd/uuid.h"

#define LIVE		".live.xml"
#define FILE_MAX	(4u << 20)

char *store_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *text = NULL;
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX)
		text = malloc(st.st_size + 1);
	if (text)
		n = read(fd, text, st.st_size);
	close(fd);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = 0;
	return text;
}

/* The UUID in a file of ours. */
static bool uuid_in(const char *path, uint8_t *uuid)
{
	char line[128];
	FILE *file = fopen(path, "re");
	bool ok = file && fgets(line, sizeof(line), file) && fgets(line, sizeof(line), file) && !strncmp(line, STORE_MARK, strlen(STORE_MARK));

	if (file)
		fclose(file);
	line[ok ? strcspn(line, "\n") : 0] = 0;
	return ok && uuid_read(line + strlen(STORE_MARK), uuid);
}

/* Where the XML begins that holds for @name: in the midst of a file that is about to be renamed there are two (store_rename.c). */
static char *find_xml(char *text, const char *name)
{
	char mark[sizeof(STORE_RENAMED) + PLACE_NAME_MAX + 3], *other;

	snprintf(mark, sizeof(mark), "\n" STORE_RENAMED "%s\n", name);
	other = strstr(text, mark);
	return strstr(other ? other : text, "\n#<");
}

/* The XML in a file of ours, without the # of each line. */
static char *text_in(const char *path, const char *name)
{
	char *text, *from, *to;
	uint8_t uuid[16];

	text = uuid_in(path, uuid) ? store_read(path) : NULL;
	from = text ? find_xml(text, name) : NULL;
	if (!from) {
		free(text);
		return NULL;
	}
	for (to = text, from += 1; *from == '#'; ) {
		size_t len;

		from++;
		len = strcspn(from, "\n");
		memmove(to, from, len);
		to += len;
		*to++ = '\n';
		from += len;
		from += *from == '\n';
	}
	*to = 0;
	return text;
}

bool store_uuid(const char *name, uint8_t *uuid)
{
	char path[PLACE_PATH_MAX];

	return uuid_in(place_conf(path, name, PLACE_LAUNCH), uuid);
}

char *store_text(const char *name)
{
	char path[PLACE_PATH_MAX];

	return text_in(place_conf(path, name, PLACE_LAUNCH), name);
}

/* As one word of the shell's. */
static void put_word(FILE *file, const char *word)
{
	fputc('\'', file);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", file);
		else
			fputc(*word, file);
	}
	fputs("' ", file);
}

static void put_command(FILE *file, const struct domxml *x, const char *dm)
{
	put_word(file, dm);
	for (unsigned int i = 0; i < x->nr_args; i++)
		put_word(file, x->arg[i]);
}

char *store_command(const struct domxml *x, const char *dm)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	put_command(file, x, dm);
	put_word(file, x->name);
	fputc('\n', file);
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}

void store_put_head(FILE *file, const struct domxml *x)
{
	char uuid[UUID_TEXT];

	fprintf(file, "#!/bin/sh\n" STORE_MARK "%s\n", uuid_text(x->uuid, uuid));
}

void store_put_exec(FILE *file, const struct domxml *x, const char *dm)
{
	fputs("exec ", file);
	put_command(file, x, dm);
	fputs("\"$@\" ", file);
	put_word(file, x->name);
	fputc('\n', file);
}

void store_put_xml(FILE *file, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		fprintf(file, "#%.*s\n", (int)len, text);
		text += len;
		text += *text == '\n';
	}
}

static void put_definition(FILE *file, const struct domxml *x, const char *dm, const char *text)
{
	store_put_head(file, x);
	store_put_exec(file, x, dm);
	store_put_xml(file, text);
}

int store_finish(FILE *file, const char *new, const char *path, mode_t mode)
{
	int err = ferror(file) ? -EIO : 0;

	if (fflush(file) || fchmod(fileno(file), mode) || fsync(fileno(file)))
		err = -errno;
	if (fclose(file) && !err)
		err = -errno;
	if (!err && rename(new, path))
		err = -errno;
	if (err)
		unlink(new);
	return err;
}

FILE *store_create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (fd >= 0 && !file)
		close(fd);
	return file;
}

int store_write_by(const struct domxml *x, const char *dm, const char *tail)
{
	char path[PLACE_PATH_MAX], new[PLACE_PATH_MAX], *text = domxml_text(x, -1);
	int err = place_conf_make();
	FILE *file;

	place_conf(path, x->name, PLACE_LAUNCH);
	file = err || !text ? NULL : store_create(place_conf(new, x->name, tail));
	if (file) {
		put_definition(file, x, dm, text);
		err = store_finish(file, new, path, 0755);
	} else if (!err) {
		err = text ? -errno : -ENOMEM;
	}
	free(text);
	return err;
}

/* What a definition that was killed on its way to another name, or out, has left is not the new one's. */
static void clear_settings(const char *name)
{
	char path[PLACE_PATH_MAX];

	if (access(place_conf(path, name, PLACE_LAUNCH), F_OK) && errno == ENOENT)
		unlink(place_conf(path, name, PLACE_SETTINGS));
}

int store_write(const struct domxml *x, const char *dm, char *why, size_t why_size)
{
	char path[PLACE_PATH_MAX];
	int err;

	clear_settings(x->name);
	err = store_write_by(x, dm, PLACE_LAUNCH ".new");
	if (err)
		snprintf(why, why_size, "%s: %s", place_conf(path, x->name, PLACE_LAUNCH), strerror(-err));
	return err;
}

int store_lock(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), err;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	err = errno;
	if (fd >= 0)
		close(fd);
	return -err;
}

int store_write_once(const struct domxml *x, const char *dm, char *why, size_t why_size)
{
	char path[PLACE_PATH_MAX], new[PLACE_PATH_MAX], *text = domxml_text(x, -1);
	int err = place_run_make(), lock = -ENOMEM;
	FILE *file;

	place_run(path, x->name, PLACE_ONCE);
	file = err || !text ? NULL : store_create(place_run(new, x->name, PLACE_ONCE ".new"));
	if (file) {
		put_definition(file, x, dm, text);
		/* Locked before it has its name: nobody takes it for one that is left. */
		lock = store_lock(new);
		err = store_finish(file, new, path, 0700);
	} else {
		err = err || !text ? -ENOMEM : -errno;
	}
	free(text);
	if (!err && lock >= 0)
		return lock;
	if (lock >= 0)
		close(lock);
	err = err ? err : lock;
	snprintf(why, why_size, "%s: %s", path, strerror(-err));
	return err;
}

bool store_once_uuid(const char *name, uint8_t *uuid)
{
	char path[PLACE_PATH_MAX];
	int lock = store_lock(place_run(path, name, PLACE_ONCE));

	if (lock >= 0)
		close(lock);
	return lock == -EWOULDBLOCK && uuid_in(path, uuid);
}

char *store_once_text(const char *name)
{
	char path[PLACE_PATH_MAX];
	uint8_t uuid[16];

	return store_once_uuid(name, uuid) ? text_in(place_run(path, name, PLACE_ONCE), name) : NULL;
}

bool store_forget_once(const char *name)
{
	char path[PLACE_PATH_MAX];
	int lock = store_lock(place_run(path, name, PLACE_ONCE));

	if (lock >= 0) {
		unlink(path);
		close(lock);
	}
	return lock != -EWOULDBLOCK;
}

int store_write_live(const char *name, const char *text)
{
	char path[PLACE_PATH_MAX], new[PLACE_PATH_MAX];
	FILE *file = store_create(place_run(new, name, LIVE ".new"));

	if (!file)
		return -errno;
	fputs(text, file);
	return store_finish(file, new, place_run(path, name, LIVE), 0600);
}

char *store_live(const char *name, int pid)
{
	char path[PLACE_PATH_MAX], *text = store_read(place_run(path, name, LIVE));

	if (text && domxml_id(text) == pid)
		return text;
	/* Of an earlier run. */
	free(text);
	return NULL;
}

bool store_live_uuid(const char *name, int pid, uint8_t *uuid)
{
	char *text = store_live(name, pid);
	bool ok = text && domxml_uuid(text, uuid);

	free(text);
	return ok;
}

int store_remove(const char *name)
{
	char path[PLACE_PATH_MAX];

	/* The settings first: left behind they would be the next definition's by that name. */
	if (unlink(place_conf(path, name, PLACE_SETTINGS)) && errno != ENOENT)
		return -errno;
	return unlink(place_conf(path, name, PLACE_LAUNCH)) ? -errno : 0;
}

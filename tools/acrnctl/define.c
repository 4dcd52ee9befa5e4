/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnctl add, del and set: definitions. A definition is never half there: it is written beside its place and moved. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/acrnctl/acrnctl.h"
#include "tools/common/launch.h"
#include "tools/common/settings.h"
#include "tools/common/vms.h"

/* The file's name without folder and ".sh". */
static void name_of(const char *file, char *name, size_t size)
{
	const char *base = strrchr(file, '/');
	size_t len;

	base = base ? base + 1 : file;
	len = strlen(base);
	if (len > strlen(PLACE_LAUNCH) && !strcmp(base + len - strlen(PLACE_LAUNCH), PLACE_LAUNCH))
		len -= strlen(PLACE_LAUNCH);
	snprintf(name, size, "%.*s", (int)len, base);
}

static int copy(int from, const char *path)
{
	char buf[65536];
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0700), err = 0;
	ssize_t n;

	if (to < 0)
		return -errno;
	while (!err && (n = read(from, buf, sizeof(buf)))) {
		ssize_t written = n < 0 ? -1 : write(to, buf, n);

		if (written != n)
			err = written < 0 ? -errno : -ENOSPC;
	}
	if (!err && (fchmod(to, 0755) || fsync(to)))
		err = -errno;
	if (close(to) && !err)
		err = -errno;
	return err;
}

/* A launch file starts with "#!", or is an ELF program. */
static int open_file(const char *name, const char *file, int *fd)
{
	char magic[4] = "";
	struct stat st;

	*fd = open(file, O_RDONLY | O_CLOEXEC);
	if (*fd < 0 || fstat(*fd, &st))
		return ctl_fail(CTL_FAILED, name, "%s: %s", file, strerror(errno));
	if (S_ISREG(st.st_mode) && pread(*fd, magic, 4, 0) >= 2 && (!memcmp(magic, "#!", 2) || !memcmp(magic, "\177ELF", 4)))
		return CTL_OK;
	close(*fd);
	return ctl_fail(CTL_FAILED, name, "%s is no script that begins with \"#!\"", file);
}

static int set_args(const char *name, int argc, char **argv)
{
	struct settings s = { .order = 50, .stop_timeout = 60 };
	char why[256], text[4096];
	int err = 0;

	for (int i = 0; i < argc; i++) {
		snprintf(text, sizeof(text), "arg=%s", argv[i]);
		if (!settings_set(&s, text, why, sizeof(why))) {
			settings_free(&s);
			return ctl_fail(CTL_USAGE, name, "%s", why);
		}
	}
	err = settings_write(name, &s);
	settings_free(&s);
	return err ? ctl_fail(CTL_FAILED, name, "its settings: %s", strerror(-err)) : CTL_OK;
}

static int define(const char *name, int from, int argc, char **argv)
{
	char path[PLACE_PATH_MAX], new[PLACE_PATH_MAX], notes[PLACE_PATH_MAX];
	int code, err = place_conf_make();

	place_conf(path, name, PLACE_LAUNCH);
	place_conf(new, name, PLACE_LAUNCH ".new");
	if (!err)
		err = copy(from, new);
	code = err ? ctl_fail(err == -EACCES ? CTL_DENIED : CTL_FAILED, name, "%s: %s", new, strerror(-err)) :
	       set_args(name, argc, argv);
	/* What is written down about another one that had its name is not about it. */
	unlink(place_conf(notes, name, PLACE_NOTES));
	/* The launch file last: with it the VM is there. */
	if (!code && rename(new, path))
		code = ctl_fail(CTL_FAILED, name, "%s: %s", path, strerror(errno));
	if (code)
		unlink(new);
	return code;
}

int cmd_add(int argc, char **argv)
{
	char name[PLACE_PATH_MAX];
	struct vm_info vm;
	int fd, code;

	if (ctl.name)
		snprintf(name, sizeof(name), "%s", ctl.name);
	else
		name_of(argv[0], name, sizeof(name));
	if (!place_name_ok(name))
		return ctl_fail(CTL_USAGE, name, "is no name of a VM: 1 to 15 letters, digits and .:_- are; -n gives another");
	if (vms_find(name, &vm))
		return ctl_fail(CTL_STATE, name, "there is a VM of this name already; -n gives another");
	code = open_file(name, argv[0], &fd);
	if (code)
		return code;
	code = define(name, fd, argc - 1, argv + 1);
	close(fd);
	return code ? code : ctl_done(name, NULL, "added");
}

static int del_locked(const char *name)
{
	char path[PLACE_PATH_MAX];
	struct vm_info vm;

	if (vms_find(name, &vm) && vms_is_up(&vm))
		return ctl_fail(CTL_STATE, name, "is %s; \"acrnctl stop %s\" stops it", vm.state, name);
	if (unlink(place_conf(path, name, PLACE_LAUNCH)))
		return ctl_fail(errno == EACCES ? CTL_DENIED : CTL_FAILED, name, "%s: %s", path, strerror(errno));
	unlink(place_conf(path, name, PLACE_SETTINGS));
	unlink(place_conf(path, name, PLACE_NOTES));
	unlink(place_run(path, name, PLACE_LOG));
	unlink(place_run(path, name, PLACE_SOCKET));
	return ctl_done(name, NULL, "deleted");
}

static int del(const char *name)
{
	struct vm_info vm;
	int code, lock;

	if (!vms_find(name, &vm))
		return ctl_fail(CTL_NO_VM, name, "there is no such VM; \"acrnctl list\" shows all");
	if (!vm.defined)
		return ctl_fail(CTL_STATE, name, "has no definition");
	lock = launch_lock(name);
	if (lock < 0)
		return ctl_fail(lock == -EWOULDBLOCK ? CTL_STATE : CTL_FAILED, name, "%s",
				lock == -EWOULDBLOCK ? "is being started" : strerror(-lock));
	code = del_locked(name);
	close(lock);
	return code;
}

int cmd_del(int argc, char **argv)
{
	int code = CTL_OK;

	for (int i = 0; i < argc; i++) {
		int one = del(argv[i]);

		code = one ? one : code;
	}
	return code;
}

static json_t *as_json(const struct settings *s)
{
	json_t *args = json_array();

	for (int i = 0; s->arg[i]; i++)
		json_array_append_new(args, json_string(s->arg[i]));
	return json_pack("{s:b, s:i, s:i, s:I, s:s, s:o}", "autostart", (int)s->autostart, "order", (int)s->order, "stop_timeout",
			 (int)s->stop_timeout, "start_at", (json_int_t)s->start_at, "group", s->group, "args", args);
}

int cmd_set(int argc, char **argv)
{
	const char *name = argv[0];
	char why[512], when[32] = "";
	struct vm_info vm;
	struct settings s;
	int err;

	if (!vms_find(name, &vm) || !vm.defined)
		return ctl_fail(CTL_NO_VM, name, "there is no definition of that name; \"acrnctl list\" shows all");
	err = settings_read(name, &s, why, sizeof(why));
	if (err)
		return ctl_fail(CTL_FAILED, name, "%s", why);
	for (int i = 1; i < argc && !err; i++)
		if (!settings_set(&s, argv[i], why, sizeof(why)))
			err = ctl_fail(CTL_USAGE, name, "%s", why);
	if (!err && argc > 1 && settings_write(name, &s))
		err = ctl_fail(CTL_FAILED, name, "its settings: %s", strerror(errno));
	if (!err && s.start_at)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime(&s.start_at));
	if (!err)
		ctl_done(name, as_json(&s), "autostart=%s order=%u stop_timeout=%u start_at=%s group=%s", s.autostart ? "yes" : "no",
			 s.order, s.stop_timeout, when, s.group);
	settings_free(&s);
	return err;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/affinity.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/common/args.h"

#define PASSES	16

/* Each thread that is there; one that ends meanwhile is none. The first error, or 0. */
static int each_thread(pid_t pid, int (*fn)(pid_t tid, void *arg), void *arg)
{
	char path[32];
	struct dirent *entry;
	uint64_t tid;
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)))
		if (args_number(entry->d_name, 1, INT_MAX, &tid)) {
			err = fn(tid, arg);
			err = err == -ESRCH ? 0 : err;
		}
	closedir(dir);
	return err;
}

static int add(pid_t tid, void *arg)
{
	cpu_set_t *all = arg, set;

	if (sched_getaffinity(tid, sizeof(set), &set))
		return -errno;
	CPU_OR(all, all, &set);
	return 0;
}

int affinity_get(pid_t pid, cpu_set_t *set)
{
	CPU_ZERO(set);
	return each_thread(pid, add, set);
}

struct change {
	pid_t pid;
	const cpu_set_t *set;
	bool changed;
};

static int change(pid_t tid, void *arg)
{
	struct change *c = arg;
	cpu_set_t set;

	if (sched_getaffinity(tid, sizeof(set), &set))
		return -errno;
	if (CPU_EQUAL(&set, c->set))
		return 0;
	/* io_uring's workers are threads, too, which older kernels let nobody move. */
	if (sched_setaffinity(tid, sizeof(*c->set), c->set))
		return errno == EINVAL && tid != c->pid ? 0 : -errno;
	c->changed = true;
	return 0;
}

int affinity_set(pid_t pid, const cpu_set_t *set)
{
	struct change c = { .pid = pid, .set = set, .changed = true };
	int err = 0;

	/* A thread that has not its own yet may start another: until all have. */
	for (int i = 0; i < PASSES && c.changed && !err; i++) {
		c.changed = false;
		err = each_thread(pid, change, &c);
	}
	return err ? err : c.changed ? -EAGAIN : 0;
}

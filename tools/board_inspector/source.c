/* SPDX-License-Identifier: BSD-3-Clause */
/* Bounded reads below a root folder. */
#include "source.h"

#include <cpuid.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DUMP_MAX	65536u	/* bytes of a text file with CPUID leaves or MSRs */

int source_open(struct source *s, const char *root)
{
	s->live = !strcmp(root, "/");
	s->root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return s->root_fd < 0 ? -errno : 0;
}

void source_close(struct source *s)
{
	close(s->root_fd);
}

static int open_below(const struct source *s, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT };
	int fd;

	if (!(flags & O_PATH))
		how.flags |= O_NONBLOCK | O_NOCTTY;	/* a pipe or terminal in a file's place must not hold us up */
	if (s->live)
		fd = openat(s->root_fd, path, (int)how.flags);
	else
		fd = (int)syscall(SYS_openat2, s->root_fd, path, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

static ssize_t read_up_to(int fd, void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t source_read(const struct source *s, const char *path, void *data, size_t size)
{
	int fd = open_below(s, path, O_RDONLY);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = fstat(fd, &st) || !S_ISREG(st.st_mode) ? -EINVAL : read_up_to(fd, data, size);
	close(fd);
	return n;
}

static void make_printable(char *text)
{
	size_t len;

	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	len = strspn(text, " ");
	memmove(text, text + len, strlen(text + len) + 1);
	for (len = strlen(text); len && text[len - 1] == ' '; len--)
		text[len - 1] = '\0';
}

bool source_text(const struct source *s, const char *path, char *text, size_t size)
{
	ssize_t n = source_read(s, path, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	make_printable(text);
	return text[0];
}

bool source_number(const struct source *s, const char *path, uint64_t *value)
{
	char text[64], *end;
	bool hex;

	if (!source_text(s, path, text, sizeof(text)) || !isdigit((unsigned char)text[0]))
		return false;
	hex = !strncmp(text, "0x", 2) || !strncmp(text, "0X", 2);
	errno = 0;
	*value = strtoull(text, &end, hex ? 16 : 10);
	return !errno && (!*end || *end == ' ');
}

bool source_link(const struct source *s, const char *path, char *text, size_t size)
{
	char target[512];
	int fd = open_below(s, path, O_PATH | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof(target) - 1);
	const char *last;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	target[n] = '\0';
	last = strrchr(target, '/');
	snprintf(text, size, "%.*s", (int)size - 1, last ? last + 1 : target);
	make_printable(text);
	return text[0];
}

static int by_number(const void *a, const void *b)
{
	return strverscmp(a, b);
}

static bool is_wanted(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	if (name[0] == '.' || strlen(name) >= SOURCE_NAME_SIZE || strncmp(name, prefix, len))
		return false;
	return !len || isdigit((unsigned char)name[len]);
}

int source_list(const struct source *s, const char *path, const char *prefix, struct source_names *names)
{
	int fd = open_below(s, path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	names->nr = 0;
	names->more = false;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return fd < 0 ? fd : -errno;
	}
	while ((e = readdir(dir))) {
		if (!is_wanted(e->d_name, prefix))
			continue;
		if (names->nr == sizeof(names->name) / sizeof(names->name[0])) {
			names->more = true;
			break;
		}
		snprintf(names->name[names->nr++], SOURCE_NAME_SIZE, "%.*s", (int)SOURCE_NAME_SIZE - 1, e->d_name);
		make_printable(names->name[names->nr - 1]);
	}
	closedir(dir);
	qsort(names->name, names->nr, SOURCE_NAME_SIZE, by_number);
	return 0;
}

/* Opens /dev/cpu/N/NAME. A device on this machine, a text file in a tree. */
static int open_cpu_file(const struct source *s, unsigned int cpu_id, const char *name, bool *is_text)
{
	char path[64];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "dev/cpu/%u/%s", cpu_id, name);
	fd = open_below(s, path, O_RDONLY);
	if (fd < 0)
		return fd;
	*is_text = !fstat(fd, &st) && S_ISREG(st.st_mode);
	return fd;
}

/* Finds the line whose first `nr_keys` numbers are `keys` and stores the `nr_values` behind them. */
static int find_line(int fd, const uint64_t *keys, unsigned int nr_keys, uint64_t *values, unsigned int nr_values)
{
	char *text = calloc(1, DUMP_MAX + 1), *save = NULL;
	int rc = text && read_up_to(fd, text, DUMP_MAX) > 0 ? -EIO : -ENOENT;

	for (char *line = rc == -EIO ? strtok_r(text, "\n", &save) : NULL; line && rc; line = strtok_r(NULL, "\n", &save)) {
		unsigned int nr = 0;

		for (char *end; nr < nr_keys + nr_values; nr++, line = end) {
			uint64_t v = strtoull(line, &end, 16);

			if (end == line || (nr < nr_keys && v != keys[nr]))
				break;
			if (nr >= nr_keys)
				values[nr - nr_keys] = v;
		}
		if (nr == nr_keys + nr_values)
			rc = 0;
	}
	free(text);
	return rc;
}

/* CPUID by the instruction, on that CPU. */
static int ask_cpu(unsigned int cpu_id, uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
	cpu_set_t before, only;

	CPU_ZERO(&only);
	CPU_SET(cpu_id, &only);
	if (sched_getaffinity(0, sizeof(before), &before) || sched_setaffinity(0, sizeof(only), &only))
		return -errno;
	__cpuid_count(leaf, subleaf, regs[0], regs[1], regs[2], regs[3]);
	return sched_setaffinity(0, sizeof(before), &before) ? -errno : 0;
}

int source_cpuid(const struct source *s, unsigned int cpu_id, uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
	uint64_t keys[2] = { leaf, subleaf }, values[4];
	bool is_text;
	int fd = open_cpu_file(s, cpu_id, "cpuid", &is_text), rc;

	if (fd < 0)
		return s->live ? ask_cpu(cpu_id, leaf, subleaf, regs) : fd;
	if (is_text) {
		rc = find_line(fd, keys, 2, values, 4);
		for (unsigned int i = 0; !rc && i < 4; i++)
			regs[i] = (uint32_t)values[i];
	} else {
		rc = pread(fd, regs, 16, (off_t)((uint64_t)subleaf << 32 | leaf)) == 16 ? 0 : -EIO;
	}
	close(fd);
	return rc;
}

int source_msr(const struct source *s, unsigned int cpu_id, uint32_t msr, uint64_t *value)
{
	uint64_t key = msr;
	bool is_text;
	int fd = open_cpu_file(s, cpu_id, "msr", &is_text), rc;

	if (fd < 0)
		return fd;
	if (is_text)
		rc = find_line(fd, &key, 1, value, 1);
	else
		rc = pread(fd, value, 8, (off_t)msr) == 8 ? 0 : -EIO;
	close(fd);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel says about the machine, below a root folder: this machine's own /sys, /proc and /dev, or a tree that looks like them.
 * Nothing of it is trusted: reads end at the size the caller gives, lists at the number of names, and a link cannot lead out of the root.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SOURCE_NAME_SIZE	48u	/* of a file name; longer ones are left out */

struct source {
	int root_fd;
	bool live;	/* the root is this machine's: CPUID may be asked of the CPU itself */
};

struct source_names {
	char name[1024][SOURCE_NAME_SIZE];
	size_t nr;
	bool more;	/* there were more than fit */
};

/* 0 or -errno. `root` "/" is this machine. */
int source_open(struct source *s, const char *root);
void source_close(struct source *s);

/* Up to `size` bytes of a regular file. Their number, or -errno. */
ssize_t source_read(const struct source *s, const char *path, void *data, size_t size);

/* The first line, printable ASCII only, without blanks at its ends; false: no such file, or an empty one. */
bool source_text(const struct source *s, const char *path, char *text, size_t size);

/* The first line as a number, decimal or 0x-hexadecimal. */
bool source_number(const struct source *s, const char *path, uint64_t *value);

/* The last part of what a link points to. */
bool source_link(const struct source *s, const char *path, char *text, size_t size);

/* Names in a folder that begin with `prefix` and a digit (prefix "": any), in order of their numbers. 0 or -errno. */
int source_list(const struct source *s, const char *path, const char *prefix, struct source_names *names);

/*
 * CPUID and MSRs of a CPU, by /dev/cpu/N/. In a tree the two are text: lines of "LEAF SUBLEAF EAX EBX ECX EDX" and of "MSR VALUE", all
 * hexadecimal. 0, or -errno: -ENOENT where there is no such file, -EIO where the CPU has no such MSR.
 */
int source_cpuid(const struct source *s, unsigned int cpu_id, uint32_t leaf, uint32_t subleaf, uint32_t regs[4]);
int source_msr(const struct source *s, unsigned int cpu_id, uint32_t msr, uint64_t *value);

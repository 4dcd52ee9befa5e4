/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The resolved configuration: a sorted list of "dotted.key" = "value" strings. options.c fills it
 * from argv, devices read it, --dump-config prints it. Keys in use are listed in doc/feature/acrn-dm.md.
 * Not thread safe: written before the VM runs, only read later.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct config_node {
	char *key;
	char *value;
};

struct config {
	struct config_node *node;	/* sorted by key */
	size_t nr_nodes;
	size_t capacity;
};

/* Set @key to @value (both copied), replacing an older value. -ENOMEM when out of memory. */
int config_set(struct config *cfg, const char *key, const char *value);

/* Same with a printf-made value of at most 4095 bytes; -ENAMETOOLONG when longer. */
int config_setf(struct config *cfg, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Remove @key; harmless when unset. */
void config_unset(struct config *cfg, const char *key);

/* The value of @key, or NULL when unset. Valid until the key is set again. */
const char *config_get(const struct config *cfg, const char *key);

/* The value of @key as an unsigned number (0x.. allowed), @fallback when unset or not a number. */
uint64_t config_get_u64(const struct config *cfg, const char *key, uint64_t fallback);

/* True when @key is set to "true". */
bool config_get_bool(const struct config *cfg, const char *key);

/*
 * Walk all nodes whose key starts with @prefix in key order: *@pos starts at 0 and is advanced.
 * Returns NULL at the end.
 */
const struct config_node *config_next(const struct config *cfg, const char *prefix, size_t *pos);

/* Print every node as "key=value". */
void config_dump(const struct config *cfg, FILE *out);

/* Free everything; the struct may be used again as an empty one. */
void config_fini(struct config *cfg);

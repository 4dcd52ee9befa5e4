/* SPDX-License-Identifier: BSD-3-Clause */
/* The key=value list behind --dump-config. */
#include "core/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Index of the first node whose key is not below @key. */
static size_t lower_bound(const struct config *cfg, const char *key)
{
	size_t lo = 0, hi = cfg->nr_nodes;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(cfg->node[mid].key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int make_room(struct config *cfg)
{
	size_t capacity = cfg->capacity ? 2 * cfg->capacity : 32;
	struct config_node *node;

	if (cfg->nr_nodes < cfg->capacity)
		return 0;
	node = realloc(cfg->node, capacity * sizeof(*node));
	if (!node)
		return -ENOMEM;
	cfg->node = node;
	cfg->capacity = capacity;
	return 0;
}

int config_set(struct config *cfg, const char *key, const char *value)
{
	size_t i = lower_bound(cfg, key);
	char *k, *v = strdup(value);

	if (!v)
		return -ENOMEM;
	if (i < cfg->nr_nodes && strcmp(cfg->node[i].key, key) == 0) {
		free(cfg->node[i].value);
		cfg->node[i].value = v;
		return 0;
	}
	k = strdup(key);
	if (!k || make_room(cfg)) {
		free(k);
		free(v);
		return -ENOMEM;
	}
	memmove(&cfg->node[i + 1], &cfg->node[i], (cfg->nr_nodes - i) * sizeof(cfg->node[0]));
	cfg->node[i] = (struct config_node){ .key = k, .value = v };
	cfg->nr_nodes++;
	return 0;
}

int config_setf(struct config *cfg, const char *key, const char *fmt, ...)
{
	char value[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof(value))
		return -ENAMETOOLONG;
	return config_set(cfg, key, value);
}

void config_unset(struct config *cfg, const char *key)
{
	size_t i = lower_bound(cfg, key);

	if (i >= cfg->nr_nodes || strcmp(cfg->node[i].key, key) != 0)
		return;
	free(cfg->node[i].key);
	free(cfg->node[i].value);
	cfg->nr_nodes--;
	memmove(&cfg->node[i], &cfg->node[i + 1], (cfg->nr_nodes - i) * sizeof(cfg->node[0]));
}

const char *config_get(const struct config *cfg, const char *key)
{
	size_t i = lower_bound(cfg, key);

	return i < cfg->nr_nodes && strcmp(cfg->node[i].key, key) == 0 ? cfg->node[i].value : NULL;
}

uint64_t config_get_u64(const struct config *cfg, const char *key, uint64_t fallback)
{
	const char *value = config_get(cfg, key);
	char *end;
	uint64_t n;

	if (!value || *value < '0' || *value > '9')
		return fallback;
	errno = 0;
	n = strtoull(value, &end, 0);
	return errno || *end ? fallback : n;
}

bool config_get_bool(const struct config *cfg, const char *key)
{
	const char *value = config_get(cfg, key);

	return value && strcmp(value, "true") == 0;
}

const struct config_node *config_next(const struct config *cfg, const char *prefix, size_t *pos)
{
	size_t i = *pos ? *pos : lower_bound(cfg, prefix);

	if (i >= cfg->nr_nodes || strncmp(cfg->node[i].key, prefix, strlen(prefix)) != 0)
		return NULL;
	*pos = i + 1;
	return &cfg->node[i];
}

void config_dump(const struct config *cfg, FILE *out)
{
	for (size_t i = 0; i < cfg->nr_nodes; i++)
		fprintf(out, "%s=%s\n", cfg->node[i].key, cfg->node[i].value);
}

void config_fini(struct config *cfg)
{
	for (size_t i = 0; i < cfg->nr_nodes; i++) {
		free(cfg->node[i].key);
		free(cfg->node[i].value);
	}
	free(cfg->node);
	*cfg = (struct config){ 0 };
}

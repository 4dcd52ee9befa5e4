/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-blk's options: a table, one row each. */
#include "virtio/blk_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

#define DISCARD_MAX_DEFAULT (1u << 22)	/* sectors: 2 GiB a request */
#define SECTOR_MAX 4096

static int parse_u64(const char **s, uint64_t *value)
{
	char *end;

	if (**s < '0' || **s > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(*s, &end, 0);
	*s = end;
	return errno ? -EINVAL : 0;
}

/* "N<sep>N<sep>N": up to @max numbers; returns how many, or -EINVAL when something else is there. */
static int parse_list(const char *s, char sep, uint64_t *value, int max)
{
	int n = 0;

	for (;;) {
		if (n == max || parse_u64(&s, &value[n]))
			return -EINVAL;
		n++;
		if (!*s)
			return n;
		if (*s++ != sep)
			return -EINVAL;
	}
}

static int set_mq(struct blk_options *o, const char *arg)
{
	uint64_t n;

	if (!arg || parse_list(arg, ',', &n, 1) != 1 || n < 1 || n > BLK_QUEUES_MAX)
		return -EINVAL;
	o->nr_queues = n;
	return 0;
}

static int set_iothread(struct blk_options *o, const char *arg)
{
	(void)o;
	if (arg)
		log_info("virtio-blk: iothread=%s: a disk always has one thread of its own and four for slow I/O; "
			 "their number and place are not changed", arg);
	return 0;
}

static int set_writethru(struct blk_options *o, const char *arg)
{
	o->writethru = true;
	return arg ? -EINVAL : 0;
}

static int set_writeback(struct blk_options *o, const char *arg)
{
	o->writethru = false;
	return arg ? -EINVAL : 0;
}

static int set_ro(struct blk_options *o, const char *arg)
{
	o->block.read_only = true;
	return arg ? -EINVAL : 0;
}

static int set_nocache(struct blk_options *o, const char *arg)
{
	o->block.direct = true;
	return arg ? -EINVAL : 0;
}

static int set_nothing(struct blk_options *o, const char *arg)
{
	(void)o;
	return arg ? -EINVAL : 0;
}

static int set_discard(struct blk_options *o, const char *arg)
{
	uint64_t v[3] = { DISCARD_MAX_DEFAULT, 1, 1 };
	int i;

	if (arg && parse_list(arg, ':', v, 3) < 0)
		return -EINVAL;
	for (i = 0; i < 3; i++) {
		if (v[i] == 0 || v[i] > UINT32_MAX)
			return -EINVAL;
	}
	o->discard = true;
	o->discard_max = v[0];
	o->discard_segments = v[1] < BLK_RANGES_MAX ? v[1] : BLK_RANGES_MAX;
	o->discard_align = v[2];
	return 0;
}

static bool sector_size_ok(uint64_t n)
{
	return n >= BLOCK_SECTOR && n <= SECTOR_MAX && !(n & (n - 1));
}

static int set_sectorsize(struct blk_options *o, const char *arg)
{
	uint64_t v[2];
	int n = arg ? parse_list(arg, '/', v, 2) : -EINVAL;

	if (n < 0)
		return n;
	if (n == 1)
		v[1] = v[0];
	if (!sector_size_ok(v[0]) || !sector_size_ok(v[1]) || v[1] < v[0])
		return -EINVAL;
	o->block.logical_size = v[0];
	o->block.physical_size = v[1];
	return 0;
}

static int set_range(struct blk_options *o, const char *arg)
{
	uint64_t v[2];

	if (!arg || parse_list(arg, '/', v, 2) != 2)
		return -EINVAL;
	if (v[0] > INT64_MAX / BLOCK_SECTOR || v[1] > INT64_MAX / BLOCK_SECTOR || v[1] == 0)
		return -EINVAL;
	o->block.range_offset = v[0] * BLOCK_SECTOR;
	o->block.range_size = v[1] * BLOCK_SECTOR;
	return 0;
}

static int set_aio(struct blk_options *o, const char *arg)
{
	if (arg && !strcmp(arg, "io_uring"))
		o->block.uring = true;
	else if (arg && !strcmp(arg, "threads"))
		o->block.uring = false;
	else
		return -EINVAL;
	return 0;
}

static const struct option {
	const char *name;
	int (*set)(struct blk_options *o, const char *arg);	/* @arg: what follows '=', or NULL */
	const char *usage;
} options[] = {
	{ "iothread", set_iothread, "iothread or iothread=N" },
	{ "mq", set_mq, "mq=1 to mq=8" },
	{ "nodisk", set_nothing, "nodisk" },
	{ "writethru", set_writethru, "writethru" },
	{ "writeback", set_writeback, "writeback" },
	{ "ro", set_ro, "ro" },
	{ "nocache", set_nocache, "nocache" },
	{ "no_bst_block", set_nothing, "no_bst_block" },
	{ "discard", set_discard, "discard or discard=MAX_SECTORS[:SEGMENTS[:ALIGN_SECTORS]]" },
	{ "sectorsize", set_sectorsize, "sectorsize=LOGICAL[/PHYSICAL], powers of two from 512 to 4096" },
	{ "range", set_range, "range=FIRST_SECTOR/NR_SECTORS" },
	{ "aio", set_aio, "aio=threads or aio=io_uring" },
};

/* Returns 1 when @word is an option and was taken, 0 when it is none, -EINVAL after a message. */
static int take_option(struct blk_options *o, char *word)
{
	char *arg = strchr(word, '=');
	size_t len = arg ? (size_t)(arg - word) : strlen(word);
	unsigned int i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strlen(options[i].name) != len || strncmp(options[i].name, word, len))
			continue;
		if (options[i].set(o, arg ? arg + 1 : NULL)) {
			log_error("virtio-blk: bad option \"%s\": it should be %s", word, options[i].usage);
			return -EINVAL;
		}
		return 1;
	}
	return 0;
}

static int take_words(struct blk_options *o, char *text)
{
	bool have_disk = false;
	char *word, *rest = text;
	int ret;

	while ((word = strsep(&rest, ","))) {
		ret = take_option(o, word);
		if (ret < 0)
			return ret;
		if (!strcmp(word, "nodisk"))
			have_disk = true;
		if (ret)
			continue;
		if (have_disk) {
			log_error("virtio-blk: unknown option \"%s\"", word);
			return -EINVAL;
		}
		if (strlen(word) >= sizeof(o->path)) {
			log_error("virtio-blk: the path has more than %zu characters", sizeof(o->path) - 1);
			return -ENAMETOOLONG;
		}
		strcpy(o->path, word);
		have_disk = *word != 0;
	}
	if (have_disk)
		return 0;
	log_error("virtio-blk: no disk given: it should be virtio-blk,PATH[,option...] or virtio-blk,nodisk");
	return -EINVAL;
}

int blk_options_parse(const char *text, struct blk_options *o)
{
	char *copy = strdup(text);
	int ret;

	if (!copy)
		return -ENOMEM;
	*o = (struct blk_options){ .nr_queues = 1 };
	ret = take_words(o, copy);
	free(copy);
	o->block.path = o->path;
	return ret;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Processors, their caches, and the words in which they say what they can (SDM vol. 2A CPUID, vol. 3D appendix A). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

#define CPUS		"sys/devices/system/cpu"
#define NO_TOPOLOGY	-1

const uint32_t board_msrs[NR_BOARD_WORDS - BOARD_FIRST_MSR] = { 0x3a, 0x481, 0x482, 0x48b, 0x48c };

static int topology(const struct source *s, unsigned int cpu_id, const char *name)
{
	char path[96];
	uint64_t value;

	snprintf(path, sizeof(path), CPUS "/cpu%u/topology/%s", cpu_id, name);
	return source_number(s, path, &value) && value < 0x10000 ? (int)value : NO_TOPOLOGY;
}

/* The x2APIC id of leaf 0xB, or the eight bits of leaf 1. */
static bool apic_id(const struct source *s, unsigned int cpu_id, uint32_t *id)
{
	uint32_t r[4];

	if (!source_cpuid(s, cpu_id, 0, 0, r) && r[0] >= 0xb && !source_cpuid(s, cpu_id, 0xb, 0, r) && r[1]) {
		*id = r[3];
		return true;
	}
	if (source_cpuid(s, cpu_id, 1, 0, r))
		return false;
	*id = r[1] >> 24;
	return true;
}

/* A leaf the CPU lacks reads as zeros. False: CPUID could not be asked. */
static bool leaf(const struct source *s, unsigned int cpu_id, uint32_t n, uint32_t sub, uint32_t r[4])
{
	if (source_cpuid(s, cpu_id, n & 0x80000000u, 0, r))
		return false;
	if (r[0] >= n && !source_cpuid(s, cpu_id, n, sub, r))
		return true;
	memset(r, 0, 4 * sizeof(r[0]));
	return true;
}

static void read_words(struct board_words *w, const struct source *s, unsigned int cpu_id)
{
	static const struct { enum board_word word; uint32_t leaf, sub; unsigned int reg; } words[] = {
		{ WORD_1_ECX, 1, 0, 2 }, { WORD_1_EDX, 1, 0, 3 }, { WORD_7_EBX, 7, 0, 1 }, { WORD_7_EDX, 7, 0, 3 }, { WORD_D1_EAX, 0xd, 1, 0 },
		{ WORD_EXT1_ECX, 0x80000001, 0, 2 }, { WORD_EXT1_EDX, 0x80000001, 0, 3 }, { WORD_APM_EDX, 0x80000007, 0, 3 },
	};
	uint32_t r[4];

	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (leaf(s, cpu_id, words[i].leaf, words[i].sub, r)) {
			w->word[words[i].word] = r[words[i].reg];
			w->known[words[i].word] = true;
		}
	for (unsigned int i = BOARD_FIRST_MSR; i < NR_BOARD_WORDS; i++) {
		int rc = source_msr(s, cpu_id, board_msrs[i - BOARD_FIRST_MSR], &w->word[i]);

		/* An MSR that does not exist says that nothing of what it would tell is there. */
		w->known[i] = !rc || rc == -EIO;
		if (rc)
			w->word[i] = 0;
	}
}

/* A firmware may forget to switch VT-x on on some CPUs; the hypervisor needs it on all. */
static void compare_words(struct board *b, const struct source *s, unsigned int cpu_id)
{
	const struct board_words *first = &b->cpus.words;
	struct board_words w = { 0 };

	read_words(&w, s, cpu_id);
	for (unsigned int i = BOARD_FIRST_MSR; i < NR_BOARD_WORDS; i++)
		if (w.known[i] && first->known[i] && w.word[i] != first->word[i])
			board_remark(b, "CPU %u is not like CPU %u: its MSR 0x%X is 0x%llx, not 0x%llx", cpu_id, b->cpus.cpu[0].cpu_id,
				     board_msrs[i - BOARD_FIRST_MSR], (unsigned long long)w.word[i], (unsigned long long)first->word[i]);
}

/* CPUID 7 EDX bit 15: cores of several kinds; which one this is says leaf 0x1A. */
static const char *core_type(const struct board_words *w, const struct source *s, unsigned int cpu_id)
{
	uint32_t r[4];

	if (!(w->word[WORD_7_EDX] >> 15 & 1) || !leaf(s, cpu_id, 0x1a, 0, r))
		return NULL;
	return r[0] >> 24 == 0x40 ? "Core" : r[0] >> 24 == 0x20 ? "Atom" : NULL;
}

static void read_model(struct board_cpus *c, const struct source *s, unsigned int cpu_id)
{
	uint32_t r[4];

	if (!leaf(s, cpu_id, 0, 0, r))
		return;
	memcpy(c->vendor, &r[1], 4);
	memcpy(c->vendor + 4, &r[3], 4);
	memcpy(c->vendor + 8, &r[2], 4);
	if (leaf(s, cpu_id, 1, 0, r)) {
		unsigned int family = r[0] >> 8 & 15, model = r[0] >> 4 & 15;

		c->stepping = r[0] & 15;
		c->family_id = family == 15 ? family + (r[0] >> 20 & 255) : family;
		c->model_id = family == 6 || family == 15 ? model | (r[0] >> 12 & 0xf0) : model;
	}
	for (unsigned int i = 0; i < 3; i++)
		if (leaf(s, cpu_id, 0x80000002 + i, 0, r))
			memcpy(c->model + 16 * i, r, 16);
}

/* Brand strings come with blanks before and bytes that XML cannot hold. */
static void tidy(char *text)
{
	size_t skip = strspn(text, " "), len;

	memmove(text, text + skip, strlen(text + skip) + 1);
	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	for (len = strlen(text); len && text[len - 1] == ' '; len--)
		text[len - 1] = '\0';
}

static bool same_cache(const struct board_cache *a, const struct board_cache *b)
{
	return a->level == b->level && !strcmp(a->type, b->type) && !strcmp(a->cpus, b->cpus);
}

static void add_cache(struct board *b, const struct board_cache *found)
{
	struct board_cpus *c = &b->cpus;

	for (unsigned int i = 0; i < c->nr_caches; i++)
		if (same_cache(&c->cache[i], found))
			return;
	if (c->nr_caches == BOARD_MAX_CACHES) {
		board_remark(b, "more than %u caches: the rest is left out", BOARD_MAX_CACHES);
		return;
	}
	c->cache[c->nr_caches++] = *found;
}

static unsigned int cache_number(const struct source *s, const char *folder, const char *name)
{
	char path[128];
	uint64_t value;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return source_number(s, path, &value) && value <= UINT32_MAX ? (unsigned int)value : 0;
}

/* The kernel writes sizes as "32K". */
static uint64_t cache_size(const struct source *s, const char *folder)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "%s/size", folder);
	return source_text(s, path, text, sizeof(text)) ? strtoull(text, NULL, 10) << 10 : 0;
}

static void read_caches(struct board *b, const struct source *s, unsigned int cpu_id)
{
	for (unsigned int i = 0; i < 8; i++) {
		struct board_cache cache = { 0 };
		char folder[96], path[128];

		snprintf(folder, sizeof(folder), CPUS "/cpu%u/cache/index%u", cpu_id, i);
		cache.level = cache_number(s, folder, "level");
		if (!cache.level)
			return;
		cache.id = cache_number(s, folder, "id");
		cache.ways = cache_number(s, folder, "ways_of_associativity");
		cache.sets = cache_number(s, folder, "number_of_sets");
		cache.line_size = cache_number(s, folder, "coherency_line_size");
		cache.size = cache_size(s, folder);
		snprintf(path, sizeof(path), "%s/type", folder);
		source_text(s, path, cache.type, sizeof(cache.type));
		snprintf(path, sizeof(path), "%s/shared_cpu_list", folder);
		source_text(s, path, cache.cpus, sizeof(cache.cpus));
		add_cache(b, &cache);
	}
}

void board_cpus_read(struct board *b, const struct source *s)
{
	struct board_cpus *c = &b->cpus;
	struct source_names *names = malloc(sizeof(*names));

	if (!names || source_list(s, CPUS, "cpu", names))
		board_remark(b, "/" CPUS " cannot be read: no processors are listed");
	for (size_t i = 0; names && i < names->nr; i++) {
		struct board_cpu *cpu = &c->cpu[c->nr];
		char path[96];
		uint64_t online;

		cpu->cpu_id = (unsigned int)strtoul(names->name[i] + 3, NULL, 10);
		snprintf(path, sizeof(path), CPUS "/%s/online", names->name[i]);
		if (source_number(s, path, &online) && !online) {
			board_remark(b, "CPU %u is offline and left out", cpu->cpu_id);
			continue;
		}
		if (c->nr == BOARD_MAX_CPUS) {
			board_remark(b, "more than %u CPUs: the rest is left out", BOARD_MAX_CPUS);
			break;
		}
		cpu->has_apic_id = apic_id(s, cpu->cpu_id, &cpu->apic_id);
		cpu->package_id = topology(s, cpu->cpu_id, "physical_package_id");
		cpu->die_id = topology(s, cpu->cpu_id, "die_id");
		cpu->core_id = topology(s, cpu->cpu_id, "core_id");
		read_caches(b, s, cpu->cpu_id);
		if (c->nr++ == 0) {
			read_model(c, s, cpu->cpu_id);
			read_words(&c->words, s, cpu->cpu_id);
		} else {
			compare_words(b, s, cpu->cpu_id);
		}
		cpu->core_type = core_type(&c->words, s, cpu->cpu_id);
	}
	tidy(c->vendor);
	tidy(c->model);
	free(names);
}

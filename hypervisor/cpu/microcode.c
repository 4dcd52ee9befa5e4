/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/microcode.h"

#include "lib/util.h"
#include "x86/cpuid.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define OLD_DATA_SIZE	2000u
#define UNIT		1024u
#define PLATFORM_SHIFT	50

/* Behind the data, where total_size leaves room: further processors that the update is for. */
struct extended_table {
	uint32_t count;
	uint32_t checksum;	/* all words of the table add up to 0 */
	uint32_t reserved[3];
	struct {
		uint32_t signature, platforms;
		uint32_t checksum;	/* what the header's would be with these two */
	} entry[];
};

uint32_t microcode_size(const struct microcode_header *h)
{
	uint32_t data = h->data_size ? h->data_size : OLD_DATA_SIZE;
	uint32_t total = h->data_size ? h->total_size : OLD_DATA_SIZE + (uint32_t)sizeof(*h);

	if (h->header_version != 1 || h->loader_revision != 1 || total > MICROCODE_MAX_SIZE || total % UNIT)
		return 0;
	return data % 4 || !range_fits(sizeof(*h), data, total) ? 0 : total;
}

static uint32_t sum(const void *p, uint64_t size)
{
	const uint32_t *w = p;
	uint32_t s = 0;

	for (; size >= 4; size -= 4)
		s += *w++;
	return s;
}

static bool is_for(uint32_t signature, uint32_t platforms)
{
	uint64_t id;

	if (signature != cpuid(CPUID_LEAF_FEATURES, 0).eax)
		return false;
	if (rdmsr_safe(MSR_PLATFORM_ID, &id))
		id = 0;
	return platforms >> (id >> PLATFORM_SHIFT & 7) & 1;
}

static const char *check_extended(const struct extended_table *t, uint32_t room)
{
	uint64_t size;
	uint32_t i;

	if (room < sizeof(*t))
		return "it is for another processor";
	size = sizeof(*t) + (uint64_t)t->count * sizeof(t->entry[0]);
	if (size > room)
		return "its table of processors is longer than the update";
	if (sum(t, size))
		return "the checksum of its table of processors is wrong";
	for (i = 0; i < t->count; i++)
		if (is_for(t->entry[i].signature, t->entry[i].platforms))
			return NULL;
	return "it is for another processor";
}

const char *microcode_check(const void *update, uint32_t size)
{
	const struct microcode_header *h = update;
	uint32_t used = (uint32_t)sizeof(*h) + (h->data_size ? h->data_size : OLD_DATA_SIZE);

	if (microcode_size(h) != size)
		return "its header changed while it was read";
	if (sum(update, size))
		return "its checksum is wrong";
	if (h->revision <= microcode_revision())
		return "it is not newer than what the processor has";
	if (is_for(h->signature, h->platforms))
		return NULL;
	return check_extended((const void *)((const uint8_t *)update + used), size - used);
}

uint32_t microcode_revision(void)
{
	uint64_t v;

	/* CPUID puts the revision there (9.11.7.1). */
	if (wrmsr_safe(MSR_BIOS_SIGN_ID, 0))
		return 0;
	(void)cpuid(CPUID_LEAF_FEATURES, 0);
	return rdmsr_safe(MSR_BIOS_SIGN_ID, &v) ? 0 : (uint32_t)(v >> 32);
}

uint32_t microcode_apply(const void *update)
{
	/* Some processors may read stale lines of the update else. */
	wbinvd();
	/* #GP: not taken, as the revision tells. */
	(void)!wrmsr_safe(MSR_BIOS_UPDT_TRIG, (uint64_t)update + sizeof(struct microcode_header));
	return microcode_revision();
}

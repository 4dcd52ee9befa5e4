/* SPDX-License-Identifier: BSD-3-Clause */
/* See affinity.h. */
#include "core/affinity.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/config.h"
#include "core/hsm.h"
#include "core/log.h"
#include "public/vm.h"

static bool is_in(const uint32_t *list, unsigned int nr, uint32_t wanted)
{
	unsigned int i;

	for (i = 0; i < nr && list[i] != wanted; i++)
		;
	return i < nr;
}

unsigned int affinity_parse(const char *text, uint32_t *out)
{
	unsigned int nr = 0;

	for (const char *p = text; p; nr++) {
		char *end;
		unsigned long n;

		if (nr == AFFINITY_MAX || !isdigit((unsigned char)*p))
			return 0;
		errno = 0;
		n = strtoul(p, &end, 10);
		if (errno || n > UINT32_MAX || (*end && *end != ',') || is_in(out, nr, (uint32_t)n))
			return 0;
		out[nr] = (uint32_t)n;
		p = *end ? end + 1 : NULL;
	}
	return nr;
}

/* Without an answer ids and numbers are the same. */
static void ask_ids(struct hsm *hsm, struct hc_q_cpus *cpus)
{
	if (!hsm_cpus(hsm, cpus) && cpus->nr && cpus->nr <= AFFINITY_MAX)
		return;
	cpus->nr = AFFINITY_MAX;
	for (unsigned int i = 0; i < AFFINITY_MAX; i++)
		cpus->apic_id[i] = i;
}

static int no_such_id(const struct hc_q_cpus *cpus, uint32_t id)
{
	char list[AFFINITY_MAX * 12] = "";
	int len = 0;

	for (unsigned int i = 0; i < cpus->nr; i++)
		len += snprintf(list + len, sizeof(list) - (size_t)len, "%s%u", i ? "," : "", cpus->apic_id[i]);
	log_error("--cpu_affinity: no CPU of this machine has the local APIC id %u; there are %s", id, list);
	return -EINVAL;
}

static int mask_of_ids(struct hsm *hsm, const char *text, uint64_t *mask)
{
	uint32_t ids[AFFINITY_MAX];
	unsigned int nr = affinity_parse(text, ids);
	struct hc_q_cpus cpus;

	ask_ids(hsm, &cpus);
	for (unsigned int i = 0; i < nr; i++) {
		unsigned int n;

		for (n = 0; n < cpus.nr && cpus.apic_id[n] != ids[i]; n++)
			;
		if (n == cpus.nr)
			return no_such_id(&cpus, ids[i]);
		*mask |= 1ULL << n;
	}
	return 0;
}

int affinity_mask(struct hsm *hsm, const struct config *cfg, uint64_t *mask)
{
	const char *ids = config_get(cfg, "cpu.affinity"), *numbers = config_get(cfg, "cpu.pcpus");
	uint32_t cpu[AFFINITY_MAX];
	unsigned int nr;

	*mask = 0;
	if (ids)
		return mask_of_ids(hsm, ids, mask);
	nr = numbers ? affinity_parse(numbers, cpu) : 0;
	for (unsigned int i = 0; i < nr; i++)
		*mask |= 1ULL << (cpu[i] & (AFFINITY_MAX - 1));
	return 0;
}

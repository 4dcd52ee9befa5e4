/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a scenario document to all that it asks for. The schema has seen to form and number of the fields; values are stored (fill.c); what
 * goes together is checked by the hypervisor's own rules, each of whose errors is brought back to the line it comes from.
 */
#include "build.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"
#include "config/scenario.h"
#include "fill.h"
#include "schema.h"

void setup_free(struct setup *setup)
{
	if (setup)
		free(setup->s);
	free(setup);
}

static void find_vms(struct build *b, unsigned int *nr)
{
	*nr = 0;
	for (xmlNode *n = b->root->children; n; n = n->next)
		if (schema_is(n, "vm") && *nr < SCENARIO_MAX_VMS)
			b->vm_node[(*nr)++] = n;
}

static bool allocate(struct build *b)
{
	unsigned int nr_vms;
	uint32_t size;

	find_vms(b, &nr_vms);
	size = (uint32_t)(sizeof(struct scenario) + nr_vms * sizeof(struct scenario_vm));
	b->setup = calloc(1, sizeof(*b->setup));
	b->s = calloc(1, size);
	if (!b->setup || !b->s) {
		free(b->setup);
		free(b->s);
		report_error(b->report, 0, "out of memory");
		return false;
	}
	b->setup->s = b->s;
	b->s->magic = SCENARIO_MAGIC;
	b->s->version = SCENARIO_VERSION;
	b->s->total_size = size;
	b->s->header_size = sizeof(struct scenario);
	b->s->vm_size = sizeof(struct scenario_vm);
	b->s->nr_vms = (uint16_t)nr_vms;
	return true;
}

struct setup *build_setup(xmlDoc *doc, const struct board *board, struct report *r)
{
	struct build b = { .report = r, .root = xmlDocGetRootElement(doc), .board = board, .form_errors = r->errors };
	const struct scenario *checked;
	struct scenario_error e;

	if (!schema_is(b.root, "scenario") || !allocate(&b))
		return NULL;
	fill_setup(&b);
	b.s->crc32 = scenario_crc(b.s);
	rules_check(&b);
	/* What we list and what the hypervisor reads at boot are the same rules; this is the proof for this module. */
	if (!r->errors && scenario_read(b.s, b.s->total_size, &checked, &e))
		report_error(r, 0, "%s", e.text);
	if (r->errors) {
		setup_free(b.setup);
		return NULL;
	}
	return b.setup;
}

struct scenario *build_scenario(xmlDoc *doc, struct report *r)
{
	struct setup *setup = build_setup(doc, NULL, r);
	struct scenario *s = setup ? setup->s : NULL;

	free(setup);
	return s;
}

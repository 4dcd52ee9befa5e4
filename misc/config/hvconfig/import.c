/* SPDX-License-Identifier: BSD-3-Clause */
/* A scenario file of ACRN, as far as it maps: filled into a module, which is then shown as our XML. */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#include "config/scenario.h"
#include "import_vm.h"
#include "import_xml.h"
#include "schema.h"
#include "show.h"
#include "values.h"

/* VMs in our order: pre-launched, Service VM, post-launched, each kind in theirs. False: reported. */
static bool order_vms(struct import *im)
{
	unsigned int nr = 0, number = 0;

	for (xmlNode *n = im->root->children; n; n = n->next) {
		if (!schema_is(n, "vm"))
			continue;
		if (import_load_order(n) < 0)
			report_error(im->report, xmlGetLineNo(n), "this VM has neither a load_order nor a vm_type that tells it");
		if (++number > SCENARIO_MAX_VMS)
			report_error(im->report, xmlGetLineNo(n), "more than %u VMs", SCENARIO_MAX_VMS);
	}
	if (!number)
		report_error(im->report, xmlGetLineNo(im->root), "there is no VM in it");
	if (im->report->errors)
		return false;
	for (int order = 0; order < SCENARIO_NR_LOAD_ORDERS; order++) {
		number = 0;
		for (xmlNode *n = im->root->children; n; n = n->next) {
			if (!schema_is(n, "vm"))
				continue;
			if (import_load_order(n) == order) {
				im->s->vms[nr].load_order = (uint8_t)order;
				im->number[nr] = number;
				im->node[nr++] = n;
			}
			number++;
		}
	}
	im->s->nr_vms = (uint16_t)nr;
	return true;
}

/* The scheduler was the machine's; here CPUs that a LAPIC-passthrough VM owns have none. */
static void import_scheduler(struct import *im, xmlNode *features)
{
	static const struct { const char *word; uint8_t policy; } words[] = {
		{ "SCHED_NOOP", SCENARIO_POLICY_NOOP }, { "SCHED_IORR", SCENARIO_POLICY_RR },
		{ "SCHED_BVT", SCENARIO_POLICY_BVT }, { "SCHED_PRIO", SCENARIO_POLICY_PRIO },
	};
	uint64_t own = 0, all = 0;
	char text[32];

	if (!import_text(features, "SCHEDULER", text, sizeof(text)))
		return;
	for (unsigned int i = 0; i < im->s->nr_vms; i++) {
		all |= im->s->vms[i].cpu_affinity;
		if (im->s->vms[i].guest_flags & SCENARIO_FLAG_LAPIC_PT)
			own |= im->s->vms[i].cpu_affinity;
	}
	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (unsigned int j = 0; !strcmp(words[i].word, text) && j < SCENARIO_MAX_PCPUS; j++)
			if (all >> j & 1)
				im->s->pcpu_policy[j] = own >> j & 1 ? SCENARIO_POLICY_NOOP : words[i].policy;
}

static struct scenario_ivshmem *add_region(struct import *im, xmlNode *node, const char *name, uint64_t megabytes)
{
	struct scenario_ivshmem *r = &im->s->ivshmem[im->s->nr_ivshmem];

	if (im->s->nr_ivshmem == SCENARIO_MAX_IVSHMEM || strlen(name) >= sizeof(r->name)) {
		report_warning(im->report, xmlGetLineNo(node), "not taken over: shared memory \"%s\": there may be %u regions with names of up "
			       "to 31 characters", name, SCENARIO_MAX_IVSHMEM);
		return NULL;
	}
	snprintf(r->name, sizeof(r->name), "%.31s", name);
	import_clean_name(r->name);
	r->size = megabytes << 20;
	im->s->nr_ivshmem++;
	return r;
}

static void add_user(struct scenario_ivshmem *r, unsigned int vm_id)
{
	r->vm_mask |= (uint16_t)(1u << vm_id);
	r->writer_mask |= (uint16_t)(1u << vm_id);
}

/* "hv:/NAME, MEGABYTES, 0:2": VMs by their numbers. */
static void import_region_text(struct import *im, xmlNode *node)
{
	char text[256], *save = NULL, *name, *size, *vms;
	struct scenario_ivshmem *r;
	uint64_t megabytes, number;

	if (!value_collapse(node, text, sizeof(text)) || strncmp(text, "hv:/", 4))
		return;
	name = strtok_r(text + 4, ", ", &save);
	size = strtok_r(NULL, ", ", &save);
	vms = strtok_r(NULL, ", ", &save);
	if (!name || !size || !vms || value_number(size, false, 1024, &megabytes))
		return;
	import_take(node);
	r = add_region(im, node, name, megabytes);
	for (char *vm = r ? strtok_r(vms, ":", &save) : NULL; vm; vm = strtok_r(NULL, ":", &save))
		for (unsigned int i = 0; !value_number(vm, false, 255, &number) && i < im->s->nr_vms; i++)
			if (im->number[i] == number)
				add_user(r, i);
}

static void import_region_elements(struct import *im, xmlNode *node)
{
	xmlNode *vms = schema_child(node, "IVSHMEM_VMS", NULL);
	char name[64], user[64], theirs[64], by[32];
	struct scenario_ivshmem *r;
	uint64_t megabytes;

	if (import_text(node, "PROVIDED_BY", by, sizeof(by)) && strcmp(by, "Hypervisor")) {
		schema_child(node, "PROVIDED_BY", NULL)->_private = NULL;
		return;
	}
	if (!import_text(node, "NAME", name, sizeof(name)) || !import_number(node, "IVSHMEM_SIZE", &megabytes) || megabytes > 1024)
		return;
	r = add_region(im, node, name, megabytes);
	for (xmlNode *n = r && vms ? vms->children : NULL; n; n = n->next)
		for (unsigned int i = 0; schema_is(n, "IVSHMEM_VM") && import_text(n, "VM_NAME", user, sizeof(user)) && i < im->s->nr_vms; i++)
			if (import_text(im->node[i], "name", theirs, sizeof(theirs)) && !strcmp(theirs, user))
				add_user(r, i);
}

static void import_regions(struct import *im, xmlNode *features)
{
	xmlNode *list = features ? schema_child(features, "IVSHMEM", NULL) : NULL;
	char enabled[8];

	if (!list)
		return;
	if (import_text(list, "IVSHMEM_ENABLED", enabled, sizeof(enabled)) && strcmp(enabled, "y")) {
		import_take(list);
		return;
	}
	for (xmlNode *n = list->children; n; n = n->next) {
		if (!schema_is(n, "IVSHMEM_REGION"))
			continue;
		if (schema_child(n, "NAME", NULL))
			import_region_elements(im, n);
		else
			import_region_text(im, n);
	}
}

static void import_hypervisor(struct import *im)
{
	xmlNode *hv = schema_child(im->root, "hv", NULL), *features = hv ? schema_child(hv, "FEATURES", NULL) : NULL;

	import_scheduler(im, features);
	import_regions(im, features);
	if (import_yes(features, "HYPERV_ENABLED"))
		for (unsigned int i = 0; i < im->s->nr_vms; i++)
			if (im->s->vms[i].load_order != SCENARIO_SERVICE)
				im->s->vms[i].options |= SCENARIO_OPT_HYPERV_LEAVES;
}

/* What our rules still say is told, in the end, about lines of their file. */
static void on_fault(const struct scenario_error *e, void *arg)
{
	struct import *im = arg;

	report_warning(im->report, xmlGetLineNo(e->vm_id < 0 ? im->root : im->node[e->vm_id]), "needs a hand: %s", e->text);
}

static char *show(struct import *im)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	show_setup(im->s, im->setup, out);
	fclose(out);
	return text;
}

char *import_scenario(xmlDoc *doc, const char *kernel, struct report *r)
{
	struct import im = { .report = r, .root = xmlDocGetRootElement(doc), .kernel = kernel };
	char *text = NULL, name[SCENARIO_NAME_SIZE];

	if (!schema_is(im.root, "acrn-config")) {
		report_error(r, xmlGetLineNo(im.root), "the outer element is %s; a scenario file of ACRN begins with acrn-config", im.root->name);
		return NULL;
	}
	im.setup = calloc(1, sizeof(*im.setup));
	im.s = calloc(1, sizeof(struct scenario) + SCENARIO_MAX_VMS * sizeof(struct scenario_vm));
	if (im.setup && im.s && order_vms(&im)) {
		if (!schema_attribute(im.root, "scenario", name, sizeof(name)))
			strcpy(name, "imported");
		strcpy(im.s->name, name);
		import_clean_name(im.s->name);
		for (unsigned int i = 0; i < im.s->nr_vms; i++)
			import_vm(&im, i);
		import_vuarts(&im);
		for (unsigned int i = 0; i < im.s->nr_vms; i++)
			import_launch(&im, i);
		import_hypervisor(&im);
		import_list_rest(im.root, r);
		scenario_list(im.s, on_fault, &im);
		text = show(&im);
	}
	free(im.s);
	free(im.setup);
	return text;
}

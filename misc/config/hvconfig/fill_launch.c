/* SPDX-License-Identifier: BSD-3-Clause */
/* How acrn-dm runs user VMs. What is left out is taken in the order of the file, so that a file means the same each time. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fill.h"
#include "lib/crc.h"
#include "schema.h"
#include "values.h"

#define FIRST_SLOT	3u	/* 0 host bridge, 1 ISA bridge, 2 where a display would be looked for */
#define NR_SLOTS	32u

#define AT(member)	offsetof(struct setup_launch, member), sizeof(((struct setup_launch *)0)->member)

static const struct field fields_launch[] = {
	{ "vcpu_affinity", FIELD_CPUS, false, AT(vcpu_affinity), NULL },
	{ "kernel_file", FIELD_TEXT, false, AT(kernel_file), NULL },
	{ "ramdisk_file", FIELD_TEXT, false, AT(ramdisk_file), NULL },
	{ "kernel_args", FIELD_TEXT, false, AT(kernel_args), NULL },
	{ NULL, 0, false, 0, 0, NULL }
};

/* A slot that is given; 0 where it is left out. */
static uint8_t slot_of(xmlNode *node)
{
	char text[8];
	uint64_t slot;

	return schema_attribute(node, "slot", text, sizeof(text)) && !value_number(text, false, NR_SLOTS - 1, &slot) ? (uint8_t)slot : 0;
}

static void fill_serial(struct build *b, struct setup_launch *l, xmlNode *node)
{
	char text[8];
	unsigned int i = 0;

	if (schema_attribute(node, "port", text, sizeof(text))) {
		i = (unsigned int)(text[0] - '1');
		if (i < SETUP_MAX_SERIALS && l->serial[i][0]) {
			fill_refuse(b, node, "serial", text, "is given twice; each serial port needs its own number");
			return;
		}
	} else {
		while (i < SETUP_MAX_SERIALS && l->serial[i][0])
			i++;
	}
	if (i < SETUP_MAX_SERIALS)
		schema_attribute(node, "backend", l->serial[i], sizeof(l->serial[i]));
}

static void fill_device(struct build *b, struct setup_launch *l, xmlNode *node)
{
	char access[8];

	if (schema_is(node, "serial")) {
		fill_serial(b, l, node);
	} else if (schema_is(node, "disk") && l->nr_disks < SETUP_MAX_DEVICES) {
		struct setup_disk *d = &l->disk[l->nr_disks++];

		schema_attribute(node, "path", d->path, sizeof(d->path));
		d->read_only = schema_attribute(node, "access", access, sizeof(access)) && !strcmp(access, "ro");
		d->slot = slot_of(node);
	} else if (schema_is(node, "network") && l->nr_networks < SETUP_MAX_DEVICES) {
		struct setup_network *n = &l->network[l->nr_networks++];

		schema_attribute(node, "tap", n->tap, sizeof(n->tap));
		schema_attribute(node, "mac", n->mac, sizeof(n->mac));
		n->slot = slot_of(node);
	} else if (schema_is(node, "virtio_console")) {
		schema_attribute(node, "backend", l->console, sizeof(l->console));
		l->console_slot = slot_of(node);
	} else if (schema_is(node, "random")) {
		l->has_random = true;
		l->random_slot = slot_of(node);
	}
}

/* A port that is given is kept from one that is not. */
static void fill_devices(struct build *b, struct setup_launch *l, xmlNode *launch)
{
	for (unsigned int pass = 0; pass < 2; pass++)
		for (xmlNode *n = launch->children; n; n = n->next) {
			bool late = schema_is(n, "serial") && !xmlHasProp(n, (const xmlChar *)"port");

			if (late == (pass == 1))
				fill_device(b, l, n);
		}
}

void fill_launch(struct build *b, xmlNode *launch)
{
	struct scenario_vm *vm = &b->s->vms[b->vm_id];
	struct setup_launch *l = &b->setup->vm[b->vm_id].launch;
	char list[256];

	if (vm->load_order != SCENARIO_POST_LAUNCHED) {
		report_error(b->report, xmlGetLineNo(launch), "vm \"%s\": launch is for post-launched VMs only; the hypervisor starts this one "
			     "by its kernel element", vm->name);
		return;
	}
	l->present = true;
	fill_from_elements(b, launch, fields_launch, l);
	if (l->vcpu_affinity & ~vm->cpu_affinity) {
		value_print_cpus(vm->cpu_affinity, list, sizeof(list));
		report_error(b->report, xmlGetLineNo(schema_child(launch, "vcpu_affinity", NULL)), "vm \"%s\": vcpu_affinity names a pCPU "
			     "that is not in its cpu_affinity, %s", vm->name, list);
	}
	if (!l->vcpu_affinity)
		l->vcpu_affinity = vm->cpu_affinity;
	fill_devices(b, l, launch);
}

/* Calls `take` for each device's slot; ivshmem after those that the file names. */
static void each_slot(struct setup_launch *l, void (*take)(void *arg, uint8_t *slot), void *arg)
{
	for (unsigned int i = 0; i < l->nr_disks; i++)
		take(arg, &l->disk[i].slot);
	for (unsigned int i = 0; i < l->nr_networks; i++)
		take(arg, &l->network[i].slot);
	if (l->console[0])
		take(arg, &l->console_slot);
	if (l->has_random)
		take(arg, &l->random_slot);
	for (unsigned int i = 0; i < l->nr_ivshmem; i++)
		take(arg, &l->ivshmem[i].slot);
}

struct slots {
	uint32_t taken, twice;
};

static void note_given(void *arg, uint8_t *slot)
{
	struct slots *s = arg;
	uint32_t bit = *slot ? 1u << *slot : 0;

	s->twice |= s->taken & bit;
	s->taken |= bit;
}

static void take_free(void *arg, uint8_t *slot)
{
	struct slots *s = arg;

	for (unsigned int i = FIRST_SLOT; !*slot && i < NR_SLOTS; i++)
		if (!(s->taken >> i & 1)) {
			*slot = (uint8_t)i;
			s->taken |= 1u << i;
		}
}

static void place_devices(struct build *b, struct setup_launch *l)
{
	struct slots s = { 0, 0 };
	char number[8];

	for (unsigned int i = 0; i < b->s->nr_ivshmem; i++)
		if (b->s->ivshmem[i].vm_mask >> b->vm_id & 1)
			l->ivshmem[l->nr_ivshmem++].region = (uint8_t)i;
	each_slot(l, note_given, &s);
	each_slot(l, take_free, &s);
	if (s.twice) {
		snprintf(number, sizeof(number), "%u", (unsigned int)__builtin_ctz(s.twice));
		fill_refuse(b, schema_child(b->vm_node[b->vm_id], "launch", NULL), "slot", number, "is given to two devices; each needs its "
			    "own");
	}
}

/* The card that has this TAP, the first one in the file; NULL: none. */
static const struct setup_network *user_of_tap(const struct build *b, const char *tap)
{
	for (unsigned int i = 0; i < b->s->nr_vms; i++)
		for (unsigned int j = 0; j < b->setup->vm[i].launch.nr_networks; j++)
			if (!strcmp(b->setup->vm[i].launch.network[j].tap, tap))
				return &b->setup->vm[i].launch.network[j];
	return NULL;
}

static void name_tap(struct build *b, struct setup_network *n)
{
	if (n->tap[0] && user_of_tap(b, n->tap) != n)
		fill_refuse(b, schema_child(b->vm_node[b->vm_id], "launch", NULL), "tap", n->tap, "is used by two network cards; each needs "
			    "its own");
	for (unsigned int i = 0; !n->tap[0]; i++) {
		char tap[16];

		snprintf(tap, sizeof(tap), "tap%u", i);
		if (!user_of_tap(b, tap))
			memcpy(n->tap, tap, sizeof(tap));
	}
}

/* Locally administered, and the same whenever names and place are the same. */
static void name_mac(struct build *b, struct setup_network *n, unsigned int index)
{
	const char *scenario = b->s->name, *vm = b->s->vms[b->vm_id].name;
	uint32_t crc = crc32_update(crc32_update(0, scenario, strlen(scenario) + 1), vm, strlen(vm) + 1);

	if (!n->mac[0])
		snprintf(n->mac, sizeof(n->mac), "02:%02x:%02x:%02x:%02x:%02x", crc >> 24 & 255, crc >> 16 & 255, crc >> 8 & 255,
			 crc & 255, index & 255);
}

void fill_launch_defaults(struct build *b)
{
	for (b->vm_id = 0; b->vm_id < b->s->nr_vms; b->vm_id++) {
		struct setup_launch *l = &b->setup->vm[b->vm_id].launch;

		if (!l->present)
			continue;
		place_devices(b, l);
		for (unsigned int i = 0; i < l->nr_networks; i++) {
			name_tap(b, &l->network[i]);
			name_mac(b, &l->network[i], i);
		}
	}
}

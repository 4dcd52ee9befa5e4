/* SPDX-License-Identifier: BSD-3-Clause */
/* One VM of a foreign document, by both generations of element names (reference-system.md 1.6). */
#include "import_vm.h"

#include <string.h>

#include "config/scenario.h"
#include "import_xml.h"
#include "schema.h"
#include "values.h"

#define MEGABYTES_BELOW	(1u << 20)	/* smaller sizes count megabytes, larger ones bytes */

static const struct {
	const char *type;
	int load_order;		/* -1: load_order says it */
	uint64_t flags;
	uint8_t severity;
} vm_types[] = {
	{ "RTVM", -1, SCENARIO_FLAG_RT, SCENARIO_SEVERITY_RT },
	{ "STANDARD_VM", -1, 0, 0 },
	{ "TEE_VM", -1, SCENARIO_FLAG_TEE, 0 },
	{ "REE_VM", -1, SCENARIO_FLAG_REE, 0 },
	{ "PRE_STD_VM", SCENARIO_PRE_LAUNCHED, 0, 0 },
	{ "PRE_RT_VM", SCENARIO_PRE_LAUNCHED, SCENARIO_FLAG_RT, SCENARIO_SEVERITY_RT },
	{ "SAFETY_VM", SCENARIO_PRE_LAUNCHED, 0, SCENARIO_SEVERITY_SAFETY },
	{ "SOS_VM", SCENARIO_SERVICE, 0, 0 },
	{ "SERVICE_VM", SCENARIO_SERVICE, 0, 0 },
	{ "POST_STD_VM", SCENARIO_POST_LAUNCHED, 0, 0 },
	{ "POST_RT_VM", SCENARIO_POST_LAUNCHED, SCENARIO_FLAG_RT, SCENARIO_SEVERITY_RT },
	{ "KATA_VM", SCENARIO_POST_LAUNCHED, 0, 0 },
};

static const struct { const char *element, *flag; uint64_t bit; } flags[] = {
	{ "secure_world_support", "GUEST_FLAG_SECURE_WORLD_ENABLED", SCENARIO_FLAG_SECURE_WORLD },
	{ "lapic_passthrough", "GUEST_FLAG_LAPIC_PASSTHROUGH", SCENARIO_FLAG_LAPIC_PT | SCENARIO_FLAG_RT },
	{ "io_completion_polling", "GUEST_FLAG_IO_COMPLETION_POLLING", SCENARIO_FLAG_IO_POLLING },
	{ "hide_mtrr_support", "GUEST_FLAG_HIDE_MTRR", SCENARIO_FLAG_HIDE_MTRR },
	{ "", "GUEST_FLAG_RT", SCENARIO_FLAG_RT },
	{ "nested_virtualization_support", "GUEST_FLAG_NVMX_ENABLED", SCENARIO_FLAG_NVMX },
	{ "security_vm", "GUEST_FLAG_SECURITY_VM", SCENARIO_FLAG_SECURITY_VM },
	{ "virtual_cat_support", "GUEST_FLAG_VCAT_ENABLED", SCENARIO_FLAG_VCAT },
	{ "vhwp", "GUEST_FLAG_VHWP", SCENARIO_FLAG_VHWP },
	{ "virtual_thermal_monitor", "GUEST_FLAG_VTM", SCENARIO_FLAG_VTM },
	{ "stateless", "GUEST_FLAG_STATELESS", SCENARIO_FLAG_STATELESS },
};

static int find_type(xmlNode *node)
{
	char type[32];

	if (import_text(node, "vm_type", type, sizeof(type)))
		for (unsigned int i = 0; i < sizeof(vm_types) / sizeof(vm_types[0]); i++)
			if (!strcmp(vm_types[i].type, type))
				return (int)i;
	return -1;
}

int import_load_order(xmlNode *node)
{
	int type = find_type(node);
	char text[32];

	if (type >= 0 && vm_types[type].load_order >= 0)
		return vm_types[type].load_order;
	if (!import_text(node, "load_order", text, sizeof(text)))
		return -1;
	return !strcmp(text, "PRE_LAUNCHED_VM") ? SCENARIO_PRE_LAUNCHED : !strcmp(text, "SERVICE_VM") ? SCENARIO_SERVICE :
	       !strcmp(text, "POST_LAUNCHED_VM") ? SCENARIO_POST_LAUNCHED : -1;
}

static bool name_is_taken(const struct import *im, unsigned int vm_id, const char *name)
{
	for (unsigned int i = 0; i < vm_id; i++)
		if (!strcmp(im->s->vms[i].name, name))
			return true;
	return false;
}

/* A name of 15 characters of the kind that is allowed here, and of its own. */
static void import_name(struct import *im, unsigned int vm_id)
{
	char text[64], *name = im->s->vms[vm_id].name;
	bool given = import_text(im->node[vm_id], "name", text, sizeof(text));

	if (!given)
		snprintf(text, sizeof(text), "vm%u", im->number[vm_id]);
	snprintf(name, SCENARIO_VM_NAME_SIZE, "%.15s", text);
	import_clean_name(name);
	if (name_is_taken(im, vm_id, name))
		snprintf(name + (strlen(name) > 12 ? 12 : strlen(name)), 4, "_%u", vm_id);
	if (given && strcmp(name, text))
		report_warning(im->report, xmlGetLineNo(im->node[vm_id]), "VM \"%s\" is called \"%s\" here: names differ and have up to 15 "
			       "letters, digits, '_', '-' or '.'", text, name);
}

static void import_flags(struct import *im, unsigned int vm_id)
{
	struct scenario_vm *vm = &im->s->vms[vm_id];
	xmlNode *list = schema_child(im->node[vm_id], "guest_flags", NULL);
	char text[64];

	for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].element[0] && import_yes(im->node[vm_id], flags[i].element))
			vm->guest_flags |= flags[i].bit;
	for (xmlNode *n = list ? list->children : NULL; n; n = n->next)
		for (unsigned int i = 0; schema_is(n, "guest_flag") && i < sizeof(flags) / sizeof(flags[0]); i++)
			if (value_collapse(n, text, sizeof(text)) && !strcmp(text, flags[i].flag)) {
				import_take(n);
				vm->guest_flags |= flags[i].bit;
			}
	if (vm->guest_flags & SCENARIO_FLAG_RT && !vm->severity)
		vm->severity = SCENARIO_SEVERITY_RT;
}

/* pcpu_id elements stand in cpu_affinity, or each in a pcpu element there. */
static void import_cpus(struct scenario_vm *vm, xmlNode *node)
{
	char text[16];
	uint64_t pcpu_id;

	for (xmlNode *n = node ? node->children : NULL; n; n = n->next)
		if (schema_is(n, "pcpu"))
			import_cpus(vm, n);
		else if (schema_is(n, "pcpu_id") && import_own_text(n, text, sizeof(text)) &&
			 !value_number(text, false, SCENARIO_MAX_PCPUS - 1, &pcpu_id))
			vm->cpu_affinity |= 1ull << pcpu_id;
}

static uint64_t bytes(uint64_t size)
{
	return size < MEGABYTES_BELOW ? size << 20 : size;
}

static void import_memory(struct import *im, unsigned int vm_id)
{
	struct scenario_vm *vm = &im->s->vms[vm_id];
	xmlNode *memory = schema_child(im->node[vm_id], "memory", NULL), *region;
	uint64_t size = 0;

	if (!memory)
		return;
	if (vm->load_order == SCENARIO_SERVICE) {	/* it has what is left, there and here */
		import_take(memory);
		return;
	}
	region = schema_child(memory, "hpa_region", NULL);
	if (region && import_number(region, "size_hpa", &size))
		import_number(region, "start_hpa", &vm->memory_hpa);
	else if (import_number(memory, "size", &size))
		import_number(memory, "start_hpa", &vm->memory_hpa);
	vm->memory_size = bytes(size);
	if (vm->load_order == SCENARIO_POST_LAUNCHED)
		vm->memory_hpa = 0;
}

/* Names of generated command lines mean what stands in board_private. */
static void import_bootargs(struct import *im, unsigned int vm_id, xmlNode *config)
{
	char args[SCENARIO_BOOTARGS_SIZE], root[64], *to = im->s->vms[vm_id].kernel.bootargs;
	xmlNode *private = schema_child(im->node[vm_id], "board_private", NULL);

	if (!import_text(config, "bootargs", args, sizeof(args)))
		return;
	if (!strchr(args, ' ') && strlen(args) > 9 && !strcmp(args + strlen(args) - 9, "_BOOTARGS")) {
		import_text(private, "bootargs", args, sizeof(args));
		if (import_text(private, "rootfs", root, sizeof(root)) && strlen(root) + strlen(args) + 7 < sizeof(args))
			snprintf(to, SCENARIO_BOOTARGS_SIZE, "root=%s ", root);
	}
	snprintf(to + strlen(to), SCENARIO_BOOTARGS_SIZE - strlen(to), "%.*s", (int)(SCENARIO_BOOTARGS_SIZE - 1 - strlen(to)), args);
}

static void import_kernel(struct import *im, unsigned int vm_id)
{
	struct scenario_kernel *k = &im->s->vms[vm_id].kernel;
	xmlNode *config = schema_child(im->node[vm_id], "os_config", NULL);
	char type[32], name[64];

	if (!config || im->s->vms[vm_id].load_order == SCENARIO_POST_LAUNCHED)
		return;
	import_text(config, "name", name, sizeof(name));	/* a label */
	import_text(config, "kern_mod", k->tag, sizeof(k->tag));
	import_text(config, "ramdisk_mod", k->ramdisk_tag, sizeof(k->ramdisk_tag));
	if (import_text(config, "kern_type", type, sizeof(type))) {
		if (!strcmp(type, "KERNEL_BZIMAGE"))
			k->type = SCENARIO_KERNEL_BZIMAGE;
		else if (strcmp(type, "KERNEL_ELF"))
			report_warning(im->report, xmlGetLineNo(schema_child(config, "kern_type", NULL)), "not taken over: kern_type \"%s\": "
				       "raw images are not booted; make it an ELF file with a multiboot header or a PVH note", type);
	}
	if (k->type == SCENARIO_KERNEL_BZIMAGE) {
		import_number(config, "kern_load_addr", &k->load_addr);
		import_number(config, "kern_entry_addr", &k->entry_addr);
	}
	import_bootargs(im, vm_id, config);
}

static void import_pci_devs(struct import *im, unsigned int vm_id)
{
	struct scenario_vm *vm = &im->s->vms[vm_id];
	xmlNode *list = schema_child(im->node[vm_id], "pci_devs", NULL);
	char text[256];

	if (!list || vm->load_order != SCENARIO_PRE_LAUNCHED)
		return;
	for (xmlNode *n = list->children; n && vm->nr_pci_devs < SCENARIO_MAX_PCI_DEVS; n = n->next) {
		/* "00:17.0 SATA controller: ..." */
		if (!schema_is(n, "pci_dev") || !value_collapse(n, text, sizeof(text)))
			continue;
		text[strcspn(text, " ")] = '\0';
		if (!value_bdf(text, &vm->pci_devs[vm->nr_pci_devs])) {
			vm->nr_pci_devs++;
			import_take(n);
		}
	}
}

/* Times of the scheduler are in milliseconds there. A limit that limits nothing is left out. */
static void import_share(xmlNode *node, struct scenario_vm *vm)
{
	uint64_t weight = 0, warp = 0, limit = 0, pause = 0;

	if (import_number(node, "bvt_weight", &weight) && weight <= 128)
		vm->weight = (uint16_t)weight;
	if (!import_number(node, "bvt_warp_value", &warp) || !warp || warp > 1000)
		return;
	vm->warp_us = (uint32_t)warp * 1000;
	if (!import_number(node, "bvt_warp_limit", &limit) || !limit || limit > 1000000)
		return;
	vm->warp_limit_us = (uint32_t)limit * 1000;
	if (import_number(node, "bvt_unwarp_period", &pause) && pause <= 1000000)
		vm->unwarp_us = (uint32_t)pause * 1000;
}

void import_vm(struct import *im, unsigned int vm_id)
{
	struct scenario_vm *vm = &im->s->vms[vm_id];
	xmlNode *node = im->node[vm_id];
	int type = find_type(node);
	char text[32];

	import_name(im, vm_id);
	if (type >= 0) {
		vm->guest_flags = vm_types[type].flags;
		vm->severity = vm_types[type].severity;
	}
	import_flags(im, vm_id);
	if (!vm->severity)
		vm->severity = vm->load_order == SCENARIO_SERVICE ? SCENARIO_SEVERITY_SERVICE : SCENARIO_SEVERITY_STANDARD;
	import_cpus(vm, schema_child(node, "cpu_affinity", NULL));
	import_memory(im, vm_id);
	import_kernel(im, vm_id);
	import_pci_devs(im, vm_id);
	if (import_text(node, "priority", text, sizeof(text)))
		vm->priority = !strcmp(text, "PRIO_HIGH");
	import_share(node, vm);
}

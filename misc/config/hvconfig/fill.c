/* SPDX-License-Identifier: BSD-3-Clause */
/* From a scenario document to a setup: values are stored and names resolved. */
#include "fill.h"

#include <stdbool.h>
#include <string.h>

#include "config/scenario.h"
#include "schema.h"
#include "values.h"

#define BOOT_FOLDER	"/boot/quercus/"
#define AUTO		"auto"	/* an address that is chosen when all sizes are known, see fill_memory() */

void fill_refuse(struct build *b, xmlNode *node, const char *field, const char *text, const char *fault)
{
	long line = xmlGetLineNo(node);
	struct report form = *b->report;

	form.errors = b->form_errors;
	if (!report_has(&form, line, line))
		report_error(b->report, line, "vm \"%s\": %s \"%s\" %s", b->s->vms[b->vm_id].name, field, text, fault);
}

void fill_from_elements(struct build *b, xmlNode *parent, const struct field *fields, void *record)
{
	for (const struct field *f = fields; f->name; f++) {
		xmlNode *node = schema_child(parent, f->name, NULL);
		char text[TEXT_SIZE];
		const char *fault;

		if (!node)
			continue;
		fault = value_collapse(node, text, sizeof(text)) ? field_put(f, record, text) : "is too long";
		if (fault && !(f->kind == FIELD_ADDR && !strcmp(text, AUTO)))
			fill_refuse(b, node, f->name, text, fault);
	}
}

void fill_from_attributes(struct build *b, xmlNode *node, const struct field *fields, void *record)
{
	for (const struct field *f = fields; f->name; f++) {
		char text[64];
		const char *fault;

		if (!xmlHasProp(node, (const xmlChar *)f->name))
			continue;
		fault = schema_attribute(node, f->name, text, sizeof(text)) ? field_put(f, record, text) : "is too long";
		if (fault)
			fill_refuse(b, node, f->name, text, fault);
	}
}

int fill_find_vm(const struct scenario *s, const char *name)
{
	for (unsigned int i = 0; i < s->nr_vms; i++)
		if (!strncmp(s->vms[i].name, name, sizeof(s->vms[i].name)))
			return (int)i;
	return -1;
}

static void fill_ivshmem(struct build *b, xmlNode *node)
{
	char region[SCENARIO_NAME_SIZE], access[8], doorbell[8];
	uint16_t self = (uint16_t)(1u << b->vm_id);

	schema_attribute(node, "region", region, sizeof(region));
	schema_attribute(node, "access", access, sizeof(access));
	schema_attribute(node, "doorbell", doorbell, sizeof(doorbell));
	for (unsigned int i = 0; i < b->s->nr_ivshmem; i++) {
		struct scenario_ivshmem *r = &b->s->ivshmem[i];

		if (strcmp(r->name, region))
			continue;
		if (r->vm_mask & self) {
			fill_refuse(b, node, "ivshmem", region, "is given twice to this VM");
			return;
		}
		r->vm_mask |= self;
		if (!strcmp(access, "rw"))
			r->writer_mask |= self;
		if (!strcmp(doorbell, "no"))
			r->silent_mask |= self;
		return;
	}
	fill_refuse(b, node, "ivshmem", region, "is not the name of an ivshmem_region in this file");
}

static void fill_pci_dev(struct build *b, xmlNode *node)
{
	struct scenario_vm *vm = &b->s->vms[b->vm_id];
	char text[64];
	const char *fault = "has too many characters";

	if (value_collapse(node, text, sizeof(text)))
		fault = value_bdf(text, &vm->pci_devs[vm->nr_pci_devs]);
	if (fault)
		fill_refuse(b, node, "pci_dev", text, fault);
	else
		vm->nr_pci_devs++;
}

static void fill_repeated(struct build *b, xmlNode *vm_node)
{
	struct scenario_vm *vm = &b->s->vms[b->vm_id];

	for (xmlNode *n = vm_node->children; n; n = n->next) {
		if (schema_is(n, "ivshmem"))
			fill_ivshmem(b, n);
		else if (schema_is(n, "pci_dev") && vm->nr_pci_devs < SCENARIO_MAX_PCI_DEVS)
			fill_pci_dev(b, n);
		else if (schema_is(n, "io_range") && vm->nr_io_ranges < SCENARIO_MAX_IO_RANGES)
			fill_from_attributes(b, n, fields_io_range, &vm->io_ranges[vm->nr_io_ranges++]);
	}
}

static void fill_defaults(struct scenario_vm *vm, bool has_console)
{
	if (!vm->severity)
		vm->severity = vm->load_order == SCENARIO_SERVICE ? SCENARIO_SEVERITY_SERVICE :
			       vm->guest_flags & SCENARIO_FLAG_RT ? SCENARIO_SEVERITY_RT : SCENARIO_SEVERITY_STANDARD;
	if (has_console)
		return;
	vm->console = SCENARIO_NO_CONSOLE;
	for (unsigned int i = SCENARIO_MAX_VUARTS; i-- > 0;)
		if (vm->vuarts[i].type == SCENARIO_VUART_CONSOLE)
			vm->console = (uint8_t)i;
}

/* Where grub.cfg finds a boot module: the tag's attribute file, or a file of the tag's name. */
static void fill_module_file(xmlNode *kernel, const char *name, const char *tag, char *path)
{
	xmlNode *node = schema_child(kernel, name, NULL);

	if (tag[0] && !schema_attribute(node, "file", path, SETUP_PATH_SIZE))
		snprintf(path, SETUP_PATH_SIZE, "%s%s", BOOT_FOLDER, tag);
}

static void fill_kernel(struct build *b, xmlNode *kernel)
{
	struct scenario_kernel *k = &b->s->vms[b->vm_id].kernel;
	struct setup_vm *files = &b->setup->vm[b->vm_id];

	fill_from_elements(b, kernel, fields_kernel, k);
	fill_module_file(kernel, "tag", k->tag, files->kernel);
	fill_module_file(kernel, "ramdisk_tag", k->ramdisk_tag, files->ramdisk);
	fill_module_file(kernel, "acpi_tag", k->acpi_tag, files->acpi);
}

/* A memory_hpa that is the word auto needs a board and the size. */
static void fill_memory(struct build *b, xmlNode *node)
{
	struct scenario_vm *vm = &b->s->vms[b->vm_id];
	xmlNode *hpa = schema_child(node, "memory_hpa", NULL);
	char text[TEXT_SIZE];
	const char *fault;

	if (!hpa || !value_collapse(hpa, text, sizeof(text)) || strcmp(text, AUTO))
		return;
	if (!b->board)
		fault = "needs option -b BOARD.xml: the place is chosen from the board's RAM";
	else if (vm->load_order != SCENARIO_PRE_LAUNCHED)
		fault = "is for pre-launched VMs only; leave it out";
	else
		fault = board_place_memory(b->board, b->s, b->vm_id) ? NULL : "finds no piece of the board's RAM that is large enough";
	if (fault)
		fill_refuse(b, hpa, "memory_hpa", text, fault);
}

static void fill_vm(struct build *b, xmlNode *node)
{
	struct scenario_vm *vm = &b->s->vms[b->vm_id];
	xmlNode *kernel = schema_child(node, "kernel", NULL), *console = schema_child(node, "console", NULL);
	xmlNode *launch = schema_child(node, "launch", NULL);
	char text[16];

	fill_from_elements(b, node, fields_vm, vm);
	if (kernel)
		fill_kernel(b, kernel);
	fill_vuarts(b, node);
	fill_repeated(b, node);
	if (console && value_collapse(console, text, sizeof(text)))
		vm->console = text[0] >= '0' && text[0] <= '3' ? (uint8_t)(text[0] - '0') : SCENARIO_NO_CONSOLE;
	fill_defaults(vm, console);
	if (launch)
		fill_launch(b, launch);
}

static void fill_policy(struct build *b, xmlNode *node, uint64_t *seen)
{
	char word[32], list[256];
	const char *fault;
	long line = xmlGetLineNo(node);
	uint64_t mask = 0;
	uint8_t policy = 0;

	if (report_has(b->report, line, line))
		return;
	schema_attribute(node, "pcpus", list, sizeof(list));
	fault = value_collapse(node, word, sizeof(word)) ? field_policy(word, &policy) : "is too long";
	if (fault) {
		report_error(b->report, line, "pcpu_policy \"%s\" %s", word, fault);
		return;
	}
	fault = value_cpus(list, &mask);
	if (!fault && (mask & *seen))
		fault = "names a pCPU that has a policy already";
	if (fault) {
		report_error(b->report, line, "pcpu_policy: pcpus \"%s\" %s", list, fault);
		return;
	}
	*seen |= mask;
	for (unsigned int i = 0; i < SCENARIO_MAX_PCPUS; i++)
		if (mask >> i & 1)
			b->s->pcpu_policy[i] = policy;
}

static void fill_region(struct build *b, xmlNode *node)
{
	struct scenario_ivshmem *r = &b->s->ivshmem[b->s->nr_ivshmem++];
	char text[64];
	const char *fault;

	schema_attribute(node, "name", r->name, sizeof(r->name));
	schema_attribute(node, "size", text, sizeof(text));
	fault = value_number(text, true, UINT64_MAX, &r->size);
	if (fault && !report_has(b->report, xmlGetLineNo(node), xmlGetLineNo(node)))
		report_error(b->report, xmlGetLineNo(node), "ivshmem_region \"%s\": size \"%s\" %s", r->name, text, fault);
}

static void fill_hypervisor(struct build *b, xmlNode *node)
{
	if (!node || !schema_attribute(node, "file", b->setup->hypervisor, sizeof(b->setup->hypervisor)))
		snprintf(b->setup->hypervisor, sizeof(b->setup->hypervisor), "%squercus.elf", BOOT_FOLDER);
	if (node)
		schema_attribute(node, "options", b->setup->options, sizeof(b->setup->options));
}

void fill_setup(struct build *b)
{
	uint64_t seen = 0;

	schema_attribute(b->root, "name", b->s->name, sizeof(b->s->name));
	fill_hypervisor(b, schema_child(b->root, "hypervisor", NULL));
	for (xmlNode *n = b->root->children; n; n = n->next) {
		if (schema_is(n, "pcpu_policy"))
			fill_policy(b, n, &seen);
		else if (schema_is(n, "ivshmem_region") && b->s->nr_ivshmem < SCENARIO_MAX_IVSHMEM)
			fill_region(b, n);
	}
	/* Names first: VMs refer to each other. */
	for (unsigned int i = 0; i < b->s->nr_vms; i++)
		schema_attribute(b->vm_node[i], "name", b->s->vms[i].name, SCENARIO_VM_NAME_SIZE);
	for (b->vm_id = 0; b->vm_id < b->s->nr_vms; b->vm_id++)
		fill_vm(b, b->vm_node[b->vm_id]);
	for (b->vm_id = 0; b->vm_id < b->s->nr_vms; b->vm_id++)
		fill_memory(b, b->vm_node[b->vm_id]);
	fill_vuart_peers(b);
	fill_launch_defaults(b);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A setup as a flat list. */
#include "facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/scenario.h"
#include "fields.h"
#include "values.h"

static void add(struct facts *f, const char *vm, const char *name, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void add(struct facts *f, const char *vm, const char *name, const char *fmt, ...)
{
	struct fact *fact;
	va_list ap;

	if (f->nr == f->room) {
		size_t room = f->room ? 2 * f->room : 64;
		struct fact *more = realloc(f->fact, room * sizeof(*more));

		f->failed |= !more;
		if (!more)
			return;
		f->fact = more;
		f->room = room;
	}
	fact = &f->fact[f->nr];
	snprintf(fact->vm, sizeof(fact->vm), "%s", vm);
	snprintf(fact->name, sizeof(fact->name), "%s", name);
	va_start(ap, fmt);
	if (vasprintf(&fact->value, fmt, ap) < 0)
		f->failed = true;
	else
		f->nr++;
	va_end(ap);
}

static void add_fields(struct facts *f, const char *vm, const char *prefix, const struct field *fields, const void *record)
{
	char text[SCENARIO_BOOTARGS_SIZE + 64], name[64];

	for (const struct field *field = fields; field->name; field++) {
		if (field_is_unset(field, record) && !field->always)
			continue;
		field_print(field, record, text, sizeof(text));
		snprintf(name, sizeof(name), "%s%s", prefix, field->name);
		add(f, vm, name, "%s", text);
	}
}

static void add_vuarts(struct facts *f, const struct scenario *s, const struct scenario_vm *vm)
{
	for (unsigned int i = 0; i < SCENARIO_MAX_VUARTS; i++) {
		const struct scenario_vuart *u = &vm->vuarts[i];
		char prefix[32], name[64];

		if (u->type == SCENARIO_VUART_NONE)
			continue;
		snprintf(prefix, sizeof(prefix), "vuart %u ", i);
		add_fields(f, vm->name, prefix, fields_vuart, u);
		snprintf(name, sizeof(name), "%speer", prefix);
		if (u->type == SCENARIO_VUART_INTER_VM)
			add(f, vm->name, name, "vuart %u of vm \"%s\"", u->peer_vuart, s->vms[u->peer_vm].name);
	}
}

static void add_devices(struct facts *f, const struct scenario *s, unsigned int vm_id)
{
	const struct scenario_vm *vm = &s->vms[vm_id];
	char name[64];

	for (unsigned int i = 0; i < s->nr_ivshmem; i++) {
		const struct scenario_ivshmem *r = &s->ivshmem[i];

		snprintf(name, sizeof(name), "ivshmem %s", r->name);
		if (r->vm_mask >> vm_id & 1)
			add(f, vm->name, name, "%s%s", r->writer_mask >> vm_id & 1 ? "rw" : "ro",
			    r->silent_mask >> vm_id & 1 ? ", no doorbell" : "");
	}
	for (unsigned int i = 0; i < vm->nr_pci_devs; i++) {
		uint16_t bdf = vm->pci_devs[i];

		snprintf(name, sizeof(name), "pci_dev %02x:%02x.%u", bdf >> 8, bdf >> 3 & 31, bdf & 7);
		add(f, vm->name, name, "given");
	}
	for (unsigned int i = 0; i < vm->nr_io_ranges; i++) {
		snprintf(name, sizeof(name), "io_range 0x%x", vm->io_ranges[i].base);
		add(f, vm->name, name, "%u ports", vm->io_ranges[i].size);
	}
}

static void add_launch(struct facts *f, const char *vm, const struct setup_launch *l)
{
	char text[256], name[64];

	if (!l->present)
		return;
	value_print_cpus(l->vcpu_affinity, text, sizeof(text));
	add(f, vm, "launch vcpu_affinity", "%s", text);
	add(f, vm, "launch kernel_file", "%s", l->kernel_file);
	if (l->ramdisk_file[0])
		add(f, vm, "launch ramdisk_file", "%s", l->ramdisk_file);
	if (l->kernel_args[0])
		add(f, vm, "launch kernel_args", "%s", l->kernel_args);
	for (unsigned int i = 0; i < SETUP_MAX_SERIALS; i++) {
		snprintf(name, sizeof(name), "launch serial %u", i + 1);
		if (l->serial[i][0])
			add(f, vm, name, "%s", l->serial[i]);
	}
	for (unsigned int i = 0; i < l->nr_disks; i++) {
		snprintf(name, sizeof(name), "launch disk in slot %u", l->disk[i].slot);
		add(f, vm, name, "%s%s", l->disk[i].path, l->disk[i].read_only ? ", read-only" : "");
	}
	for (unsigned int i = 0; i < l->nr_networks; i++) {
		snprintf(name, sizeof(name), "launch network in slot %u", l->network[i].slot);
		add(f, vm, name, "%s, %s", l->network[i].tap, l->network[i].mac);
	}
	if (l->console[0])
		add(f, vm, "launch virtio_console", "%s, slot %u", l->console, l->console_slot);
	if (l->has_random)
		add(f, vm, "launch random", "slot %u", l->random_slot);
}

static void add_vm(struct facts *f, const struct setup *setup, unsigned int vm_id)
{
	const struct scenario_vm *vm = &setup->s->vms[vm_id];
	const struct setup_vm *files = &setup->vm[vm_id];

	add(f, vm->name, "number", "%u", vm_id);
	add_fields(f, vm->name, "", fields_vm, vm);
	if (vm->console != SCENARIO_NO_CONSOLE)
		add(f, vm->name, "console", "%u", vm->console);
	add_vuarts(f, setup->s, vm);
	add_devices(f, setup->s, vm_id);
	if (vm->kernel.tag[0]) {
		add_fields(f, vm->name, "kernel ", fields_kernel, &vm->kernel);
		add(f, vm->name, "kernel file", "%s", files->kernel);
	}
	if (files->ramdisk[0])
		add(f, vm->name, "kernel ramdisk file", "%s", files->ramdisk);
	if (files->acpi[0])
		add(f, vm->name, "kernel acpi file", "%s", files->acpi);
	add_launch(f, vm->name, &files->launch);
}

void facts_collect(struct facts *f, const struct setup *setup)
{
	const struct scenario *s = setup->s;
	char name[64], size[64];

	add(f, "", "name", "%s", s->name);
	add(f, "", "hypervisor file", "%s", setup->hypervisor);
	if (setup->options[0])
		add(f, "", "hypervisor options", "%s", setup->options);
	for (unsigned int i = 0; i < SCENARIO_MAX_PCPUS; i++) {
		snprintf(name, sizeof(name), "policy of pCPU %u", i);
		if (s->pcpu_policy[i] != SCENARIO_POLICY_DEFAULT)
			add(f, "", name, "%s", scenario_policy_name(s->pcpu_policy[i]));
	}
	for (unsigned int i = 0; i < s->nr_ivshmem; i++) {
		value_print_size(s->ivshmem[i].size, size, sizeof(size));
		snprintf(name, sizeof(name), "ivshmem_region %s", s->ivshmem[i].name);
		add(f, "", name, "%s", size);
	}
	for (unsigned int i = 0; i < s->nr_vms; i++)
		add_vm(f, setup, i);
}

void facts_free(struct facts *f)
{
	for (size_t i = 0; i < f->nr; i++)
		free(f->fact[i].value);
	free(f->fact);
}

const struct fact *facts_find(const struct facts *f, const char *vm, const char *name)
{
	for (size_t i = 0; i < f->nr; i++)
		if (!strcmp(f->fact[i].vm, vm) && !strcmp(f->fact[i].name, name))
			return &f->fact[i];
	return NULL;
}

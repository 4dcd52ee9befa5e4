/* SPDX-License-Identifier: BSD-3-Clause */
/* A module back as XML. */
#include "show.h"

#include <inttypes.h>
#include <stdbool.h>

#include "config/scenario.h"
#include "fields.h"
#include "values.h"

static void show_elements(const struct field *fields, const void *record, const char *indent, FILE *out)
{
	char text[SCENARIO_BOOTARGS_SIZE + 64];

	for (const struct field *f = fields; f->name; f++) {
		if (!f->always && field_is_unset(f, record))
			continue;
		field_print(f, record, text, sizeof(text));
		fprintf(out, "%s<%s>", indent, f->name);
		value_print_escaped(text, out);
		fprintf(out, "</%s>\n", f->name);
	}
}

static void show_attributes(const struct field *fields, const void *record, FILE *out)
{
	char text[64];

	for (const struct field *f = fields; f->name; f++) {
		field_print(f, record, text, sizeof(text));
		fprintf(out, " %s=\"%s\"", f->name, text);
	}
}

static void show_vuarts(const struct scenario *s, const struct scenario_vm *vm, FILE *out)
{
	for (unsigned int i = 0; i < SCENARIO_MAX_VUARTS; i++) {
		const struct scenario_vuart *u = &vm->vuarts[i];

		if (u->type == SCENARIO_VUART_NONE)
			continue;
		fprintf(out, "    <vuart index=\"%u\"", i);
		show_attributes(fields_vuart, u, out);
		if (u->type == SCENARIO_VUART_INTER_VM)
			fprintf(out, " peer_vm=\"%s\" peer_vuart=\"%u\"", s->vms[u->peer_vm].name, u->peer_vuart);
		fputs("/>\n", out);
	}
}

static void show_devices(const struct scenario *s, unsigned int vm_id, FILE *out)
{
	const struct scenario_vm *vm = &s->vms[vm_id];

	for (unsigned int i = 0; i < s->nr_ivshmem; i++)
		if (s->ivshmem[i].vm_mask >> vm_id & 1)
			fprintf(out, "    <ivshmem region=\"%s\" access=\"%s\"%s/>\n", s->ivshmem[i].name,
				s->ivshmem[i].writer_mask >> vm_id & 1 ? "rw" : "ro",
				s->ivshmem[i].silent_mask >> vm_id & 1 ? " doorbell=\"no\"" : "");
	for (unsigned int i = 0; i < vm->nr_pci_devs; i++)
		fprintf(out, "    <pci_dev>%02x:%02x.%u</pci_dev>\n", vm->pci_devs[i] >> 8, vm->pci_devs[i] >> 3 & 31,
			vm->pci_devs[i] & 7);
	for (unsigned int i = 0; i < vm->nr_io_ranges; i++) {
		fputs("    <io_range", out);
		show_attributes(fields_io_range, &vm->io_ranges[i], out);
		fputs("/>\n", out);
	}
}

static void show_slot(uint8_t slot, FILE *out)
{
	if (slot)
		fprintf(out, " slot=\"%u\"", slot);
	fputs("/>\n", out);
}

static void show_launch(const struct setup_launch *l, FILE *out)
{
	fprintf(out, "    <launch>\n      <kernel_file>%s</kernel_file>\n", l->kernel_file);
	for (unsigned int i = 0; i < SETUP_MAX_SERIALS; i++)
		if (l->serial[i][0])
			fprintf(out, "      <serial port=\"%u\" backend=\"%s\"/>\n", i + 1, l->serial[i]);
	for (unsigned int i = 0; i < l->nr_disks; i++) {
		fprintf(out, "      <disk path=\"%s\"%s", l->disk[i].path, l->disk[i].read_only ? " access=\"ro\"" : "");
		show_slot(l->disk[i].slot, out);
	}
	for (unsigned int i = 0; i < l->nr_networks; i++) {
		fprintf(out, "      <network tap=\"%s\"", l->network[i].tap);
		if (l->network[i].mac[0])
			fprintf(out, " mac=\"%s\"", l->network[i].mac);
		show_slot(l->network[i].slot, out);
	}
	if (l->console[0]) {
		fprintf(out, "      <virtio_console backend=\"%s\"", l->console);
		show_slot(l->console_slot, out);
	}
	fputs("    </launch>\n", out);
}

static void show_vm(const struct scenario *s, unsigned int vm_id, const struct setup *setup, FILE *out)
{
	const struct scenario_vm *vm = &s->vms[vm_id];

	fprintf(out, "  <vm name=\"%s\">\n", vm->name);
	show_elements(fields_vm, vm, "    ", out);
	if (vm->console == SCENARIO_NO_CONSOLE)
		fputs("    <console>none</console>\n", out);
	else
		fprintf(out, "    <console>%u</console>\n", vm->console);
	show_vuarts(s, vm, out);
	show_devices(s, vm_id, out);
	if (vm->kernel.tag[0]) {
		fputs("    <kernel>\n", out);
		show_elements(fields_kernel, &vm->kernel, "      ", out);
		fputs("    </kernel>\n", out);
	}
	if (setup && setup->vm[vm_id].launch.present)
		show_launch(&setup->vm[vm_id].launch, out);
	fputs("  </vm>\n", out);
}

static void show_policies(const struct scenario *s, FILE *out)
{
	char list[256];

	for (unsigned int policy = SCENARIO_POLICY_DEFAULT + 1; policy < SCENARIO_NR_POLICIES; policy++) {
		uint64_t mask = 0;

		for (unsigned int i = 0; i < SCENARIO_MAX_PCPUS; i++)
			if (s->pcpu_policy[i] == policy)
				mask |= 1ull << i;
		if (!mask)
			continue;
		value_print_cpus(mask, list, sizeof(list));
		fprintf(out, "  <pcpu_policy pcpus=\"%s\">%s</pcpu_policy>\n", list, scenario_policy_name(policy));
	}
}

void show_setup(const struct scenario *s, const struct setup *setup, FILE *out)
{
	char size[64];

	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"%s\">\n", s->name);
	show_policies(s, out);
	for (unsigned int i = 0; i < s->nr_ivshmem; i++) {
		value_print_size(s->ivshmem[i].size, size, sizeof(size));
		fprintf(out, "  <ivshmem_region name=\"%s\" size=\"%s\"/>\n", s->ivshmem[i].name, size);
	}
	for (unsigned int i = 0; i < s->nr_vms; i++)
		show_vm(s, i, setup, out);
	fputs("</scenario>\n", out);
}

void show_scenario(const struct scenario *s, FILE *out)
{
	show_setup(s, NULL, out);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* acrn-dm's command line, as a script. */
#include <inttypes.h>
#include <string.h>

#include "emit.h"
#include "values.h"

/* Begins the next line of the command. */
static void option(FILE *out, const char *name)
{
	fprintf(out, " \\\n\t%s ", name);
}

static void text_option(FILE *out, const char *name, const char *text)
{
	if (!text[0])
		return;
	option(out, name);
	emit_quoted(text, out);
}

static uint32_t apic_id(const struct board *board, unsigned int pcpu_id)
{
	return board && pcpu_id < board->nr_threads && board->thread[pcpu_id].has_apic_id ? board->thread[pcpu_id].apic_id : pcpu_id;
}

/* All CPUs of the slot are what acrn-dm takes anyway. */
static void emit_affinity(const struct setup_launch *l, const struct scenario_vm *vm, const struct board *board, FILE *out)
{
	const char *comma = "";

	if (l->vcpu_affinity == vm->cpu_affinity)
		return;
	option(out, "--cpu_affinity");
	for (unsigned int i = 0; i < SCENARIO_MAX_PCPUS; i++)
		if (l->vcpu_affinity >> i & 1) {
			fprintf(out, "%s%" PRIu32, comma, apic_id(board, i));
			comma = ",";
		}
}

static void slot(FILE *out, unsigned int number, const char *device)
{
	option(out, "-s");
	fprintf(out, "%u,%s", number, device);
}

/* "file:/x" becomes "@file:hvc0=/x": a console port called hvc0. */
static void emit_console(const struct setup_launch *l, FILE *out)
{
	const char *path = strchr(l->console, ':');

	slot(out, l->console_slot, "virtio-console,@");
	fprintf(out, "%.*s:hvc0", (int)strcspn(l->console, ":"), l->console);
	if (path)
		fprintf(out, "=%s", path + 1);
}

static void emit_devices(const struct setup *setup, const struct setup_launch *l, FILE *out)
{
	char size[64];

	for (unsigned int i = 0; i < l->nr_disks; i++) {
		slot(out, l->disk[i].slot, "virtio-blk,");
		fprintf(out, "%s%s", l->disk[i].path, l->disk[i].read_only ? ",ro" : "");
	}
	for (unsigned int i = 0; i < l->nr_networks; i++) {
		slot(out, l->network[i].slot, "virtio-net,");
		fprintf(out, "tap=%s,mac=%s", l->network[i].tap, l->network[i].mac);
	}
	if (l->console[0])
		emit_console(l, out);
	if (l->has_random)
		slot(out, l->random_slot, "virtio-rnd");
	for (unsigned int i = 0; i < l->nr_ivshmem; i++) {
		const struct scenario_ivshmem *r = &setup->s->ivshmem[l->ivshmem[i].region];

		value_print_size(r->size, size, sizeof(size));
		slot(out, l->ivshmem[i].slot, "ivshmem,");
		fprintf(out, "hv:/%s,%s", r->name, size);
	}
}

static void emit_taps(const struct setup_launch *l, FILE *out)
{
	for (unsigned int i = 0; i < l->nr_networks; i++) {
		const char *tap = l->network[i].tap;

		fprintf(out, "[ -d /sys/class/net/%s ] || ip tuntap add dev %s mode tap\nip link set %s up\n", tap, tap, tap);
	}
}

void emit_launch(const struct setup *setup, unsigned int vm_id, const struct board *board, FILE *out)
{
	const struct scenario_vm *vm = &setup->s->vms[vm_id];
	const struct setup_launch *l = &setup->vm[vm_id].launch;
	char size[64];

	fprintf(out, "#!/bin/sh\n# Made by hvconfig from scenario %s: change that instead.\n", setup->s->name);
	fprintf(out, "# Runs VM %s in the Service VM, as root; more options for acrn-dm may follow. Ends as acrn-dm does.\nset -eu\n", vm->name);
	emit_taps(l, out);
	value_print_size(vm->memory_size ? vm->memory_size : EMIT_DEFAULT_MEMORY, size, sizeof(size));
	fprintf(out, "exec acrn-dm -m %s", size);
	text_option(out, "-k", l->kernel_file);
	text_option(out, "-r", l->ramdisk_file);
	text_option(out, "-B", l->kernel_args);
	emit_affinity(l, vm, board, out);
	option(out, "-s");
	fputs("0:0,hostbridge -s 1:0,lpc", out);
	for (unsigned int i = 0; i < SETUP_MAX_SERIALS; i++)
		if (l->serial[i][0]) {
			option(out, "-l");
			fprintf(out, "com%u,%s", i + 1, l->serial[i]);
		}
	emit_devices(setup, l, out);
	fprintf(out, " \\\n\t\"$@\" %s\n", vm->name);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* libvirt's domain XML. */
#include <inttypes.h>
#include <string.h>

#include "emit.h"
#include "lib/crc.h"
#include "values.h"

/* Version 8 of RFC 9562: what we like, here what follows from the names, so that a domain defined again is the same one. */
static void emit_uuid(const char *scenario, const char *vm, FILE *out)
{
	uint32_t word[4];

	for (uint32_t i = 0; i < 4; i++) {
		uint32_t crc = crc32_update(i * 0x9e3779b9u, scenario, strlen(scenario) + 1);

		word[i] = crc32_update(crc, vm, strlen(vm) + 1);
	}
	fprintf(out, "  <uuid>%08x-%04x-8%03x-%04x-%04x%08x</uuid>\n", word[0], word[1] >> 16, word[1] & 0xfff,
		0x8000 | (word[2] >> 16 & 0x3fff), word[2] & 0xffff, word[3]);
}

static void text_element(const char *indent, const char *name, const char *text, FILE *out)
{
	if (!text[0])
		return;
	fprintf(out, "%s<%s>", indent, name);
	value_print_escaped(text, out);
	fprintf(out, "</%s>\n", name);
}

static void emit_address(unsigned int slot, FILE *out)
{
	fprintf(out, "      <address type='pci' domain='0x0000' bus='0x00' slot='0x%02x' function='0x0'/>\n", slot);
}

/* A character device: acrn-dm's backend in libvirt's words. */
static void emit_backend(const char *element, const char *backend, FILE *out)
{
	const char *at = strchr(backend, ':');

	if (!strncmp(backend, "tcp:", 4))
		fprintf(out, "    <%s type='tcp'>\n      <source mode='bind' host='127.0.0.1' service='%s'/>\n", element, at + 1);
	else if (!strncmp(backend, "socket:", 7))
		fprintf(out, "    <%s type='unix'>\n      <source mode='bind' path='%s'/>\n", element, at + 1);
	else if (!strncmp(backend, "file:", 5))
		fprintf(out, "    <%s type='file'>\n      <source path='%s'/>\n", element, at + 1);
	else	/* a daemon has no terminal to give: stdio becomes one that virsh console reaches */
		fprintf(out, "    <%s type='pty'>\n", element);
}

static void emit_disks(const struct setup_launch *l, FILE *out)
{
	for (unsigned int i = 0; i < l->nr_disks; i++) {
		bool block = !strncmp(l->disk[i].path, "/dev/", 5);

		fprintf(out, "    <disk type='%s' device='disk'>\n      <driver name='acrn-dm' type='raw'/>\n", block ? "block" : "file");
		fprintf(out, "      <source %s='%s'/>\n      <target dev='vd%c' bus='virtio'/>\n", block ? "dev" : "file", l->disk[i].path,
			'a' + (int)i);
		if (l->disk[i].read_only)
			fputs("      <readonly/>\n", out);
		emit_address(l->disk[i].slot, out);
		fputs("    </disk>\n", out);
	}
}

static void emit_networks(const struct setup_launch *l, FILE *out)
{
	for (unsigned int i = 0; i < l->nr_networks; i++) {
		fprintf(out, "    <interface type='ethernet'>\n      <mac address='%s'/>\n", l->network[i].mac);
		fprintf(out, "      <target dev='%s'/>\n      <model type='virtio'/>\n", l->network[i].tap);
		emit_address(l->network[i].slot, out);
		fputs("    </interface>\n", out);
	}
}

static void emit_devices(const struct setup_launch *l, FILE *out)
{
	fputs("  <devices>\n    <emulator>/usr/bin/acrn-dm</emulator>\n", out);
	emit_disks(l, out);
	emit_networks(l, out);
	for (unsigned int i = 0; i < SETUP_MAX_SERIALS; i++)
		if (l->serial[i][0]) {
			emit_backend("serial", l->serial[i], out);
			fprintf(out, "      <target port='%u'/>\n    </serial>\n", i);
		}
	if (l->console[0]) {
		emit_backend("console", l->console, out);
		fputs("      <target type='virtio' port='0'/>\n", out);
		emit_address(l->console_slot, out);
		fputs("    </console>\n", out);
	}
	if (l->has_random) {
		fputs("    <rng model='virtio'>\n      <backend model='random'>/dev/urandom</backend>\n", out);
		emit_address(l->random_slot, out);
		fputs("    </rng>\n", out);
	}
	fputs("  </devices>\n", out);
}

/* libvirt's ivshmem is QEMU's own kind: regions of the hypervisor go by acrn-dm's option. */
static void emit_ivshmem(const struct setup *setup, const struct setup_launch *l, FILE *out)
{
	char size[64];

	if (!l->nr_ivshmem)
		return;
	fputs("  <acrn:commandline>\n", out);
	for (unsigned int i = 0; i < l->nr_ivshmem; i++) {
		const struct scenario_ivshmem *r = &setup->s->ivshmem[l->ivshmem[i].region];

		value_print_size(r->size, size, sizeof(size));
		fprintf(out, "    <acrn:arg value='-s'/>\n    <acrn:arg value='%u,ivshmem,hv:/%s,%s'/>\n", l->ivshmem[i].slot, r->name, size);
	}
	fputs("  </acrn:commandline>\n", out);
}

void emit_domain(const struct setup *setup, unsigned int vm_id, FILE *out)
{
	const struct scenario_vm *vm = &setup->s->vms[vm_id];
	const struct setup_launch *l = &setup->vm[vm_id].launch;
	uint64_t memory = vm->memory_size ? vm->memory_size : EMIT_DEFAULT_MEMORY;
	char cpus[256];

	value_print_cpus(l->vcpu_affinity, cpus, sizeof(cpus));
	fprintf(out, "<!-- Made by hvconfig from scenario %s: change that instead. -->\n", setup->s->name);
	fprintf(out, "<domain type='acrn'%s>\n  <name>%s</name>\n", l->nr_ivshmem ?
		" xmlns:acrn='http://libvirt.org/schemas/domain/acrn/1.0'" : "", vm->name);
	emit_uuid(setup->s->name, vm->name, out);
	fprintf(out, "  <memory unit='KiB'>%" PRIu64 "</memory>\n", memory >> 10);
	fprintf(out, "  <vcpu placement='static' cpuset='%s'>%d</vcpu>\n", cpus, __builtin_popcountll(l->vcpu_affinity));
	fputs("  <os>\n    <type arch='x86_64'>hvm</type>\n", out);
	text_element("    ", "kernel", l->kernel_file, out);
	text_element("    ", "initrd", l->ramdisk_file, out);
	text_element("    ", "cmdline", l->kernel_args, out);
	fputs("  </os>\n", out);
	fputs("  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>restart</on_reboot>\n  <on_crash>destroy</on_crash>\n", out);
	emit_devices(l, out);
	emit_ivshmem(setup, l, out);
	fputs("</domain>\n", out);
}

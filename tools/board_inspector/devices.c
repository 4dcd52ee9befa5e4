/* SPDX-License-Identifier: BSD-3-Clause */
/* Serial ports, TPM, and who made the board. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

#define TTYS	"sys/class/tty"
#define DMI	"sys/class/dmi/id/"

static bool number(const struct source *s, const char *tty, const char *name, uint64_t *value)
{
	char path[128];

	snprintf(path, sizeof(path), TTYS "/%s/%s", tty, name);
	return source_number(s, path, value);
}

/* Newer kernels put ":CONTROLLER.PORT" behind the device's name; a PCI name, 0000:00:1e.0, ends much the same. */
static void strip_port(char *device)
{
	unsigned int a, b;
	char *last = strrchr(device, ':');
	bool is_pci = strspn(device, "0123456789abcdef") >= 4 && last && strchr(device, ':') != last;

	if (is_pci && strchr(strchr(device, ':') + 1, ':') == last)
		return;
	if (last && sscanf(last, ":%u.%u", &a, &b) == 2)
		*last = '\0';
}

/* The kernel keeps names for ports that do not exist: their type is 0. */
static void read_serial(struct board *b, const struct source *s, const char *name)
{
	struct board_devices *d = &b->devices;
	struct board_serial *u = &d->serial[d->nr_serials];
	uint64_t type, base = 0, irq = 0;
	char path[128];

	if (!number(s, name, "type", &type) || !type)
		return;
	if (d->nr_serials == BOARD_MAX_SERIALS) {
		board_remark(b, "more than %u serial ports: %s is left out", BOARD_MAX_SERIALS, name);
		return;
	}
	number(s, name, "port", &base);
	if (!base) {
		number(s, name, "iomem_base", &base);
		u->is_mmio = true;
	}
	number(s, name, "irq", &irq);
	snprintf(u->name, sizeof(u->name), "%s", name);
	u->base = base;
	u->irq = irq < 0x10000 ? (unsigned int)irq : 0;
	snprintf(path, sizeof(path), TTYS "/%s/device", name);
	if (source_link(s, path, u->device, sizeof(u->device)))
		strip_port(u->device);
	d->nr_serials++;
}

static void read_hypervisor(struct board *b, const struct source *s)
{
	struct board_devices *d = &b->devices;
	uint32_t r[4];
	unsigned int cpu_id = b->cpus.cpu[0].cpu_id;

	d->kernel_hypervisor = b->cpus.words.word[WORD_1_ECX] >> 31 & 1;
	if (!d->kernel_hypervisor || source_cpuid(s, cpu_id, 0x40000000, 0, r))
		return;
	memcpy(d->hypervisor, &r[1], 12);
	for (char *p = d->hypervisor; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

void board_devices_read(struct board *b, const struct source *s)
{
	struct board_devices *d = &b->devices;
	struct source_names *names = malloc(sizeof(*names));
	uint64_t value;

	if (names && !source_list(s, TTYS, "ttyS", names))
		for (size_t i = 0; i < names->nr; i++)
			read_serial(b, s, names->name[i]);
	d->has_tpm = source_number(s, "sys/class/tpm/tpm0/tpm_version_major", &value);
	d->tpm_major = d->has_tpm && value < 10 ? (unsigned int)value : 0;
	source_text(s, DMI "bios_vendor", d->bios_vendor, sizeof(d->bios_vendor));
	source_text(s, DMI "bios_version", d->bios_version, sizeof(d->bios_version));
	source_text(s, DMI "bios_date", d->bios_date, sizeof(d->bios_date));
	source_text(s, DMI "board_vendor", d->manufacturer, sizeof(d->manufacturer));
	source_text(s, DMI "board_name", d->product, sizeof(d->product));
	d->efi = names && !source_list(s, "sys/firmware/efi", "", names);
	read_hypervisor(b, s);
	free(names);
}

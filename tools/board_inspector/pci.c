/* SPDX-License-Identifier: BSD-3-Clause */
/* PCI functions and what matters when one is given to a VM (PCI Local Bus 3.0, PCI Express Base 5.0). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

#define PCI		"sys/bus/pci/devices"
#define CONFIG_SIZE	4096u
#define HEADER_SIZE	64u

#define CAP_PM		0x01
#define CAP_MSI		0x05
#define CAP_EXPRESS	0x10
#define CAP_MSIX	0x11
#define CAP_AF		0x13
#define EXT_CAP_ACS	0x0d
#define EXT_CAP_SRIOV	0x10

struct config {
	uint8_t data[CONFIG_SIZE];
	size_t size;
};

/* 0 behind the end. */
static uint32_t get(const struct config *c, unsigned int at, unsigned int bytes)
{
	uint32_t value = 0;

	if (at + bytes <= c->size)
		memcpy(&value, c->data + at, bytes);
	return value;
}

static void read_cap(struct board_pci *d, const struct config *c, unsigned int at)
{
	switch (get(c, at, 1)) {
	case CAP_PM:
		/* No_Soft_Reset clear: D3hot and back to D0 resets the function. */
		d->pm_reset = !(get(c, at + 4, 2) >> 3 & 1);
		break;
	case CAP_MSI:
		d->msi_vectors = 1u << (get(c, at + 2, 2) >> 1 & 7);
		break;
	case CAP_MSIX:
		d->msix_vectors = (get(c, at + 2, 2) & 0x7ff) + 1;
		break;
	case CAP_EXPRESS:
		d->is_express = true;
		d->port_type = get(c, at + 2, 2) >> 4 & 15;
		d->flr |= get(c, at + 4, 4) >> 28 & 1;
		break;
	case CAP_AF:
		d->flr |= (get(c, at + 3, 1) & 3) == 3;	/* transactions pending and FLR */
		break;
	}
}

/* A list that points back to itself ends after as many steps as there is room for capabilities. */
static void read_caps(struct board_pci *d, const struct config *c)
{
	unsigned int at = get(c, 0x06, 2) >> 4 & 1 ? get(c, 0x34, 1) & ~3u : 0;

	for (unsigned int steps = 0; at >= HEADER_SIZE && at < 256 && steps < 48; steps++) {
		read_cap(d, c, at);
		at = get(c, at + 1, 1) & ~3u;
	}
}

static void read_ext_caps(struct board_pci *d, const struct config *c)
{
	unsigned int at = d->is_express ? 0x100 : 0;

	for (unsigned int steps = 0; at >= 0x100 && steps < 480; steps++) {
		uint32_t header = get(c, at, 4);

		if (!header || header == 0xffffffff)
			return;
		if ((header & 0xffff) == EXT_CAP_ACS) {
			d->acs = true;
			d->acs_caps = (uint16_t)get(c, at + 4, 2);
			d->acs_enabled = (uint16_t)get(c, at + 6, 2);
		}
		d->sriov |= (header & 0xffff) == EXT_CAP_SRIOV;
		at = header >> 20 & ~3u;
	}
}

static void read_config(struct board_pci *d, const struct config *c)
{
	d->vendor = (uint16_t)get(c, 0x00, 2);
	d->device = (uint16_t)get(c, 0x02, 2);
	d->revision = (uint8_t)get(c, 0x08, 1);
	d->class_code = get(c, 0x08, 4) >> 8;
	d->header_type = (uint8_t)get(c, 0x0e, 1);
	d->is_bridge = (d->header_type & 0x7f) == 1;
	d->irq_pin = (uint8_t)get(c, 0x3d, 1);
	if (d->is_bridge) {
		d->secondary_bus = (uint8_t)get(c, 0x19, 1);
	} else {
		d->subsystem_vendor = (uint16_t)get(c, 0x2c, 2);
		d->subsystem_device = (uint16_t)get(c, 0x2e, 2);
	}
	/* The kernel shows 64 bytes to those who are not root. */
	d->short_config = c->size < 256;
	read_caps(d, c);
	read_ext_caps(d, c);
	d->short_config |= d->is_express && c->size < CONFIG_SIZE;
}

static void read_bars(struct board_pci *d, const struct source *s, const char *folder)
{
	char path[128], text[2048], *save = NULL;
	ssize_t n;
	unsigned int i = 0;

	snprintf(path, sizeof(path), "%s/resource", folder);
	n = source_read(s, path, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line && i < 6; line = strtok_r(NULL, "\n", &save), i++) {
		unsigned long long start, end, flags;

		if (sscanf(line, "%llx %llx %llx", &start, &end, &flags) == 3 && end > start)
			d->bar[i] = (struct board_bar){ start, end, flags };
	}
}

static void read_function(struct board *b, const struct source *s, const char *name, struct config *c)
{
	unsigned int segment, bus, device, function;
	struct board_pci *d = &b->pci.dev[b->pci.nr];
	char folder[96], path[128], text[SOURCE_NAME_SIZE];
	int used = 0;
	ssize_t n;

	if (sscanf(name, "%8x:%2x:%2x.%1x%n", &segment, &bus, &device, &function, &used) != 4 || name[used] || device > 31 ||
	    function > 7)
		return;
	snprintf(folder, sizeof(folder), PCI "/%s", name);
	snprintf(path, sizeof(path), "%s/config", folder);
	n = source_read(s, path, c->data, CONFIG_SIZE);
	if (n < (ssize_t)HEADER_SIZE) {
		board_remark(b, "PCI %s: %zd bytes of its configuration space could be read, 64 are needed; left out", name, n);
		return;
	}
	c->size = (size_t)n;
	d->segment = segment;
	d->bdf = (uint16_t)(bus << 8 | device << 3 | function);
	read_config(d, c);
	read_bars(d, s, folder);
	snprintf(path, sizeof(path), "%s/iommu_group", folder);
	d->iommu_group = source_link(s, path, text, sizeof(text)) ? atoi(text) : -1;
	snprintf(path, sizeof(path), "%s/driver", folder);
	source_link(s, path, d->driver, sizeof(d->driver));
	b->pci.nr++;
}

void board_pci_read(struct board *b, const struct source *s)
{
	struct source_names *names = malloc(sizeof(*names));
	struct config *c = malloc(sizeof(*c));

	if (names && c && !source_list(s, PCI, "", names)) {
		for (size_t i = 0; i < names->nr && b->pci.nr < BOARD_MAX_PCI; i++)
			read_function(b, s, names->name[i], c);
		if (names->more)
			board_remark(b, "more than %u PCI functions: the rest is left out", BOARD_MAX_PCI);
	} else {
		board_remark(b, "/" PCI " cannot be read: no PCI devices are listed");
	}
	free(c);
	free(names);
}

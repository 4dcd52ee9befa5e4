/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Folding of PCI configuration mechanism 1: accesses to the ports 0xCF8 and
 * 0xCFC..0xCFF become requests that name bus, device, function and register.
 * No kernel header, so that the host can test it.
 */
#pragma once
#include "public/ioreq.h"

#define PCI_CONF_ADDR		0xCF8u
#define PCI_CONF_DATA		0xCFCu
#define PCI_CONF_ENABLE		0x80000000u
/* Enable, bus, device, function, register, and bits 27:24 as register bits 11:8. */
#define PCI_CONF_BITS		0x8FFFFFFCu

/* A request as read once from its slot. */
struct hsm_access {
	uint32_t type;		/* IOREQ_TYPE_* */
	uint32_t direction;	/* IOREQ_READ or IOREQ_WRITE */
	uint64_t address;
	uint64_t size;		/* bytes */
	uint64_t value;
};

/* Where a folded access goes. */
struct hsm_pci_target {
	uint32_t bus;
	uint32_t dev;
	uint32_t func;
	uint32_t reg;
};

enum hsm_fold {
	FOLD_NONE,	/* not a configuration access: as it is */
	FOLD_DONE,	/* the address register: finished, a read gives *conf_addr */
	FOLD_PCI,	/* the data register: *target says where */
};

/*
 * fold_access() - sort one access; *conf_addr is the VM's address register.
 * Only whole, aligned-by-the-window accesses are folded: 4 bytes at 0xCF8, and
 * what lies inside 0xCFC..0xCFF while the enable bit is set.
 */
static inline enum hsm_fold fold_access(uint32_t *conf_addr, const struct hsm_access *a,
					struct hsm_pci_target *target)
{
	uint32_t addr = *conf_addr;

	if (a->type != IOREQ_TYPE_PORTIO)
		return FOLD_NONE;
	if (a->address == PCI_CONF_ADDR && a->size == 4) {
		if (a->direction == IOREQ_WRITE)
			*conf_addr = (uint32_t)a->value & PCI_CONF_BITS;
		return FOLD_DONE;
	}
	if (a->address < PCI_CONF_DATA || a->address > PCI_CONF_DATA + 3)
		return FOLD_NONE;
	if (a->size == 0 || a->size > PCI_CONF_DATA + 4 - a->address || a->size == 3)
		return FOLD_NONE;
	if (!(addr & PCI_CONF_ENABLE))
		return FOLD_NONE;
	target->bus = (addr >> 16) & 0xff;
	target->dev = (addr >> 11) & 0x1f;
	target->func = (addr >> 8) & 7;
	target->reg = (((addr >> 24) & 0xf) << 8) | (addr & 0xfc) |
		      (uint32_t)(a->address - PCI_CONF_DATA);
	return FOLD_PCI;
}

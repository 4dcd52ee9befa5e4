/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The capability list of a physical function (PCI 3.0, 6.7). It comes from the
 * device: lists may loop or point anywhere, so every walk is bounded.
 */
#include "emul/vpci/vpci_priv.h"
#include "hw/pci.h"

/* A message capability that is not the one we translate for this function. */
static bool is_hidden(const struct pci_function *f, uint32_t at, uint32_t id)
{
	if (id == PCI_CAP_MSI)
		return at != f->msi.at;
	return id == PCI_CAP_MSIX && at != f->msix.at;
}

static uint32_t first_of(uint16_t bdf)
{
	if (!(pci_read(bdf, PCI_REG_COMMAND, 4) & PCI_STATUS_CAPS))
		return 0;
	return pci_read(bdf, PCI_REG_CAPS, 1) & 0xfcu;
}

uint32_t cap_find(uint16_t bdf, uint32_t id)
{
	uint32_t at = first_of(bdf), n;

	for (n = 0; n < PCI_MAX_CAPS && at >= PCI_CAP_FIRST; n++) {
		uint32_t head = pci_read(bdf, at, 4);

		if ((head & 0xff) == id)
			return at;
		at = head >> 8 & 0xfcu;
	}
	return 0;
}

/* The first shown capability at or after `at`; 0 at the end. */
static uint32_t shown_from(const struct pci_function *f, uint32_t at)
{
	uint32_t n;

	at &= 0xfcu;
	for (n = 0; n < PCI_MAX_CAPS && at >= PCI_CAP_FIRST; n++) {
		uint32_t head = pci_read(f->bdf, at, 4);

		if (!is_hidden(f, at, head & 0xff))
			return at;
		at = head >> 8 & 0xfcu;
	}
	return 0;
}

/* True when `reg`'s dword begins a shown capability. */
static bool begins_cap(const struct pci_function *f, uint32_t reg)
{
	uint32_t at = shown_from(f, first_of(f->bdf)), n;

	for (n = 0; n < PCI_MAX_CAPS && at; n++) {
		if (at == reg)
			return true;
		at = shown_from(f, pci_read(f->bdf, at, 4) >> 8);
	}
	return false;
}

uint32_t cap_read_dword(const struct pci_function *f, uint32_t reg, uint32_t value)
{
	if (reg == PCI_REG_CAPS)
		return (value & ~0xffu) | shown_from(f, value);
	if (reg >= PCI_CAP_FIRST && reg < PCI_CONFIG_SIZE && begins_cap(f, reg))
		return (value & ~0xff00u) | shown_from(f, value >> 8) << 8;
	return value;
}

/* 24 bytes of MSI at the most, 12 of MSI-X. */
bool cap_is_hidden(const struct pci_function *f, uint32_t reg)
{
	uint32_t at = first_of(f->bdf), n;

	for (n = 0; n < PCI_MAX_CAPS && at >= PCI_CAP_FIRST; n++) {
		uint32_t head = pci_read(f->bdf, at, 4), id = head & 0xff;

		if (is_hidden(f, at, id) && reg >= at && reg < at + (id == PCI_CAP_MSI ? 24u : 12u))
			return true;
		at = head >> 8 & 0xfcu;
	}
	return false;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configuration space of the machine's functions for the Service VM. A message
 * interrupt would reach the CPU with the vector the guest chose and no
 * translation; until it is translated the capabilities for it are taken out of
 * the list, and drivers fall back to pins.
 */
#include "emul/vpci/vpci_priv.h"
#include "hw/pci.h"

#define STATUS_CAPS	(1u << 20)
#define CAP_FIRST	0x40u
#define MAX_CAPS	48u

static bool is_hidden(uint32_t id)
{
	return id == PCI_CAP_MSI || id == PCI_CAP_MSIX;
}

/* The first shown capability at or after `at`; 0 at the end. Bounded: lists of broken devices may loop. */
static uint32_t shown_from(uint16_t bdf, uint32_t at)
{
	unsigned int n;

	for (n = 0; n < MAX_CAPS && at >= CAP_FIRST; n++) {
		uint32_t head = pci_read(bdf, at & 0xfcu, 4);

		if (!is_hidden(head & 0xff))
			return at & 0xfcu;
		at = head >> 8 & 0xff;
	}
	return 0;
}

/* True when `reg`'s dword begins a shown capability. */
static bool begins_cap(uint16_t bdf, uint32_t reg)
{
	uint32_t at;
	unsigned int n;

	if (!(pci_read(bdf, PCI_REG_COMMAND, 4) & STATUS_CAPS) || reg < CAP_FIRST)
		return false;
	at = shown_from(bdf, pci_read(bdf, PCI_REG_CAPS, 1));
	for (n = 0; n < MAX_CAPS && at; n++) {
		if (at == reg)
			return true;
		at = shown_from(bdf, pci_read(bdf, at, 4) >> 8 & 0xff);
	}
	return false;
}

static uint32_t read_dword(uint16_t bdf, uint32_t reg)
{
	uint32_t v = pci_read(bdf, reg, 4);

	if (reg == PCI_REG_CAPS)
		v = (v & ~0xffu) | shown_from(bdf, v & 0xff);
	else if (begins_cap(bdf, reg))
		v = (v & ~0xff00u) | shown_from(bdf, v >> 8 & 0xff) << 8;
	return v;
}

uint32_t passthru_read(uint16_t bdf, uint32_t reg, uint32_t size)
{
	return read_dword(bdf, reg & ~3u) >> 8 * (reg & 3) & (size == 4 ? ~0u : (1u << 8 * size) - 1);
}

/* The dwords of a hidden capability: 24 bytes of MSI at the most, 12 of MSI-X. */
static bool in_hidden_cap(uint16_t bdf, uint32_t reg)
{
	uint32_t at;
	unsigned int n;

	if (!(pci_read(bdf, PCI_REG_COMMAND, 4) & STATUS_CAPS) || reg < CAP_FIRST)
		return false;
	at = pci_read(bdf, PCI_REG_CAPS, 1) & 0xfcu;
	for (n = 0; n < MAX_CAPS && at >= CAP_FIRST; n++) {
		uint32_t head = pci_read(bdf, at, 4), id = head & 0xff;

		if (is_hidden(id) && reg >= at && reg < at + (id == PCI_CAP_MSI ? 24u : 12u))
			return true;
		at = head >> 8 & 0xfcu;
	}
	return false;
}

void passthru_write(uint16_t bdf, uint32_t reg, uint32_t size, uint32_t value)
{
	if (!in_hidden_cap(bdf, reg))
		pci_write(bdf, reg, size, value);
}

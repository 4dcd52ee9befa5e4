/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configuration space of the machine's functions for the Service VM. All of it
 * is the device's own, but for message interrupts: they would reach a CPU with
 * the vector the guest chose and no translation, so MSI (vmsi.c) and MSI-X
 * (vmsix.c) are the guest's copies, and what cannot be translated is not shown.
 */
#include "emul/vpci/vpci.h"

#include "emul/vpci/vpci_priv.h"
#include "hw/pci.h"
#include "hw/vtd.h"
#include "io/region.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/e820.h"
#include "mm/frame.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define FUNCTION_PAGES	((uint32_t)PAGES(sizeof(struct pci_function)))
#define HEADER_TYPE(v)	((v) >> 16 & 0x7fu)

/* The function's record, made when it is first met; NULL: nobody there, or no memory. */
static struct pci_function *function_of(struct vpci *p, uint16_t bdf)
{
	struct pci_function *f;

	for (f = p->functions; f; f = f->next)
		if (f->bdf == bdf)
			return f;
	if (pci_read(bdf, PCI_REG_VENDOR, 4) == PCI_NO_DEVICE)
		return NULL;
	f = frame_get(FUNCTION_PAGES);
	if (!f) {
		if (!p->told)
			log_err("PCI %04x: no memory for its record, hidden\n", bdf);
		p->told = true;
		return NULL;
	}
	f->vm = p->vm;
	f->bdf = bdf;
	f->header_type = HEADER_TYPE(pci_read(bdf, PCI_REG_HEADER, 4));
	f->next = p->functions;
	p->functions = f;
	/* One that stays out can do nothing, which the log says; it harms nobody. */
	if (p->vm->dma && vtd_attach(p->vm->dma, bdf))
		log_err("PCI %04x: its DMA stays blocked\n", bdf);
	vmsi_init(f);
	vmsix_init(f);
	return f;
}

/* Forgets functions whose bus is at least `bus`. */
static void drop_from(struct vpci *p, uint32_t bus)
{
	struct pci_function **at = &p->functions;

	while (*at) {
		struct pci_function *f = *at;

		if ((uint32_t)f->bdf >> 8 < bus) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		vmsix_fini(f);
		vmsi_fini(f);
		/* What a driver of before set going must not write into what is loaded next. */
		if (p->vm->dma && vtd_detach(f->bdf))
			log_err("PCI %04x: its DMA cannot be stopped\n", f->bdf);
		frame_put(f, FUNCTION_PAGES);
	}
}

void passthru_drop_all(struct vpci *p)
{
	drop_from(p, 0);
}

static uint32_t read_dword(struct pci_function *f, uint32_t reg)
{
	uint32_t v;

	if (vmsi_owns(f, reg))
		v = vmsi_read(f, reg);
	else if (vmsix_owns(f, reg))
		v = vmsix_read(f, reg);
	else
		v = pci_read(f->bdf, reg, 4);
	return cap_read_dword(f, reg, v);
}

static uint32_t mask_of(uint32_t size)
{
	return size == 4 ? ~0u : (1u << 8 * size) - 1;
}

uint32_t passthru_read(struct vpci *p, uint16_t bdf, uint32_t reg, uint32_t size)
{
	struct pci_function *f = function_of(p, bdf);

	if (!f)
		return mask_of(size);
	/* Where nothing is changed the device sees the access as it was. */
	if (reg >= PCI_CONFIG_SIZE || (reg < PCI_CAP_FIRST && (reg & ~3u) != PCI_REG_CAPS))
		return pci_read(bdf, reg, size);
	return read_dword(f, reg & ~3u) >> 8 * (reg & 3) & mask_of(size);
}

/* Other numbers for the buses behind a bridge: what we know of functions there is about others. */
static void before_write(struct vpci *p, const struct pci_function *f, uint32_t dword, uint32_t value, uint32_t mask)
{
	if (f->header_type == PCI_HEADER_BRIDGE && dword == PCI_REG_BUSES &&
	    ((pci_read(f->bdf, dword, 4) ^ value) & mask))
		drop_from(p, (uint32_t)(f->bdf >> 8) + 1);
}

void passthru_write(struct vpci *p, uint16_t bdf, uint32_t reg, uint32_t size, uint32_t value)
{
	struct pci_function *f = function_of(p, bdf);
	uint32_t dword = reg & ~3u, shift = 8 * (reg & 3), mask = mask_of(size) << shift;

	if (!f)
		return;
	if (vmsi_owns(f, dword)) {
		vmsi_write(f, dword, value << shift, mask);
	} else if (vmsix_owns(f, dword)) {
		vmsix_write(f, dword, value << shift, mask);
	} else if (!cap_is_hidden(f, dword)) {
		before_write(p, f, dword, value << shift, mask);
		pci_write(bdf, reg, size, value);
		if (dword == PCI_REG_COMMAND || (dword >= PCI_REG_BAR(0) && dword <= PCI_REG_BAR(5)))
			vmsix_place(f);
	}
}

bool passthru_is_memory(uint64_t page)
{
	uint32_t i;

	for (i = 0; i < e820_firmware.nr; i++) {
		const struct e820_entry *e = &e820_firmware.entry[i];

		if (e->type != E820_RESERVED && ranges_overlap(page, PAGE_SIZE, e->base, e->size))
			return true;
	}
	return false;
}

int passthru_trap(struct vcpu *vcpu __unused, void *dev, struct io_access *acc)
{
	struct vpci *p = dev;
	struct pci_function *f;
	int r = IO_MISS;

	spin_lock(&p->lock);
	/* The table may have moved since the access: then nobody is there. */
	for (f = p->functions; f && r == IO_MISS; f = f->next) {
		if (vmsix_traps(f, acc->addr, acc->size)) {
			vmsix_table_access(f, acc);
			r = IO_DONE;
		}
	}
	spin_unlock(&p->lock);
	return r;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MSI of a physical function (PCI 3.0, 6.8.1):
 *
 *	+0  id, next, control   +4  address   [+8 upper address]   data   [mask, pending]
 *
 * The guest writes its own address and data and sees them; the device holds
 * the host's. One message is offered. The mask register is the device's own.
 */
#include "assign/msi.h"
#include "emul/vpci/vpci_priv.h"
#include "hw/pci.h"
#include "log/log.h"

/* Control register, as in the capability's first dword. */
#define CONTROL_ENABLE	(1u << 16)
#define CONTROL_64BIT	(1u << 23)
#define CONTROL_MASK	(1u << 24)

static void set_control(const struct pci_function *f, uint32_t control)
{
	pci_write(f->bdf, f->msi.at + 2, 2, (f->msi.features | control) >> 16);
	/* The answer comes behind every message the device sent before. */
	(void)pci_read(f->bdf, f->msi.at, 4);
}

void vmsi_init(struct pci_function *f)
{
	struct vmsi *m = &f->msi;
	uint32_t at = cap_find(f->bdf, PCI_CAP_MSI), control;

	if (!at)
		return;
	control = pci_read(f->bdf, at, 4);
	m->features = control & (CONTROL_64BIT | CONTROL_MASK);
	m->is_64bit = control & CONTROL_64BIT;
	m->data_at = at + (m->is_64bit ? 12u : 8u);
	m->size = (m->data_at - at) + (control & CONTROL_MASK ? 12u : 4u);
	if (at + m->size > PCI_CONFIG_SIZE) {
		log_warn("PCI %04x: MSI capability at 0x%x does not fit, hidden\n", f->bdf, at);
		return;
	}
	m->at = at;
	/* The firmware's, or what a VM before a reset left. */
	if (control & CONTROL_ENABLE)
		set_control(f, 0);
}

static void stop(struct pci_function *f)
{
	struct vmsi *m = &f->msi;

	if (!m->vector)
		return;
	set_control(f, 0);
	msi_put(m->vector);
	m->vector = 0;
}

void vmsi_fini(struct pci_function *f)
{
	stop(f);
	f->msi.at = 0;
}

/* Once a function: the guest can ask for ever. */
static void tell(struct pci_function *f, const char *why)
{
	if (!f->msi.told)
		log_err("PCI %04x: its MSI stays off: %s\n", f->bdf, why);
	f->msi.told = true;
}

static bool take_vector(struct pci_function *f)
{
	int vector;

	if (f->msi.vector)
		return true;
	vector = msi_get(f->vm, f->bdf);
	if (vector < 0) {
		tell(f, "no host vector left");
		return false;
	}
	f->msi.vector = (uint8_t)vector;
	return true;
}

/*
 * Makes the device do what the guest's registers say. While it is enabled only
 * the low address can change, in one write: no torn message, and no moment
 * without MSI in which the device would pull its pin.
 */
static void apply(struct pci_function *f)
{
	struct vmsi *m = &f->msi;
	struct msi_message guest = { m->addr, m->data }, host;

	if (!m->enabled) {
		stop(f);
		return;
	}
	if (!take_vector(f))
		return;
	if (msi_route(m->vector, &guest, &host)) {
		tell(f, "no CPU of the VM can be reached");
		stop(f);
		return;
	}
	pci_write(f->bdf, m->at + 4, 4, (uint32_t)host.addr);
	if (m->is_64bit)
		pci_write(f->bdf, m->at + 8, 4, 0);
	pci_write(f->bdf, m->data_at, 2, host.data);
	set_control(f, CONTROL_ENABLE);
}

bool vmsi_owns(const struct pci_function *f, uint32_t reg)
{
	return f->msi.at && reg >= f->msi.at && reg < f->msi.at + f->msi.size;
}

uint32_t vmsi_read(const struct pci_function *f, uint32_t reg)
{
	const struct vmsi *m = &f->msi;
	uint32_t v = pci_read(f->bdf, reg, 4);

	if (reg == m->at)
		return (v & 0xffffu) | m->features | (m->enabled ? CONTROL_ENABLE : 0);
	if (reg == m->at + 4)
		return (uint32_t)m->addr;
	if (reg == m->data_at)
		return m->data;
	return m->is_64bit && reg == m->at + 8 ? (uint32_t)(m->addr >> 32) : v;
}

void vmsi_write(struct pci_function *f, uint32_t reg, uint32_t value, uint32_t mask)
{
	struct vmsi *m = &f->msi;
	uint32_t v = (vmsi_read(f, reg) & ~mask) | (value & mask);

	if (reg == m->at)
		m->enabled = v & CONTROL_ENABLE;
	else if (reg == m->at + 4)
		m->addr = (m->addr & ~0xfffffffful) | (v & ~3u);
	else if (reg == m->data_at)
		m->data = (uint16_t)v;
	else if (m->is_64bit && reg == m->at + 8)
		m->addr = (m->addr & 0xfffffffful) | (uint64_t)v << 32;
	else {
		pci_write(f->bdf, reg, 4, v);
		return;
	}
	if (m->enabled || m->vector)
		apply(f);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of MSI-X (PCI 3.0, 6.8.2.6). An entry is 16 bytes:
 *
 *	+0  address   +4  upper address   +8  data   +12  vector control, bit 0 = masked
 *
 * The guest reads and writes its own copy; the device's entry is filled with a
 * host message when the guest unmasks it. What else lies in the trapped pages
 * (the pending bits, often registers) is the device's.
 */
#include "assign/msi.h"
#include "emul/vpci/vpci_priv.h"
#include "hw/pci.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "vm/vm.h"
#include "x86/insn.h"

#define ENTRY_SIZE	16u
#define ENTRY_ADDR	0u
#define ENTRY_UPPER	4u
#define ENTRY_DATA	8u
#define ENTRY_CONTROL	12u
#define ENTRY_MASKED	1u
/* Control register of the capability. */
#define CONTROL_FMASK	(1u << 14)
#define CONTROL_ENABLE	(1u << 15)

static uint8_t *device_entry(const struct vmsix *x, uint32_t i)
{
	return x->host + x->table + i * ENTRY_SIZE;
}

static void set_control(const struct pci_function *f, uint32_t control)
{
	pci_write(f->bdf, f->msix.at + 2, 2, control);
	/* The answer comes behind every message the device sent before. */
	(void)pci_read(f->bdf, f->msix.at, 4);
}

static int take_vector(struct pci_function *f, struct vmsix_entry *e)
{
	int vector;

	if (e->vector)
		return 0;
	vector = msi_get(f->vm, f->bdf);
	if (vector < 0)
		return vector;
	e->vector = (uint8_t)vector;
	return 0;
}

/* An unmasked entry: the device's is changed while it is masked, an interrupt meanwhile stays pending in the device. */
static void program(struct pci_function *f, uint32_t i)
{
	struct vmsix_entry *e = &f->msix.entry[i];
	struct msi_message guest = { e->addr, e->data }, host;
	uint8_t *d = device_entry(&f->msix, i);
	int err;

	mmio_write32(d + ENTRY_CONTROL, ENTRY_MASKED);
	err = take_vector(f, e);
	if (!err)
		err = msi_route(e->vector, &guest, &host);
	if (err) {
		if (!f->msix.told_vector)
			log_err("PCI %04x: MSI-X entry %u stays masked: %s\n", f->bdf, i,
				err == -ENOSPC ? "no host vector left" : "no CPU of the VM can be reached");
		f->msix.told_vector = true;
		return;
	}
	mmio_write32(d + ENTRY_ADDR, (uint32_t)host.addr);
	mmio_write32(d + ENTRY_UPPER, 0);
	mmio_write32(d + ENTRY_DATA, host.data);
	mmio_write32(d + ENTRY_CONTROL, 0);
}

static void turn_on(struct pci_function *f)
{
	struct vmsix *x = &f->msix;
	uint32_t i;

	/* Nothing is sent before every entry is ours. */
	set_control(f, CONTROL_ENABLE | CONTROL_FMASK);
	x->on = true;
	for (i = 0; i < x->nr_real; i++) {
		if (i < x->nr && !x->entry[i].masked)
			program(f, i);
		else
			mmio_write32(device_entry(x, i) + ENTRY_CONTROL, ENTRY_MASKED);
	}
}

void vmsix_table_stop(struct pci_function *f)
{
	struct vmsix *x = &f->msix;
	uint32_t i;

	if (!x->on)
		return;
	set_control(f, x->function_mask ? CONTROL_FMASK : 0);
	x->on = false;
	for (i = 0; i < VMSIX_ENTRIES; i++) {
		if (x->entry[i].vector)
			msi_put(x->entry[i].vector);
		x->entry[i].vector = 0;
	}
}

void vmsix_table_apply(struct pci_function *f)
{
	struct vmsix *x = &f->msix;
	bool on = x->enabled && x->trap_size;

	if (on && !x->on)
		turn_on(f);
	/* Written also when it should be there already: the device may have been reset behind our back. */
	if (on)
		set_control(f, CONTROL_ENABLE | (x->function_mask ? CONTROL_FMASK : 0));
	else
		vmsix_table_stop(f);
}

static uint32_t read_dword(const struct vmsix *x, uint32_t i, uint32_t field)
{
	const struct vmsix_entry *e;

	if (i >= x->nr)
		return field == ENTRY_CONTROL ? ENTRY_MASKED : 0;
	e = &x->entry[i];
	/* A driver reads back to know that its mask has reached the device: so must we. */
	(void)mmio_read32(device_entry(x, i) + field);
	switch (field) {
	case ENTRY_ADDR:
		return (uint32_t)e->addr;
	case ENTRY_UPPER:
		return (uint32_t)(e->addr >> 32);
	case ENTRY_DATA:
		return e->data;
	default:
		return e->masked ? ENTRY_MASKED : 0;
	}
}

/* Stores only; the device follows in update(). */
static void write_dword(struct vmsix_entry *e, uint32_t field, uint32_t v)
{
	switch (field) {
	case ENTRY_ADDR:
		e->addr = (e->addr & ~0xfffffffful) | (v & ~3u);
		break;
	case ENTRY_UPPER:
		e->addr = (e->addr & 0xfffffffful) | (uint64_t)v << 32;
		break;
	case ENTRY_DATA:
		e->data = v;
		break;
	default:
		e->masked = v & ENTRY_MASKED;
	}
}

static void update(struct pci_function *f, uint32_t i)
{
	if (!f->msix.on)
		return;
	if (f->msix.entry[i].masked)
		mmio_write32(device_entry(&f->msix, i) + ENTRY_CONTROL, ENTRY_MASKED);
	else
		program(f, i);
}

static void refuse(struct io_access *acc)
{
	if (!acc->write)
		acc->value = acc->size == 8 ? ~0ul : (1ul << 8 * acc->size) - 1;
}

/* Aligned dwords and quadwords; what else software does there is undefined (6.8.2): ones, and dropped. */
static void table_access(struct pci_function *f, struct io_access *acc, uint32_t offset)
{
	struct vmsix *x = &f->msix;
	uint32_t i = offset / ENTRY_SIZE, field = offset % ENTRY_SIZE;
	bool wide = acc->size == 8;

	if (acc->size < 4 || !IS_ALIGNED(offset, acc->size)) {
		refuse(acc);
		return;
	}
	if (!acc->write) {
		acc->value = read_dword(x, i, field);
		if (wide)
			acc->value |= (uint64_t)read_dword(x, i, field + 4) << 32;
		return;
	}
	if (i >= x->nr)
		return;
	write_dword(&x->entry[i], field, (uint32_t)acc->value);
	if (wide)
		write_dword(&x->entry[i], field + 4, (uint32_t)(acc->value >> 32));
	update(f, i);
}

static void device_access(uint8_t *at, struct io_access *acc)
{
	switch (acc->size) {
	case 1:
		if (acc->write)
			mmio_write8(at, (uint8_t)acc->value);
		else
			acc->value = mmio_read8(at);
		break;
	case 2:
		if (acc->write)
			mmio_write16(at, (uint16_t)acc->value);
		else
			acc->value = mmio_read16(at);
		break;
	case 4:
		if (acc->write)
			mmio_write32(at, (uint32_t)acc->value);
		else
			acc->value = mmio_read32(at);
		break;
	default:
		if (acc->write)
			mmio_write64(at, acc->value);
		else
			acc->value = mmio_read64(at);
	}
}

void vmsix_table_access(struct pci_function *f, struct io_access *acc)
{
	struct vmsix *x = &f->msix;
	uint64_t table = x->trap + x->table, size = x->nr_real * ENTRY_SIZE;

	if (!ranges_overlap(acc->addr, acc->size, table, size))
		device_access(x->host + (acc->addr - x->trap), acc);
	else if (acc->addr < table || acc->addr + acc->size > table + size)
		refuse(acc);	/* over an edge of the table */
	else
		table_access(f, acc, (uint32_t)(acc->addr - table));
}

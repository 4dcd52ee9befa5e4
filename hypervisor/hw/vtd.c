/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who reaches what by DMA: one root table, a context table a bus, made when
 * the bus gets its first function, and second-level tables a domain.
 *
 *   root[bus] -> context[device, function] -> domain's page tables
 *
 * An entry that is not there blocks. Units of other PCI segments, where we know
 * no function, get an empty root table.
 */
#include "hw/vtd.h"

#include "hw/pci.h"
#include "hw/vtd_ir.h"
#include "hw/vtd_unit.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "log/panic.h"
#include "mm/frame.h"
#include "x86/pte.h"
#include "x86/vtd_reg.h"

#define NR_CONTEXTS	256u
#define PCI_VENDOR	0x00u
#define PCI_NOBODY	0xffffu

static struct {
	uint64_t *root;		/* [lock] pairs of low and high half */
	void *empty;		/* (o) a page of zeros: no function, no interrupt entry */
	uint32_t domain_ids;	/* [lock] taken; bit 0: never given out */
	bool ready;		/* (o) between vtd_init() and a failure */
	bool active;		/* (o) all units use the tables */
} vtd;

/* What all units can do together. */
static int common_caps(uint64_t *cap, uint64_t *ecap)
{
	*cap = *ecap = ~0ul;
	for (uint32_t i = 0; i < vtd_units.nr; i++) {
		*cap &= vtd_units.unit[i].cap;
		*ecap &= vtd_units.unit[i].ecap;
	}
	vtd_units.coherent = *ecap & VTD_ECAP_COHERENT;
	pgtable_vtd.noncoherent = !vtd_units.coherent;
	pgtable_vtd.levels = *cap & VTD_CAP_LEVELS_4 ? 4 : 3;
	pgtable_vtd.max_leaf = !(*cap & VTD_CAP_2M) ? 1 : *cap & VTD_CAP_1G ? 3 : 2;
	if (*cap & (VTD_CAP_LEVELS_3 | VTD_CAP_LEVELS_4))
		return 0;
	log_err("iommu: the units have no page-table format in common");
	return -ENODEV;
}

static int open_units(void)
{
	int err = 0;

	vtd_units.nr = 0;
	for (uint32_t i = 0; i < acpi.dmar.nr_units && !err; i++) {
		err = vtd_unit_open(&vtd_units.unit[i], acpi.dmar.unit[i].base, acpi.dmar.unit[i].segment);
		vtd_units.nr++;
	}
	return err;
}

/* Nothing is turned on yet, and no bus has a table. */
static void undo_init(void)
{
	vtd_ir_fini();
	frame_put(vtd.root, 1);
	frame_put(vtd.empty, 1);
	vtd.root = vtd.empty = NULL;
	for (uint32_t i = 0; i < vtd_units.nr; i++)
		vtd_unit_close(&vtd_units.unit[i]);
	vtd_units.nr = 0;
}

/* See the header. */
int vtd_init(bool intr_remap, bool x2apic)
{
	uint64_t cap, ecap;
	int err = open_units();

	vtd.active = false;
	vtd.domain_ids = 1;
	if (!err)
		err = common_caps(&cap, &ecap);
	if (!err) {
		vtd.root = frame_get(1);
		vtd.empty = frame_get(1);
		err = vtd.root && vtd.empty ? 0 : ERR(-ENOMEM);
	}
	if (!err && intr_remap)
		err = vtd_ir_init(ecap, x2apic);
	if (err) {
		undo_init();
		return err;
	}
	vtd_flush_lines(vtd.root, PAGE_SIZE);
	vtd_flush_lines(vtd.empty, PAGE_SIZE);
	vtd.ready = true;
	return 0;
}

/* See the header. */
int vtd_enable(void)
{
	int err = 0;

	for (uint32_t i = 0; i < vtd_units.nr && !err; i++) {
		struct vtd_unit *u = &vtd_units.unit[i];
		bool ours = u->segment == 0;
		uint64_t irta = vtd_ir_root();

		if (irta && !ours)
			irta = hva_to_hpa(vtd.empty).v | (irta & ~PAGE_MASK);
		err = vtd_unit_enable(u, hva_to_hpa(ours ? vtd.root : vtd.empty), irta);
	}
	vtd.active = !err;
	vtd_ir_enabled(vtd.active);
	if (!err)
		return 0;
	for (uint32_t i = 0; i < vtd_units.nr; i++)
		if (vtd_unit_disable(&vtd_units.unit[i]))
			log_err("iommu 0x%lx: stays on", vtd_units.unit[i].base);
	/* Our pages stay as they are: a unit that was not turned off reads them. */
	vtd.ready = false;
	vtd_units.nr = 0;
	return err;
}

/* See the header. Any context. */
bool vtd_ready(void)
{
	return vtd.ready;
}

/* See the header. */
void vtd_registers(uint32_t index, uint64_t *base, uint64_t *size)
{
	*base = acpi.dmar.unit[index].base;
	*size = index < vtd_units.nr ? vtd_units.unit[index].size : PAGE_SIZE;
}

static uint64_t *context_table(uint32_t bus)
{
	return vtd.root[2 * bus] & VTD_ENTRY_P ? hpa_to_hva(hpa(vtd.root[2 * bus] & PTE_ADDR)) : NULL;
}

/* Lock held. Before vtd_enable() no unit has read anything. */
static int flush(uint16_t domain_id)
{
	int err = 0;

	for (uint32_t i = 0; vtd.active && i < vtd_units.nr; i++) {
		int e = vtd_unit_flush_dma(&vtd_units.unit[i], domain_id);

		err = err ? err : e;
	}
	return err;
}

/* See the header. */
int vtd_domain_create(struct vtd_domain *d)
{
	uint32_t limit = 32;
	int err;

	for (uint32_t i = 0; i < vtd_units.nr; i++)
		limit = MIN(limit, VTD_CAP_DOMAINS(vtd_units.unit[i].cap));
	err = pgtable_init(&d->pt, &pgtable_vtd);
	if (err)
		return err;
	spin_lock(&vtd_units.lock);
	for (d->domain_id = 1; d->domain_id < limit && vtd.domain_ids & 1u << d->domain_id; d->domain_id++)
		;
	if (d->domain_id < limit)
		vtd.domain_ids |= 1u << d->domain_id;
	spin_unlock(&vtd_units.lock);
	if (d->domain_id < limit)
		return 0;
	pgtable_fini(&d->pt);
	return ERR(-ENOSPC);
}

/* Writes one half of a context entry. */
static void put_half(uint64_t *half, uint64_t v)
{
	WRITE_ONCE(*half, v);
	vtd_flush_lines(half, sizeof(*half));
}

/* See the header. */
void vtd_domain_destroy(struct vtd_domain *d)
{
	spin_lock(&vtd_units.lock);
	for (uint32_t bus = 0; bus < 256; bus++) {
		uint64_t *c = context_table(bus);

		for (uint32_t i = 0; c && i < NR_CONTEXTS; i++)
			if (c[2 * i] && VTD_CONTEXT_DID(c[2 * i + 1]) == d->domain_id)
				put_half(&c[2 * i], 0);
	}
	/* The tables' pages go to others: a unit that may still walk them would let devices into those. */
	if (flush(d->domain_id))
		panic("iommu: a domain cannot be ended");
	vtd.domain_ids &= ~(1u << d->domain_id);
	spin_unlock(&vtd_units.lock);
	pgtable_fini(&d->pt);
}

static int flush_domain(const struct vtd_domain *d)
{
	int err;

	spin_lock(&vtd_units.lock);
	err = flush(d->domain_id);
	spin_unlock(&vtd_units.lock);
	return err;
}

/* See the header. A unit in caching mode remembers what was not there, so mapping flushes, too. */
int vtd_map(struct vtd_domain *d, uint64_t at, hpa_t pa, uint64_t size, uint32_t attr)
{
	int err = pgtable_map(&d->pt, at, pa, size, attr);

	return err ? err : flush_domain(d);
}

/* See the header. */
int vtd_unmap(struct vtd_domain *d, uint64_t at, uint64_t size)
{
	int err = pgtable_unmap(&d->pt, at, size);

	return err ? err : flush_domain(d);
}

/* The entry of a function, or NULL: no memory for its bus. Lock held. */
static uint64_t *context_make(uint16_t bdf)
{
	uint32_t bus = bdf >> 8;
	uint64_t *c = context_table(bus);

	if (!c) {
		c = frame_get(1);
		if (!c)
			return NULL;
		vtd_flush_lines(c, PAGE_SIZE);
		put_half(&vtd.root[2 * bus], hva_to_hpa(c).v | VTD_ENTRY_P);
	}
	return &c[2 * (bdf & 0xffu)];
}

/* Lock held. */
static int context_set(struct vtd_domain *d, uint16_t bdf)
{
	uint64_t *e = context_make(bdf);
	uint64_t low = hva_to_hpa(d->pt.root).v | VTD_ENTRY_P;
	uint16_t old;
	int err;

	if (!e)
		return ERR(-ENOMEM);
	if (e[0] == low)
		return 0;
	old = VTD_CONTEXT_DID(e[1]);
	if (e[0]) {
		put_half(&e[0], 0);
		err = flush(old);
		if (err)
			return err;
	}
	put_half(&e[1], (uint64_t)d->domain_id << VTD_CONTEXT_DID_SHIFT | VTD_CONTEXT_AW(pgtable_vtd.levels));
	put_half(&e[0], low);
	return flush(d->domain_id);
}

/* See the header. */
int vtd_attach(struct vtd_domain *d, uint16_t bdf)
{
	uint16_t alias = bdf & 0xff00u;
	/* A bridge from PCI Express to PCI makes requests of what is behind it as the first device there. */
	bool aliased = alias && alias != bdf && pci_read(alias, PCI_VENDOR, 2) == PCI_NOBODY;
	int err;

	spin_lock(&vtd_units.lock);
	err = context_set(d, bdf);
	if (!err && aliased)
		err = context_set(d, alias);
	spin_unlock(&vtd_units.lock);
	return err;
}

/* See the header. */
int vtd_detach(uint16_t bdf)
{
	uint64_t *c;
	int err = 0;

	spin_lock(&vtd_units.lock);
	c = context_table(bdf >> 8);
	c = c ? &c[2 * (bdf & 0xffu)] : NULL;
	if (c && c[0]) {
		put_half(&c[0], 0);
		err = flush(VTD_CONTEXT_DID(c[1]));
	}
	spin_unlock(&vtd_units.lock);
	return err;
}

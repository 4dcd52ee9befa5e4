/* SPDX-License-Identifier: BSD-3-Clause */
/* The interrupt remapping table (VT-d specification, chapter 5): one page, an entry a host vector, the same for all units. */
#include "hw/vtd_ir.h"

#include "hw/acpi.h"
#include "hw/vtd.h"
#include "hw/vtd_unit.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "x86/vtd_reg.h"

#define XAPIC_MAX_ID	0xfeu		/* 0xff is everybody */
#define X2APIC_MAX_ID	0xfffffffeu

static struct {
	uint64_t *table;	/* [lock] pairs of low and high half; NULL: interrupts are not remapped */
	bool eim;		/* (o) entries hold 32-bit APIC ids */
	bool active;		/* (o) */
} ir;

/* See the header: vtd.h. */
int vtd_ir_ioapic(uint32_t ioapic_id, uint16_t *bdf)
{
	for (uint32_t i = 0; i < acpi.dmar.nr_ioapics; i++) {
		if (acpi.dmar.ioapic[i].id != ioapic_id)
			continue;
		*bdf = acpi.dmar.ioapic[i].bdf;
		return 0;
	}
	return -ENOENT;
}

/* NULL, or why this machine's interrupts cannot be remapped. */
static const char *obstacle(uint64_t ecap)
{
	uint16_t bdf;

	if (!acpi.dmar.intr_remap)
		return "the firmware does not offer it";
	if (~ecap & (VTD_ECAP_IR | VTD_ECAP_QI))
		return "not all units can";
	for (uint32_t i = 0; i < acpi.nr_ioapics; i++)
		if (vtd_ir_ioapic(acpi.ioapic[i].id, &bdf))
			return "the DMAR table does not list every I/O APIC";
	return NULL;
}

/* See the header. */
int vtd_ir_init(uint64_t ecap, bool x2apic)
{
	const char *why = obstacle(ecap);

	if (why) {
		log_warn("iommu: interrupts are not remapped: %s", why);
		return 0;
	}
	ir.table = frame_get(1);
	if (!ir.table)
		return ERR(-ENOMEM);
	vtd_flush_lines(ir.table, PAGE_SIZE);
	ir.eim = x2apic && ecap & VTD_ECAP_EIM;
	return 0;
}

/* See the header. */
void vtd_ir_fini(void)
{
	frame_put(ir.table, 1);
	ir.table = NULL;
}

/* See the header. */
uint64_t vtd_ir_root(void)
{
	return ir.table ? hva_to_hpa(ir.table).v | VTD_IRTA_256 | (ir.eim ? VTD_IRTA_EIME : 0) : 0;
}

/* See the header. */
void vtd_ir_enabled(bool active)
{
	ir.active = active && ir.table;
}

/* See the header: vtd.h. Any context. */
bool vtd_ir_active(void)
{
	return ir.active;
}

/* See the header: vtd.h. Any context. */
uint32_t vtd_ir_max_apic_id(void)
{
	return ir.active && ir.eim ? X2APIC_MAX_ID : XAPIC_MAX_ID;
}

/* Lock held. */
static int put(uint8_t vector, uint64_t low)
{
	int err = 0;

	/* One store: the entry changes as a whole. */
	WRITE_ONCE(ir.table[2 * vector], low);
	vtd_flush_lines(&ir.table[2 * vector], sizeof(low));
	for (uint32_t i = 0; i < vtd_units.nr && !err; i++)
		err = vtd_unit_flush_ir(&vtd_units.unit[i], vector);
	return err;
}

/* See the header: vtd.h. */
int vtd_ir_set(uint8_t vector, uint16_t bdf, uint32_t apic_id, bool level)
{
	uint64_t low = (uint64_t)apic_id << (ir.eim ? VTD_IRTE_DEST_SHIFT : VTD_IRTE_XAPIC_DEST_SHIFT);
	uint64_t high = VTD_IRTE_SVT_SID | bdf, *e = &ir.table[2 * vector];
	int err = 0;

	if (apic_id > vtd_ir_max_apic_id())
		return ERR(-EINVAL);
	low |= (uint64_t)vector << VTD_IRTE_VECTOR_SHIFT | (level ? VTD_IRTE_LEVEL : 0) | VTD_ENTRY_P;
	spin_lock(&vtd_units.lock);
	if (e[0] && e[1] != high)
		err = put(vector, 0);
	WRITE_ONCE(e[1], high);
	if (!err && e[0] != low)
		err = put(vector, low);
	spin_unlock(&vtd_units.lock);
	return err;
}

/* See the header: vtd.h. */
void vtd_ir_clear(uint8_t vector)
{
	if (!ir.active)
		return;
	spin_lock(&vtd_units.lock);
	/* A unit that does not answer has said so; at worst an interrupt of the old source meets the vector's next owner. */
	if (ir.table[2 * vector])
		(void)put(vector, 0);
	spin_unlock(&vtd_units.lock);
}

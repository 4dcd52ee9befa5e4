/* SPDX-License-Identifier: BSD-3-Clause */
/* ACPI tables (ACPI 6.4 chapter 5), laid out one after the other; pointers are filled in as they settle. */
#include "boot/acpi.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "boot/acpi_table.h"
#include "boot/aml.h"
#include "boot/dsdt.h"
#include "core/layout.h"
#include "core/log.h"
#include "core/vm.h"
#include "platform/hpet.h"

#define IOAPIC_ID	0
#define MAX_TABLES	8u

/* Writer over the guest's memory at LAYOUT_ACPI_BASE. */
struct acpi {
	uint8_t *base;
	uint32_t size, used;
	uint32_t table_gpa[MAX_TABLES];	/* what RSDT and XSDT list */
	unsigned int nr_tables;
	bool failed;
};

static const struct acpi_header header_template = {
	.oem_id = { 'Q', 'U', 'E', 'R', 'C', 'S' },
	.oem_table_id = { 'A', 'C', 'R', 'N', 'D', 'M', ' ', ' ' },
	.oem_revision = 1,
	.creator_id = { 'Q', 'R', 'C', 'S' },
	.creator_revision = 1,
};

static uint32_t gpa_of(const struct acpi *a, const void *p)
{
	return LAYOUT_ACPI_BASE + (uint32_t)((const uint8_t *)p - a->base);
}

/* The next @len zeroed bytes, 64-byte aligned (the FACS needs that), or NULL. */
static void *reserve(struct acpi *a, uint32_t len)
{
	uint32_t at = (a->used + 63) & ~63u;

	if (at > a->size || len > a->size - at) {
		a->failed = true;
		return NULL;
	}
	a->used = at + len;
	return a->base + at;
}

static void *begin_table(struct acpi *a, const char *signature, uint8_t revision, uint32_t len)
{
	struct acpi_header *h = reserve(a, len);

	if (!h)
		return NULL;
	*h = header_template;
	memcpy(h->signature, signature, sizeof(h->signature));
	h->revision = revision;
	h->length = len;
	return h;
}

uint8_t acpi_checksum(const void *p, uint32_t len)
{
	const uint8_t *b = p;
	uint8_t sum = 0;

	while (len--)
		sum += *b++;
	return -sum;
}

static void end_table(struct acpi_header *h)
{
	h->checksum = 0;
	h->checksum = acpi_checksum(h, h->length);
}

static void list_table(struct acpi *a, struct acpi_header *h)
{
	end_table(h);
	a->table_gpa[a->nr_tables++] = gpa_of(a, h);
}

static uint32_t build_facs(struct acpi *a)
{
	struct acpi_facs *facs = reserve(a, sizeof(*facs));

	if (!facs)
		return 0;
	memcpy(facs->signature, "FACS", 4);
	facs->length = sizeof(*facs);
	facs->version = 2;
	return gpa_of(a, facs);
}

static uint32_t build_dsdt(struct acpi *a, struct vm *vm)
{
	struct acpi_header *h = begin_table(a, "DSDT", 2, sizeof(*h));
	struct aml aml;

	if (!h)
		return 0;
	aml_init(&aml, (uint8_t *)(h + 1), a->size - a->used);
	dsdt_write(vm, &aml);
	if (!aml_ok(&aml)) {
		a->failed = true;
		return 0;
	}
	a->used += aml.len;
	h->length += aml.len;
	end_table(h);
	return gpa_of(a, h);
}

static struct acpi_gas io_register(uint16_t port, uint8_t bytes)
{
	return (struct acpi_gas){
		.space = ACPI_SPACE_IO,
		.bit_width = 8 * bytes,
		.access_size = bytes == 4 ? 3 : bytes,
		.address = port,
	};
}

static void build_fadt(struct acpi *a, uint32_t facs, uint32_t dsdt)
{
	struct acpi_fadt *f = begin_table(a, "FACP", 6, sizeof(*f));

	if (!f)
		return;
	f->facs = facs;
	f->dsdt = dsdt;
	f->x_dsdt = dsdt;
	f->sci_int = LAYOUT_GSI_SCI;
	f->pm1a_evt_blk = LAYOUT_PM1A_EVT_PORT;
	f->pm1a_cnt_blk = LAYOUT_PM1A_CNT_PORT;
	f->pm_tmr_blk = LAYOUT_PM_TMR_PORT;
	f->pm1_evt_len = 4;
	f->pm1_cnt_len = 2;
	f->pm_tmr_len = 4;
	f->p_lvl2_lat = 101;		/* above 100: no C2 */
	f->p_lvl3_lat = 1001;		/* above 1000: no C3 */
	f->century = 0x32;
	/* No 8042 and no VGA: the guest need not probe for them. */
	f->iapc_boot_arch = ACPI_BOOT_LEGACY_DEVICES | ACPI_BOOT_NO_VGA | ACPI_BOOT_NO_ASPM;
	f->flags = ACPI_FADT_WBINVD | ACPI_FADT_PROC_C1 | ACPI_FADT_NO_SLEEP_BUTTON | ACPI_FADT_NO_FIXED_RTC |
		   ACPI_FADT_TIMER_32BIT | ACPI_FADT_RESET_REGISTER;
	f->reset_reg = io_register(LAYOUT_RESET_PORT, 1);
	f->reset_value = LAYOUT_RESET_VALUE;
	f->x_pm1a_evt_blk = io_register(LAYOUT_PM1A_EVT_PORT, 4);
	f->x_pm1a_evt_blk.access_size = 2;
	f->x_pm1a_cnt_blk = io_register(LAYOUT_PM1A_CNT_PORT, 2);
	f->x_pm_tmr_blk = io_register(LAYOUT_PM_TMR_PORT, 4);
	list_table(a, &f->header);
}

static void add_override(struct acpi_madt_override *o, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	*o = (struct acpi_madt_override){
		.type = ACPI_MADT_OVERRIDE, .length = sizeof(*o), .irq = irq, .gsi = gsi, .flags = flags,
	};
}

/* Local APIC ids are the vCPU numbers. The timer comes in at GSI 2, the SCI is level and active high. */
static void build_madt(struct acpi *a, unsigned int nr_vcpus)
{
	uint32_t len = sizeof(struct acpi_madt) + nr_vcpus * sizeof(struct acpi_madt_lapic) +
		       sizeof(struct acpi_madt_ioapic) + 2 * sizeof(struct acpi_madt_override) +
		       sizeof(struct acpi_madt_lapic_nmi);
	struct acpi_madt *m = begin_table(a, "APIC", 4, len);
	struct acpi_madt_lapic *lapic;
	struct acpi_madt_ioapic *ioapic;
	struct acpi_madt_override *override;
	struct acpi_madt_lapic_nmi *nmi;

	if (!m)
		return;
	m->lapic_address = LAYOUT_LAPIC_BASE;
	m->flags = ACPI_MADT_PCAT_COMPAT;
	lapic = (struct acpi_madt_lapic *)(m + 1);
	for (unsigned int i = 0; i < nr_vcpus; i++)
		*lapic++ = (struct acpi_madt_lapic){
			.type = ACPI_MADT_LAPIC, .length = sizeof(*lapic), .processor_uid = i, .apic_id = i,
			.flags = 1,
		};
	ioapic = (struct acpi_madt_ioapic *)lapic;
	*ioapic = (struct acpi_madt_ioapic){
		.type = ACPI_MADT_IOAPIC, .length = sizeof(*ioapic), .id = IOAPIC_ID, .address = LAYOUT_IOAPIC_BASE,
	};
	override = (struct acpi_madt_override *)(ioapic + 1);
	add_override(override++, 0, LAYOUT_GSI_TIMER, 0);
	add_override(override++, LAYOUT_GSI_SCI, LAYOUT_GSI_SCI, ACPI_MADT_LEVEL_HIGH);
	nmi = (struct acpi_madt_lapic_nmi *)override;
	*nmi = (struct acpi_madt_lapic_nmi){
		.type = ACPI_MADT_LAPIC_NMI, .length = sizeof(*nmi), .processor_uid = 0xFF, .lint = 1,
	};
	list_table(a, &m->header);
}

static void build_hpet(struct acpi *a)
{
	struct acpi_hpet *h = begin_table(a, "HPET", 1, sizeof(*h));

	if (!h)
		return;
	h->block_id = HPET_EVENT_TIMER_BLOCK_ID;
	h->address = (struct acpi_gas){ .space = ACPI_SPACE_MEMORY, .bit_width = 64, .address = LAYOUT_HPET_BASE };
	h->min_tick = 1000;		/* 10 us in counts: what an emulated timer can keep */
	list_table(a, &h->header);
}

static void build_mcfg(struct acpi *a)
{
	struct acpi_mcfg *m = begin_table(a, "MCFG", 1, sizeof(*m));

	if (!m)
		return;
	m->base = LAYOUT_ECAM_BASE;
	/* Linux probes every slot of every bus up to the last one named here; there is only bus 0. */
	m->last_bus = 0;
	list_table(a, &m->header);
}

static void build_roots(struct acpi *a, struct acpi_rsdp *rsdp)
{
	uint32_t n = a->nr_tables;
	struct acpi_header *rsdt = begin_table(a, "RSDT", 1, sizeof(*rsdt) + 4 * n);
	struct acpi_header *xsdt = begin_table(a, "XSDT", 1, sizeof(*xsdt) + 8 * n);

	if (!rsdt || !xsdt)
		return;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t gpa = a->table_gpa[i];

		memcpy((uint8_t *)(rsdt + 1) + 4 * i, &gpa, 4);
		memcpy((uint8_t *)(xsdt + 1) + 8 * i, &gpa, 8);
	}
	end_table(rsdt);
	end_table(xsdt);
	memcpy(rsdp->signature, "RSD PTR ", 8);
	memcpy(rsdp->oem_id, header_template.oem_id, sizeof(rsdp->oem_id));
	rsdp->revision = 2;
	rsdp->rsdt = gpa_of(a, rsdt);
	rsdp->xsdt = gpa_of(a, xsdt);
	rsdp->length = sizeof(*rsdp);
	rsdp->checksum = acpi_checksum(rsdp, ACPI_RSDP_V1_SIZE);
	rsdp->extended_checksum = acpi_checksum(rsdp, sizeof(*rsdp));
}

int acpi_build(struct vm *vm)
{
	struct acpi a = { .size = LAYOUT_ACPI_END - LAYOUT_ACPI_BASE };
	struct acpi_rsdp *rsdp;
	uint32_t facs, dsdt;

	a.base = mem_ptr(vm, LAYOUT_ACPI_BASE, a.size);
	if (!a.base)
		return -EFAULT;
	memset(a.base, 0, a.size);
	rsdp = reserve(&a, sizeof(*rsdp));
	facs = build_facs(&a);
	dsdt = build_dsdt(&a, vm);
	build_fadt(&a, facs, dsdt);
	build_madt(&a, vm->nr_vcpus);
	build_hpet(&a);
	build_mcfg(&a);
	build_roots(&a, rsdp);
	if (a.failed) {
		log_error("the ACPI tables do not fit in %u bytes", a.size);
		return -ENOSPC;
	}
	return 0;
}

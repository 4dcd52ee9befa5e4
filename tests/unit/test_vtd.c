/* SPDX-License-Identifier: BSD-3-Clause */
/* DMA and interrupt remapping against a model of the units (tests/fake/hw/vtd_model.h). */
/* unit: hypervisor/hw/vtd.c hypervisor/hw/vtd_ir.c hypervisor/hw/vtd_unit.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/hw/vtd_model.c */
/* unit-flags: -iquote tests/fake/hw -DSPINS=1000u */
#include <check.h>
#include <stdlib.h>

#include "vtd_model.h"
#include "hw/acpi.h"
#include "hw/pci.h"
#include "hw/vtd.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/panic.h"
#include "x86/vtd_reg.h"

#define NIC	0x0018u
#define USB	0x00a0u
#define FAR	0x0309u		/* 03:01.1, behind a bridge */
#define ALIAS	0x0300u
#define RW	(PG_R | PG_W)
#define ON	(VTD_GCMD_TE | VTD_GCMD_IRE | VTD_GCMD_QIE)

static bool alias_exists;
static struct vtd_domain a, b;

uint32_t pci_read(uint16_t bdf, uint32_t reg, uint32_t size)
{
	ck_assert_uint_eq(reg + size, 2);
	ck_assert_uint_eq(bdf & 0xff, 0);
	return alias_exists ? 0x8086 : 0xffff;
}

void panic(const char *fmt, ...)
{
	ck_abort_msg("panic: %s", fmt);
}

/* A machine whose units are on; domain a has 2 MiB at 2 MiB. */
static void start(unsigned int nr_units)
{
	ck_assert_int_eq(vtd_init(true, false), 0);
	ck_assert_int_eq(vtd_domain_create(&a), 0);
	ck_assert_int_eq(vtd_domain_create(&b), 0);
	ck_assert_int_eq(vtd_map(&a, SIZE_2M, hpa(SIZE_2M), SIZE_2M, RW), 0);
	ck_assert_int_eq(vtd_attach(&a, NIC), 0);
	ck_assert_int_eq(vtd_enable(), 0);
	for (unsigned int i = 0; i < nr_units; i++)
		ck_assert_uint_eq(model[i].gsts & ON, ON);
}

static void up(unsigned int nr_units)
{
	model_reset(nr_units);
	start(nr_units);
}

START_TEST(only_its_domain_is_reached)
{
	up(2);
	for (unsigned int u = 0; u < 2; u++) {
		ck_assert_uint_eq(model_dma(u, NIC, SIZE_2M + 0x1234, true), SIZE_2M + 0x1234);
		ck_assert_uint_eq(model_dma(u, NIC, 2 * SIZE_2M - 1, false), 2 * SIZE_2M - 1);
		ck_assert_uint_eq(model_dma(u, NIC, SIZE_2M - 1, false), MODEL_BLOCKED);
		ck_assert_uint_eq(model_dma(u, NIC, 2 * SIZE_2M, false), MODEL_BLOCKED);
		/* A function that nobody put anywhere; on a bus without a table, too. */
		ck_assert_uint_eq(model_dma(u, USB, SIZE_2M, false), MODEL_BLOCKED);
		ck_assert_uint_eq(model_dma(u, FAR, SIZE_2M, false), MODEL_BLOCKED);
	}
}
END_TEST

START_TEST(changes_take_effect_at_once)
{
	up(2);
	ck_assert_uint_eq(model_dma(1, NIC, SIZE_2M, true), SIZE_2M);
	ck_assert_int_eq(vtd_unmap(&a, SIZE_2M, PAGE_SIZE), 0);
	ck_assert_uint_eq(model_dma(1, NIC, SIZE_2M, true), MODEL_BLOCKED);
	ck_assert_uint_eq(model_dma(1, NIC, SIZE_2M + PAGE_SIZE, true), SIZE_2M + PAGE_SIZE);
	ck_assert_int_eq(vtd_map(&a, SIZE_2M, hpa(SIZE_1G), PAGE_SIZE, PG_R), 0);
	ck_assert_uint_eq(model_dma(1, NIC, SIZE_2M + 4, false), SIZE_1G + 4);
	ck_assert_int_eq(vtd_map(&b, SIZE_2M, hpa(3 * SIZE_2M), PAGE_SIZE, RW), 0);
	ck_assert_int_eq(vtd_attach(&b, NIC), 0);
	ck_assert_uint_eq(model_dma(1, NIC, SIZE_2M, true), 3 * SIZE_2M);
	ck_assert_uint_eq(model_dma(1, NIC, SIZE_2M + PAGE_SIZE, true), MODEL_BLOCKED);
	ck_assert_int_eq(vtd_detach(NIC), 0);
	ck_assert_uint_eq(model_dma(1, NIC, SIZE_2M, true), MODEL_BLOCKED);
	/* Nothing to detach, nothing to change: no flush. */
	model[0].nr_iotlb = 0;
	ck_assert_int_eq(vtd_detach(NIC), 0);
	ck_assert_int_eq(vtd_detach(FAR), 0);
	ck_assert_uint_eq(model[0].nr_iotlb, 0);
	ck_assert_int_eq(vtd_attach(&b, NIC), 0);
	ck_assert_uint_eq(model[0].nr_iotlb, 1);
	ck_assert_int_eq(vtd_attach(&b, NIC), 0);
	ck_assert_uint_eq(model[0].nr_iotlb, 1);
	/* Drains, and names the domain. */
	ck_assert_uint_eq(model[0].last_iotlb, 0xe2u | (uint64_t)b.domain_id << 16);
}
END_TEST

START_TEST(caching_mode_remembers_absence)
{
	model_reset(1);
	model[0].cap |= 1ul << 7;
	start(1);
	ck_assert_uint_eq(model_dma(0, NIC, SIZE_1G, false), MODEL_BLOCKED);
	ck_assert_int_eq(vtd_map(&a, SIZE_1G, hpa(SIZE_1G), PAGE_SIZE, PG_R), 0);
	ck_assert_uint_eq(model_dma(0, NIC, SIZE_1G, false), SIZE_1G);
}
END_TEST

/* Behind a bridge to PCI the requester is device 0 of the bus, unless that is a function of its own. */
START_TEST(aliases)
{
	up(1);
	ck_assert_int_eq(vtd_attach(&a, FAR), 0);
	ck_assert_uint_eq(model_dma(0, ALIAS, SIZE_2M, false), SIZE_2M);
	ck_assert_int_eq(vtd_attach(&a, NIC + 1), 0);
	ck_assert_uint_eq(model_dma(0, 0x0000, SIZE_2M, false), MODEL_BLOCKED);
	alias_exists = true;
	ck_assert_int_eq(vtd_attach(&a, 0x0411), 0);
	ck_assert_uint_eq(model_dma(0, 0x0411, SIZE_2M, false), SIZE_2M);
	ck_assert_uint_eq(model_dma(0, 0x0400, SIZE_2M, false), MODEL_BLOCKED);
}
END_TEST

START_TEST(levels_that_all_have)
{
	model_reset(2);
	model[1].cap &= ~(1ul << 10);
	model[1].cap &= ~(2ul << 34);
	start(2);
	ck_assert_uint_eq(pgtable_vtd.levels, 3);
	ck_assert_uint_eq(pgtable_vtd.max_leaf, 2);
	ck_assert_uint_eq(model_dma(1, NIC, SIZE_2M, true), SIZE_2M);
	ck_assert_int_eq(vtd_map(&a, 1ul << 39, hpa(0), PAGE_SIZE, RW), -EINVAL);
}
END_TEST

START_TEST(units_that_cannot_be_used)
{
	static const struct { uint64_t cap; bool absent; int err; } bad[] = {
		{ ~0ul, false, -ENODEV },			/* nobody there */
		{ MODEL_CAP & ~(3ul << 9), false, -ENODEV },	/* five levels only, or none */
		{ MODEL_CAP & ~(1ul << 9), false, -ENODEV },	/* the other one has three only */
		{ MODEL_CAP, true, -ENOMEM },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		model_reset(2);
		model[0].cap &= ~(1ul << 10);
		model[1].cap = bad[i].cap;
		model[1].absent = bad[i].absent;
		ck_assert_int_eq(vtd_init(true, true), bad[i].err);
		ck_assert(!vtd_ready() && !vtd_ir_active());
		ck_assert_uint_eq(model_pages, 0);
		ck_assert_uint_eq(model[0].gsts | model[1].gsts, 0);
	}
	model_reset(2);
	model_pool_empty = true;
	ck_assert_int_eq(vtd_init(true, true), -ENOMEM);
	model_pool_empty = false;
	ck_assert_uint_eq(model_pages, 0);
}
END_TEST

/* What the firmware left on goes off first; its tables and protected regions mean nothing any more. */
START_TEST(after_the_firmware)
{
	model_reset(1);
	model[0].gsts = VTD_GCMD_TE | VTD_GCMD_QIE | VTD_GCMD_IRE | VTD_GCMD_CFI;
	model[0].root = 0x1000;
	model[0].head = 0x30;
	model[0].cap |= VTD_CAP_PMR | VTD_CAP_RWBF;
	model[0].pmen = VTD_PMEN_EPM | VTD_PMEN_PRS;
	model[0].fsts = VTD_FSTS_PFO | VTD_FSTS_IQE;
	model_fault(0, 1, 0x18, 0x5000);
	start(1);
	ck_assert(!(model[0].gsts & VTD_GCMD_CFI));
	ck_assert_uint_eq(model[0].pmen, 0);
	ck_assert_uint_ne(model[0].root, 0x1000);
	ck_assert_uint_ge(model[0].nr_wbf, 1);
	ck_assert_uint_eq(model[0].fsts & (VTD_FSTS_PFO | VTD_FSTS_IQE), 0);
	ck_assert_uint_eq(model[0].reg[MODEL_FAULT(1) / 8 + 1] & VTD_FAULT_F, 0);
	ck_assert_uint_eq(model_dma(0, NIC, SIZE_2M, true), SIZE_2M);
}
END_TEST

/* All or none. */
START_TEST(a_unit_that_does_not_obey)
{
	static const uint32_t commands[] = { VTD_GCMD_SRTP, VTD_GCMD_QIE, VTD_GCMD_SIRTP, VTD_GCMD_IRE, VTD_GCMD_TE };

	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
		model_reset(2);
		model[1].stuck = commands[i];
		ck_assert_int_eq(vtd_init(true, false), 0);
		ck_assert(vtd_ready());
		ck_assert_int_eq(vtd_enable(), -ETIMEDOUT);
		ck_assert_uint_eq((model[0].gsts | model[1].gsts) & ON, 0);
		ck_assert(!vtd_ready() && !vtd_ir_active());
		ck_assert_uint_eq(vtd_ir_max_apic_id(), 0xfe);
	}
}
END_TEST

START_TEST(a_queue_that_does_not_answer)
{
	up(2);
	model[1].mute = true;
	ck_assert_int_eq(vtd_attach(&b, USB), -ETIMEDOUT);
	model[1].mute = false;
	model[1].refuses = true;
	ck_assert_int_eq(vtd_detach(NIC), -EIO);
	/* The other unit was told all the same. */
	ck_assert_uint_eq(model_dma(0, NIC, SIZE_2M, false), MODEL_BLOCKED);
}
END_TEST

START_TEST(the_queue_goes_round)
{
	up(1);
	for (int i = 0; i < 300; i++) {
		ck_assert_int_eq(vtd_detach(NIC), 0);
		ck_assert_int_eq(vtd_attach(&a, NIC), 0);
	}
	ck_assert_uint_eq(model[0].nr_context, 601);
	ck_assert_uint_eq(model[0].nr_iotlb, 601);
}
END_TEST

START_TEST(without_a_queue)
{
	model_reset(1);
	model[0].ecap &= ~VTD_ECAP_QI;
	ck_assert_int_eq(vtd_init(true, true), 0);
	ck_assert_int_eq(vtd_domain_create(&a), 0);
	ck_assert_int_eq(vtd_map(&a, 0, hpa(0), PAGE_SIZE, RW), 0);
	ck_assert_int_eq(vtd_attach(&a, NIC), 0);
	ck_assert_int_eq(vtd_enable(), 0);
	ck_assert_uint_eq(model[0].gsts & ON, VTD_GCMD_TE);
	ck_assert(!vtd_ir_active());
	ck_assert_uint_eq(model_dma(0, NIC, 8, false), 8);
	ck_assert_int_eq(vtd_unmap(&a, 0, PAGE_SIZE), 0);
	ck_assert_uint_eq(model_dma(0, NIC, 8, false), MODEL_BLOCKED);
	ck_assert_uint_eq(model[0].last_iotlb, VTD_IOTLB_IVT | VTD_IOTLB_DOMAIN | 3ul << 48 | (uint64_t)a.domain_id << 32);
	model[0].mute = true;
	ck_assert_int_eq(vtd_detach(NIC), -ETIMEDOUT);
	vtd_ir_clear(0x40);
}
END_TEST

START_TEST(domains_run_out_and_come_back)
{
	struct vtd_domain d[16];
	unsigned int pages;

	model_reset(1);
	model[0].cap &= ~7ul;	/* 16 domains, 0 is none */
	ck_assert_int_eq(vtd_init(false, false), 0);
	pages = model_pages;
	for (unsigned int i = 0; i < 15; i++)
		ck_assert_int_eq(vtd_domain_create(&d[i]), 0);
	ck_assert_int_eq(vtd_domain_create(&d[15]), -ENOSPC);
	ck_assert_int_eq(vtd_attach(&d[3], NIC), 0);
	ck_assert_int_eq(vtd_attach(&d[3], FAR), 0);
	ck_assert_int_eq(vtd_attach(&d[4], USB), 0);
	ck_assert_int_eq(vtd_map(&d[3], 0, hpa(0), PAGE_SIZE, RW), 0);
	ck_assert_int_eq(vtd_map(&d[4], 0, hpa(0), PAGE_SIZE, RW), 0);
	ck_assert_int_eq(vtd_enable(), 0);
	ck_assert_uint_eq(model_dma(0, FAR, 0, true), 0);
	vtd_domain_destroy(&d[3]);
	ck_assert_uint_eq(model_dma(0, FAR, 0, true), MODEL_BLOCKED);
	ck_assert_uint_eq(model_dma(0, NIC, 0, true), MODEL_BLOCKED);
	ck_assert_uint_eq(model_dma(0, USB, 0, true), 0);
	ck_assert_int_eq(vtd_domain_create(&d[15]), 0);
	ck_assert_uint_eq(d[15].domain_id, d[3].domain_id);
	d[3] = d[15];
	for (unsigned int i = 0; i < 15; i++)
		vtd_domain_destroy(&d[i]);
	/* What stays are the context tables of two buses. */
	ck_assert_uint_eq(model_pages, pages + 2);
}
END_TEST

START_TEST(memory_runs_out)
{
	up(1);
	model_pool_empty = true;
	ck_assert_int_eq(vtd_attach(&a, FAR), -ENOMEM);
	ck_assert_int_eq(vtd_domain_create(&(struct vtd_domain){ 0 }), -ENOMEM);
	model_pool_empty = false;
	ck_assert_uint_eq(model_dma(0, FAR, SIZE_2M, false), MODEL_BLOCKED);
	ck_assert_int_eq(vtd_attach(&a, FAR), 0);
}
END_TEST

START_TEST(units_that_do_not_look_into_the_caches)
{
	unsigned int before;

	up(1);
	ck_assert_uint_eq(model_clflush, 0);
	model_reset(2);
	model[1].ecap &= ~VTD_ECAP_COHERENT;
	start(2);
	ck_assert_uint_gt(model_clflush, 2 * 64);
	before = model_clflush;
	ck_assert_int_eq(vtd_detach(NIC), 0);
	/* The entry, and for each unit two descriptors with their waits. */
	ck_assert_uint_ge(model_clflush - before, 1 + 2 * 4);
	before = model_clflush;
	ck_assert_int_eq(vtd_ir_set(0x41, NIC, 1, false), 0);
	ck_assert_uint_ge(model_clflush - before, 1 + 2 * 2);
}
END_TEST

START_TEST(units_of_other_segments_let_nothing_through)
{
	model_reset(2);
	acpi.dmar.unit[1].segment = 1;
	start(2);
	ck_assert_int_eq(vtd_ir_set(0x41, NIC, 1, false), 0);
	ck_assert_uint_eq(model_dma(0, NIC, SIZE_2M, false), SIZE_2M);
	ck_assert_uint_eq(model_dma(1, NIC, SIZE_2M, false), MODEL_BLOCKED);
	ck_assert_uint_eq(model_msi(0, NIC, 0x41), 1ul << 32 | 0x41);
	ck_assert_uint_eq(model_msi(1, NIC, 0x41), MODEL_BLOCKED);
}
END_TEST

START_TEST(interrupts_by_entry_only)
{
	up(2);
	ck_assert(vtd_ir_active());
	ck_assert_uint_eq(model_msi(1, NIC, 0x41), MODEL_BLOCKED);
	ck_assert_int_eq(vtd_ir_set(0x41, NIC, 3, false), 0);
	ck_assert_uint_eq(model_msi(1, NIC, 0x41), 3ul << 32 | 0x41);
	ck_assert_uint_eq(model_msi(1, USB, 0x41), MODEL_BLOCKED);
	ck_assert_uint_eq(model_msi(1, NIC, 0x42), MODEL_BLOCKED);
	/* Moved, then given to another function, then nobody's: at once. */
	ck_assert_int_eq(vtd_ir_set(0x41, NIC, 0xfe, false), 0);
	ck_assert_uint_eq(model_msi(1, NIC, 0x41), 0xfeul << 32 | 0x41);
	model[1].nr_iec = 0;
	ck_assert_int_eq(vtd_ir_set(0x41, USB, 1, true), 0);
	/* Emptied in between: the new function never has the old one's interrupt. */
	ck_assert_uint_eq(model[1].nr_iec, 2);
	ck_assert_uint_eq(model_msi(1, NIC, 0x41), MODEL_BLOCKED);
	ck_assert_uint_eq(model_msi(1, USB, 0x41), 1ul << 32 | 0x41);
	ck_assert(model[1].irte_cache[0x41] & 1ul << 4);
	vtd_ir_clear(0x41);
	ck_assert_uint_eq(model_msi(1, USB, 0x41), MODEL_BLOCKED);
	/* The same again costs nothing. */
	ck_assert_int_eq(vtd_ir_set(0x50, NIC, 1, false), 0);
	model[0].nr_iec = 0;
	ck_assert_int_eq(vtd_ir_set(0x50, NIC, 1, false), 0);
	vtd_ir_clear(0x41);
	ck_assert_uint_eq(model[0].nr_iec, 0);
}
END_TEST

/* 8-bit ids unless every unit knows longer ones and the CPUs are in x2APIC mode. */
START_TEST(apic_ids_that_can_be_named)
{
	up(1);
	ck_assert_uint_eq(vtd_ir_max_apic_id(), 0xfe);
	ck_assert_int_eq(vtd_ir_set(0x41, NIC, 0xff, false), -EINVAL);
	for (unsigned int all = 0; all < 2; all++) {
		model_reset(2);
		model[0].ecap |= MODEL_EIM;
		model[1].ecap |= all ? MODEL_EIM : 0;
		ck_assert_int_eq(vtd_init(true, true), 0);
		ck_assert_int_eq(vtd_enable(), 0);
		ck_assert_uint_eq(vtd_ir_max_apic_id(), all ? 0xfffffffe : 0xfe);
		ck_assert_int_eq(vtd_ir_set(0x41, NIC, 0x12345, false), all ? 0 : -EINVAL);
		ck_assert_uint_eq(model_msi(1, NIC, 0x41), all ? 0x12345ul << 32 | 0x41 : MODEL_BLOCKED);
		ck_assert_int_eq(vtd_ir_set(0x41, NIC, 0xffffffff, false), -EINVAL);
	}
}
END_TEST

START_TEST(where_interrupts_cannot_be_remapped)
{
	uint16_t bdf;

	for (unsigned int i = 0; i < 4; i++) {
		model_reset(2);
		if (i == 0)
			acpi.dmar.intr_remap = false;
		else if (i == 1)
			model[1].ecap &= ~VTD_ECAP_IR;
		else if (i == 2)
			acpi.ioapic[0].id = 3;
		ck_assert_int_eq(vtd_init(i != 3, false), 0);
		ck_assert_int_eq(vtd_enable(), 0);
		ck_assert(vtd_ready() && !vtd_ir_active());
		ck_assert_uint_eq(model[0].gsts & ON, VTD_GCMD_TE | VTD_GCMD_QIE);
	}
	ck_assert_int_eq(vtd_ir_ioapic(2, &bdf), 0);
	ck_assert_uint_eq(bdf, 0xf0ff);
	ck_assert_int_eq(vtd_ir_ioapic(7, &bdf), -ENOENT);
}
END_TEST

START_TEST(faults_are_taken_once)
{
	struct vtd_fault f;
	bool lost;

	up(2);
	ck_assert(!vtd_fault_next(&f, &lost));
	model_fault(1, 2, VTD_FAULT_READ | 6ul << 32 | NIC, 0x123456000);
	ck_assert(vtd_fault_next(&f, &lost));
	ck_assert(f.source == NIC && f.reason == 6 && f.read && !f.interrupt && f.addr == 0x123456000 && !lost);
	ck_assert(!vtd_fault_next(&f, &lost));
	model_fault(0, 0, 5ul << 32 | USB, 0x1000);
	model_fault(0, 0, 0x22ul << 32 | NIC, 0x41ul << 48);
	ck_assert(vtd_fault_next(&f, &lost));
	ck_assert(f.source == NIC && f.interrupt && f.addr == 0x41 && lost);
	ck_assert(!vtd_fault_next(&f, &lost));
	ck_assert(!lost);
}
END_TEST

START_TEST(faults_raise_an_interrupt)
{
	up(2);
	ck_assert_uint_eq(model[1].fectl, VTD_FECTL_IM);
	vtd_fault_event(0x12345, 0x66);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert_uint_eq(model[i].fectl, 0);
		ck_assert_uint_eq(model[i].reg[VTD_FEDATA / 8] >> 32, 0x66);
		ck_assert_uint_eq(model[i].reg[VTD_FEADDR / 8], 0x12300ul << 32 | 0xfee45000);
	}
	vtd_fault_mask(true);
	ck_assert_uint_eq(model[0].fectl, VTD_FECTL_IM);
}
END_TEST

START_TEST(registers_of_units)
{
	uint64_t base, size;

	model_reset(2);
	vtd_registers(1, &base, &size);
	ck_assert(base == MODEL_BASE(1) && size == PAGE_SIZE);
	model[1].cap = (model[1].cap & ~(0x3fful << 24)) | 0x1fful << 24;	/* fault records at 0x1ff0 */
	start(2);
	vtd_registers(1, &base, &size);
	ck_assert(base == MODEL_BASE(1) && size == 3 * PAGE_SIZE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vtd");
	TCase *t = tcase_create("vtd");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, only_its_domain_is_reached);
	tcase_add_test(t, changes_take_effect_at_once);
	tcase_add_test(t, caching_mode_remembers_absence);
	tcase_add_test(t, aliases);
	tcase_add_test(t, levels_that_all_have);
	tcase_add_test(t, units_that_cannot_be_used);
	tcase_add_test(t, after_the_firmware);
	tcase_add_test(t, a_unit_that_does_not_obey);
	tcase_add_test(t, a_queue_that_does_not_answer);
	tcase_add_test(t, the_queue_goes_round);
	tcase_add_test(t, without_a_queue);
	tcase_add_test(t, domains_run_out_and_come_back);
	tcase_add_test(t, memory_runs_out);
	tcase_add_test(t, units_that_do_not_look_into_the_caches);
	tcase_add_test(t, units_of_other_segments_let_nothing_through);
	tcase_add_test(t, interrupts_by_entry_only);
	tcase_add_test(t, apic_ids_that_can_be_named);
	tcase_add_test(t, where_interrupts_cannot_be_remapped);
	tcase_add_test(t, faults_are_taken_once);
	tcase_add_test(t, faults_raise_an_interrupt);
	tcase_add_test(t, registers_of_units);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual I/O APIC on top of virtual local APICs: edges, levels, EOI, registers, several units. */
/* unit: hypervisor/emul/vioapic.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c tests/fake/vm_vm.c tests/fake/vm_time.c tests/fake/vm_mem.c tests/fake/vm_virq.c tests/fake/vm_io.c */
#include <check.h>
#include <stdlib.h>

#include "vm_io.h"
#include "vm_mem.h"
#include "vm_time.h"
#include "vm_virq.h"
#include "vm_vm.h"
#include "emul/vioapic.h"
#include "lib/errno.h"
#include "vm/vlapic.h"
#include "x86/apicreg.h"

#define BASE	IOAPIC_BASE_DEFAULT
#define BASE2	0xfec01000ul

static const struct vioapic_layout layout[] = {
	{ .base = BASE, .gsi_base = 0, .nr_pins = 24, .id = 2 },
	{ .base = BASE2, .gsi_base = 24, .nr_pins = 120, .id = 3 },
};

static struct vm *vm;
static struct vcpu *v;
static uint64_t changed_rte;
static uint32_t changed_gsi, ended_gsi;
static unsigned int nr_changed, nr_ended;
static bool lower_at_eoi;

static void note_change(struct vm *who, uint32_t gsi, uint64_t rte)
{
	(void)who;
	changed_gsi = gsi;
	changed_rte = rte;
	nr_changed++;
}

static void note_eoi(struct vm *who, uint32_t gsi)
{
	ended_gsi = gsi;
	nr_ended++;
	/* The lock is free here, or this would hang. */
	if (lower_at_eoi)
		ck_assert_int_eq(vioapic_set_line(who, gsi, false), 0);
}

static const struct vioapic_ops ops = { .rte_changed = note_change, .eoi = note_eoi };

static void setup(void)
{
	unsigned int i;

	vm = fake_vm_create(2);
	fake_time_reset();
	fake_io_reset();
	fake_virq = (struct fake_virq){ .post = vlapic_post };
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(vlapic_create(vm->vcpus[i]), 0);
		ck_assert_int_eq(vlapic_mmio_write(vm->vcpus[i], APIC_SVR, 0x1ff), 0);
	}
	v = vm->vcpus[0];
	ck_assert_int_eq(vioapic_create(vm, layout, 2, &ops), 0);
	nr_changed = nr_ended = 0;
	lower_at_eoi = false;
}

static void teardown(void)
{
	vioapic_destroy(vm);
	ck_assert_uint_eq(fake_io_nr_regions(), 0);
	vlapic_destroy(vm->vcpus[0]);
	vlapic_destroy(vm->vcpus[1]);
	fake_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static uint32_t rd(uint64_t base, uint32_t reg)
{
	fake_io_write(v, IO_MMIO, base + IOAPIC_REGSEL, 4, reg);
	return (uint32_t)fake_io_read(v, IO_MMIO, base + IOAPIC_WIN, 4);
}

static void wr(uint64_t base, uint32_t reg, uint32_t value)
{
	fake_io_write(v, IO_MMIO, base + IOAPIC_REGSEL, 4, reg);
	fake_io_write(v, IO_MMIO, base + IOAPIC_WIN, 4, value);
}

static void set_rte(uint32_t pin, uint64_t rte)
{
	wr(BASE, IOAPIC_REG_RTE_HIGH(pin), (uint32_t)(rte >> 32));
	wr(BASE, IOAPIC_REG_RTE_LOW(pin), (uint32_t)rte);
}

static uint64_t rte(uint32_t gsi)
{
	uint64_t value;

	ck_assert(vioapic_rte(vm, gsi, &value));
	return value;
}

static void line(uint32_t gsi, bool level)
{
	ck_assert_int_eq(vioapic_set_line(vm, gsi, level), 0);
}

/* Takes the next interrupt of a vCPU into service; -1: none. */
static int take(unsigned int n)
{
	int vector;

	vlapic_sync(vm->vcpus[n]);
	vector = vlapic_pending(vm->vcpus[n]);
	if (vector >= 0)
		vlapic_accept(vm->vcpus[n], (uint8_t)vector);
	return vector;
}

static void eoi(unsigned int n)
{
	ck_assert_int_eq(vlapic_mmio_write(vm->vcpus[n], APIC_EOI, 0), 0);
}

START_TEST(registers)
{
	ck_assert_uint_eq(rd(BASE, IOAPIC_REG_VERSION), 0x20 | 23 << 16);
	ck_assert_uint_eq(rd(BASE2, IOAPIC_REG_VERSION), 0x20 | 119 << 16);
	ck_assert_uint_eq(rd(BASE, IOAPIC_REG_ID), 2u << 24);
	ck_assert_uint_eq(rd(BASE2, IOAPIC_REG_ARB), 3u << 24);
	wr(BASE, IOAPIC_REG_ID, 0xffffffff);
	ck_assert_uint_eq(rd(BASE, IOAPIC_REG_ID), 0x0f000000);
	wr(BASE, IOAPIC_REG_VERSION, 0);
	ck_assert_uint_eq(rd(BASE, IOAPIC_REG_VERSION), 0x20 | 23 << 16);
	ck_assert_uint_eq(rd(BASE, IOAPIC_REG_RTE_LOW(23)), IOAPIC_RTE_MASKED);
	ck_assert_uint_eq(rd(BASE, IOAPIC_REG_RTE_LOW(24)), 0);
	wr(BASE, IOAPIC_REG_RTE_LOW(24), 0x31);
	wr(BASE, 0xff, 0x31);
	wr(BASE, 0x03, 0x31);
	set_rte(5, ~0ul);
	ck_assert_uint_eq(rd(BASE, IOAPIC_REG_RTE_LOW(5)), 0x1afff);
	ck_assert_uint_eq(rd(BASE, IOAPIC_REG_RTE_HIGH(5)), 0xff000000);
	ck_assert_uint_eq(vioapic_nr_gsi(vm), 144);
	ck_assert_int_eq(vioapic_set_line(vm, 144, true), -EINVAL);
	/* Narrow, wide and stray accesses. */
	fake_io_write(v, IO_MMIO, BASE + IOAPIC_REGSEL, 1, 1);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, BASE + IOAPIC_WIN, 1), 0x20);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, BASE + IOAPIC_WIN, 8), 0x20 | 23 << 16);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, BASE + IOAPIC_REGSEL, 4), 1);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, BASE + 0x18, 4), 0);
	fake_io_write(v, IO_MMIO, BASE + IOAPIC_REGSEL, 4, IOAPIC_REG_RTE_LOW(7));
	fake_io_write(v, IO_MMIO, BASE + IOAPIC_WIN, 1, 0x44);
	ck_assert_uint_eq(rte(7), IOAPIC_RTE_MASKED);
	fake_io_write(v, IO_MMIO, BASE + 0xffc, 4, ~0ul);
	ck_assert_int_eq(fake_io_result, IO_DONE);
}
END_TEST

START_TEST(edge)
{
	set_rte(4, 0x34);
	line(4, true);
	line(4, true);
	ck_assert_int_eq(take(0), 0x34);
	eoi(0);
	ck_assert_int_eq(take(0), -1);
	line(4, false);
	ck_assert_int_eq(take(0), -1);
	line(4, true);
	ck_assert_int_eq(take(0), 0x34);
	ck_assert_uint_eq(rte(4) & IOAPIC_RTE_REMOTE_IRR, 0);
	ck_assert_uint_eq(nr_ended, 0);
}
END_TEST

START_TEST(masked_edge_is_lost)
{
	set_rte(4, IOAPIC_RTE_MASKED | 0x34);
	line(4, true);
	set_rte(4, 0x34);
	ck_assert_int_eq(take(0), -1);
	line(4, false);
	line(4, true);
	ck_assert_int_eq(take(0), 0x34);
}
END_TEST

START_TEST(level_until_it_falls)
{
	set_rte(10, IOAPIC_RTE_LEVEL | IOAPIC_RTE_ACTIVE_LOW | 0x5a);
	line(10, true);
	ck_assert_uint_ne(rte(10) & IOAPIC_RTE_REMOTE_IRR, 0);
	ck_assert_int_eq(take(0), 0x5a);
	ck_assert_int_eq(take(0), -1);
	eoi(0);			/* still asserted: again at once */
	ck_assert_uint_eq(ended_gsi, 10);
	ck_assert_int_eq(take(0), 0x5a);
	line(10, false);
	eoi(0);
	ck_assert_int_eq(take(0), -1);
	ck_assert_uint_eq(rte(10) & IOAPIC_RTE_REMOTE_IRR, 0);
	ck_assert_uint_eq(nr_ended, 2);
	/* Falls and rises while in service: no second message before the EOI. */
	line(10, true);
	ck_assert_int_eq(take(0), 0x5a);
	line(10, false);
	line(10, true);
	ck_assert_int_eq(take(0), -1);
	eoi(0);
	ck_assert_int_eq(take(0), 0x5a);
}
END_TEST

START_TEST(masked_level_waits)
{
	set_rte(10, IOAPIC_RTE_MASKED | IOAPIC_RTE_LEVEL | 0x5a);
	line(10, true);
	ck_assert_int_eq(take(0), -1);
	set_rte(10, IOAPIC_RTE_LEVEL | 0x5a);
	ck_assert_int_eq(take(0), 0x5a);
	/* Masked in service (as a threaded handler does): the EOI does not bring it back, unmasking does. */
	set_rte(10, IOAPIC_RTE_MASKED | IOAPIC_RTE_LEVEL | 0x5a);
	ck_assert_uint_ne(rte(10) & IOAPIC_RTE_REMOTE_IRR, 0);
	eoi(0);
	ck_assert_int_eq(take(0), -1);
	set_rte(10, IOAPIC_RTE_LEVEL | 0x5a);
	ck_assert_int_eq(take(0), 0x5a);
}
END_TEST

START_TEST(owner_lowers_line_at_eoi)
{
	lower_at_eoi = true;
	set_rte(11, IOAPIC_RTE_LEVEL | 0x61);
	line(11, true);
	ck_assert_int_eq(take(0), 0x61);
	eoi(0);
	ck_assert_uint_eq(nr_ended, 1);
	ck_assert_int_eq(take(0), -1);
}
END_TEST

START_TEST(eoi_register_and_trick)
{
	set_rte(10, IOAPIC_RTE_LEVEL | 0x5a);
	line(10, true);
	ck_assert_int_eq(take(0), 0x5a);
	line(10, false);
	fake_io_write(v, IO_MMIO, BASE + IOAPIC_EOI, 4, 0x5b);
	ck_assert_uint_ne(rte(10) & IOAPIC_RTE_REMOTE_IRR, 0);
	fake_io_write(v, IO_MMIO, BASE2 + IOAPIC_EOI, 4, 0x5a);	/* another unit */
	ck_assert_uint_ne(rte(10) & IOAPIC_RTE_REMOTE_IRR, 0);
	fake_io_write(v, IO_MMIO, BASE + IOAPIC_EOI, 4, 0x5a);
	ck_assert_uint_eq(rte(10) & IOAPIC_RTE_REMOTE_IRR, 0);
	ck_assert_uint_eq(nr_ended, 1);
	line(10, true);
	ck_assert_uint_ne(rte(10) & IOAPIC_RTE_REMOTE_IRR, 0);
	line(10, false);
	/* To edge and back: guests clear remote IRR so. */
	set_rte(10, IOAPIC_RTE_MASKED | 0x5a);
	ck_assert_uint_eq(rte(10) & IOAPIC_RTE_REMOTE_IRR, 0);
}
END_TEST

START_TEST(shared_vector)
{
	set_rte(10, IOAPIC_RTE_LEVEL | 0x5a);
	wr(BASE2, IOAPIC_REG_RTE_LOW(119), IOAPIC_RTE_LEVEL | 0x5a);
	line(10, true);
	line(143, true);
	line(10, false);
	ck_assert_int_eq(take(0), 0x5a);
	eoi(0);
	ck_assert_uint_eq(nr_ended, 2);
	ck_assert_uint_eq(rte(10) & IOAPIC_RTE_REMOTE_IRR, 0);
	ck_assert_uint_ne(rte(143) & IOAPIC_RTE_REMOTE_IRR, 0);	/* still asserted */
	ck_assert_int_eq(take(0), 0x5a);
}
END_TEST

START_TEST(destinations_and_modes)
{
	set_rte(1, 1ul << IOAPIC_RTE_DEST_SHIFT | 0x41);
	line(1, true);
	ck_assert_int_eq(take(0), -1);
	ck_assert_int_eq(take(1), 0x41);
	ck_assert_int_eq(vlapic_mmio_write(vm->vcpus[0], APIC_LDR, 1u << 24), 0);
	ck_assert_int_eq(vlapic_mmio_write(vm->vcpus[1], APIC_LDR, 2u << 24), 0);
	set_rte(2, 3ul << IOAPIC_RTE_DEST_SHIFT | IOAPIC_RTE_LOGICAL | 0x52);
	line(2, true);
	ck_assert_int_eq(take(0), 0x52);
	ck_assert_int_eq(take(1), 0x52);
	set_rte(3, IOAPIC_RTE_DM_NMI | IOAPIC_RTE_LEVEL);
	line(3, true);
	ck_assert(fake_vm_take_request(v, REQ_NMI));
	ck_assert_uint_eq(rte(3) & IOAPIC_RTE_REMOTE_IRR, 0);
	set_rte(5, IOAPIC_RTE_DM_INIT);
	line(5, true);
	ck_assert(fake_vm_take_request(v, REQ_INIT));
	set_rte(6, IOAPIC_RTE_DM_EXTINT | 0x66);
	line(6, true);
	set_rte(7, 6ul << IOAPIC_RTE_DM_SHIFT | 0x67);
	line(7, true);
	ck_assert(!fake_vm_take_request(v, REQ_SIPI));
	ck_assert_int_eq(take(0), -1);
	ck_assert_uint_eq(rte(6), IOAPIC_RTE_DM_EXTINT | 0x66);
}
END_TEST

START_TEST(nobody_there)
{
	set_rte(12, 9ul << IOAPIC_RTE_DEST_SHIFT | IOAPIC_RTE_LEVEL | 0x70);
	line(12, true);
	ck_assert_uint_eq(rte(12) & IOAPIC_RTE_REMOTE_IRR, 0);
	set_rte(12, IOAPIC_RTE_LEVEL | 0x70);	/* sent when the guest names somebody */
	ck_assert_int_eq(take(0), 0x70);
}
END_TEST

START_TEST(owner_hears_of_changes)
{
	set_rte(9, 1ul << IOAPIC_RTE_DEST_SHIFT | IOAPIC_RTE_LEVEL | 0x39);
	ck_assert_uint_eq(nr_changed, 2);
	ck_assert_uint_eq(changed_gsi, 9);
	ck_assert_uint_eq(changed_rte, 1ul << IOAPIC_RTE_DEST_SHIFT | IOAPIC_RTE_LEVEL | 0x39);
	set_rte(9, 1ul << IOAPIC_RTE_DEST_SHIFT | IOAPIC_RTE_LEVEL | 0x39);
	ck_assert_uint_eq(nr_changed, 2);
	wr(BASE2, IOAPIC_REG_RTE_LOW(0), 0x40);
	ck_assert_uint_eq(changed_gsi, 24);
	vioapic_reset(vm);
	ck_assert_uint_eq(nr_changed, 5);
	ck_assert_uint_eq(rte(9), IOAPIC_RTE_MASKED);
}
END_TEST

START_TEST(reset_forgets_service)
{
	set_rte(10, IOAPIC_RTE_LEVEL | 0x5a);
	line(10, true);
	vioapic_reset(vm);
	vioapic_eoi(vm, 0x5a);
	ck_assert_uint_eq(nr_ended, 0);
	set_rte(10, IOAPIC_RTE_LEVEL | 0x5a);	/* the line is still asserted */
	ck_assert_uint_ne(rte(10) & IOAPIC_RTE_REMOTE_IRR, 0);
}
END_TEST

START_TEST(bad_layouts)
{
	struct vm *other = fake_vm_create(1);
	struct vioapic_layout bad[2] = { layout[0], layout[1] };

	ck_assert_int_eq(vioapic_create(other, bad, 0, NULL), -EINVAL);
	ck_assert_int_eq(vioapic_create(other, bad, 9, NULL), -EINVAL);
	bad[1].nr_pins = 0;
	ck_assert_int_eq(vioapic_create(other, bad, 2, NULL), -EINVAL);
	bad[1].nr_pins = 121;
	ck_assert_int_eq(vioapic_create(other, bad, 2, NULL), -EINVAL);
	bad[1] = bad[0];
	ck_assert_int_eq(vioapic_create(other, bad, 2, NULL), -EEXIST);
	fake_mem_empty = true;
	ck_assert_int_eq(vioapic_create(other, layout, 2, NULL), -ENOMEM);
	fake_mem_empty = false;
	ck_assert_uint_eq(fake_io_nr_regions(), 2);
	ck_assert_ptr_null(other->vioapic);
	ck_assert_int_eq(vioapic_set_line(other, 1, true), -EINVAL);
	fake_vm_destroy(other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vioapic");
	TCase *c = tcase_create("vioapic");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, registers);
	tcase_add_test(c, edge);
	tcase_add_test(c, masked_edge_is_lost);
	tcase_add_test(c, level_until_it_falls);
	tcase_add_test(c, masked_level_waits);
	tcase_add_test(c, owner_lowers_line_at_eoi);
	tcase_add_test(c, eoi_register_and_trick);
	tcase_add_test(c, shared_vector);
	tcase_add_test(c, destinations_and_modes);
	tcase_add_test(c, nobody_there);
	tcase_add_test(c, owner_hears_of_changes);
	tcase_add_test(c, reset_forgets_service);
	tcase_add_test(c, bad_layouts);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

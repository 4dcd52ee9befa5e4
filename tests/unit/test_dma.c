/* SPDX-License-Identifier: BSD-3-Clause */
/* What the Service VM's devices are given: its RAM and the firmware's reservations, nothing of ours or of other VMs. */
/* unit: hypervisor/machine/dma.c hypervisor/mm/e820.c tests/fake/vtd.c tests/fake/vm_mem.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "vm_mem.h"
#include "vtd.h"
#include "hw/acpi.h"
#include "hw/pci.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "machine/machine.h"
#include "machine/parts.h"
#include "mm/e820.h"
#include "vm/vm.h"

#define OURS	0x4000000ul	/* 64 MiB: page pool and another VM's RAM */
#define OURS_SIZE 0x2000000ul

struct acpi_info acpi;

static struct vm vm;
static const struct machine_request req = { .name = "service" };

void pci_scan(void (*fn)(uint16_t bdf, void *arg), void *arg)
{
	fn(0x0000, arg);
	fn(0x00f8, arg);
	fn(0x0100, arg);
}

static void setup(void)
{
	memset(&vm, 0, sizeof(vm));
	memset(&host_e820, 0, sizeof(host_e820));
	fake_vtd = (struct fake_vtd){ .ready = true };
	acpi = (struct acpi_info){ .nr_cpus = 1 };
	ck_assert_int_eq(e820_add(&host_e820, 0, 0x9fc00, E820_RAM), 0);
	ck_assert_int_eq(e820_add(&host_e820, 0x9fc00, 0x400, E820_RESERVED), 0);
	ck_assert_int_eq(e820_add(&host_e820, 0x100000, 0x7f00000, E820_RAM), 0);
	ck_assert_int_eq(e820_add(&host_e820, 0x8000000, 0x10000, E820_ACPI), 0);
	ck_assert_int_eq(e820_add(&host_e820, 0x8010000, 0x100000, E820_RESERVED), 0);
	ck_assert_int_eq(e820_add(&host_e820, 1ul << 32, 0x1000800, E820_RAM), 0);
	e820_firmware = host_e820;
	ck_assert_int_eq(e820_carve(&host_e820, OURS, OURS_SIZE, E820_RESERVED), 0);
}

static void teardown(void)
{
	dma_destroy(&vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
	ck_assert_uint_eq(fake_vtd.nr_domains, 0);
}

static bool reached(uint64_t at)
{
	for (unsigned int i = 0; i < fake_vtd.nr_maps; i++) {
		/* One to one, readable and writable. */
		ck_assert_uint_eq(fake_vtd.map[i].at, fake_vtd.map[i].pa);
		ck_assert_uint_eq(fake_vtd.map[i].attr, PG_R | PG_W);
		ck_assert(IS_ALIGNED(fake_vtd.map[i].at | fake_vtd.map[i].size, PAGE_SIZE));
		if (at - fake_vtd.map[i].at < fake_vtd.map[i].size)
			return true;
	}
	return false;
}

START_TEST(ram_that_is_its_own)
{
	ck_assert_int_eq(dma_create(&vm, &req), 0);
	ck_assert_ptr_nonnull(vm.dma);
	ck_assert(reached(0) && reached(0x9efff) && reached(0x100000) && reached(OURS - 1));
	ck_assert(reached(OURS + OURS_SIZE) && reached(0x7ffffff) && reached(1ul << 32) && reached((1ul << 32) + 0xffffff));
	ck_assert(!reached(OURS) && !reached(OURS + OURS_SIZE - 1));
	/* A page that is RAM in part only; tables; reserved; device memory and interrupt controllers; beyond. */
	ck_assert(!reached(0x9f000) && !reached(0x8000000) && !reached(0x8010000));
	ck_assert(!reached(0xc0000000) && !reached(0xfec00000) && !reached(0xfee00000));
	ck_assert(!reached((1ul << 32) + 0x1000000));
	ck_assert_uint_eq(fake_vtd.nr_attached, 3);
	ck_assert(fake_vtd.attached[0xf8] == vm.dma->domain_id && fake_vtd.attached[0x100]);
}
END_TEST

/* Reserved for a device; but what the firmware itself calls RAM may be ours by now. */
START_TEST(reserved_for_devices)
{
	acpi.dmar.nr_rmrrs = 3;
	acpi.dmar.rmrr[0].base = 0x8020000;
	acpi.dmar.rmrr[0].size = 0x4000;
	acpi.dmar.rmrr[1].base = OURS + 0x10000;
	acpi.dmar.rmrr[1].size = 0x1000;
	acpi.dmar.rmrr[2].base = 0;
	acpi.dmar.rmrr[2].size = 1ul << 51;
	ck_assert_int_eq(dma_create(&vm, &req), 0);
	ck_assert(reached(0x8020000) && reached(0x8023fff) && !reached(0x8024000));
	ck_assert(!reached(OURS + 0x10000) && !reached(0xfee00000));
}
END_TEST

START_TEST(without_an_iommu)
{
	fake_vtd.ready = false;
	ck_assert_int_eq(dma_create(&vm, &req), 0);
	ck_assert_ptr_null(vm.dma);
	ck_assert_uint_eq(fake_vtd.nr_maps + fake_vtd.nr_attached + fake_vtd.nr_domains, 0);
}
END_TEST

START_TEST(failures_leave_nothing)
{
	fake_vtd.fails = true;
	ck_assert_int_eq(dma_create(&vm, &req), 0);
	ck_assert_ptr_null(vm.dma);
	fake_vtd.fails = false;
	fake_mem_empty = true;
	ck_assert_int_eq(dma_create(&vm, &req), 0);
	ck_assert_ptr_null(vm.dma);
	fake_mem_empty = false;
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dma");
	TCase *t = tcase_create("dma");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, ram_that_is_its_own);
	tcase_add_test(t, reserved_for_devices);
	tcase_add_test(t, without_an_iommu);
	tcase_add_test(t, failures_leave_nothing);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The IOMMU's part of the boot: when it is used, what is said when not, and how faults are told. */
/* unit: hypervisor/boot/iommu.c tests/fake/vtd.c tests/fake/vm_time.c */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm_time.h"
#include "vtd.h"
#include "boot/iommu.h"
#include "boot/manager.h"
#include "cpu/features.h"
#include "cpu/percpu.h"
#include "hw/acpi.h"
#include "irq/lapic.h"
#include "irq/vector.h"
#include "lib/errno.h"
#include "log/log.h"
#include "vm/vm.h"

#define VECTOR	0x45
#define SECOND	1000000000ul	/* ticks */

struct acpi_info acpi;
struct vm *service_vm;

static struct vm vm;
static struct vtd_domain domain;
static char said[8192];
static bool has[NR_FEATURES];
static uint32_t manager = 2;
static void (*handler)(void *arg, uint8_t vector);
static int vector_err;

bool feature_has(enum feature f) { return has[f]; }
bool lapic_is_x2apic(void) { return true; }
uint32_t manager_cpu(void) { return manager; }

int vector_get(void (*fn)(void *arg, uint8_t vector), void *arg)
{
	ck_assert_ptr_null(arg);
	handler = fn;
	return vector_err ? vector_err : VECTOR;
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	n += (size_t)vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
	snprintf(said + n, sizeof(said) - n, "\n");
}

static unsigned int lines(void)
{
	unsigned int n = 0;

	for (const char *p = said; (p = strchr(p, '\n')); p++)
		n++;
	said[0] = 0;
	return n;
}

static void setup(void)
{
	fake_time_reset();
	fake_vtd = (struct fake_vtd){ 0 };
	acpi.dmar = (struct acpi_dmar){ .found = true, .nr_units = 2 };
	memset(has, 1, sizeof(has));
	vm.dma = &domain;
	service_vm = &vm;
	percpu_area[2].apic_id = 0x104;
	said[0] = 0;
}

static void boot(void)
{
	iommu_prepare();
	iommu_enable();
}

START_TEST(used_when_there)
{
	boot();
	ck_assert(fake_vtd.enabled && fake_vtd.wants_ir && fake_vtd.x2apic);
	ck_assert_uint_eq(fake_vtd.fault_apic_id, 0x104);
	ck_assert_uint_eq(fake_vtd.fault_vector, VECTOR);
	ck_assert_str_eq(said, "iommu: DMA is confined to the Service VM's memory by 2 units\n");
}
END_TEST

START_TEST(interrupts_masked)
{
	has[FEAT_INTR_REMAP] = false;
	boot();
	ck_assert(fake_vtd.enabled && !fake_vtd.wants_ir);
	ck_assert_ptr_nonnull(strstr(said, "interrupts are not remapped: a device can raise any vector"));
}
END_TEST

/* Whatever it is: one line, nothing on. */
START_TEST(not_used)
{
	static const char *const why[] = {
		"masked by the boot option", "this machine has none (no DMAR table)", "the firmware's DMAR table cannot be used",
		"cannot be used", "could not be turned on", "the Service VM's memory does not fit its tables",
	};
	char line[200];

	for (unsigned int i = 0; i < 6; i++) {
		setup();
		has[FEAT_IOMMU] = i != 0;
		acpi.dmar.found = i != 1;
		acpi.dmar.nr_units = i == 1 || i == 2 ? 0 : 2;
		fake_vtd.init_err = i == 3 ? -ENODEV : 0;
		fake_vtd.enable_err = i == 4 ? -ETIMEDOUT : 0;
		vm.dma = i == 4 ? &domain : NULL;
		boot();
		snprintf(line, sizeof(line), "iommu: %s: DMA of devices is not confined\n", why[i]);
		ck_assert_str_eq(said, line);
		ck_assert(!fake_vtd.enabled && !fake_vtd.fault_vector);
		ck_assert_ptr_null(vm.dma);
	}
}
END_TEST

START_TEST(without_a_service_vm_all_is_blocked)
{
	service_vm = NULL;
	boot();
	ck_assert(fake_vtd.enabled);
	ck_assert_str_eq(said, "iommu: DMA is confined to nothing by 2 units\n");
}
END_TEST

START_TEST(nobody_to_tell)
{
	vector_err = -ENOSPC;
	boot();
	ck_assert(fake_vtd.enabled && !fake_vtd.fault_vector);
	ck_assert_ptr_nonnull(strstr(said, "what it stops is not told"));
	vector_err = 0;
	manager = MAX_PCPUS;
	handler = NULL;
	boot();
	ck_assert_ptr_null(handler);
	manager = 2;
}
END_TEST

START_TEST(faults_are_told)
{
	boot();
	said[0] = 0;
	fake_vtd.fault = (struct vtd_fault){ .addr = 0x1f000000, .source = 0x0321, .reason = 5 };
	fake_vtd.nr_faults = 1;
	handler(NULL, VECTOR);
	ck_assert_str_eq(said, "iommu: stopped 03:04.1's DMA, a write at 0x1f000000 (reason 0x5)\n");
	ck_assert(fake_vtd.masked);
	said[0] = 0;
	fake_time_pass(SECOND);
	ck_assert_str_eq(said, "");
	ck_assert(!fake_vtd.masked);
	fake_vtd.fault = (struct vtd_fault){ .addr = 0x41, .source = 0x18, .reason = 0x22, .interrupt = true };
	fake_vtd.nr_faults = 1;
	handler(NULL, VECTOR);
	ck_assert_str_eq(said, "iommu: stopped an interrupt of 00:03.0, entry 65 (reason 0x22)\n");
}
END_TEST

/* A device that does nothing else: some lines a second, one interrupt, and never an endless loop. */
START_TEST(a_flood_is_damped)
{
	boot();
	said[0] = 0;
	fake_vtd.nr_faults = 1000000;
	handler(NULL, VECTOR);
	ck_assert_uint_eq(lines(), 5);
	ck_assert_uint_eq(fake_vtd.nr_faults, 1000000 - 64);
	for (unsigned int i = 0; i < 3; i++) {
		fake_time_pass(SECOND);
		ck_assert(fake_vtd.masked);
		ck_assert_uint_eq(lines(), 1);
	}
	fake_vtd.nr_faults = 3;
	fake_time_pass(SECOND);
	ck_assert(!fake_vtd.masked);
	ck_assert_ptr_nonnull(strstr(said, "259 recorded since the start"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("iommu");
	TCase *t = tcase_create("iommu");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, used_when_there);
	tcase_add_test(t, interrupts_masked);
	tcase_add_test(t, not_used);
	tcase_add_test(t, without_a_service_vm_all_is_blocked);
	tcase_add_test(t, nobody_to_tell);
	tcase_add_test(t, faults_are_told);
	tcase_add_test(t, a_flood_is_damped);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

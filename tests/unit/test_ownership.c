/* SPDX-License-Identifier: BSD-3-Clause */
/* The check of who owns memory: a machine of four VMs that is right, and each way to make it wrong. */
/* unit: hypervisor/machine/ownership.c hypervisor/mm/hostcheck.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/mm/e820.c tests/fake/vm_vm.c tests/fake/hv_string.c tests/fake/vtd.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emul/vpci/ivshmem.h"
#include "hw/acpi.h"
#include "irq/ioapic.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/ownership.h"
#include "mm/e820.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "mm/pgtable.h"
#include "vm_vm.h"
#include "vtd.h"

#define RAM_END	0x40000000ul	/* 1 GiB; devices behind it up to 4 GiB */
#define IMAGE	0x200000ul	/* code, constants, data: a page each */
#define POOL	0x3fe00000ul
#define MODULE	0x3fd00000ul
#define SHARED	0x3fc00000ul	/* by the pre-launched VM and a user VM, 64 KiB */
#define SHARED_SIZE 0x10000ul
#define RT_RAM	0x10000000ul	/* of the pre-launched VM, 32 MiB */
#define RT_SIZE	(32ul << 20)
#define IOAPIC	0xfec00000ul
#define DEVICE	0xe0000000ul
#define IOMMU	0xfed90000ul	/* where the fake one is */
#define STACKS	HOST_STACK_BASE
#define RWX	(PG_R | PG_W | PG_X)

enum { RT, SERVICE, USER, OTHER, NR };

struct acpi_info acpi = { .lapic_base = 0xfee00000, .dmar = { .found = true, .nr_units = 1 } };
static struct vtd_domain dma;
static struct pgtable host;
static struct vm *vms[NR];
static char said[4096];
static unsigned int entered;

/* ---- what the check asks ---- */

uint32_t ioapic_count(void) { return 1; }

void ioapic_info(uint32_t i, uint64_t *base, uint32_t *gsi_base, uint32_t *nr_pins, uint32_t *id)
{
	*base = IOAPIC;
	*gsi_base = *nr_pins = *id = i;
}

bool ivshmem_region_get(uint32_t index, hpa_t *memory, uint64_t *size, uint32_t *who)
{
	*memory = hpa(SHARED);
	*size = SHARED_SIZE;
	*who = 1u << (RT + 3) | 1u << (USER + 3);
	return index == 2;
}

void hostmap_image(hpa_t *start, uint64_t *size) { *start = hpa(IMAGE); *size = 3 * PAGE_SIZE; }
void frame_pool(hpa_t *start, uint64_t *size) { *start = hpa(POOL); *size = SIZE_2M; }
const struct pgtable *hostmap_table(void) { return &host; }
bool hostmap_readable(uint64_t va) { return !pgtable_lookup(&host, va, NULL, NULL, NULL); }
uint64_t hostmap_guard(uint32_t n) { return n < 2 ? STACKS + n * 16 * PAGE_SIZE : 0; }
void vm_table_enter(void) { entered++; }
void vm_table_leave(void) { entered--; }

void hostmap_text(hpa_t *text, hpa_t *rodata, hpa_t *end)
{
	*text = hpa(IMAGE);
	*rodata = hpa(IMAGE + PAGE_SIZE);
	*end = hpa(IMAGE + 2 * PAGE_SIZE);
}

static bool empty;

void *frame_get(uint32_t nr_pages)
{
	void *p = empty ? NULL : aligned_alloc(PAGE_SIZE, nr_pages * PAGE_SIZE);

	return p ? memset(p, 0, nr_pages * PAGE_SIZE) : NULL;
}

void frame_put(void *p, uint32_t nr_pages)
{
	(void)nr_pages;
	free(p);
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

int log_error_origin(int e, const char *file, int line)
{
	(void)file;
	(void)line;
	return e;
}

/* ---- the machine ---- */

static void map(struct pgtable *pt, uint64_t va, uint64_t pa, uint64_t size, uint32_t attr)
{
	ck_assert_int_eq(pgtable_map(pt, va, hpa(pa), size, attr), 0);
}

static void unmap(struct pgtable *pt, uint64_t va, uint64_t size)
{
	ck_assert_int_eq(pgtable_unmap(pt, va, size), 0);
}

static void make_host(void)
{
	ck_assert_int_eq(pgtable_init(&host, &pgtable_host), 0);
	map(&host, 0x0ul - (1ul << 47), 0, RAM_END, PG_R | PG_W);
	ck_assert_int_eq(pgtable_protect(&host, IMAGE - (1ul << 47), 2 * PAGE_SIZE, PG_W, 0), 0);
	map(&host, HOST_IMAGE_BASE + IMAGE, IMAGE, PAGE_SIZE, PG_R | PG_X);
	map(&host, HOST_IMAGE_BASE + IMAGE + PAGE_SIZE, IMAGE + PAGE_SIZE, PAGE_SIZE, PG_R);
	map(&host, HOST_IMAGE_BASE + IMAGE + 2 * PAGE_SIZE, IMAGE + 2 * PAGE_SIZE, PAGE_SIZE, PG_R | PG_W);
	map(&host, STACKS + PAGE_SIZE, POOL + 0x10000, 4 * PAGE_SIZE, PG_R | PG_W);
}

static void make_vm(unsigned int i, uint8_t load_order, const char *name)
{
	vms[i] = fake_vm_create(0);
	vms[i]->vm_id = (uint16_t)(i + 3);
	vms[i]->load_order = load_order;
	strcpy(vms[i]->name, name);
	ck_assert_int_eq(pgtable_init(&vms[i]->ept, &pgtable_ept), 0);
	vm_table[i + 3] = vms[i];
}

static void make_service(void)
{
	struct pgtable *ept = &vms[SERVICE]->ept;

	map(ept, 0, 0, 1ul << 32, RWX | PG_UC);
	unmap(ept, 0, RAM_END);
	map(ept, PAGE_SIZE, PAGE_SIZE, IMAGE - PAGE_SIZE, RWX);
	map(ept, IMAGE + 3 * PAGE_SIZE, IMAGE + 3 * PAGE_SIZE, MODULE - IMAGE - 3 * PAGE_SIZE, RWX);
	unmap(ept, RT_RAM, RT_SIZE);
	unmap(ept, SHARED, SHARED_SIZE);
	unmap(ept, IOAPIC, PAGE_SIZE);
	unmap(ept, acpi.lapic_base, PAGE_SIZE);
	unmap(ept, IOMMU, PAGE_SIZE);
	service_vm = vms[SERVICE];
	service_vm->dma = &dma;
	ck_assert_int_eq(pgtable_init(&dma.pt, &pgtable_vtd), 0);
	map(&dma.pt, 0x20000000, 0x20000000, RT_SIZE, PG_R | PG_W);
}

static void setup(void)
{
	pgtable_set_caps(3, 3, true);
	said[0] = 0;
	empty = false;
	e820_firmware = (struct e820_map){ 2, { { 0, RAM_END, E820_RAM, 0 }, { 0xfff00000, 0x100000, E820_RESERVED, 0 } } };
	host_e820 = e820_firmware;
	ck_assert_int_eq(e820_carve(&host_e820, 0, PAGE_SIZE, E820_RESERVED), 0);
	ck_assert_int_eq(e820_carve(&host_e820, IMAGE, 3 * PAGE_SIZE, E820_RESERVED), 0);
	ck_assert_int_eq(e820_carve(&host_e820, MODULE, RAM_END - MODULE, E820_RESERVED), 0);
	ck_assert_int_eq(e820_carve(&host_e820, RT_RAM, RT_SIZE, E820_RESERVED), 0);
	ck_assert_int_eq(e820_carve(&host_e820, SHARED, SHARED_SIZE, E820_RESERVED), 0);
	make_host();
	make_vm(RT, SCENARIO_PRE_LAUNCHED, "rt");
	make_vm(SERVICE, SCENARIO_SERVICE, "service");
	make_vm(USER, SCENARIO_POST_LAUNCHED, "user");
	make_vm(OTHER, SCENARIO_POST_LAUNCHED, "other");
	vms[RT]->ram_hpa = RT_RAM;
	vms[RT]->ram_size = RT_SIZE;
	map(&vms[RT]->ept, 0, RT_RAM, RT_SIZE, RWX);
	make_service();
	map(&vms[USER]->ept, 0, 0x20000000, SIZE_2M, RWX);
	/* One page twice in one VM, and a device. */
	map(&vms[USER]->ept, 0xfff00000, 0x20000000, PAGE_SIZE, PG_R | PG_X);
	map(&vms[USER]->ept, DEVICE, DEVICE, PAGE_SIZE, PG_R | PG_W | PG_UC);
	map(&vms[OTHER]->ept, 0, 0x20200000, SIZE_2M, RWX);
	map(&vms[RT]->ept, 1ul << 32, SHARED, SHARED_SIZE, PG_R | PG_W);
	map(&vms[USER]->ept, 1ul << 32, SHARED, SHARED_SIZE, PG_R);
	ck_assert_int_eq(ownership_enable(false), 0);
}

static void teardown(void)
{
	unsigned int i;

	ck_assert_uint_eq(entered, 0);
	pgtable_fini(&host);
	pgtable_fini(&dma.pt);
	for (i = 0; i < NR; i++) {
		pgtable_fini(&vms[i]->ept);
		fake_vm_destroy(vms[i]);
	}
}

static struct ownership_result result(void)
{
	struct ownership_result r;

	ck_assert_int_eq(ownership_check(&r), 0);
	return r;
}

START_TEST(a_right_machine)
{
	struct ownership_result r = result();

	ck_assert_uint_eq(r.nr_faults, 0);
	ck_assert_uint_eq(r.nr_tables, NR + 2);
	ck_assert_uint_gt(r.nr_spans, NR);
	ownership_event("nothing");
	ck_assert_str_eq(said, "");
}
END_TEST

/* ---- planted faults ---- */

static void image_in_service(void) { map(&vms[SERVICE]->ept, IMAGE, IMAGE, PAGE_SIZE, PG_R); }
static void pool_in_service(void) { map(&vms[SERVICE]->ept, POOL, POOL, SIZE_2M, RWX); }
static void pool_in_rt(void) { map(&vms[RT]->ept, RT_SIZE, POOL + SIZE_2M - PAGE_SIZE, PAGE_SIZE, PG_R); }
static void pool_in_user(void) { map(&vms[USER]->ept, SIZE_1G, POOL, PAGE_SIZE, PG_R | PG_W); }
static void module_in_service(void) { map(&vms[SERVICE]->ept, MODULE, MODULE, PAGE_SIZE, PG_R); }
static void page0_in_service(void) { map(&vms[SERVICE]->ept, 0, 0, PAGE_SIZE, PG_R); }
static void rt_in_service(void) { map(&vms[SERVICE]->ept, RT_RAM + RT_SIZE - PAGE_SIZE, RT_RAM + RT_SIZE - PAGE_SIZE, PAGE_SIZE, PG_R); }
static void rt_in_user(void) { map(&vms[USER]->ept, SIZE_1G, RT_RAM, PAGE_SIZE, PG_R); }
static void rt_beyond_its_end(void) { map(&vms[RT]->ept, RT_SIZE, RT_RAM + RT_SIZE, PAGE_SIZE, PG_R); }
static void rt_before_its_start(void) { map(&vms[RT]->ept, SIZE_1G, RT_RAM - PAGE_SIZE, 2 * PAGE_SIZE, PG_R); }
static void ram_in_rt(void) { map(&vms[RT]->ept, SIZE_1G, 0x30000000, PAGE_SIZE, PG_R); }
static void device_in_rt(void) { map(&vms[RT]->ept, DEVICE, DEVICE, PAGE_SIZE, PG_R | PG_W | PG_UC); }
static void ioapic_in_user(void) { map(&vms[USER]->ept, IOAPIC, IOAPIC, PAGE_SIZE, PG_R | PG_W); }
static void lapic_in_service(void) { map(&vms[SERVICE]->ept, acpi.lapic_base, acpi.lapic_base, PAGE_SIZE, PG_R); }
static void iommu_in_service(void) { map(&vms[SERVICE]->ept, IOMMU, IOMMU, PAGE_SIZE, PG_R | PG_UC); }
static void pool_for_devices(void) { map(&dma.pt, POOL, POOL, PAGE_SIZE, PG_R); }
static void rt_for_devices(void) { map(&dma.pt, RT_RAM, RT_RAM, SIZE_2M, PG_R | PG_W); }
static void moved_in_service(void) { map(&vms[SERVICE]->ept, 0x30000000, 0x30001000, PAGE_SIZE, RWX); }
static void lent_twice(void) { map(&vms[OTHER]->ept, SIZE_1G, 0x20000000 + 511 * PAGE_SIZE, PAGE_SIZE, PG_R); }
static void device_lent_twice(void) { map(&vms[OTHER]->ept, SIZE_1G, DEVICE, PAGE_SIZE, PG_R | PG_UC); }
static void lent_span_twice(void) { map(&vms[OTHER]->ept, SIZE_1G, 0x1ff00000, 2 * SIZE_2M, RWX); }
static void lent_read_only(void) { ck_assert_int_eq(pgtable_protect(&vms[SERVICE]->ept, 0x20200000, PAGE_SIZE, PG_W, 0), 0); }
static void lent_and_gone(void) { unmap(&vms[SERVICE]->ept, 0x20201000, PAGE_SIZE); }
static void lent_by_nobody(void) { service_vm = NULL; }
static void shared_in_other(void) { map(&vms[OTHER]->ept, SIZE_1G, SHARED + 4096, PAGE_SIZE, PG_R); }
static void shared_in_service(void) { map(&vms[SERVICE]->ept, SHARED, SHARED, PAGE_SIZE, PG_R); }
static void beyond_shared(void) { map(&vms[RT]->ept, SIZE_1G, SHARED + SHARED_SIZE - PAGE_SIZE, 2 * PAGE_SIZE, PG_R); }
static void writable_text(void) { map(&host, HOST_IMAGE_BASE + IMAGE, IMAGE, PAGE_SIZE, RWX); }
static void text_alias(void) { map(&host, 0x100000, IMAGE, PAGE_SIZE, PG_R | PG_W); }
static void constants_alias(void) { map(&host, 0x100000, IMAGE + PAGE_SIZE, PAGE_SIZE, PG_R | PG_W); }
static void executable_data(void) { ck_assert_int_eq(pgtable_protect(&host, STACKS + PAGE_SIZE, PAGE_SIZE, PG_W, PG_X), 0); }
static void executable_constants(void) { ck_assert_int_eq(pgtable_protect(&host, HOST_IMAGE_BASE + IMAGE + PAGE_SIZE, PAGE_SIZE, 0, PG_X), 0); }
static void guard_mapped(void) { map(&host, STACKS + 16 * PAGE_SIZE, POOL, PAGE_SIZE, PG_R); }

static const struct {
	void (*plant)(void);
	const char *says;
} faults[] = {
	{ image_in_service, "vm service: 200000 maps 200000 (4 KiB), the hypervisor's image\n" },
	{ pool_in_service, "vm service: 3fe00000 maps 3fe00000 (2048 KiB), the hypervisor's page pool\n" },
	{ pool_in_rt, "vm rt: 2000000 maps 3ffff000 (4 KiB), the hypervisor's page pool\n" },
	{ pool_in_user, "vm user: 40000000 maps 3fe00000 (4 KiB), the hypervisor's page pool\n" },
	{ module_in_service, "3fd00000 (4 KiB), memory kept from all VMs\n" },
	{ page0_in_service, "memory kept from all VMs\n" },
	{ rt_in_service, "vm service: 11fff000 maps 11fff000 (4 KiB), a pre-launched VM's memory\n" },
	{ rt_in_user, "vm user: 40000000 maps 10000000 (4 KiB), a pre-launched VM's memory\n" },
	{ rt_beyond_its_end, "vm rt: 2000000 maps 12000000 (4 KiB), memory that is not its own\n" },
	{ rt_before_its_start, "vm rt: 40000000 maps ffff000 (4 KiB), memory that is not its own\n" },
	{ ram_in_rt, "vm rt: 40000000 maps 30000000 (4 KiB), memory that is not its own\n" },
	{ device_in_rt, "vm rt: e0000000 maps e0000000 (4 KiB), a device that the Service VM has\n" },
	{ ioapic_in_user, "vm user: fec00000 maps fec00000 (4 KiB), an interrupt controller\n" },
	{ lapic_in_service, "vm service: fee00000 maps fee00000 (4 KiB), an interrupt controller\n" },
	{ iommu_in_service, "vm service: fed90000 maps fed90000 (4 KiB), an IOMMU\n" },
	{ pool_for_devices, "vm service: 3fe00000 maps 3fe00000 (4 KiB), the hypervisor's page pool\n" },
	{ rt_for_devices, "vm service: 10000000 maps 10000000 (2048 KiB), a pre-launched VM's memory\n" },
	{ moved_in_service, "vm service: 30000000 maps 30001000 (4 KiB), which is not one to one\n" },
	{ lent_twice, "vm other: 40000000 maps 201ff000 (4 KiB), which another user VM has, too\n" },
	{ device_lent_twice, "vm other: 40000000 maps e0000000 (4 KiB), which another user VM has, too\n" },
	{ lent_span_twice, "vm other: 40000000 maps 1ff00000 (4096 KiB), which another user VM has, too\n" },
	{ lent_read_only, "vm other: 0 maps 20200000 (2048 KiB), which is not the Service VM's to lend\n" },
	{ lent_and_gone, "vm other: 0 maps 20200000 (2048 KiB), which is not the Service VM's to lend\n" },
	{ lent_by_nobody, "vm user: 0 maps 20000000 (2048 KiB), which is not the Service VM's to lend\n" },
	{ shared_in_other, "vm other: 40000000 maps 3fc01000 (4 KiB), memory that other VMs share\n" },
	{ shared_in_service, "vm service: 3fc00000 maps 3fc00000 (4 KiB), memory that other VMs share\n" },
	{ beyond_shared, "vm rt: 40001000 maps 3fc10000 (4 KiB), memory that is not its own\n" },
	{ writable_text, "ffffffff80200000 is writable and executable\n" },
	{ text_alias, "host tables: 100000 is a writable alias of code or constants\n" },
	{ constants_alias, "host tables: 100000 is a writable alias of code or constants\n" },
	{ executable_data, "host tables: ffffc00000001000 is executable, but not the image's code\n" },
	{ executable_constants, "host tables: ffffffff80200000 is executable, but not the image's code\n" },
	{ guard_mapped, "host tables: ffffc00000010000 is a guard page, and mapped\n" },
};

START_TEST(planted_fault_is_found)
{
	faults[_i].plant();
	ownership_event("planting");
	ck_assert_msg(strstr(said, faults[_i].says), "%s", said);
	ck_assert_ptr_nonnull(strstr(said, "memory check: FAULT: after planting: "));
	ck_assert_uint_ge(result().nr_faults, 1);
}
END_TEST

START_TEST(lending_twice_may_be_meant)
{
	lent_twice();
	ck_assert_int_eq(ownership_enable(true), 0);
	ck_assert_uint_eq(result().nr_faults, 0);
	pool_in_user();
	ck_assert_uint_eq(result().nr_faults, 1);
}
END_TEST

/* A device that the Service VM has given up may be a pre-launched VM's. */
START_TEST(device_handed_over)
{
	device_in_rt();
	unmap(&vms[SERVICE]->ept, DEVICE, PAGE_SIZE);
	unmap(&vms[USER]->ept, DEVICE, PAGE_SIZE);
	ck_assert_uint_eq(result().nr_faults, 0);
}
END_TEST

START_TEST(many_faults_are_counted)
{
	unsigned int i, lines = 0;
	const char *p;

	for (i = 0; i < 40; i++)
		map(&vms[USER]->ept, SIZE_1G + 2 * i * PAGE_SIZE, POOL, PAGE_SIZE, PG_R);
	ck_assert_uint_eq(result().nr_faults, 40);
	for (p = said; (p = strchr(p, '\n')); p++)
		lines++;
	ck_assert_uint_eq(lines, 8);
}
END_TEST

/* On a CPU that cannot forbid execution nothing can be said about it; writable aliases still count. */
START_TEST(without_no_execute)
{
	pgtable_set_caps(3, 3, false);
	pgtable_fini(&host);
	make_host();
	ck_assert_uint_eq(result().nr_faults, 0);
	text_alias();
	ck_assert_uint_eq(result().nr_faults, 1);
}
END_TEST

/* First in its process: nothing is set up. */
START_TEST(no_memory_for_the_check)
{
	struct ownership_result r;

	empty = true;
	ownership_event("not enabled");
	ck_assert_int_eq(ownership_check(&r), -ENOMEM);
	ck_assert_int_eq(ownership_enable(false), -ENOMEM);
	ownership_event("not enabled");
	ck_assert_uint_eq(entered, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ownership");
	TCase *t = tcase_create("ownership"), *bare = tcase_create("bare");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_right_machine);
	tcase_add_loop_test(t, planted_fault_is_found, 0, ARRAY_SIZE(faults));
	tcase_add_test(t, lending_twice_may_be_meant);
	tcase_add_test(t, device_handed_over);
	tcase_add_test(t, many_faults_are_counted);
	tcase_add_test(t, without_no_execute);
	tcase_add_test(bare, no_memory_for_the_check);
	suite_add_tcase(s, t);
	suite_add_tcase(s, bare);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

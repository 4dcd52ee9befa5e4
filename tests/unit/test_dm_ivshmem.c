/* SPDX-License-Identifier: BSD-3-Clause */
/* acrn-dm's "ivshmem": options, the hypervisor's regions, POSIX shared memory that follows its BAR. */
/* unit: devicemodel/core/bus.c devicemodel/core/config.c devicemodel/core/log.c devicemodel/core/irq.c devicemodel/core/mem.c tests/fake/dm_vm.c tests/fake/dm_hsm.c devicemodel/pci/bus.c devicemodel/pci/cfg.c devicemodel/pci/msix.c devicemodel/pci/ivshmem.c */
/* unit-flags: -Idevicemodel -D_GNU_SOURCE */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/layout.h"
#include "dm_hsm.h"
#include "dm_vm.h"
#include "pci/bus.h"
#include "pci/ivshmem.h"

static struct vm vm;
static char name[32];

static void setup(void)
{
	fake_hsm_clear();
	fake_vm_open(&vm, 16 << 20, 1);
	ck_assert_int_eq(pci_bus_open(&vm), 0);
	snprintf(name, sizeof(name), "/quercus-test-%d", (int)getpid());
}

static void teardown(void)
{
	pci_bus_close(&vm);
	fake_vm_close(&vm);
	ck_assert_int_eq(fake_hsm.nr_vdevs, 0);
	ck_assert_int_eq(fake_hsm.nr_maps, 0);
	shm_unlink(name);
}

static int add(unsigned int slot, const char *opts) { return pci_bus_add(&vm, &ivshmem_ops, slot, 0, opts); }

static int add_dm(unsigned int slot, const char *size)
{
	char opts[64];

	snprintf(opts, sizeof(opts), "dm:%s,%s", name, size);
	return add(slot, opts);
}

static uint32_t cfg(unsigned int slot, unsigned int reg)
{
	return pci_bus_cfg_read(&vm, &(struct pci_address){ 0, slot, 0, reg }, 4);
}

static void set_cfg(unsigned int slot, unsigned int reg, uint32_t value)
{
	pci_bus_cfg_write(&vm, &(struct pci_address){ 0, slot, 0, reg }, 4, value);
}

START_TEST(wrong_options)
{
	static const char *const wrong[] = {
		"", "hv:/shm", "hv:shm,1", "/shm,1", "xx:/shm,1", "hv:/,1", "dm:/a/b,1", "hv:/shm,", "hv:/shm,3", "hv:/shm,2K", "hv:/shm,2G",
		"hv:/shm,-1", "hv:/shm,1T", "hv:/shm,1M,x", "dm:/shm,0", "hv:/shm,18446744073709551616",
		"hv:/a234567890123456789012345678901234567890,1",
	};

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(add(5, wrong[i]) == -EINVAL, "\"%s\"", wrong[i]);
}
END_TEST

START_TEST(region_of_the_hypervisor)
{
	const struct acrn_vdev *v = &fake_hsm.vdev;

	ck_assert_int_eq(add(5, "hv:/work,64K"), 0);
	ck_assert_uint_eq(v->id.value, VDEV_ID_IVSHMEM);
	ck_assert_uint_eq(v->slot, 5 << 3);
	ck_assert_str_eq((const char *)v->args, "/work");
	ck_assert_uint_eq(v->io_size[2], 65536);
	ck_assert_uint_ge(v->io_addr[0], LAYOUT_PCI32_BASE);
	ck_assert_uint_eq(v->io_addr[1], v->io_addr[0] + 4096);
	ck_assert_uint_ge((uint64_t)v->io_addr[3] << 32 | v->io_addr[2], LAYOUT_PCI64_BASE);
	ck_assert_uint_ge(v->io_addr[4], LAYOUT_PCIIO_BASE);
	/* The slot is taken, but there is nobody to be seen here. */
	ck_assert_uint_eq(cfg(5, 0), ~0u);
	ck_assert_int_eq(add(5, "hv:/other,1"), -EEXIST);
	fake_hsm.vdev_err = -EPERM;
	ck_assert_int_eq(add(6, "hv:/other,1"), -EPERM);
	ck_assert_int_eq(fake_hsm.nr_vdevs, 1);
}
END_TEST

START_TEST(memory_of_this_machine)
{
	uint64_t at;
	uint8_t *p;

	ck_assert_int_eq(add_dm(5, "1"), 0);
	ck_assert_uint_eq(cfg(5, 0), 0x11101af4);
	ck_assert_uint_eq(cfg(5, 8), 0x05000001);
	ck_assert_int_eq(fake_hsm.nr_maps, 1);
	ck_assert_uint_eq(fake_hsm.map[0].size, 1 << 20);
	at = (uint64_t)cfg(5, 0x1c) << 32 | (cfg(5, 0x18) & ~0xfu);
	ck_assert_uint_eq(fake_hsm.map[0].gpa, at);
	/* Another VM that opens the name has the same bytes; another size is refused. */
	ck_assert_int_eq(add_dm(6, "1M"), 0);
	p = fake_hsm.map[0].hva;
	p[100] = 0x5a;
	ck_assert_uint_eq(((uint8_t *)fake_hsm.map[1].hva)[100], 0x5a);
	ck_assert_ptr_ne(fake_hsm.map[1].hva, p);
	ck_assert_int_eq(add_dm(7, "2"), -EINVAL);
	/* It moves with its BAR, and goes when decoding is off. */
	set_cfg(5, 0x18, (uint32_t)at + (16 << 20));
	ck_assert_int_eq(fake_hsm.nr_maps, 2);
	ck_assert_uint_eq(fake_hsm.map[1].gpa, at + (16 << 20));
	set_cfg(5, 4, 0);
	ck_assert_int_eq(fake_hsm.nr_maps, 1);
	set_cfg(5, 4, 2);
	ck_assert_int_eq(fake_hsm.nr_maps, 2);
	pci_bus_reset(&vm);
	ck_assert_int_eq(fake_hsm.nr_maps, 2);
	ck_assert_uint_eq(fake_hsm.map[1].gpa, at);
}
END_TEST

START_TEST(mapping_fails)
{
	fake_hsm.map_err = -ENOMEM;
	ck_assert_int_eq(add_dm(5, "1"), 0);
	ck_assert_int_eq(fake_hsm.nr_maps, 0);
	fake_hsm.map_err = 0;
	set_cfg(5, 4, 0);
	set_cfg(5, 4, 2);
	ck_assert_int_eq(fake_hsm.nr_maps, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dm_ivshmem");
	TCase *c = tcase_create("dm_ivshmem");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, wrong_options);
	tcase_add_test(c, region_of_the_hypervisor);
	tcase_add_test(c, memory_of_this_machine);
	tcase_add_test(c, mapping_fails);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

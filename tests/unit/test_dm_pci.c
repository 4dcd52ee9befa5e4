/* SPDX-License-Identifier: BSD-3-Clause */
/* PCI: configuration space, BARs and their moves, MSI-X, INTx, the bus. */
/* unit: devicemodel/core/bus.c devicemodel/core/config.c devicemodel/core/log.c devicemodel/core/irq.c devicemodel/core/mem.c tests/fake/dm_vm.c tests/fake/dm_hsm.c devicemodel/pci/bus.c devicemodel/pci/cfg.c devicemodel/pci/msix.c devicemodel/pci/hostbridge.c */
/* unit-flags: -Idevicemodel -D_GNU_SOURCE */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/layout.h"
#include "dm_hsm.h"
#include "dm_vm.h"
#include "pci/bus.h"
#include "pci/hostbridge.h"
#include "public/irq.h"

static struct vm vm;
static struct pci_dev *dev;
static unsigned int nr_maps, nr_unmaps, nr_finis, nr_resets, nr_reads;
static uint64_t last_value;

static int init(struct vm *v, struct pci_dev *pdev, const char *opts)
{
	(void)v;
	if (strcmp(opts, "fail") == 0)
		return -ENXIO;
	pci_cfg_set32(pdev, PCI_REG_VENDOR, 0x56781234);
	ck_assert_int_eq(pci_bar_alloc(pdev, 0, PCI_BAR_MEM32, 100), 0);
	ck_assert_int_eq(pci_bar_alloc(pdev, 1, PCI_BAR_IO, 20), 0);
	ck_assert_int_eq(pci_bar_alloc(pdev, 2, PCI_BAR_MEM64, 0x10000), 0);
	ck_assert_int_eq(pci_msix_init(pdev, 4, 66), 0);
	pci_intx_init(pdev);
	return 0;
}

static void fini(struct pci_dev *pdev)
{
	(void)pdev;
	nr_finis++;
}

static void reset(struct pci_dev *pdev)
{
	(void)pdev;
	nr_resets++;
}

static uint64_t bar_read(struct pci_dev *pdev, unsigned int bar, uint64_t offset, unsigned int size)
{
	(void)pdev, (void)size;
	nr_reads++;
	return bar << 8 | offset;
}

static void bar_write(struct pci_dev *pdev, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	(void)pdev, (void)bar, (void)offset, (void)size;
	last_value = value;
}

static void bar_map(struct pci_dev *pdev, unsigned int bar, bool on)
{
	(void)pdev, (void)bar;
	if (on)
		nr_maps++;
	else
		nr_unmaps++;
}

static const struct pci_dev_ops test_ops = {
	.name = "test", .init = init, .fini = fini, .reset = reset, .bar_read = bar_read, .bar_write = bar_write,
	.bar_map = bar_map,
};

static void setup(void)
{
	fake_hsm_clear();
	fake_vm_open(&vm, 0, 1);
	nr_maps = nr_unmaps = nr_finis = nr_resets = nr_reads = 0;
	ck_assert_int_eq(pci_bus_open(&vm), 0);
	ck_assert_int_eq(pci_bus_add(&vm, &test_ops, 3, 0, ""), 0);
	dev = pci_bus_get(&vm, 3, 0);
}

static void teardown(void)
{
	pci_bus_close(&vm);
	ck_assert_uint_eq(nr_maps, nr_unmaps);
	ck_assert_ptr_null(bus_find(&vm.bus, BUS_MMIO, LAYOUT_ECAM_BASE, 4));
	fake_vm_close(&vm);
}

static uint32_t cfg_read(unsigned int reg, unsigned int size)
{
	struct pci_address at = { 0, 3, 0, reg };

	return pci_bus_cfg_read(&vm, &at, size);
}

static void cfg_write(unsigned int reg, unsigned int size, uint32_t value)
{
	struct pci_address at = { 0, 3, 0, reg };

	pci_bus_cfg_write(&vm, &at, size, value);
}

START_TEST(identity_is_read_only)
{
	ck_assert_uint_eq(cfg_read(0, 4), 0x56781234);
	ck_assert_uint_eq(cfg_read(2, 2), 0x5678);
	ck_assert_uint_eq(cfg_read(3, 1), 0x56);
	cfg_write(0, 4, 0);
	ck_assert_uint_eq(cfg_read(0, 4), 0x56781234);
	for (unsigned int reg = 0; reg < 256; reg += 4)
		cfg_write(reg, 4, 0xFFFFFFFF);
	ck_assert_uint_eq(cfg_read(0, 4), 0x56781234);
	ck_assert_uint_eq(cfg_read(PCI_REG_HEADER, 1), 0);
}
END_TEST

START_TEST(odd_accesses_are_harmless)
{
	struct pci_address absent = { 0, 4, 0, 0 }, other_bus = { 1, 3, 0, 0 }, high_slot = { 0, 99, 9, 0 };

	ck_assert_uint_eq(cfg_read(256, 4), 0xFFFFFFFF);
	ck_assert_uint_eq(cfg_read(4092, 4), 0xFFFFFFFF);
	ck_assert_uint_eq(cfg_read(255, 4), 0xFFFFFFFF);
	cfg_write(254, 4, 0xFFFFFFFF);
	ck_assert_uint_eq(pci_bus_cfg_read(&vm, &absent, 4), 0xFFFFFFFF);
	ck_assert_uint_eq(pci_bus_cfg_read(&vm, &other_bus, 4), 0xFFFFFFFF);
	ck_assert_uint_eq(pci_bus_cfg_read(&vm, &high_slot, 4), 0xFFFFFFFF);
	pci_bus_cfg_write(&vm, &absent, 4, 1);
}
END_TEST

/* Linux's way: save, write ones, read the size, restore. */
START_TEST(bars_size)
{
	static const struct { unsigned int reg; uint32_t want; } bar[] = {
		{ 0x10, 0xFFFFF000 }, { 0x14, 0xFFFFFFE1 }, { 0x18, 0xFFFF0004 }, { 0x1C, 0xFFFFFFFF }, { 0x20, 0xFFFFE000 },
		{ 0x24, 0 },
	};

	for (unsigned int i = 0; i < 6; i++) {
		uint32_t old = cfg_read(bar[i].reg, 4);

		cfg_write(PCI_REG_COMMAND, 2, 0);
		cfg_write(bar[i].reg, 4, 0xFFFFFFFF);
		ck_assert_uint_eq(cfg_read(bar[i].reg, 4), bar[i].want);
		cfg_write(bar[i].reg, 4, old);
		ck_assert_uint_eq(cfg_read(bar[i].reg, 4), old);
	}
}
END_TEST

START_TEST(bars_decode_and_move)
{
	uint64_t base = pci_bar_base(dev, 0), io = pci_bar_base(dev, 1);

	ck_assert_uint_ge(base, LAYOUT_PCI32_BASE);
	ck_assert_uint_ge(pci_bar_base(dev, 2), LAYOUT_PCI64_BASE);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, base + 0x24, 4), 0x24);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_PIO, io + 3, 1), 0x03);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, pci_bar_base(dev, 2) + 8, 2), 0x208);
	bus_write(&vm.bus, BUS_MMIO, base, 2, 0x12345);
	ck_assert_uint_eq(last_value, 0x2345);
	cfg_write(0x10, 4, 0xA0000000);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, base, 4), 0xFFFFFFFF);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, 0xA0000004, 4), 4);
	cfg_write(PCI_REG_COMMAND, 2, PCI_COMMAND_MEMORY);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_PIO, io, 1), 0xFF);
	cfg_write(0x1C, 4, 0x50);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, 0x5000000000 + (pci_bar_base(dev, 2) & 0xFFFFFFFF), 4), 0x200);
	cfg_write(PCI_REG_COMMAND, 1, 0);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, 0xA0000004, 4), 0xFFFFFFFF);
}
END_TEST

/* A guest that puts BARs onto each other, onto the ECAM window or at odd places harms only itself. */
START_TEST(hostile_bars)
{
	static const uint32_t places[] = { 0xE0000000, 0xEFFFF000, 0xFFFFF000, 0, 0x80001000, 0x80002000 };

	for (unsigned int i = 0; i < 6; i++)
		for (unsigned int reg = 0x10; reg <= 0x24; reg += 4)
			cfg_write(reg, 4, places[i]);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, LAYOUT_ECAM_BASE + (3 << 15), 4), 0x56781234);
	pci_bus_reset(&vm);
	ck_assert_uint_eq(nr_resets, 1);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, dev->bar[0].initial_base + 4, 4), 4);
}
END_TEST

static void msix_entry(unsigned int vector, uint64_t addr, uint32_t data, uint32_t ctrl)
{
	uint64_t at = pci_bar_base(dev, 4) + 16 * vector;

	bus_write(&vm.bus, BUS_MMIO, at, 4, addr);
	bus_write(&vm.bus, BUS_MMIO, at + 4, 4, addr >> 32);
	bus_write(&vm.bus, BUS_MMIO, at + 8, 4, data);
	bus_write(&vm.bus, BUS_MMIO, at + 12, 4, ctrl);
}

static bool pending(unsigned int vector)
{
	return bus_read(&vm.bus, BUS_MMIO, pci_bar_base(dev, 4) + dev->msix.pba_offset + vector / 64 * 8, 8) >>
	       (vector % 64) & 1;
}

START_TEST(msix_capability)
{
	unsigned int cap = cfg_read(PCI_REG_CAP_PTR, 1);

	ck_assert(cfg_read(PCI_REG_STATUS, 2) & PCI_STATUS_CAPS);
	ck_assert_uint_eq(cfg_read(cap, 1), PCI_CAP_ID_MSIX);
	ck_assert_uint_eq(cfg_read(cap + 1, 1), 0);
	ck_assert_uint_eq(cfg_read(cap + 2, 2), 65);
	ck_assert_uint_eq(cfg_read(cap + 4, 4), 4);
	ck_assert_uint_eq(cfg_read(cap + 8, 4), 0x1000 | 4);
	cfg_write(cap + 2, 2, 0xFFFF);
	ck_assert_uint_eq(cfg_read(cap + 2, 2), 0xC041);
}
END_TEST

START_TEST(msix_sends_masks_and_remembers)
{
	uint64_t addr;
	uint32_t data;

	msix_entry(65, 0xFEE00000, 0x31, 0);
	pci_msix_fire(dev, 65);
	ck_assert_int_eq(fake_hsm.nr_msis, 0);		/* MSI-X is off */
	ck_assert(!pending(65));
	cfg_write(dev->msix.cap + 2, 2, 0xC000);	/* on, all masked */
	ck_assert(pci_msix_enabled(dev));
	pci_msix_fire(dev, 65);
	ck_assert_int_eq(fake_hsm.nr_msis, 0);
	ck_assert(pending(65));
	ck_assert(!pci_msix_message(dev, 65, &addr, &data));
	cfg_write(dev->msix.cap + 2, 2, 0x8000);
	ck_assert_int_eq(fake_hsm.nr_msis, 1);
	ck_assert_uint_eq(fake_hsm.msi[0].addr, 0xFEE00000);
	ck_assert_uint_eq(fake_hsm.msi[0].data, 0x31);
	ck_assert(!pending(65));
	ck_assert(pci_msix_message(dev, 65, &addr, &data));
	ck_assert_uint_eq(data, 0x31);
	pci_msix_fire(dev, 1);				/* masked since reset */
	ck_assert(pending(1));
	msix_entry(1, 0xFEE01000, 0x41, 0);
	ck_assert_int_eq(fake_hsm.nr_msis, 2);
	ck_assert_uint_eq(fake_hsm.msi[1].data, 0x41);
	pci_msix_fire(dev, 66);
	pci_msix_fire(dev, UINT32_MAX);
	ck_assert_int_eq(fake_hsm.nr_msis, 2);
	pci_bus_reset(&vm);
	pci_msix_fire(dev, 65);
	ck_assert_int_eq(fake_hsm.nr_msis, 2);
}
END_TEST

/* Every size and offset of the table's BAR, also past both arrays. */
START_TEST(msix_odd_accesses)
{
	uint64_t base = pci_bar_base(dev, 4);

	for (uint64_t at = 0; at < 0x2000; at += 4) {
		bus_write(&vm.bus, BUS_MMIO, base + at, 4, 0xFFFFFFFF);
		bus_read(&vm.bus, BUS_MMIO, base + at, 4);
	}
	for (unsigned int size = 1; size <= 8; size *= 2)
		for (uint64_t at = 66 * 16 - 9; at < 66 * 16 + 9; at++) {
			bus_write(&vm.bus, BUS_MMIO, base + at, size, UINT64_MAX);
			bus_read(&vm.bus, BUS_MMIO, base + at, size);
			bus_read(&vm.bus, BUS_MMIO, base + at - 66 * 16 + 0x1010, size);
		}
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, base + 66 * 16, 8), 0);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, base, 8), UINT64_MAX);
}
END_TEST

START_TEST(intx_follows_level_disable_and_msix)
{
	unsigned int gsi = pci_intx_gsi(3);

	ck_assert_uint_eq(cfg_read(PCI_REG_INTR_PIN, 1), 1);
	pci_intx_set(dev, true);
	pci_intx_set(dev, true);
	ck_assert_int_eq(fake_hsm_count_irq(gsi, IRQLINE_SET_HIGH), 1);
	ck_assert(cfg_read(PCI_REG_STATUS, 2) & PCI_STATUS_INTX);
	cfg_write(PCI_REG_COMMAND, 2, PCI_COMMAND_INTX_OFF);
	ck_assert_int_eq(fake_hsm_count_irq(gsi, IRQLINE_SET_LOW), 1);
	cfg_write(PCI_REG_COMMAND, 2, 0);
	ck_assert_int_eq(fake_hsm_count_irq(gsi, IRQLINE_SET_HIGH), 2);
	cfg_write(dev->msix.cap + 2, 2, 0x8000);
	ck_assert_int_eq(fake_hsm_count_irq(gsi, IRQLINE_SET_LOW), 2);
	pci_intx_set(dev, false);
	ck_assert_int_eq(fake_hsm_count_irq(gsi, IRQLINE_SET_LOW), 2);
}
END_TEST

START_TEST(shared_lines_are_counted)
{
	ck_assert_int_eq(pci_bus_add(&vm, &test_ops, 7, 0, ""), 0);	/* the same line as slot 3 */
	pci_intx_set(dev, true);
	pci_intx_set(pci_bus_get(&vm, 7, 0), true);
	pci_intx_set(dev, false);
	ck_assert_int_eq(fake_hsm_count_irq(pci_intx_gsi(3), IRQLINE_SET_LOW), 0);
	pci_intx_set(pci_bus_get(&vm, 7, 0), false);
	ck_assert_int_eq(fake_hsm_count_irq(pci_intx_gsi(3), IRQLINE_SET_LOW), 1);
}
END_TEST

START_TEST(bus_places)
{
	ck_assert_int_eq(pci_bus_add(&vm, &hostbridge_ops, 3, 0, ""), -EEXIST);
	ck_assert_int_eq(pci_bus_add(&vm, &hostbridge_ops, 32, 0, ""), -EINVAL);
	ck_assert_int_eq(pci_bus_add(&vm, &test_ops, 5, 0, "fail"), -ENXIO);
	ck_assert_ptr_null(pci_bus_get(&vm, 5, 0));
	ck_assert_int_eq(pci_bus_add(&vm, &hostbridge_ops, 3, 7, ""), 0);
	ck_assert_uint_eq(cfg_read(PCI_REG_HEADER, 1), PCI_HEADER_MULTI);
	pci_bus_reset(&vm);
	ck_assert_uint_eq(cfg_read(PCI_REG_HEADER, 1), PCI_HEADER_MULTI);
}
END_TEST

START_TEST(windows_run_out)
{
	uint32_t base;
	int err = 0;

	for (unsigned int slot = 8; slot < 32 && !err; slot++) {
		struct pci_dev d = { .vm = &vm, .ops = &test_ops };

		err = pci_bar_alloc(&d, 0, PCI_BAR_MEM32, 1u << 29);
		base = pci_bar_base(&d, 0);
		if (!err)
			ck_assert_uint_le((uint64_t)base + (1u << 29), LAYOUT_PCI32_END);
	}
	ck_assert_int_eq(err, -ENOSPC);
	ck_assert_int_eq(pci_bar_alloc(dev, 0, PCI_BAR_MEM32, 4096), -EINVAL);	/* taken */
	ck_assert_int_eq(pci_bar_alloc(dev, 3, PCI_BAR_MEM32, 4096), -EINVAL);	/* upper half of BAR 2 */
	ck_assert_int_eq(pci_bar_alloc(dev, 5, PCI_BAR_MEM64, 4096), -EINVAL);
	ck_assert_int_eq(pci_bar_alloc(dev, 5, PCI_BAR_IO, 512), -EINVAL);
	ck_assert_int_eq(pci_bar_alloc(dev, 6, PCI_BAR_IO, 4), -EINVAL);
}
END_TEST

START_TEST(capabilities_chain_and_end)
{
	uint8_t body[60] = { 0 };
	int a = pci_cap_add(dev, PCI_CAP_ID_VENDOR, body, 15), n = 0;

	ck_assert_int_gt(a, 0);
	ck_assert_int_eq(a % 4, 0);
	ck_assert_uint_eq(cfg_read(dev->msix.cap + 1, 1), a);
	while (pci_cap_add(dev, PCI_CAP_ID_VENDOR, body, sizeof(body)) > 0)
		n++;
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(pci_cap_add(dev, PCI_CAP_ID_VENDOR, body, 1), -ENOSPC);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dm_pci");
	TCase *tc = tcase_create("pci");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, identity_is_read_only);
	tcase_add_test(tc, odd_accesses_are_harmless);
	tcase_add_test(tc, bars_size);
	tcase_add_test(tc, bars_decode_and_move);
	tcase_add_test(tc, hostile_bars);
	tcase_add_test(tc, msix_capability);
	tcase_add_test(tc, msix_sends_masks_and_remembers);
	tcase_add_test(tc, msix_odd_accesses);
	tcase_add_test(tc, intx_follows_level_disable_and_msix);
	tcase_add_test(tc, shared_lines_are_counted);
	tcase_add_test(tc, bus_places);
	tcase_add_test(tc, windows_run_out);
	tcase_add_test(tc, capabilities_chain_and_end);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

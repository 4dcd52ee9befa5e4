/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM's PCI bus: the CF8 protocol, ECAM, the HSM function, capability lists, who sees what. */
/* unit: hypervisor/emul/vpci/vpci.c hypervisor/emul/vpci/ivshmem.c hypervisor/emul/vpci/ivshmem_ring.c hypervisor/emul/vpci/passthru.c hypervisor/emul/vpci/cap.c hypervisor/emul/vpci/vmsi.c hypervisor/emul/vpci/vmsix.c hypervisor/emul/vpci/vmsix_table.c hypervisor/emul/vpci/hsm_function.c hypervisor/assign/msi.c hypervisor/assign/damper.c tests/fake/vm_time.c tests/fake/vpci_bus.c tests/fake/vm_vm.c tests/fake/vm_mem.c tests/fake/vm_virq.c tests/fake/vm_io.c tests/fake/vtd.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "vm_io.h"
#include "vm_mem.h"
#include "vm_virq.h"
#include "vm_vm.h"
#include "vpci_bus.h"
#include "vtd.h"
#include "emul/vpci/ivshmem.h"
#include "emul/vpci/vpci.h"
#include "hw/acpi.h"
#include "lib/errno.h"
#include "mm/e820.h"
#include "public/hsm_function.h"
#include "x86/insn.h"

#define HSM_BDF	(31u << 3)	/* the highest free device number */
#define NIC	0x0018u		/* 00:03.0 */

static struct vm *vm;
static struct vcpu *v;
static uint64_t touched_at;

static bool memory_touch(struct vm *who, uint64_t at)
{
	(void)who;
	touched_at = at;
	return true;
}

static void build(uint8_t load_order)
{
	bus_reset();
	fake_cpu_reset();
	fake_cpuid_set(0x80000000u, 0, (struct cpuid_regs){ .eax = 0x80000008u });
	fake_cpuid_set(0x80000008u, 0, (struct cpuid_regs){ .eax = 39 });
	fake_io_reset();
	vm = fake_vm_create(1);
	v = vm->vcpus[0];
	vm->load_order = load_order;
	vm->state = VM_RUNNING;
	vm->hooks.touch = memory_touch;
	touched_at = 0;
}

static void setup(void)
{
	build(SCENARIO_SERVICE);
	ck_assert_int_eq(vpci_create(vm), 0);
}

static void teardown(void)
{
	vpci_destroy(vm);
	ck_assert_uint_eq(fake_io_nr_regions(), 0);
	ck_assert_uint_eq(fake_mem_pages, 0);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	ck_assert_ptr_eq(vm->hooks.touch, memory_touch);
	memset(vm_table, 0, sizeof(vm_table));
	fake_vm_destroy(vm);
}

static uint32_t rd(uint32_t bdf, uint32_t reg, uint8_t size)
{
	fake_io_write(v, IO_PORT, 0xcf8, 4, 1u << 31 | bdf << 8 | (reg & 0xfc));
	return (uint32_t)fake_io_read(v, IO_PORT, 0xcfc + (reg & 3), size);
}

static void wr(uint32_t bdf, uint32_t reg, uint8_t size, uint32_t value)
{
	fake_io_write(v, IO_PORT, 0xcf8, 4, 1u << 31 | bdf << 8 | (reg & 0xfc));
	fake_io_write(v, IO_PORT, 0xcfc + (reg & 3), size, value);
}

START_TEST(address_register)
{
	fake_io_write(v, IO_PORT, 0xcf8, 4, 0x80001234);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0xcf8, 4), 0x80001234);
	/* Bytes and words at CF8 are other chips' registers. */
	fake_io_write(v, IO_PORT, 0xcf8, 1, 0xff);
	ck_assert_int_eq(fake_io_result, IO_MISS);
	fake_io_write(v, IO_PORT, 0xcf8, 2, 0xffff);
	ck_assert_int_eq(fake_io_result, IO_MISS);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0xcf8, 4), 0x80001234);
}
END_TEST

START_TEST(byte_enables)
{
	struct bus_function *f = bus_add(NIC, 0x12345678);

	bus_set(f, 0x44, 0x44332211, ~0u);
	ck_assert_uint_eq(rd(NIC, 0x44, 4), 0x44332211);
	ck_assert_uint_eq(rd(NIC, 0x44, 2), 0x2211);
	ck_assert_uint_eq(rd(NIC, 0x46, 2), 0x4433);
	ck_assert_uint_eq(rd(NIC, 0x47, 1), 0x44);
	wr(NIC, 0x45, 1, 0xaa);
	ck_assert_uint_eq(bus_get(f, 0x44), 0x4433aa11);
	wr(NIC, 0x46, 2, 0xbbcc);
	ck_assert_uint_eq(bus_get(f, 0x44), 0xbbccaa11);
	/* The device sees the width the guest used. */
	ck_assert_uint_eq(fake_bus.log[fake_bus.nr_writes - 1].size, 2);
}
END_TEST

START_TEST(straddles_and_disabled)
{
	struct bus_function *f = bus_add(NIC, 0x12345678);

	bus_set(f, 0x44, 0x44332211, ~0u);
	fake_io_write(v, IO_PORT, 0xcf8, 4, 0x80000000 | NIC << 8 | 0x44);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0xcfd, 2), 0xffff);	/* not aligned */
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0xcff, 2), 0xffff);	/* beyond CFF */
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0xcfe, 4), 0xffffffff);
	fake_io_write(v, IO_PORT, 0xcfd, 2, 0);
	fake_io_write(v, IO_PORT, 0xcfe, 4, 0);
	fake_io_write(v, IO_PORT, 0xcf8, 4, NIC << 8 | 0x44);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0xcfc, 4), 0xffffffff);
	ck_assert_int_eq(fake_io_result, IO_DONE);
	fake_io_write(v, IO_PORT, 0xcfc, 4, 0);
	ck_assert_uint_eq(bus_get(f, 0x44), 0x44332211);
	ck_assert_uint_eq(fake_bus.nr_writes, 0);
}
END_TEST

START_TEST(nobody_there)
{
	ck_assert_uint_eq(rd(NIC, 0, 4), 0xffffffff);
	ck_assert_uint_eq(rd(NIC, 2, 2), 0xffff);
	ck_assert_uint_eq(rd(NIC, 0xe, 1), 0xff);
	wr(NIC, 4, 2, 7);
	ck_assert_uint_eq(fake_bus.nr_writes, 0);
	/* Nothing is kept of it: a function that comes later is seen. */
	bus_add(NIC, 0x12345678);
	ck_assert_uint_eq(rd(NIC, 0, 4), 0x12345678);
}
END_TEST

START_TEST(prelaunched_functions_are_hidden)
{
	struct bus_function *f = bus_add(NIC, 0x12345678);
	struct scenario_vm *cfg = calloc(1, sizeof(*cfg));
	struct vm *other = fake_vm_create(1);

	cfg->nr_pci_devs = 1;
	cfg->pci_devs[0] = NIC;
	other->cfg = cfg;
	other->load_order = SCENARIO_PRE_LAUNCHED;
	vm_table[0] = other;
	bus_set(f, 0x44, 1, ~0u);
	ck_assert_uint_eq(rd(NIC, 0, 4), 0xffffffff);
	wr(NIC, 0x44, 4, 2);
	ck_assert_uint_eq(bus_get(f, 0x44), 1);
	vm_table[0] = NULL;
	ck_assert_uint_eq(rd(NIC, 0, 4), 0x12345678);
	fake_vm_destroy(other);
	free(cfg);
}
END_TEST

/* As Linux enumerates and drives it: pci_setup_device(), pci_msi_setup, then the driver. */
START_TEST(hsm_function_as_linux_drives_it)
{
	uint64_t addr;
	uint32_t data;

	ck_assert_uint_eq(rd(HSM_BDF, 0, 4), 0x4d015155);
	ck_assert_uint_eq(rd(HSM_BDF, 0, 2), HSM_FUNCTION_VENDOR);
	ck_assert_uint_eq(rd(HSM_BDF, 2, 2), HSM_FUNCTION_DEVICE);
	ck_assert_uint_eq(rd(HSM_BDF, 8, 4), HSM_FUNCTION_CLASS << 8 | HSM_FUNCTION_REVISION);
	ck_assert_uint_eq(rd(HSM_BDF, 0xe, 1), 0);
	ck_assert_uint_eq(rd(HSM_BDF, 0x3d, 1), 0);
	ck_assert_uint_eq(rd(HSM_BDF, 6, 2) & 0x10, 0x10);
	ck_assert_uint_eq(rd(HSM_BDF, 0x34, 1), HSM_FUNCTION_MSI_CAP);
	ck_assert_uint_eq(rd(HSM_BDF, 0x50, 2), 0x0005);
	ck_assert_uint_eq(rd(HSM_BDF, 0x52, 2), 0x0080);
	/* BAR sizing finds none. */
	wr(HSM_BDF, 0x10, 4, ~0u);
	ck_assert_uint_eq(rd(HSM_BDF, 0x10, 4), 0);
	wr(HSM_BDF, 0x4, 2, 0x0404);
	ck_assert_uint_eq(rd(HSM_BDF, 0x4, 2), 0x0404);
	wr(HSM_BDF, 0x4, 2, 0x0407);
	ck_assert_uint_eq(rd(HSM_BDF, 0x4, 2), 0x0404);
	ck_assert(!vpci_hsm_message(vm, &addr, &data));
	wr(HSM_BDF, 0x54, 4, 0xfee01004);
	wr(HSM_BDF, 0x58, 4, 0);
	wr(HSM_BDF, 0x5c, 2, 0x0031);
	wr(HSM_BDF, 0x52, 2, 0x0081);
	ck_assert_uint_eq(rd(HSM_BDF, 0x52, 2), 0x0081);
	ck_assert(vpci_hsm_message(vm, &addr, &data));
	ck_assert_uint_eq(addr, 0xfee01004);
	ck_assert_uint_eq(data, 0x31);
	/* Bytes, too; the rest of the register stays. */
	wr(HSM_BDF, 0x55, 1, 0x20);
	ck_assert_uint_eq(rd(HSM_BDF, 0x54, 4), 0xfee02004);
	wr(HSM_BDF, 0x52, 2, 0x0080);
	ck_assert(!vpci_hsm_message(vm, &addr, &data));
	wr(HSM_BDF, 0x52, 2, 0x0081);
	vpci_reset(vm);
	ck_assert(!vpci_hsm_message(vm, &addr, &data));
	ck_assert_uint_eq(rd(HSM_BDF, 0x54, 4), 0);
	ck_assert_uint_eq(fake_bus.nr_writes, 0);
}
END_TEST

START_TEST(capability_lists)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);

	/* PM -> MSI -> MSI-X, all shown; one message is offered. */
	ck_assert_uint_eq(rd(NIC, 0x34, 1), 0x40);
	ck_assert_uint_eq(rd(NIC, 0x41, 1), 0x50);
	ck_assert_uint_eq(rd(NIC, 0x50, 4), 0x01807005);
	ck_assert_uint_eq(rd(NIC, 0x70, 2), 0x0011);
	ck_assert_uint_eq(rd(NIC, 0x72, 2), 4);
	ck_assert_uint_eq(rd(NIC, 0x74, 4), bus_get(f, 0x74));
}
END_TEST

START_TEST(untranslatable_msix_is_hidden)
{
	struct bus_function *f = bus_add_nic(NIC, 0, 5, 0);
	unsigned int n;

	ck_assert_uint_eq(rd(NIC, 0x50, 2), 0x0005);	/* MSI is now the last */
	ck_assert_uint_eq(rd(NIC, 0x34, 1), 0x40);
	n = fake_bus.nr_writes;
	wr(NIC, 0x72, 2, 0x8000);
	wr(NIC, 0x70, 4, 0x80000000);
	ck_assert_uint_eq(fake_bus.nr_writes, n);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 31, 0);
	ck_assert_uint_eq(fake_bus.nr_unmapped, 0);
}
END_TEST

/* Each ends, and shows no message capability that is not translated. */
START_TEST(hostile_lists)
{
	static const struct { uint8_t first, at; uint32_t head; } lists[] = {
		{ 0x40, 0x40, 0x00004001 },	/* points to itself */
		{ 0x40, 0x40, 0x00004005 },	/* MSI that points to itself */
		{ 0x40, 0x40, 0x00004011 },
		{ 0x43, 0x40, 0x00004205 },	/* low bits are to be ignored */
		{ 0x10, 0x40, 0x00000005 },	/* into the header */
		{ 0xfc, 0xfc, 0x0080fc05 },	/* a capability beyond the end */
		{ 0xf8, 0xf8, 0x00000011 },
		{ 0xff, 0xfc, 0xffffffff },
	};
	unsigned int i, reg;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct bus_function *f = bus_add((uint16_t)(8 * (i + 1)), 0x10008086);

		bus_set(f, 4, 1u << 20, 7);
		bus_set(f, 0x34, lists[i].first, 0);
		bus_set(f, lists[i].at, lists[i].head, ~0u);
		for (reg = 0; reg < 0x100; reg += 4)
			(void)rd(f->bdf, reg, 4);
		if (i == 5) {
			ck_assert_uint_eq(rd(f->bdf, 0x34, 1), 0);
			wr(f->bdf, 0xfe, 2, 0x0081);
			ck_assert_uint_eq(bus_get(f, 0xfc), lists[i].head);
		}
	}
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
}
END_TEST

/* A loop of two: PM -> MSI -> PM; a second MSI is not ours to show. */
START_TEST(second_msi_is_hidden)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);

	bus_set(f, 0x70, 0x00804005, ~0u);
	ck_assert_uint_eq(rd(NIC, 0x50, 2), 0x4005);
	wr(NIC, 0x72, 2, 0x0081);
	ck_assert_uint_eq(bus_get(f, 0x70), 0x00804005);
	/* Hidden are the 24 bytes it may have. */
	wr(NIC, 0x84, 4, 1);
	ck_assert_uint_eq(fake_bus.nr_writes, 0);
	wr(NIC, 0x88, 4, 1);
	ck_assert_uint_eq(fake_bus.nr_writes, 1);
}
END_TEST

START_TEST(firmwares_messages_are_ended)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);

	bus_set(f, 0x50, 0x01877005, 0x00710000);
	bus_set(f, 0x70, 0x80040011, 0xc0000000);
	(void)rd(NIC, 0, 4);
	ck_assert_uint_eq(bus_get(f, 0x50) & 0x10000, 0);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 31, 0);
}
END_TEST

START_TEST(prelaunched_bus)
{
	uint64_t addr;
	uint32_t data;

	build(SCENARIO_PRE_LAUNCHED);
	bus_add(NIC, 0x12345678);
	ck_assert_int_eq(vpci_create(vm), 0);
	ck_assert_uint_eq(rd(0, 0, 4), 0x4d005155);
	ck_assert_uint_eq(rd(0, 0xa, 2), 0x0600);
	ck_assert_uint_eq(rd(NIC, 0, 4), 0xffffffff);
	wr(NIC, 4, 4, 7);
	wr(0, 4, 4, 7);
	ck_assert_uint_eq(fake_bus.nr_writes, 0);
	ck_assert(!vpci_hsm_message(vm, &addr, &data));
	vpci_reset(vm);
	teardown();
}
END_TEST

/* Shared regions on both kinds of bus; what the functions do is test_ivshmem's. */
START_TEST(ivshmem_functions)
{
	static const struct scenario_ivshmem r[2] = {
		{ .name = "one", .size = 4096, .vm_mask = 1 }, { .name = "two", .size = 8192, .vm_mask = 1 }
	};

	ivshmem_region_init(0, &r[0], hpa(0x100000));
	ivshmem_region_init(1, &r[1], hpa(0x200000));
	build(SCENARIO_PRE_LAUNCHED);
	ck_assert_int_eq(vpci_create(vm), 0);
	ck_assert_uint_eq(rd(1 << 3, 0, 4), 0x11101af4);
	ck_assert_uint_eq(rd(2 << 3, 2, 2), 0x1110);
	ck_assert_uint_eq(rd(3 << 3, 0, 4), 0xffffffff);
	wr(1 << 3, 4, 2, 0x0404);
	ck_assert_uint_eq(rd(1 << 3, 5, 1), 0x04);
	ck_assert_uint_eq(rd(2 << 3, 4, 2), 0);
	vpci_reset(vm);
	ck_assert_uint_eq(rd(1 << 3, 4, 2), 0);
	teardown();
	/* The Service VM's take free numbers below the HSM function. */
	build(SCENARIO_SERVICE);
	bus_add(30 << 3, 0x12345678);
	ck_assert_int_eq(vpci_create(vm), 0);
	ck_assert_uint_eq(rd(HSM_BDF, 0, 4), HSM_FUNCTION_DEVICE << 16 | HSM_FUNCTION_VENDOR);
	ck_assert_uint_eq(rd(30 << 3, 0, 4), 0x12345678);
	ck_assert_uint_eq(rd(29 << 3, 0, 4), 0x11101af4);
	ck_assert_uint_eq(rd(28 << 3, 0, 4), 0x11101af4);
	wr(29 << 3, 0x1c, 4, 0x80);
	ck_assert_uint_eq(rd(29 << 3, 0x1c, 4), 0x80);
	/* The first region has the lower number: its size is 4 KiB. */
	wr(28 << 3, 0x18, 4, ~0u);
	ck_assert_uint_eq(rd(28 << 3, 0x18, 4), 0xfffff00c);
	wr(29 << 3, 0x18, 4, ~0u);
	ck_assert_uint_eq(rd(29 << 3, 0x18, 4), 0xffffe00c);
	ck_assert_uint_eq(fake_bus.nr_writes, 0);
	teardown();
	ivshmem_region_init(0, NULL, hpa(0));
	ivshmem_region_init(1, NULL, hpa(0));
}
END_TEST

#define ECAM	0xb0000000ul

START_TEST(ecam_is_checked_like_the_ports)
{
	struct bus_function *f;

	build(SCENARIO_SERVICE);
	f = bus_add_nic(NIC, BUS_MMIO, 5, 0);
	acpi.ecam_base = ECAM;
	acpi.ecam_end_bus = 3;
	ck_assert_int_eq(vpci_create(vm), 0);
	ck_assert_uint_eq(fake_bus.nr_unmapped, 1024);
	ck_assert(bus_page_exits(ECAM + (NIC << 12)));
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, ECAM + (NIC << 12), 4), 0x10d38086);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, ECAM + (HSM_BDF << 12), 2), HSM_FUNCTION_VENDOR);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, ECAM + (NIC << 12) + 0x50, 4), 0x01807005);
	bus_set(f, 0x100, 0x00010001, ~0u);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, ECAM + (NIC << 12) + 0x100, 4), 0x00010001);
	fake_io_write(v, IO_MMIO, ECAM + (NIC << 12) + 0x102, 1, 0x77);
	ck_assert_uint_eq(bus_get(f, 0x100), 0x00770001);
	/* Enabling MSI this way gets no guest vector into the device either. */
	fake_io_write(v, IO_MMIO, ECAM + (NIC << 12) + 0x5c, 2, 0x31);
	fake_io_write(v, IO_MMIO, ECAM + (NIC << 12) + 0x52, 2, 1);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
	ck_assert_uint_ne(bus_get(f, 0x5c), 0x31);
	/* 8 bytes, and bytes over a register's end. */
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, ECAM + (NIC << 12), 8), ~0ul);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, ECAM + (NIC << 12) + 3, 2), 0xffff);
	teardown();
}
END_TEST

START_TEST(first_touch_keeps_traps)
{
	build(SCENARIO_SERVICE);
	e820_firmware.nr = 1;
	e820_firmware.entry[0] = (struct e820_entry){ BUS_MMIO_HIGH + 0x8000, 0x1000, E820_RAM, 0 };
	bus_add_nic(NIC, BUS_MMIO_HIGH, 5, 0);
	ck_assert_int_eq(vpci_create(vm), 0);
	ck_assert(vm->hooks.touch(vm, 0x1000));
	ck_assert_uint_eq(touched_at, 0x1000);
	ck_assert_uint_eq(rd(NIC, 0x70, 2), 0x0011);
	touched_at = 0;
	ck_assert(!vm->hooks.touch(vm, BUS_MMIO_HIGH + 0x10));
	ck_assert(bus_page_exits(BUS_MMIO_HIGH));
	ck_assert(vm->hooks.touch(vm, BUS_MMIO_HIGH + 0x1010));
	ck_assert(!bus_page_exits(BUS_MMIO_HIGH + 0x1000));
	ck_assert_uint_eq(touched_at, 0);
	/* Memory beside it is no device. */
	ck_assert(!vm->hooks.touch(vm, BUS_MMIO_HIGH + 0x8000));
	ck_assert(vm->hooks.touch(vm, BUS_MMIO_HIGH + 0x200000));
	ck_assert_uint_eq(touched_at, BUS_MMIO_HIGH + 0x200000);
	teardown();
}
END_TEST

/* What the VM has met may use its memory; until it meets it again after a reset, or under other bus numbers, not. */
START_TEST(dma_of_functions_that_were_met)
{
	static struct vtd_domain domain = { .domain_id = 3 };
	struct bus_function *bridge;

	build(SCENARIO_SERVICE);
	fake_vtd = (struct fake_vtd){ 0 };
	vm->dma = &domain;
	bridge = bus_add(0x10, 0x11112222);
	bus_set(bridge, 0x0c, 1 << 16, 0);
	bus_set(bridge, 0x18, 0x00010100, ~0u);
	bus_add(0x0100, 0x33334444);
	bus_add(NIC, 0x55556666);
	ck_assert_int_eq(vpci_create(vm), 0);
	ck_assert_uint_eq(fake_vtd.nr_attached, 0);
	ck_assert_uint_eq(rd(0x10, 0, 4), 0x11112222);
	ck_assert_uint_eq(rd(0x0100, 0, 4), 0x33334444);
	ck_assert_uint_eq(rd(0x0108, 0, 4), 0xffffffff);
	ck_assert_uint_eq(fake_vtd.nr_attached, 2);
	ck_assert(fake_vtd.attached[0x10] == 3 && fake_vtd.attached[0x0100] == 3);
	wr(0x10, 0x18, 4, 0x00020200);
	ck_assert(fake_vtd.attached[0x10] && !fake_vtd.attached[0x0100]);
	vpci_reset(vm);
	ck_assert_uint_eq(fake_vtd.nr_attached, 0);
	/* An IOMMU that does not answer costs the function its DMA, nothing else. */
	fake_vtd.fails = true;
	ck_assert_uint_eq(rd(NIC, 0, 4), 0x55556666);
	vm->dma = NULL;
	teardown();
}
END_TEST

START_TEST(create_errors)
{
	unsigned int d;

	build(SCENARIO_SERVICE);
	fake_mem_empty = true;
	ck_assert_int_eq(vpci_create(vm), -ENOMEM);
	fake_mem_empty = false;
	fake_bus.no_unmap = true;
	acpi.ecam_base = ECAM;
	ck_assert_int_eq(vpci_create(vm), -ENOMEM);
	ck_assert_ptr_null(vm->vpci);
	fake_bus.no_unmap = false;
	acpi.ecam_base = 0;
	/* Eight devices do not fill the bus; one device number is skipped for each that is there. */
	for (d = 31; d > 23; d--)
		bus_add((uint16_t)(d << 3), 0x11112222);
	ck_assert_int_eq(vpci_create(vm), 0);
	ck_assert_uint_eq(rd(23 << 3, 0, 4), 0x4d015155);
	/* No memory for a function's record: it is not seen, and nothing is lost. */
	fake_mem_empty = true;
	ck_assert_uint_eq(rd(31 << 3, 0, 4), 0xffffffff);
	fake_mem_empty = false;
	ck_assert_uint_eq(rd(31 << 3, 0, 4), 0x11112222);
	teardown();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vpci");
	TCase *c = tcase_create("service"), *o = tcase_create("own setup");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, address_register);
	tcase_add_test(c, byte_enables);
	tcase_add_test(c, straddles_and_disabled);
	tcase_add_test(c, nobody_there);
	tcase_add_test(c, prelaunched_functions_are_hidden);
	tcase_add_test(c, hsm_function_as_linux_drives_it);
	tcase_add_test(c, capability_lists);
	tcase_add_test(c, untranslatable_msix_is_hidden);
	tcase_add_test(c, hostile_lists);
	tcase_add_test(c, second_msi_is_hidden);
	tcase_add_test(c, firmwares_messages_are_ended);
	tcase_add_test(o, prelaunched_bus);
	tcase_add_test(o, ivshmem_functions);
	tcase_add_test(o, ecam_is_checked_like_the_ports);
	tcase_add_test(o, first_touch_keeps_traps);
	tcase_add_test(o, dma_of_functions_that_were_met);
	tcase_add_test(o, create_errors);
	suite_add_tcase(s, c);
	suite_add_tcase(s, o);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

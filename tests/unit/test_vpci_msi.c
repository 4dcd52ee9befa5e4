/* SPDX-License-Identifier: BSD-3-Clause */
/* MSI and MSI-X of passed-through functions: what the device holds, what the guest sees, what is given back. */
/* unit: hypervisor/emul/vpci/vpci.c hypervisor/emul/vpci/ivshmem.c hypervisor/emul/vpci/ivshmem_ring.c hypervisor/emul/vpci/passthru.c hypervisor/emul/vpci/cap.c hypervisor/emul/vpci/vmsi.c hypervisor/emul/vpci/vmsix.c hypervisor/emul/vpci/vmsix_table.c hypervisor/emul/vpci/hsm_function.c hypervisor/assign/msi.c hypervisor/assign/damper.c tests/fake/vm_time.c tests/fake/vpci_bus.c tests/fake/vm_vm.c tests/fake/vm_mem.c tests/fake/vm_virq.c tests/fake/vm_io.c tests/fake/vtd.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "vm_io.h"
#include "vm_mem.h"
#include "vm_virq.h"
#include "vm_vm.h"
#include "vpci_bus.h"
#include "cpu/percpu.h"
#include "emul/vpci/vpci.h"
#include "emul/vpci/vpci_priv.h"
#include "hw/pci.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "mm/e820.h"
#include "mm/pgtable.h"
#include "vm/gpa.h"
#include "x86/insn.h"

#define NIC	0x0018u
#define MASKED	1u

static struct vm *vm;
static struct vcpu *v;

static void setup(void)
{
	bus_reset();
	fake_cpu_reset();
	fake_cpuid_set(0x80000000u, 0, (struct cpuid_regs){ .eax = 0x80000008u });
	fake_cpuid_set(0x80000008u, 0, (struct cpuid_regs){ .eax = 39 });
	fake_virq = (struct fake_virq){ 0 };
	fake_io_reset();
	vm = fake_vm_create(2);
	vm->load_order = SCENARIO_SERVICE;
	vm->state = VM_RUNNING;
	vm->vcpus[1]->pcpu_id = 1;
	percpu_area[0].apic_id = 4;
	percpu_area[1].apic_id = 6;
	v = vm->vcpus[0];
	ck_assert_int_eq(vpci_create(vm), 0);
}

static void teardown(void)
{
	vpci_destroy(vm);
	ck_assert_uint_eq(fake_io_nr_regions(), 0);
	ck_assert_uint_eq(fake_mem_pages, 0);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	ck_assert_uint_eq(fake_bus.nr_mapped, fake_bus.nr_unmapped);
	fake_vm_destroy(vm);
}

static uint32_t rd(uint32_t reg, uint8_t size)
{
	fake_io_write(v, IO_PORT, 0xcf8, 4, 1u << 31 | NIC << 8 | (reg & 0xfc));
	return (uint32_t)fake_io_read(v, IO_PORT, 0xcfc + (reg & 3), size);
}

static void wr(uint32_t reg, uint8_t size, uint32_t value)
{
	fake_io_write(v, IO_PORT, 0xcf8, 4, 1u << 31 | NIC << 8 | (reg & 0xfc));
	fake_io_write(v, IO_PORT, 0xcfc + (reg & 3), size, value);
}

static uint32_t mrd(uint64_t at)
{
	return (uint32_t)fake_io_read(v, IO_MMIO, at, 4);
}

static void mwr(uint64_t at, uint32_t value)
{
	fake_io_write(v, IO_MMIO, at, 4, value);
}

/* The device interrupts with what stands in its MSI capability, if enabled. */
static void device_msi(const struct bus_function *f)
{
	if (bus_get(f, 0x50) & 0x10000)
		bus_fire(bus_get(f, 0x54) | (uint64_t)bus_get(f, 0x58) << 32, bus_get(f, 0x5c) & 0xffff);
}

/* The same for an entry of its table at `table`. */
static void device_msix(const struct bus_function *f, uint64_t table, uint32_t i)
{
	uint64_t e = table + 16ul * i;

	if (bus_get(f, 0x70) >> 30 == 2 && !(bus_mmio(e + 12) & MASKED))
		bus_fire(bus_mmio(e) | (uint64_t)bus_mmio(e + 4) << 32, bus_mmio(e + 8));
}

static void enable_msi(void)
{
	wr(0x54, 4, 0xfee01000);
	wr(0x58, 4, 0);
	wr(0x5c, 2, 0x0041);
	wr(0x52, 2, 0x0081);
}

static void fill(uint64_t table, uint32_t i, uint32_t addr, uint32_t data)
{
	mwr(table + 16ul * i, addr);
	mwr(table + 16ul * i + 4, 0);
	mwr(table + 16ul * i + 8, data);
	mwr(table + 16ul * i + 12, 0);
}

START_TEST(msi_is_translated)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);
	unsigned int i, at_enable = 0, at_data = 0;

	enable_msi();
	/* The guest sees its own, the device has ours. */
	ck_assert_uint_eq(rd(0x54, 4), 0xfee01000);
	ck_assert_uint_eq(rd(0x5c, 2), 0x41);
	ck_assert_uint_eq(rd(0x52, 2), 0x0181);
	ck_assert_uint_eq(bus_get(f, 0x54), 0xfee06000);
	ck_assert_uint_ne(bus_get(f, 0x5c), 0x41);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
	device_msi(f);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	ck_assert_uint_eq(fake_virq.msi_addr, 0xfee01000);
	ck_assert_uint_eq(fake_virq.msi_data, 0x41);
	/* The message stood before it was enabled. */
	for (i = 0; i < fake_bus.nr_writes; i++) {
		if (fake_bus.log[i].reg == 0x5c)
			at_data = i;
		if (fake_bus.log[i].reg == 0x52)
			at_enable = i;
	}
	ck_assert_uint_lt(at_data, at_enable);
}
END_TEST

START_TEST(msi_moves_without_being_off)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);
	unsigned int i;
	uint32_t data;

	enable_msi();
	data = bus_get(f, 0x5c);
	fake_bus.nr_writes = 0;
	wr(0x54, 4, 0xfee00000);
	wr(0x5c, 2, 0x0051);
	ck_assert_uint_eq(bus_get(f, 0x54), 0xfee04000);
	ck_assert_uint_eq(bus_get(f, 0x5c), data);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
	for (i = 0; i < fake_bus.nr_writes; i++)
		if (fake_bus.log[i].reg == 0x52)
			ck_assert_uint_eq(fake_bus.log[i].value & 1, 1);
	device_msi(f);
	ck_assert_uint_eq(fake_virq.msi_addr, 0xfee00000);
	ck_assert_uint_eq(fake_virq.msi_data, 0x51);
}
END_TEST

START_TEST(msi_off_and_on)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		fake_bus.nr_writes = 0;
		enable_msi();
		ck_assert_uint_eq(fake_bus.nr_vectors, 1);
		wr(0x52, 2, 0x0080);
		ck_assert_uint_eq(fake_bus.nr_vectors, 0);
		ck_assert_uint_eq(bus_get(f, 0x50) & 0x10000, 0);
	}
	/* While off the device is left alone. */
	fake_bus.nr_writes = 0;
	wr(0x54, 4, 0xfee00000);
	wr(0x5c, 2, 0x55);
	ck_assert_uint_eq(fake_bus.nr_writes, 0);
	ck_assert_uint_eq(rd(0x54, 4), 0xfee00000);
	ck_assert_uint_eq(rd(0x5c, 2), 0x55);
}
END_TEST

START_TEST(msi_one_message_and_mask)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);

	/* Eight messages asked for: one is given. */
	wr(0x54, 4, 0xfee00000);
	wr(0x52, 2, 0x00b1);
	ck_assert_uint_eq(bus_get(f, 0x50) & 0x00700000, 0);
	ck_assert_uint_eq(rd(0x52, 2), 0x0181);
	wr(0x60, 4, 1);
	ck_assert_uint_eq(bus_get(f, 0x60), 1);
	ck_assert_uint_eq(rd(0x60, 4), 1);
	/* As one dword, with id and next written over: they stay. */
	wr(0x50, 4, 0x00800000);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	ck_assert_uint_eq(rd(0x50, 4), 0x01807005);
}
END_TEST

START_TEST(msi_32bit_layout)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);

	bus_set(f, 0x50, 0x00007005, 0x00010000);
	bus_set(f, 0x58, 0, 0xffff);
	bus_set(f, 0x5c, 0x11223344, ~0u);
	wr(0x54, 4, 0xfee01000);
	wr(0x58, 2, 0x0042);
	wr(0x52, 2, 1);
	ck_assert_uint_eq(bus_get(f, 0x54), 0xfee06000);
	ck_assert_uint_ne(bus_get(f, 0x58), 0x42);
	ck_assert_uint_eq(rd(0x58, 2), 0x42);
	/* Behind it are the device's own registers. */
	ck_assert_uint_eq(rd(0x5c, 4), 0x11223344);
	wr(0x5c, 4, 0x55667788);
	ck_assert_uint_eq(bus_get(f, 0x5c), 0x55667788);
}
END_TEST

START_TEST(msi_without_vectors)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);

	fake_bus.max_vectors = 0;
	enable_msi();
	ck_assert_uint_eq(bus_get(f, 0x50) & 0x10000, 0);
	/* Tried again at the next write. */
	fake_bus.max_vectors = 8;
	wr(0x52, 2, 0x0081);
	ck_assert_uint_eq(bus_get(f, 0x50) & 0x10000, 0x10000);
	percpu_area[0].apic_id = percpu_area[1].apic_id = 300;
	wr(0x54, 4, 0xfee00000);
	ck_assert_uint_eq(bus_get(f, 0x50) & 0x10000, 0);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
}
END_TEST

START_TEST(reset_gives_everything_back)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);

	enable_msi();
	wr(0x72, 2, 0x8000);
	fill(BUS_MMIO, 0, 0xfee00000, 0x31);
	fill(BUS_MMIO, 3, 0xfee01000, 0x32);
	ck_assert_uint_eq(fake_bus.nr_vectors, 3);
	vm->state = VM_POWERED_OFF;
	vpci_reset(vm);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	ck_assert_uint_eq(fake_mem_pages, 1);
	ck_assert_uint_eq(fake_io_nr_regions(), 2);
	ck_assert(!bus_page_exits(BUS_MMIO));
	ck_assert_uint_eq(bus_get(f, 0x50) & 0x10000, 0);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 31, 0);
	/* The next life starts with nothing. */
	vm->state = VM_RUNNING;
	ck_assert_uint_eq(rd(0x54, 4), 0);
	ck_assert_uint_eq(rd(0x5c, 2), 0);
	ck_assert_uint_eq(rd(0x52, 2), 0x0180);
	ck_assert_uint_eq(rd(0x72, 2), 4);
	ck_assert_uint_eq(mrd(BUS_MMIO), 0);
	ck_assert_uint_eq(mrd(BUS_MMIO + 12), MASKED);
}
END_TEST

/* As Linux does: enable with all masked, fill, unmask entries, then the function. */
START_TEST(msix_is_translated)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);
	uint64_t t = BUS_MMIO;

	ck_assert_uint_eq(rd(0x72, 2), 4);
	ck_assert(bus_page_exits(t));
	ck_assert(!bus_page_exits(t + PAGE_SIZE));
	wr(0x72, 2, 0xc000);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 30, 3);
	fill(t, 1, 0xfee01000, 0x4051);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
	device_msix(f, t, 1);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);	/* the function is masked */
	wr(0x72, 2, 0x8000);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 30, 2);
	device_msix(f, t, 1);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	ck_assert_uint_eq(fake_virq.msi_addr, 0xfee01000);
	ck_assert_uint_eq(fake_virq.msi_data, 0x4051);
	ck_assert_uint_eq(bus_mmio(t + 16), 0xfee06000);
	ck_assert_uint_ne(bus_mmio(t + 24), 0x4051);
	ck_assert_uint_eq(mrd(t + 16), 0xfee01000);
	ck_assert_uint_eq(mrd(t + 24), 0x4051);
	ck_assert_uint_eq(mrd(t + 28), 0);
	/* Entries nobody unmasked are masked in the device, whatever stood there. */
	ck_assert_uint_eq(bus_mmio(t + 12), MASKED);
	ck_assert_uint_eq(bus_mmio(t + 4 * 16 + 12), MASKED);
	wr(0x72, 2, 0);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 30, 0);
}
END_TEST

START_TEST(msix_masks_and_moves)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);
	uint64_t t = BUS_MMIO;
	uint32_t data;

	(void)rd(0, 4);
	wr(0x72, 2, 0x8000);
	fill(t, 0, 0xfee00000, 0x31);
	data = bus_mmio(t + 8);
	mwr(t + 12, MASKED);
	ck_assert_uint_eq(bus_mmio(t + 12), MASKED);
	device_msix(f, t, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);
	/* A masked entry's new message reaches the device with the unmasking. */
	mwr(t, 0xfee01000);
	ck_assert_uint_eq(bus_mmio(t), 0xfee04000);
	mwr(t + 12, 0);
	ck_assert_uint_eq(bus_mmio(t), 0xfee06000);
	ck_assert_uint_eq(bus_mmio(t + 8), data);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
	/* Not masked first: allowed to us, not torn for the device. */
	mwr(t, 0xfee00000);
	ck_assert_uint_eq(bus_mmio(t), 0xfee04000);
	ck_assert_uint_eq(bus_mmio(t + 12), 0);
	/* Quadwords: address, then data with control. */
	fake_io_write(v, IO_MMIO, t + 32, 8, 0x00000000fee01000);
	fake_io_write(v, IO_MMIO, t + 40, 8, 0x0000000000000077);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, t + 40, 8), 0x77);
	device_msix(f, t, 2);
	ck_assert_uint_eq(fake_virq.msi_data, 0x77);
	ck_assert_uint_eq(fake_bus.nr_vectors, 2);
}
END_TEST

START_TEST(msix_filled_before_enabling)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);
	uint64_t t = BUS_MMIO;

	(void)rd(0, 4);
	fill(t, 2, 0xfee00000, 0x33);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	ck_assert_uint_eq(bus_mmio(t + 40), 0);
	wr(0x72, 2, 0x8000);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
	device_msix(f, t, 2);
	ck_assert_uint_eq(fake_virq.msi_data, 0x33);
}
END_TEST

START_TEST(msix_after_a_function_reset)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);
	uint64_t t = BUS_MMIO;

	(void)rd(0, 4);
	wr(0x72, 2, 0x8000);
	fill(t, 0, 0xfee00000, 0x31);
	/* The device forgets; the guest restores what it knows. */
	bus_set(f, 0x70, bus_get(f, 0x70) & 0x3fffffff, 0xc0000000);
	memset(fake_bus.mmio, 0, 16);
	fake_bus.mmio[12] = MASKED;
	wr(0x72, 2, 0xc000);
	fill(t, 0, 0xfee00000, 0x31);
	wr(0x72, 2, 0x8000);
	device_msix(f, t, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
}
END_TEST

/* Registers and pending bits share the table's page. */
START_TEST(rest_of_the_page_is_the_devices)
{
	bus_add_nic(NIC, BUS_MMIO, 5, 0x100);
	(void)rd(0, 4);
	ck_assert(bus_page_exits(BUS_MMIO));
	fake_io_write(v, IO_MMIO, BUS_MMIO + 0x10, 1, 0xab);
	fake_io_write(v, IO_MMIO, BUS_MMIO + 0x12, 2, 0xcdef);
	fake_io_write(v, IO_MMIO, BUS_MMIO + 0x18, 8, 0x1122334455667788);
	ck_assert_uint_eq(bus_mmio(BUS_MMIO + 0x10), 0xcdef00ab);
	ck_assert_uint_eq(bus_mmio(BUS_MMIO + 0x1c), 0x11223344);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, BUS_MMIO + 0x18, 8), 0x1122334455667788);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, BUS_MMIO + 0x12, 2), 0xcdef);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, BUS_MMIO + 0x10, 1), 0xab);
	mwr(BUS_MMIO + 0x10, 0x01020304);
	ck_assert_uint_eq(bus_mmio(BUS_MMIO + 0x10), 0x01020304);
	fake_bus.mmio[0x900] = 0x05;	/* pending bits of the device */
	ck_assert_uint_eq(mrd(BUS_MMIO + 0x900), 0x05);
	/* The last dword before the table, and the first behind it. */
	mwr(BUS_MMIO + 0xfc, 1);
	mwr(BUS_MMIO + 0x150, 2);
	ck_assert_uint_eq(bus_mmio(BUS_MMIO + 0xfc), 1);
	ck_assert_uint_eq(bus_mmio(BUS_MMIO + 0x150), 2);
}
END_TEST

START_TEST(odd_accesses_to_the_table)
{
	uint64_t t = BUS_MMIO + 0x100;

	bus_add_nic(NIC, BUS_MMIO, 5, 0x100);
	(void)rd(0, 4);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, t, 1), 0xff);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, t + 2, 4), 0xffffffff);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, t + 4, 8), ~0ul);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, t - 4, 8), ~0ul);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, t + 0x4c, 8), ~0ul);
	fake_io_write(v, IO_MMIO, t, 2, 0x1000);
	fake_io_write(v, IO_MMIO, t - 4, 8, ~0ul);
	fake_io_write(v, IO_MMIO, t + 13, 1, 0);
	ck_assert_uint_eq(mrd(t), 0);
	ck_assert_uint_eq(mrd(t + 12), MASKED);
	ck_assert_uint_eq(bus_mmio(t), 0);
	ck_assert_uint_eq(bus_mmio(t - 4), 0);
}
END_TEST

START_TEST(big_tables)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 512, 0);
	uint64_t t = BUS_MMIO, beyond = t + 100 * 16;

	/* 64 are shown, two pages exit. */
	ck_assert_uint_eq(rd(0x72, 2), 63);
	ck_assert(bus_page_exits(t));
	ck_assert(bus_page_exits(t + PAGE_SIZE));
	wr(0x72, 2, 0x8000);
	fill(t, 100, 0xfee00000, 0x31);
	ck_assert_uint_eq(mrd(beyond), 0);
	ck_assert_uint_eq(mrd(beyond + 12), MASKED);
	ck_assert_uint_eq(bus_mmio(beyond), 0);
	ck_assert_uint_eq(bus_mmio(beyond + 12), MASKED);
	fill(t, 63, 0xfee00000, 0x31);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
	device_msix(f, t, 63);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
}
END_TEST

START_TEST(msix_vectors_run_out)
{
	uint64_t t = BUS_MMIO;

	bus_add_nic(NIC, BUS_MMIO, 5, 0);
	(void)rd(0, 4);
	fake_bus.max_vectors = 2;
	wr(0x72, 2, 0x8000);
	fill(t, 0, 0xfee00000, 0x31);
	fill(t, 1, 0xfee00000, 0x32);
	fill(t, 2, 0xfee00000, 0x33);
	ck_assert_uint_eq(bus_mmio(t + 28), 0);
	ck_assert_uint_eq(bus_mmio(t + 44), MASKED);
	ck_assert_uint_eq(mrd(t + 44), 0);
	wr(0x72, 2, 0);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
}
END_TEST

START_TEST(trap_follows_the_bar)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0x100);
	uint64_t to = BUS_MMIO + 0x4000;

	(void)rd(0, 4);
	wr(0x72, 2, 0x8000);
	fill(BUS_MMIO + 0x100, 0, 0xfee00000, 0x31);
	/* Sizing as Linux does: memory off, ones, the address, memory on. */
	wr(4, 2, 0);
	ck_assert(!bus_page_exits(BUS_MMIO));
	ck_assert_uint_eq(bus_get(f, 0x70) >> 31, 0);
	wr(0x10, 4, ~0u);
	ck_assert_uint_eq(rd(0x10, 4), 0xffffe000);
	wr(0x10, 4, (uint32_t)to);
	ck_assert(!bus_page_exits(to));
	wr(4, 2, 2);
	ck_assert(bus_page_exits(to));
	ck_assert(!bus_page_exits(BUS_MMIO));
	/* Enabled again, and the entry is in the new place. */
	ck_assert_uint_eq(bus_get(f, 0x70) >> 30, 2);
	device_msix(f, to + 0x100, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
	/* With memory on: at once. */
	wr(0x10, 4, BUS_MMIO);
	ck_assert(bus_page_exits(BUS_MMIO));
	ck_assert(!bus_page_exits(to));
	mrd(to + 0x100);
	ck_assert_int_eq(fake_io_result, IO_MISS);
}
END_TEST

START_TEST(bars_above_4g)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO_HIGH, 5, 0);
	uint64_t t = BUS_MMIO_HIGH;

	ck_assert_uint_eq(rd(0x72, 2), 4);
	wr(0x72, 2, 0x8000);
	fill(t, 0, 0xfee00000, 0x31);
	device_msix(f, t, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	/* Half written: below 4 GiB for a moment, beyond what the CPU can address, back. */
	wr(0x14, 4, 0xffffffff);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 31, 0);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	wr(0x14, 4, 0x8);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 30, 2);
	device_msix(f, t, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 2);
}
END_TEST

/* The guest puts the BAR where we must not follow: nothing is mapped for us, nothing enabled. */
START_TEST(hostile_places)
{
	static const uint32_t places[] = {
		0x00100000,	/* RAM */
		0x80000000,	/* RAM in the second page of the table */
		0xfec00000,	/* an interrupt controller, or memory of somebody else: not in the guest's map */
		0xfee00000,	/* the same, second page of the table */
		0x00000000,	/* no address */
	};
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 512, 0);
	unsigned int i, before;

	e820_firmware.nr = 2;
	e820_firmware.entry[0] = (struct e820_entry){ 0, 0x200000, E820_RAM, 0 };
	e820_firmware.entry[1] = (struct e820_entry){ 0x80001000, 0x1000, E820_RAM, 0 };
	(void)rd(0, 4);
	wr(0x72, 2, 0x8000);
	fill(BUS_MMIO, 0, 0xfee00000, 0x31);
	before = fake_bus.nr_hostmaps;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		if (i == 2)
			ck_assert_int_eq(gpa_unmap(vm, gpa(places[i]), PAGE_SIZE), 0);
		if (i == 3)
			ck_assert_int_eq(gpa_unmap(vm, gpa(places[i] + PAGE_SIZE), PAGE_SIZE), 0);
		wr(0x10, 4, places[i]);
		ck_assert_uint_eq(bus_get(f, 0x70) >> 31, 0);
		ck_assert_uint_eq(fake_bus.nr_vectors, 0);
		ck_assert_uint_eq(fake_bus.nr_hostmaps, before);
	}
	/* The controllers' pages stay out of the guest's map. */
	ck_assert(bus_page_exits(0xfec00000));
	ck_assert(bus_page_exits(0xfee01000));
	ck_assert_int_eq(gpa_map(vm, gpa(0xfec00000), hpa(0xfec00000), PAGE_SIZE, PG_R | PG_UC), 0);
	ck_assert_int_eq(gpa_map(vm, gpa(0xfee01000), hpa(0xfee01000), PAGE_SIZE, PG_R | PG_UC), 0);
	wr(0x10, 4, BUS_MMIO);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 30, 2);
	device_msix(f, BUS_MMIO, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
}
END_TEST

START_TEST(trap_fails_half_way)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);
	uint64_t to = BUS_MMIO + 0x4000;

	(void)rd(0, 4);
	wr(0x72, 2, 0x8000);
	fake_bus.no_unmap = true;
	wr(0x10, 4, (uint32_t)to);
	fake_bus.no_unmap = false;
	ck_assert_uint_eq(bus_get(f, 0x70) >> 31, 0);
	ck_assert(!bus_page_exits(to));
	/* Somebody answers there already. */
	ck_assert_int_eq(io_region_add(vm, &(struct io_region){ IO_MMIO, to, PAGE_SIZE, passthru_trap, vm->vpci }), 0);
	wr(0x10, 4, (uint32_t)to);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 31, 0);
	ck_assert_uint_eq(fake_io_nr_regions(), 3);	/* two of ports, and that one */
	io_region_remove(vm, IO_MMIO, to);
	wr(0x10, 4, (uint32_t)to);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 30, 2);
	ck_assert(bus_page_exits(to));
}
END_TEST

START_TEST(two_tables_in_one_page)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0), *g = bus_add_nic(NIC + 1, BUS_MMIO, 5, 0x200);

	ck_assert_uint_eq(rd(0x72, 2), 4);
	fake_io_write(v, IO_PORT, 0xcf8, 4, 1u << 31 | (NIC + 1) << 8 | 0x50);
	/* The second function has no MSI-X, but its MSI. */
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0xcfc, 2), 0x0005);
	fake_io_write(v, IO_PORT, 0xcf8, 4, 1u << 31 | (NIC + 1) << 8 | 0x70);
	fake_io_write(v, IO_PORT, 0xcfe, 2, 0x8000);
	ck_assert_uint_eq(bus_get(g, 0x70) >> 31, 0);
	wr(0x72, 2, 0x8000);
	ck_assert_uint_eq(bus_get(f, 0x70) >> 31, 1);
}
END_TEST

START_TEST(too_many_moves)
{
	struct bus_function *f = bus_add_nic(NIC, BUS_MMIO, 5, 0);
	unsigned int i;

	(void)rd(0, 4);
	wr(0x72, 2, 0x8000);
	/* Memory off and on is no move. */
	for (i = 0; i < 300; i++) {
		fake_bus.nr_writes = 0;
		wr(4, 2, i & 1 ? 2 : 0);
	}
	ck_assert_uint_eq(bus_get(f, 0x70) >> 31, 1);
	for (i = 0; i < 300; i++) {
		fake_bus.nr_writes = 0;
		wr(0x10, 4, BUS_MMIO + (i & 1 ? 0 : 0x4000));
	}
	/* Given up, safely. */
	ck_assert_uint_eq(bus_get(f, 0x70) >> 31, 0);
	ck_assert(!bus_page_exits(BUS_MMIO));
	ck_assert(!bus_page_exits(BUS_MMIO + 0x4000));
}
END_TEST

START_TEST(renumbered_buses)
{
	struct bus_function *bridge = bus_add(0x10, 0x12348086), *f;

	bus_set(bridge, 0x0c, 0x00010000, 0);
	bus_set(bridge, 0x18, 0x00010100, 0x00ffffff);
	f = bus_add_nic(0x100, BUS_MMIO, 5, 0);
	fake_io_write(v, IO_PORT, 0xcf8, 4, 1u << 31 | 0x100 << 8 | 0x50);
	fake_io_write(v, IO_PORT, 0xcfe, 2, 0x0081);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
	ck_assert(bus_page_exits(BUS_MMIO));
	/* The same numbers again change nothing. */
	fake_io_write(v, IO_PORT, 0xcf8, 4, 1u << 31 | 0x10 << 8 | 0x18);
	fake_io_write(v, IO_PORT, 0xcfc, 4, 0x00010100);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
	fake_io_write(v, IO_PORT, 0xcfd, 1, 2);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	ck_assert_uint_eq(bus_get(f, 0x50) & 0x10000, 0);
	ck_assert(!bus_page_exits(BUS_MMIO));
	f->bdf = 0x200;
	fake_io_write(v, IO_PORT, 0xcf8, 4, 1u << 31 | 0x200 << 8 | 0x70);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0xcfc, 2), 0x0011);
	ck_assert(bus_page_exits(BUS_MMIO));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		msi_is_translated, msi_moves_without_being_off, msi_off_and_on, msi_one_message_and_mask, msi_32bit_layout,
		msi_without_vectors, reset_gives_everything_back, msix_is_translated, msix_masks_and_moves,
		msix_filled_before_enabling, msix_after_a_function_reset, rest_of_the_page_is_the_devices,
		odd_accesses_to_the_table, big_tables, msix_vectors_run_out, trap_follows_the_bar, bars_above_4g,
		hostile_places, trap_fails_half_way, two_tables_in_one_page, too_many_moves, renumbered_buses,
	};
	Suite *s = suite_create("vpci_msi");
	TCase *c = tcase_create("messages");
	SRunner *r;
	unsigned int i;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

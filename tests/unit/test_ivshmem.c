/* SPDX-License-Identifier: BSD-3-Clause */
/* ivshmem functions of three VMs: configuration space, BARs in good and hostile places, MSI-X, doorbells, peers that go. */
/* unit: hypervisor/emul/vpci/ivshmem.c hypervisor/emul/vpci/ivshmem_ring.c tests/fake/vm_vm.c tests/fake/vm_mem.c tests/fake/vm_virq.c tests/fake/vm_io.c */
/* unit-libs: -lpthread */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "vm_io.h"
#include "vm_mem.h"
#include "vm_virq.h"
#include "vm_vm.h"
#include "emul/vpci/ivshmem.h"
#include "emul/vpci/ivshmem_priv.h"
#include "emul/vpci/vpci_priv.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "mm/pgtable.h"
#include "public/scenario.h"
#include "vm/gpa.h"

#define NR_VMS		3u
#define RAM		(16ul << 20)
#define SIZE		0x10000ul
#define MEMORY		0x40000000ul	/* host-physical, of region 0; region 1 follows at twice that */
#define LIMIT		(1ul << 39)
#define HIGH		0x2000000000ul
#define REGS		IVSHMEM_MMIO_BASE
#define TABLE		(IVSHMEM_MMIO_BASE + 0x1000u)
#define MSI(vcpu)	(0xfee00000u | (vcpu) << 12)

/* All three VMs see region 0: VM 0 and 1 write, VM 2 may not ring. Region 1 is VM 0's alone. */
static struct scenario_ivshmem cfg[2] = {
	{ .name = "r0", .size = SIZE, .vm_mask = 7, .writer_mask = 3, .silent_mask = 4 },
	{ .name = "r1", .size = 4096, .vm_mask = 1, .writer_mask = 1 },
};
static struct vm *vms[NR_VMS];
static struct vpci bus[NR_VMS];
static uint16_t bitmaps[NR_VMS][0x10000 / 16];

/* The EPT of each VM: what was mapped last, by page. */
#define NR_MAPS 64u
static struct { struct vm *vm; uint64_t at, size, to; uint32_t attr; } maps[NR_MAPS];
static unsigned int nr_unmaps, fail_maps;
static bool device_memory;	/* answer of passthru_is_device() */

static int find_map(const struct vm *vm, uint64_t at)
{
	for (unsigned int i = 0; i < NR_MAPS; i++)
		if (maps[i].vm == vm && at - maps[i].at < maps[i].size)
			return (int)i;
	return -1;
}

int gpa_map(struct vm *vm, gpa_t at, hpa_t to, uint64_t size, uint32_t attr)
{
	unsigned int i = 0;
	int old = find_map(vm, at.v);

	if (fail_maps && !--fail_maps)
		return -ENOMEM;
	if (old >= 0)
		maps[old].vm = NULL;
	while (maps[i].vm)
		i++;
	ck_assert_uint_lt(i, NR_MAPS);
	maps[i].vm = vm;
	maps[i].at = at.v;
	maps[i].size = size;
	maps[i].to = to.v;
	maps[i].attr = attr;
	return 0;
}

int gpa_unmap(struct vm *vm, gpa_t at, uint64_t size)
{
	int i = find_map(vm, at.v);

	(void)size;
	if (i >= 0)
		maps[i].vm = NULL;
	nr_unmaps++;
	return 0;
}

int pgtable_lookup(const struct pgtable *pt, uint64_t va, hpa_t *pa, uint32_t *attr, uint64_t *size)
{
	const struct vm *vm = container_of(pt, struct vm, ept);

	(void)pa;
	(void)attr;
	(void)size;
	return va < vm->ram_size || find_map(vm, va) >= 0 ? 0 : -ENOENT;
}

bool passthru_is_device(const struct vm *vm, uint64_t start, uint64_t size)
{
	(void)vm;
	(void)start;
	(void)size;
	return device_memory;
}

uint64_t passthru_address_limit(void) { return LIMIT; }

void vm_port_intercept(struct vm *vm, uint16_t port, uint32_t nr, bool exits)
{
	uint16_t *map = vm->io_bitmaps;

	while (nr--) {
		map[port / 16] = (uint16_t)((map[port / 16] & ~(1u << port % 16)) | (unsigned int)exits << port % 16);
		port++;
	}
}

static void make(unsigned int i, uint8_t load_order)
{
	vms[i] = fake_vm_create(2);
	vms[i]->vm_id = (uint16_t)i;
	vms[i]->load_order = load_order;
	vms[i]->ram_size = load_order == SCENARIO_PRE_LAUNCHED ? RAM : 0;
	vms[i]->vpci = &bus[i];
	vms[i]->io_bitmaps = bitmaps[i];
	memset(bitmaps[i], load_order == SCENARIO_SERVICE ? 0 : 0xff, sizeof(bitmaps[i]));
	ck_assert_int_eq(ivshmem_create(vms[i]), 0);
	if (load_order != SCENARIO_POST_LAUNCHED)
		vms[i]->ivshmem->function[0].bdf = 8;
	ivshmem_connect(vms[i]);
}

static void drop(unsigned int i)
{
	ivshmem_disconnect(vms[i]);
	ivshmem_destroy(vms[i]);
	fake_vm_destroy(vms[i]);
	vms[i] = NULL;
}

static struct ivshmem *fn(unsigned int i) { return &vms[i]->ivshmem->function[0]; }
static uint32_t cfg_read(unsigned int i, uint32_t reg) { return ivshmem_config_read(fn(i), reg); }
static void cfg_write(unsigned int i, uint32_t reg, uint32_t v) { ivshmem_config_write(fn(i), reg, v, ~0u); }

static void set_bar2(unsigned int i, uint64_t at)
{
	cfg_write(i, 0x14 + 4, (uint32_t)at);
	cfg_write(i, 0x14 + 8, (uint32_t)(at >> 32));
}

static uint32_t rd(unsigned int i, uint64_t at) { return (uint32_t)fake_io_read(vms[i]->vcpus[0], IO_MMIO, at, 4); }
static void wr(unsigned int i, uint64_t at, uint32_t v) { fake_io_write(vms[i]->vcpus[0], IO_MMIO, at, 4, v); }

/* Entry e of VM i: this vector of vCPU 1, unmasked; MSI-X on. */
static void take(unsigned int i, uint32_t e, uint8_t vector)
{
	wr(i, TABLE + 16 * e, MSI(1));
	wr(i, TABLE + 16 * e + 8, vector);
	wr(i, TABLE + 16 * e + 12, 0);
	cfg_write(i, 0x40, 1u << 31);
}

static void ring(unsigned int i, uint32_t peer, uint32_t vector) { wr(i, REGS + 12, peer << 16 | vector); }

static void setup(void)
{
	fake_io_reset();
	fake_virq = (struct fake_virq){ 0 };
	memset(maps, 0, sizeof(maps));
	memset(bus, 0, sizeof(bus));
	nr_unmaps = fail_maps = fake_vm_nr_crashes = 0;
	device_memory = true;
	ivshmem_region_init(0, &cfg[0], hpa(MEMORY));
	ivshmem_region_init(1, &cfg[1], hpa(2 * MEMORY));
	for (unsigned int i = 0; i < NR_VMS; i++) {
		make(i, SCENARIO_PRE_LAUNCHED);
		cfg_write(i, 4, 7);
	}
}

static void teardown(void)
{
	for (unsigned int i = 0; i < NR_VMS; i++)
		if (vms[i])
			drop(i);
	ck_assert_uint_eq(fake_mem_pages, 0);
	ck_assert_uint_eq(fake_io_nr_regions(), 0);
	for (unsigned int i = 0; i < NR_MAPS; i++)
		ck_assert(!maps[i].vm || (maps[i].attr & PG_TYPE_MASK) == PG_UC);
}

START_TEST(configuration_space)
{
	ck_assert_uint_eq(cfg_read(0, 0), 0x11101af4);
	ck_assert_uint_eq(cfg_read(0, 8), 0x05000001);
	ck_assert_uint_eq(cfg_read(0, 0x2c), 0x11001af4);
	ck_assert_uint_eq(cfg_read(0, 4), 0x00100007);
	ck_assert_uint_eq(cfg_read(0, 0x34), 0x40);
	ck_assert_uint_eq(cfg_read(0, 0x40), 0x00070011);
	ck_assert_uint_eq(cfg_read(0, 0x3c), 0);
	for (uint32_t reg = 0; reg < 256; reg += 4) {
		uint32_t before = cfg_read(0, reg);

		if (reg == 4 || (reg >= 0x10 && reg <= 0x20) || reg == 0x40)
			continue;
		cfg_write(0, reg, ~before);
		ck_assert_uint_eq(cfg_read(0, reg), before);
	}
	/* A byte of the command register alone. */
	ivshmem_config_write(fn(0), 4, 0xffffff04, 0x0000ff00);
	ck_assert_uint_eq(cfg_read(0, 4), 0x00100407);
	cfg_write(0, 4, ~0u);
	ck_assert_uint_eq(cfg_read(0, 4), 0x00100407);
}
END_TEST

START_TEST(sizing)
{
	static const uint32_t want[] = { 0xfffff000, 0xfffff000, 0xffff000c, 0xffffffff, 0xfff1, 0 };

	cfg_write(0, 4, 0);
	for (uint32_t i = 0; i < 6; i++) {
		cfg_write(0, 0x10 + 4 * i, ~0u);
		ck_assert_uint_eq(cfg_read(0, 0x10 + 4 * i), want[i]);
	}
}
END_TEST

START_TEST(memory_is_mapped_with_the_right)
{
	uint64_t at = fn(0)->bar[IVSHMEM_MEMORY];
	int i = find_map(vms[0], at);

	ck_assert_uint_eq(at, 4ul << 30);
	ck_assert_int_ge(i, 0);
	ck_assert_uint_eq(maps[i].to, MEMORY);
	ck_assert_uint_eq(maps[i].size, SIZE);
	ck_assert_uint_eq(maps[i].attr, PG_R | PG_W | PG_WB);
	i = find_map(vms[2], fn(2)->bar[IVSHMEM_MEMORY]);
	ck_assert_int_ge(i, 0);
	ck_assert_uint_eq(maps[i].to, MEMORY);
	ck_assert_uint_eq(maps[i].attr, PG_R | PG_WB);
	/* A write that the EPT stopped changes nothing and is counted. */
	wr(2, at + 8, 1);
	ck_assert_int_eq(fake_io_result, IO_DONE);
	ck_assert_uint_eq(fn(2)->nr_dropped, 1);
	/* The second region of VM 0 lies behind the first. */
	ck_assert_ptr_nonnull(ivshmem_slot(vms[0], 1));
	ck_assert_ptr_null(ivshmem_slot(vms[1], 1));
	ck_assert_uint_eq(vms[0]->ivshmem->function[1].start[IVSHMEM_MEMORY], (4ul << 30) + SIZE);
}
END_TEST

START_TEST(memory_moves_and_goes)
{
	uint64_t home = fn(0)->bar[IVSHMEM_MEMORY];

	set_bar2(0, HIGH);
	ck_assert_int_lt(find_map(vms[0], home), 0);
	ck_assert_int_ge(find_map(vms[0], HIGH), 0);
	cfg_write(0, 4, 5);
	ck_assert_int_lt(find_map(vms[0], HIGH), 0);
	ck_assert_uint_eq(rd(0, REGS + 8), 0xdeadbeef);
	ck_assert_int_eq(fake_io_result, IO_MISS);
	/* Ports have their own bit. */
	ck_assert_uint_eq(fake_io_read(vms[0]->vcpus[0], IO_PORT, IVSHMEM_PORT_BASE + 8, 4), 0);
	ck_assert_int_eq(fake_io_result, IO_DONE);
	cfg_write(0, 4, 7);
	ck_assert_int_ge(find_map(vms[0], HIGH), 0);
	/* Low bits of an address are not the guest's. */
	set_bar2(0, HIGH + 0x1234);
	ck_assert_uint_eq(fn(0)->at[IVSHMEM_MEMORY], HIGH);
	ivshmem_reset(vms[0]);
	ck_assert_int_lt(find_map(vms[0], HIGH), 0);
	ck_assert_uint_eq(fn(0)->bar[IVSHMEM_MEMORY], home);
	ck_assert_uint_eq(fn(0)->command, 0);
}
END_TEST

START_TEST(hostile_places)
{
	static const uint64_t bad[] = { RAM - SIZE, LIMIT, ~0ul, 1ul << 63, REGS, IVSHMEM_MMIO_BASE & ~0xfffful };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		cfg_write(0, 4, 0);
		set_bar2(0, bad[i]);
		cfg_write(0, 4, 7);
		ck_assert_uint_eq(fn(0)->at[IVSHMEM_MEMORY], 0);
	}
	/* Registers over RAM, over each other, over another function's memory. */
	cfg_write(0, 0x10, 0x1000);
	ck_assert_uint_eq(fn(0)->at[IVSHMEM_REGS], 0);
	cfg_write(0, 0x10, TABLE);
	ck_assert_uint_eq(fn(0)->at[IVSHMEM_REGS], 0);
	cfg_write(0, 0x10, REGS);
	ck_assert_uint_eq(fn(0)->at[IVSHMEM_REGS], REGS);
	ck_assert_uint_eq(fake_vm_nr_crashes, 0);
}
END_TEST

START_TEST(windows_change_places)
{
	cfg_write(0, 4, 0);
	cfg_write(0, 0x10, TABLE);
	cfg_write(0, 0x14, REGS);
	cfg_write(0, 4, 7);
	ck_assert_uint_eq(rd(0, TABLE + 8), 0);		/* IVPosition now */
	ck_assert_uint_eq(rd(0, REGS + 12), 1);		/* a masked entry */
	cfg_write(0, 4, 0);
	cfg_write(0, 0x10, REGS);
	cfg_write(0, 0x14, TABLE);
	cfg_write(0, 4, 7);
	ck_assert_uint_eq(rd(0, TABLE + 12), 1);
}
END_TEST

START_TEST(moves_are_limited)
{
	unsigned int i;

	for (i = 0; i < 1000; i++)
		set_bar2(0, HIGH + (1 + i) * SIZE);
	ck_assert_uint_eq(fn(0)->at[IVSHMEM_MEMORY], 0);
	ck_assert_int_lt(find_map(vms[0], HIGH + 1000 * SIZE), 0);
	/* The place it had last costs nothing and stays possible. */
	set_bar2(0, fn(0)->last[IVSHMEM_MEMORY]);
	ck_assert_uint_ne(fn(0)->at[IVSHMEM_MEMORY], 0);
}
END_TEST

START_TEST(mapping_fails)
{
	cfg_write(0, 4, 0);
	fail_maps = 1;
	cfg_write(0, 4, 7);
	ck_assert_uint_eq(fn(0)->at[IVSHMEM_MEMORY], 0);
	ck_assert_uint_ne(fn(0)->at[IVSHMEM_REGS], 0);
	/* The next write tries again. */
	cfg_write(0, 4, 7);
	ck_assert_uint_ne(fn(0)->at[IVSHMEM_MEMORY], 0);
}
END_TEST

START_TEST(in_the_service_vm)
{
	drop(1);
	make(1, SCENARIO_SERVICE);
	/* Its kernel places the BARs. */
	cfg_write(1, 4, 7);
	ck_assert_uint_eq(fn(1)->at[IVSHMEM_MEMORY] | fn(1)->at[IVSHMEM_REGS] | fn(1)->at[IVSHMEM_PORTS], 0);
	cfg_write(1, 0x10, 0xe0000000);
	cfg_write(1, 0x14, 0xe0001000);
	set_bar2(1, 0xe1000000);
	cfg_write(1, 0x20, 0xd000);
	ck_assert_uint_eq(rd(1, 0xe0000008), 1);
	ck_assert_int_ge(find_map(vms[1], 0xe1000000), 0);
	/* Below 4 GiB the machine's device memory is there again when we have gone. */
	set_bar2(1, HIGH);
	ck_assert_uint_eq(maps[find_map(vms[1], 0xe1000000)].to, 0xe1000000);
	ck_assert_uint_eq(maps[find_map(vms[1], 0xe1000000)].attr & PG_TYPE_MASK, PG_UC);
	set_bar2(1, 0);
	ck_assert_int_lt(find_map(vms[1], HIGH), 0);
	/* Ports: only where none exits, and open again afterwards. */
	vm_port_intercept(vms[1], 0xd100, 16, true);
	cfg_write(1, 0x20, 0xd200);
	vm_port_intercept(vms[1], 0xd200, 16, true);	/* as the registry does */
	cfg_write(1, 0x20, 0xd100);
	ck_assert_uint_eq(fn(1)->at[IVSHMEM_PORTS], 0);
	ck_assert_uint_eq(bitmaps[1][0xd200 / 16], 0);
	ck_assert_uint_eq(bitmaps[1][0xd100 / 16], 0xffff);
	/* What is not its own device memory is refused. */
	device_memory = false;
	cfg_write(1, 0x10, 0xe0004000);
	ck_assert_uint_eq(fn(1)->at[IVSHMEM_REGS], 0);
}
END_TEST

START_TEST(covers)
{
	ck_assert(ivshmem_covers(vms[0], REGS, 4096));
	ck_assert(ivshmem_covers(vms[0], (4ul << 30) + SIZE - 1, 1));
	ck_assert(!ivshmem_covers(vms[0], (5ul << 30), 4096));
	cfg_write(0, 4, 0);
	ck_assert(!ivshmem_covers(vms[0], REGS, 4096));
}
END_TEST

START_TEST(registers)
{
	ck_assert_uint_eq(rd(1, REGS + 8), 1);
	wr(1, REGS + 8, 77);
	ck_assert_uint_eq(rd(1, REGS + 8), 1);
	wr(1, REGS, 0xabc);
	ck_assert_uint_eq(rd(1, REGS), 0xabc);
	wr(1, REGS + 4, ~0u);
	ck_assert_uint_eq(rd(1, REGS + 4), 0);
	ck_assert_uint_eq(rd(1, REGS + 12), 0);
	ck_assert_uint_eq(rd(1, REGS + 0xffc), 0);
	/* Other widths: nothing, and no doorbell. */
	take(0, 0, 0x41);
	fake_io_write(vms[1]->vcpus[0], IO_MMIO, REGS + 12, 2, 0);
	fake_io_write(vms[1]->vcpus[0], IO_MMIO, REGS + 12, 8, 0);
	fake_io_write(vms[1]->vcpus[0], IO_MMIO, REGS + 14, 4, 0);
	fake_io_write(vms[1]->vcpus[0], IO_MMIO, REGS + 8, 8, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);
	ck_assert_uint_eq(fake_io_read(vms[1]->vcpus[0], IO_MMIO, REGS + 8, 8), 0);
	ck_assert_uint_eq(fake_io_read(vms[1]->vcpus[0], IO_MMIO, REGS + 8, 1), 0);
	ck_assert_uint_eq(rd(1, REGS + 16), 1);
}
END_TEST

START_TEST(doorbell)
{
	struct ivshmem_counts c;

	take(0, 0, 0x41);
	take(0, 7, 0x48);
	ring(1, 0, 7);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	ck_assert_uint_eq(fake_virq.msi_addr, MSI(1));
	ck_assert_uint_eq(fake_virq.msi_data, 0x48);
	fake_io_write(vms[1]->vcpus[0], IO_PORT, IVSHMEM_PORT_BASE + 12, 4, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 2);
	ck_assert_uint_eq(fake_virq.msi_data, 0x41);
	ring(0, 0, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 3);
	ck_assert(ivshmem_count(vms[1], 0, &c));
	ck_assert_uint_eq(c.nr_rung, 2);
	ck_assert_uint_eq(c.nr_ignored, 0);
	ck_assert(!ivshmem_count(vms[1], 1, &c));
}
END_TEST

START_TEST(doorbells_in_vain)
{
	static const uint32_t bad[] = { 0x00000008, 0x0000ffff, 0x00030000, 0x000f0000, 0x00100000, 0xffff0000, 0xffffffff };
	unsigned int i;

	take(0, 0, 0x41);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		wr(1, REGS + 12, bad[i]);
	/* VM 2 is there but has MSI-X off. */
	ring(1, 2, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);
	ck_assert_uint_eq(fn(1)->nr_ignored, ARRAY_SIZE(bad) + 1);
	/* VM 2 may not ring. */
	ring(2, 0, 0);
	ck_assert_uint_eq(fn(2)->nr_ignored, 1);
	/* VM 0's second region has no other VM: the numbers of another region's peers mean nothing there. */
	cfg_write(0, 4, 7);
	ivshmem_config_write(&vms[0]->ivshmem->function[1], 4, 7, ~0u);
	take(1, 0, 0x51);
	wr(0, REGS + 0x2000 + 12, 1u << 16);
	ck_assert_uint_eq(vms[0]->ivshmem->function[1].nr_ignored, 1);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);
}
END_TEST

START_TEST(masked_and_pending)
{
	take(0, 3, 0x43);
	wr(0, TABLE + 3 * 16 + 12, 1);
	ring(1, 0, 3);
	ring(1, 0, 3);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);
	ck_assert_uint_eq(rd(0, TABLE + 0x800), 8);
	wr(0, TABLE + 0x800, 0);	/* read-only */
	ck_assert_uint_eq(rd(0, TABLE + 0x800), 8);
	wr(0, TABLE + 3 * 16 + 12, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	ck_assert_uint_eq(rd(0, TABLE + 0x800), 0);
	cfg_write(0, 0x40, 3u << 30);
	ring(1, 0, 3);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	cfg_write(0, 0x40, 1u << 31);
	ck_assert_uint_eq(fake_virq.nr_msis, 2);
	/* Off, or no bus master: lost. */
	cfg_write(0, 0x40, 0);
	ring(1, 0, 3);
	cfg_write(0, 0x40, 1u << 31);
	cfg_write(0, 4, 3);
	ring(1, 0, 3);
	cfg_write(0, 4, 7);
	ck_assert_uint_eq(fake_virq.nr_msis, 2);
	ck_assert_uint_eq(fn(1)->nr_ignored, 2);
}
END_TEST

START_TEST(hostile_messages)
{
	struct vcpu *v = vms[0]->vcpus[0];
	unsigned int i;

	/* A message to anywhere but an APIC is a write to memory: never. */
	take(0, 0, 0x41);
	wr(0, TABLE, 0x00100000);
	ring(1, 0, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);
	/* All of the address and data that virq_msi() looks at arrive. */
	fake_io_write(v, IO_MMIO, TABLE, 8, 0xabcdef00fee12344);
	fake_io_write(v, IO_MMIO, TABLE + 8, 8, 0x00000000ffff8765);
	ring(1, 0, 0);
	ck_assert_uint_eq(fake_virq.msi_addr, 0xabcdef00fee12344);
	ck_assert_uint_eq(fake_virq.msi_data, 0x8765);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, TABLE, 8), 0xabcdef00fee12344);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, TABLE + 8, 8), 0xffff8765);
	/* Other widths, places behind the table, over its end. */
	fake_io_write(v, IO_MMIO, TABLE, 2, 0);
	fake_io_write(v, IO_MMIO, TABLE + 2, 4, 0);
	fake_io_write(v, IO_MMIO, TABLE + 4, 8, 0);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, TABLE, 8), 0xabcdef00fee12344);
	for (i = 128; i < 4096; i += 4) {
		wr(0, TABLE + i, ~0u);
		ck_assert_uint_eq(rd(0, TABLE + i), 0);
	}
	fake_io_write(v, IO_MMIO, TABLE + 0xffc, 8, ~0ul);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, TABLE + 0xffc, 8), 0);
	ck_assert_uint_eq(rd(0, TABLE + 16 + 12), 1);
}
END_TEST

START_TEST(peers_come_and_go)
{
	take(0, 0, 0x41);
	take(2, 0, 0x42);
	ck_assert_uint_eq(rd(1, REGS + 16), 5);
	drop(2);
	ck_assert_uint_eq(rd(1, REGS + 16), 1);
	ring(1, 2, 0);
	ck_assert_uint_eq(fn(1)->nr_ignored, 1);
	/* A reset: off until it enables MSI-X again, its number the same. */
	wr(0, TABLE + 12, 1);
	ring(1, 0, 0);
	ivshmem_reset(vms[0]);
	ck_assert_uint_eq(rd(1, REGS + 16), 0);
	cfg_write(0, 4, 7);
	ck_assert_uint_eq(rd(0, REGS + 8), 0);
	take(0, 0, 0x41);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);	/* what was pending is forgotten */
	ring(1, 0, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	make(2, SCENARIO_PRE_LAUNCHED);
	cfg_write(2, 4, 7);
	take(2, 0, 0x42);
	ck_assert_uint_eq(rd(1, REGS + 16), 5);
}
END_TEST

START_TEST(post_launched)
{
	const struct ivshmem_request good = { "r0", 0x28, SIZE, { 0xd0000000, 0xd0001000, HIGH | 0xc, 0xc001 } };
	struct ivshmem_request r = good;
	uint64_t first, last;

	drop(1);
	make(1, SCENARIO_POST_LAUNCHED);
	ck_assert_ptr_null(vms[1]->ivshmem);
	ck_assert(!ivshmem_memory_range(vms[1], &first, &last));
	r.region = "r2";
	ck_assert_int_eq(ivshmem_add(vms[1], &r), -ENOENT);
	r.region = "r1";
	ck_assert_int_eq(ivshmem_add(vms[1], &r), -EPERM);
	r = good;
	r.size = 2 * SIZE;
	ck_assert_int_eq(ivshmem_add(vms[1], &r), -EINVAL);
	ck_assert_int_eq(ivshmem_remove(vms[1], 0x28), -ENODEV);
	ck_assert_int_eq(ivshmem_add(vms[1], &good), 0);
	ck_assert_int_eq(ivshmem_add(vms[1], &good), -EEXIST);
	cfg_write(1, 4, 7);
	ck_assert_uint_eq(rd(1, 0xd0000008), 1);
	ck_assert_int_ge(find_map(vms[1], HIGH), 0);
	wr(1, 0xd0001000, MSI(1));
	wr(1, 0xd0001008, 0x61);
	wr(1, 0xd000100c, 0);
	cfg_write(1, 0x40, 1u << 31);
	ring(0, 1, 0);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	/* Its memory is where nothing is mapped. */
	ck_assert_int_eq(gpa_map(vms[1], gpa(HIGH + 0x100000), hpa(0), PAGE_SIZE, PG_R | PG_UC), 0);
	set_bar2(1, HIGH + 0x100000 - SIZE);
	ck_assert_uint_ne(fn(1)->at[IVSHMEM_MEMORY], 0);
	set_bar2(1, HIGH + 0x100000);
	ck_assert_uint_eq(fn(1)->at[IVSHMEM_MEMORY], 0);
	/* A reset keeps the function; removal ends it. */
	ivshmem_reset(vms[1]);
	ck_assert_uint_eq(fn(1)->bar[IVSHMEM_MEMORY], HIGH);
	ck_assert_int_eq(ivshmem_remove(vms[1], 0x28), 0);
	ring(0, 1, 0);
	ck_assert_uint_eq(fn(0)->nr_ignored, 1);
	ck_assert_int_eq(ivshmem_add(vms[1], &good), 0);
}
END_TEST

static bool stop;

static void *ringer(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		struct io_access acc = { .space = IO_MMIO, .write = true, .size = 4, .addr = REGS + 12, .value = 0 };

		ck_assert_int_eq(ivshmem_registers(vms[1]->vcpus[0], fn(1), &acc), IO_DONE);
	}
	return NULL;
}

/* One rings without a pause while the other resets and goes: the sanitizer sees a ringer that follows a freed function. */
START_TEST(rung_while_it_goes)
{
	pthread_t t;
	unsigned int i;

	stop = false;
	ck_assert_int_eq(pthread_create(&t, NULL, ringer, NULL), 0);
	for (i = 0; i < 300; i++) {
		unsigned int before;

		cfg_write(0, 4, 7);
		take(0, 0, 0x41);
		ivshmem_reset(vms[0]);
		before = __atomic_load_n(&fake_virq.nr_msis, __ATOMIC_SEQ_CST);
		ck_assert_uint_eq(fn(0)->pending, 0);
		drop(0);
		ck_assert_uint_eq(__atomic_load_n(&fake_virq.nr_msis, __ATOMIC_SEQ_CST), before);
		make(0, SCENARIO_PRE_LAUNCHED);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(t, NULL);
	cfg_write(0, 4, 7);
}
END_TEST

START_TEST(no_memory)
{
	drop(0);
	fake_mem_empty = true;
	vms[0] = fake_vm_create(1);
	ck_assert_int_eq(ivshmem_create(vms[0]), -ENOMEM);
	fake_mem_empty = false;
	ck_assert_ptr_null(vms[0]->ivshmem);
	/* A VM without a region has nothing. */
	vms[0]->vm_id = 9;
	ck_assert_int_eq(ivshmem_create(vms[0]), 0);
	ck_assert_ptr_null(vms[0]->ivshmem);
	ck_assert_ptr_null(ivshmem_at(vms[0], 0));
	ck_assert(!ivshmem_covers(vms[0], 0, ~0ul));
	ck_assert_ptr_eq(ivshmem_at(vms[1], 8), fn(1));
	ck_assert_ptr_null(ivshmem_at(vms[1], 16));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ivshmem");
	TCase *c = tcase_create("ivshmem");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, configuration_space);
	tcase_add_test(c, sizing);
	tcase_add_test(c, memory_is_mapped_with_the_right);
	tcase_add_test(c, memory_moves_and_goes);
	tcase_add_test(c, hostile_places);
	tcase_add_test(c, windows_change_places);
	tcase_add_test(c, moves_are_limited);
	tcase_add_test(c, mapping_fails);
	tcase_add_test(c, in_the_service_vm);
	tcase_add_test(c, covers);
	tcase_add_test(c, registers);
	tcase_add_test(c, doorbell);
	tcase_add_test(c, doorbells_in_vain);
	tcase_add_test(c, masked_and_pending);
	tcase_add_test(c, hostile_messages);
	tcase_add_test(c, peers_come_and_go);
	tcase_add_test(c, post_launched);
	tcase_add_test(c, rung_while_it_goes);
	tcase_add_test(c, no_memory);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}

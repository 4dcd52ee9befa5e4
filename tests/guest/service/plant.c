/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plants faults in the hypervisor's page tables for its memory check to find. No call does that; a device does: without an
 * IOMMU the disk controller copies to and from any memory. Each fault is taken out again.
 */
#include "service/service.h"

#include "lib/args.h"
#include "lib/console.h"
#include "lib/disk.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/string.h"
#include "lib/util.h"
#include "public/mem.h"
#include "service/hc.h"
#include "service/uservm.h"
#include "x86/pte.h"

#define WB_RWX		(MEM_ACCESS_RWX | MEM_TYPE_WB)
#define EPT_LEAF	0x37ul		/* read, write, execute, write-back */
#define HOST_CODE	(PTE_P | PTE_A | PTE_D)
#define HV_IMAGE	0x200000ul
#define SECTOR		512u

static struct uservm vm, other;
static uint8_t *buffer;			/* DISK_CHUNK, aligned to it */

static bool is_ram(uint64_t at)
{
	unsigned int i;

	for (i = 0; i < platform_nr_ram; i++)
		if (at >= platform_ram[i].base && at - platform_ram[i].base < platform_ram[i].size)
			return true;
	return false;
}

/* Index in the buffer of two entries in a row for a page and the next one, not counting the bits of `mask`; -1: not here. */
static int find_pair(uint64_t entry, uint64_t mask)
{
	const uint64_t *e = (uint64_t *)buffer;
	unsigned int i;

	for (i = 0; i + 1 < DISK_CHUNK / 8; i++)
		if ((e[i] & ~mask) == entry && e[i + 1] == e[i] + PAGE_SIZE)
			return (int)i;
	return -1;
}

/* Machine address of such an entry, and the entry, in memory that the map does not give us; 0: not found. */
static uint64_t find_entry(uint64_t *entry, uint64_t mask)
{
	uint64_t at, end = arena_start() + (1ul << 29);
	int i;

	for (at = 4ul << 20; at < end; at += DISK_CHUNK) {
		if (is_ram(at) || !disk_copy(GPA(buffer), at, DISK_CHUNK))
			continue;
		i = find_pair(*entry, mask);
		if (i < 0)
			continue;
		*entry = ((uint64_t *)buffer)[i];
		return at + (uint64_t)i * 8;
	}
	return 0;
}

static bool write_entry(uint64_t at, uint64_t value)
{
	uint64_t sector = ALIGN_DOWN(at, SECTOR);

	if (!disk_copy(GPA(buffer), sector, SECTOR))
		return false;
	*(uint64_t *)(buffer + (at - sector)) = value;
	return disk_copy(sector, GPA(buffer), SECTOR);
}

/* Something harmless that is followed by a check. */
static void event(void)
{
	(void)uvm_region(&other, (struct vm_memory_region){ MR_ADD, WB_RWX, SIZE_2M, GPA(other.io), PAGE_SIZE });
	(void)uvm_region(&other, (struct vm_memory_region){ MR_DEL, 0, SIZE_2M, 0, PAGE_SIZE });
}

static void plant(const char *what, uint64_t at, uint64_t value, uint64_t old)
{
	bool ok;

	printf("PLANT: %s\n", what);
	ok = at && write_entry(at, value);
	event();
	ok = ok && write_entry(at, old);
	report(ok, "planted and taken out again: %s", what);
	printf("HEALED: %s\n", what);
	event();
}

static void lend_twice(void)
{
	const struct vm_memory_region r = { MR_ADD, WB_RWX, SIZE_2M, GPA(vm.ram), PAGE_SIZE };

	printf("PLANT: twice\n");
	report(!uvm_region(&other, r), "a page is lent to two VMs");
	(void)uvm_region(&other, (struct vm_memory_region){ MR_DEL, 0, SIZE_2M, 0, PAGE_SIZE });
	printf("HEALED: twice\n");
}

void case_plant(void)
{
	const uint64_t secret = args_number("secret", 0);
	uint64_t leaf, code, entry;

	uvm_init(&vm, 2);
	uvm_init(&other, 2);
	buffer = arena_get(2 * DISK_CHUNK / PAGE_SIZE);
	buffer = (uint8_t *)ALIGN_UP(GPA(buffer), DISK_CHUNK);
	if (!report(disk_init(arena_get(1)), "there is a bus-mastering disk"))
		return;
	if (uvm_create(&vm, "planted") || uvm_create(&other, "other") ||
	    uvm_region(&vm, (struct vm_memory_region){ MR_ADD, WB_RWX, 0, GPA(vm.ram), UVM_RAM })) {
		report(false, "two VMs are made");
		return;
	}
	entry = GPA(vm.ram) | EPT_LEAF;
	leaf = find_entry(&entry, 0);
	report(leaf, "the disk reads VM planted's EPT (entry at 0x%lx)", leaf);
	plant("pool", leaf, ALIGN_DOWN(leaf, PAGE_SIZE) | EPT_LEAF, entry);
	plant("image", leaf, HV_IMAGE | EPT_LEAF, entry);
	plant("secret", leaf, secret | EPT_LEAF, entry);
	lend_twice();
	/* Code begins in one of the image's first pages. */
	entry = HV_IMAGE | HOST_CODE;
	code = find_entry(&entry, 0xf000);
	report(code, "the disk reads the hypervisor's own tables (entry at 0x%lx)", code);
	plant("code", code, entry | PTE_W, entry);
	report(!uvm_destroy(&vm) && !uvm_destroy(&other), "both VMs are destroyed");
	pool_look(1);
}

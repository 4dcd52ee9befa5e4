/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Service VM looks at all memory below 4 GiB that the map does not call
 * RAM. What belongs to the hypervisor or to another VM reads as ones and takes
 * no writes; where that is, the program knows from gaps in its memory map and
 * from the scenario.
 */
#include "service/service.h"

#include "lib/args.h"
#include "lib/console.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/util.h"
#include "public/mem.h"
#include "service/hc.h"
#include "service/payload.h"
#include "service/uservm.h"
#include "x86/insn.h"

#define SECRET		0x7365637265742121ul	/* in a pre-launched VM's memory */

static bool is_ram(uint64_t at)
{
	unsigned int i;

	for (i = 0; i < platform_nr_ram; i++)
		if (at >= platform_ram[i].base && at - platform_ram[i].base < platform_ram[i].size)
			return true;
	return false;
}

static uint64_t ram_end(void)
{
	uint64_t end = 0;
	unsigned int i;

	for (i = 0; i < platform_nr_ram; i++)
		if (platform_ram[i].base < 1ul << 32)
			end = MAX(end, platform_ram[i].base + platform_ram[i].size);
	return MIN(end, 1ul << 32);
}

/* Reads first, then writes its complement, and reads once more. */
static bool is_closed(uint64_t at)
{
	volatile uint64_t *p = (volatile uint64_t *)at;

	if (mmio_read64(p) != ~0ul)
		return false;
	mmio_write64(p, SECRET);
	return mmio_read64(p) == ~0ul;
}

static struct uservm vm;

/* Nor may it be handed on to a user VM. */
static bool is_lendable(uint64_t at)
{
	bool taken = !uvm_region(&vm, (struct vm_memory_region){ MR_ADD, MEM_ACCESS_RWX | MEM_TYPE_WB, 1ul << 30, at, PAGE_SIZE });

	if (taken)
		(void)uvm_region(&vm, (struct vm_memory_region){ MR_DEL, 0, 1ul << 30, 0, PAGE_SIZE });
	return taken;
}

/* Every page from..to that is not ours. */
static void scan(const char *what, uint64_t from, uint64_t to)
{
	uint64_t at, open = 0, lent = 0, pages = 0;

	for (at = from; at < to; at += PAGE_SIZE) {
		if (is_ram(at))
			continue;
		pages++;
		if (!is_closed(at + (pages * 64) % PAGE_SIZE)) {
			if (!open++)
				report_info("%s: the first open page is 0x%lx: %lx", what, at, mmio_read64((void *)at));
		}
		lent += is_lendable(at);
	}
	report(pages && !open, "%s: %lu pages that are not the Service VM's read as ones and take no write (%lu do)", what,
	       pages, open);
	report_eq(lent, 0, "%s: none can be lent to a user VM", what);
}

void case_isolation(void)
{
	uint64_t at = args_number("secret", 0), size = args_number("secret_size", 0);

	uvm_init(&vm, 2);
	if (uvm_create(&vm, "borrower")) {
		report(false, "VM borrower is made");
		return;
	}
	report(!is_ram(0x200000), "the hypervisor's image is not in the memory map");
	scan("between 2 and 4 MiB", 0x200000, 0x400000);
	/* The last pages below the end of RAM belong to the BIOS: its tables stay readable. */
	scan("from 4 MiB on", 0x400000, ram_end());
	if (size) {
		report(!is_ram(at) && !is_ram(at + size - PAGE_SIZE), "the pre-launched VM's memory is not in the memory map");
		scan("pre-launched VM", at, at + size);
	}
	uvm_destroy(&vm);
	report(is_ram(arena_start()) && is_lendable(arena_start()) == false, "without a VM nothing is lent");
}

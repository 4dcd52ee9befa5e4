/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM's memory is its own: all of its RAM works, and nothing but its RAM is there. */
#include "cases/cases.h"

#include "lib/layout.h"
#include "lib/paging.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/util.h"
#include "public/testdev.h"
#include "x86/apicreg.h"
#include "x86/insn.h"

#define BARE_LIMIT	(64ul << 20)	/* the bare machine has more than a test needs */
#define PATTERN		0x5155455243555321ul
#define PROBE_STEP	(2ul << 20)
#define PROBE_END	(64ul << 30)

extern const uint8_t guest_start[], guest_end[];

static bool is_ours(uint64_t page)
{
	return (page >= (uint64_t)guest_start && page < ALIGN_UP((uint64_t)guest_end, PAGE_SIZE)) || page == TRAMPOLINE;
}

/* Calls fn for each page of RAM that this program does not use; returns their number. */
static uint64_t each_page(uint64_t (*fn)(uint64_t page), uint64_t *sum)
{
	uint64_t nr = 0, page, end;
	unsigned int i;

	*sum = 0;
	for (i = 0; i < platform_nr_ram; i++) {
		end = ALIGN_DOWN(platform_ram[i].base + platform_ram[i].size, PAGE_SIZE);
		for (page = ALIGN_UP(platform_ram[i].base, PAGE_SIZE); page < end; page += PAGE_SIZE) {
			if (page < PAGE_SIZE || is_ours(page) || (!platform_is_vm() && page >= BARE_LIMIT))
				continue;
			*sum += fn(page);
			nr++;
		}
	}
	return nr;
}

static uint64_t fill(uint64_t page)
{
	volatile uint64_t *p = (volatile uint64_t *)page;
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / 8; i += 8)
		p[i] = PATTERN ^ (page + i);
	return 0;
}

static uint64_t wrong(uint64_t page)
{
	volatile uint64_t *p = (volatile uint64_t *)page;
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / 8; i += 8)
		if (p[i] != (PATTERN ^ (page + i)))
			return 1;
	return 0;
}

static bool is_ram(uint64_t at)
{
	unsigned int i;

	for (i = 0; i < platform_nr_ram; i++)
		if (at - platform_ram[i].base < platform_ram[i].size)
			return true;
	return false;
}

static bool is_device(uint64_t at)
{
	return at == ALIGN_DOWN(IOAPIC_BASE_DEFAULT, PROBE_STEP) || at == ALIGN_DOWN(APIC_BASE_DEFAULT, PROBE_STEP) ||
	       at == ALIGN_DOWN((uint64_t)TESTDEV_MMIO_BASE, PROBE_STEP);
}

/* Reads, writes and reads again: only ones, whatever lies there for others. */
static bool is_empty(uint64_t at)
{
	volatile uint64_t *p = paging_set(20, at | PTE_P | PTE_W);

	if (*p != ~0ul)
		return false;
	*p = PATTERN;
	return *p == ~0ul && p[1] == ~0ul;
}

static void test_outside(void)
{
	uint64_t at, nr = 0, bad = 0, first_bad = 0, step = PROBE_STEP;

	for (at = 1ul << 20; at < PROBE_END; at += step) {
		if (at >= 1ul << 32)
			step = 256ul << 20;
		if (is_ram(at) || is_device(at))
			continue;
		nr++;
		if (!is_empty(at)) {
			first_bad = bad ? first_bad : at;
			bad++;
		}
	}
	report(!bad, "%lu places outside its RAM read as ones and take no write (%lu do not, the first at %lx)", nr, bad,
	       first_bad);
}

static void test_firmware_area(void)
{
	uint64_t at, nr = 0, leaks = 0;

	/* Between the RAM below 640 KiB and 1 MiB: tables made for this VM, or nothing; the hypervisor's words never. */
	for (at = 0xa0000; at < 0x100000; at += 8) {
		nr++;
		leaks += *(volatile uint64_t *)at == 0x2073756372657551ul;	/* "Quercus " */
	}
	report(!leaks, "%lu words below 1 MiB show nothing of the hypervisor's", nr);
}

void case_memory(void)
{
	uint64_t bad, ignored, nr = each_page(fill, &ignored);

	each_page(wrong, &bad);
	report(nr && !bad, "%lu MiB of RAM keep what is written (%lu pages do not)", nr >> 8, bad);
	if (!platform_is_vm() || platform_is_service()) {
		report_skip("addresses outside the RAM: this machine has devices there");
		return;
	}
	test_outside();
	test_firmware_area();
}

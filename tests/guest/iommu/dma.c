/* SPDX-License-Identifier: BSD-3-Clause */
/* Who reaches what by DMA. */
#include "iommu.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/errno.h"
#include "lib/report.h"
#include "lib/string.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "mm/frame.h"
#include "x86/insn.h"

#define BASE		0x1000000ul	/* RAM that the domain has, 4 MiB */
#define SIZE		0x400000ul
#define READ_ONLY	(BASE + SIZE)	/* two pages */
#define ELSEWHERE	0x2000000ul	/* RAM that it does not have */
#define FAULT_VECTOR	0x60
#define N		256u
#define REASON_NO_CONTEXT 2u		/* VT-d specification, 7.1 */
#define REASON_WRITE	5u
#define REASON_READ	6u

static struct vtd_domain domain, other;

static uint8_t *fill(uint64_t addr, uint8_t seed)
{
	uint8_t *p = (uint8_t *)addr;

	for (uint32_t i = 0; i < N; i++)
		p[i] = (uint8_t)(seed + 7 * i);
	return p;
}

static bool is_filled(uint64_t addr, uint8_t seed)
{
	const uint8_t *p = (const uint8_t *)addr;

	for (uint32_t i = 0; i < N; i++)
		if (p[i] != (uint8_t)(seed + 7 * i))
			return false;
	return true;
}

static bool no_fault(void)
{
	struct vtd_fault f;
	bool lost;

	return !vtd_fault_next(&f, &lost);
}

/* One fault, of edu, at this page, for this reason; the unit may have recorded it more than once. */
static void expect_fault(const char *what, uint64_t addr, bool read, uint8_t reason)
{
	struct vtd_fault f;
	bool lost, seen = vtd_fault_next(&f, &lost);

	report(seen, "%s: a fault is recorded", what);
	if (!seen)
		return;
	report_eq(f.source, edu_bdf(), "%s: its source", what);
	report_eq(f.addr, addr & PAGE_MASK, "%s: its page", what);
	report(f.read == read && !f.interrupt, "%s: it was a %s", what, read ? "read" : "write");
	report_eq(f.reason, reason, "%s: its reason", what);
	for (uint32_t i = 0; i < 16 && vtd_fault_next(&f, &lost); i++)
		;
	report(no_fault(), "%s: nothing else is recorded", what);
}

/* Copies N bytes from one place to another through the device. */
static bool copy(uint64_t from, uint64_t to)
{
	return edu_read(from, N) && edu_write(to, N);
}

static void prepare(void)
{
	report(vtd_domain_create(&domain) == 0 && vtd_domain_create(&other) == 0, "two domains");
	report(domain.domain_id != other.domain_id, "with different numbers");
	report(vtd_map(&domain, BASE, hpa(BASE), SIZE, PG_R | PG_W) == 0, "memory is mapped one to one");
	report(vtd_map(&domain, READ_ONLY, hpa(READ_ONLY), 2 * PAGE_SIZE, PG_R) == 0, "and pages to read");
	/* Two views of the same address. */
	report(vtd_map(&other, BASE, hpa(ELSEWHERE), PAGE_SIZE, PG_R | PG_W) == 0, "the other domain maps to another place");
	report_eq(domain.pt.fmt->levels, args_number("levels", 3), "levels of the tables");
	report(vtd_attach(&domain, edu_bdf()) == 0, "edu is in the first domain");
	report(vtd_enable() == 0, "remapping is on");
}

static void inside(void)
{
	fill(BASE + 0x1000, 1);
	report(copy(BASE + 0x1000, BASE + 0x2ff000), "inside: the device finishes");
	report(is_filled(BASE + 0x2ff000, 1), "inside: data arrive");
	fill(READ_ONLY, 2);
	report(copy(READ_ONLY, BASE + 0x3000) && is_filled(BASE + 0x3000, 2), "a page to read is read");
	report(no_fault(), "inside: no fault");
}

static void outside(void)
{
	uint64_t ours = (uint64_t)pool[POOL_PAGES - 1];

	fill(ours, 3);
	fill(BASE, 4);
	edu_read(BASE, N);
	edu_write(ours, N);
	report(is_filled(ours, 3), "a write to the tables' memory changes nothing");
	expect_fault("write", ours, false, REASON_WRITE);
	edu_read(ours, N);
	expect_fault("read", ours, true, REASON_READ);
	edu_write(BASE + 0x1000, N);
	report(!is_filled(BASE + 0x1000, 3), "a read of it tells nothing");
	fill(READ_ONLY, 5);
	fill(READ_ONLY + PAGE_SIZE, 5);
	edu_write(READ_ONLY + PAGE_SIZE, N);
	report(is_filled(READ_ONLY + PAGE_SIZE, 5), "a page to read is not written");
	expect_fault("read-only", READ_ONLY + PAGE_SIZE, false, REASON_WRITE);
	/* The translation of this one is remembered from a read; QEMU then stops the write without a record. */
	edu_write(READ_ONLY, N);
	report(is_filled(READ_ONLY, 5), "nor after it was read");
	while (!no_fault())
		;
}

/* What the device could do it cannot do any more, at once. */
static void taken_back(void)
{
	fill(BASE, 6);
	report(vtd_unmap(&domain, BASE + 0x1000, PAGE_SIZE) == 0, "a page is taken back");
	fill(BASE + 0x1000, 7);
	copy(BASE, BASE + 0x1000);
	report(is_filled(BASE + 0x1000, 7), "a page taken back is not written");
	expect_fault("taken back", BASE + 0x1000, false, REASON_WRITE);
	report(copy(BASE, BASE + 0x2000) && is_filled(BASE + 0x2000, 6), "its neighbour is");
	report(vtd_map(&domain, BASE + 0x1000, hpa(BASE + 0x1000), PAGE_SIZE, PG_R | PG_W) == 0, "it is given again");
	report(copy(BASE, BASE + 0x1000) && is_filled(BASE + 0x1000, 6), "and written");
}

static void moved(void)
{
	fill(BASE, 8);
	fill(ELSEWHERE, 9);
	report(vtd_detach(edu_bdf()) == 0, "edu is in no domain");
	copy(BASE, BASE + 0x2000);
	report(!is_filled(BASE + 0x2000, 8), "in no domain: nothing is written");
	expect_fault("in no domain", BASE, true, REASON_NO_CONTEXT);
	report(vtd_attach(&other, edu_bdf()) == 0, "edu is in the other domain");
	edu_read(BASE, N);
	report(vtd_attach(&domain, edu_bdf()) == 0, "and, from there, back in the first");
	report(edu_write(BASE + 0x4000, N) && is_filled(BASE + 0x4000, 9), "each domain has its own memory at an address");
	report(no_fault(), "moved: no fault");
}

static void eoi(struct trap_frame *frame __unused)
{
	apic_eoi();
}

static bool arrives(uint32_t *count, uint32_t old)
{
	bool got;

	cpu_sti();
	got = clock_wait_change(count, old, 300000);
	cpu_cli();
	return got;
}

static void told(void)
{
	uint32_t *count = &this_cpu()->nr_traps[FAULT_VECTOR], before = *count;

	trap_set(FAULT_VECTOR, eoi);
	vtd_fault_event(apic_id(), FAULT_VECTOR);
	edu_write(ELSEWHERE, 16);
	report(arrives(count, before), "a fault raises its interrupt");
	expect_fault("told", ELSEWHERE, false, REASON_WRITE);
	vtd_fault_mask(true);
	before = *count;
	edu_write(ELSEWHERE, 16);
	report(!arrives(count, before), "while masked it does not");
	expect_fault("masked", ELSEWHERE, false, REASON_WRITE);
}

static void ended(void)
{
	uint32_t before = frame_nr_free();

	vtd_domain_destroy(&other);
	report(frame_nr_free() > before, "a domain's tables are given back");
	report(vtd_domain_create(&other) == 0 && vtd_attach(&other, edu_bdf()) == 0, "a new domain");
	copy(BASE, BASE + 0x2000);
	expect_fault("empty domain", BASE, true, REASON_READ);
	vtd_domain_destroy(&other);
	edu_read(BASE, N);
	expect_fault("ended domain", BASE, true, REASON_NO_CONTEXT);
	report(vtd_attach(&domain, edu_bdf()) == 0, "edu is in the first again");
}

void test_dma(void)
{
	prepare();
	inside();
	outside();
	taken_back();
	moved();
	told();
	ended();
}

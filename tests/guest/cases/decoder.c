/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Instruction emulation: the test device's page keeps what is written, so each
 * form must do on it exactly what it does on RAM. RAM is the judge.
 */
#include "cases/decoder.h"
#include "cases/cases.h"
#include "cases/testdev.h"

#include "lib/console.h"
#include "lib/report.h"
#include "lib/string.h"
#include "x86/msr.h"

#define AREA		0x140u	/* bytes of a page that are compared */
#define NR_VALUES	7u
#define NR_REGS		8u
#define FLAGS		7u

/* One memory under test, and the RAM beside it. */
struct arena {
	uint8_t *page, *other;
	uint64_t regs[NR_REGS];
	uint64_t result[AREA / 8];
	uint8_t other_result[AREA];
};

static uint8_t ram[4096] __aligned(4096), other[4096] __aligned(4096);
static struct arena in_ram = { .page = ram, .other = other };
static struct arena in_device = { .page = (uint8_t *)TESTDEV_MMIO_BASE, .other = other };

static const uint64_t values[NR_VALUES] = {
	0, 1, ~0ul, 0x8000000080008080ul, 0x7fffffff7fff7f7ful, 0x123456789abcdef0ul, 0xfedcba9876543210ul,
};

static void prepare(struct arena *a, unsigned int n)
{
	volatile uint64_t *words = (volatile uint64_t *)a->page;
	unsigned int i;

	for (i = 0; i < AREA / 8; i++) {
		words[i] = values[(n + i) % NR_VALUES] + i / 3;
		((volatile uint64_t *)a->other)[i] = values[(n * 3 + i / 2) % NR_VALUES] + (i & 4);
	}
	words[FORM_OFFSET / 8] = values[n];
	a->regs[0] = values[n * 2 % NR_VALUES];
	a->regs[1] = 0x1122334455667788ul + n;
	a->regs[2] = n * 0x0101010101010103ul;
	a->regs[3] = values[(n + 2) % NR_VALUES];
	a->regs[4] = (uint64_t)a->other + FORM_OFFSET;
	a->regs[5] = (uint64_t)a->page + FORM_OFFSET;
	a->regs[6] = 0x8877665544332211ul;
	a->regs[7] = 2 | (n & 1 ? 0x8d5 : 0);
}

static void run(struct arena *a, const struct decoder_form *f, unsigned int n)
{
	prepare(a, n);
	wrmsr(MSR_FS_BASE, (uint64_t)a->page);
	if (a == &in_device)
		testdev_write(TESTDEV_CLEAR, 0);
	decoder_run(f->code, a->regs);
}

/* What was changed, with addresses as offsets in their page. */
static void collect(struct arena *a)
{
	unsigned int i;

	for (i = 0; i < AREA / 8; i++)
		a->result[i] = ((volatile uint64_t *)a->page)[i];
	memcpy(a->other_result, a->other, AREA);
	for (i = 0; i < FLAGS; i++) {
		if (a->regs[i] - (uint64_t)a->page < 4096)
			a->regs[i] = 0x10000 + a->regs[i] - (uint64_t)a->page;
		else if (a->regs[i] - (uint64_t)a->other < 4096)
			a->regs[i] = 0x20000 + a->regs[i] - (uint64_t)a->other;
	}
}

static bool same(const struct decoder_form *f, unsigned int n)
{
	uint64_t diff = (in_ram.regs[FLAGS] ^ in_device.regs[FLAGS]) & f->flags;
	bool memory = !memcmp(in_ram.result, in_device.result, AREA);
	bool beside = !memcmp(in_ram.other_result, in_device.other_result, AREA);
	unsigned int i;

	if (diff)
		printf("  %s, values %u: flags %lx should be %lx\n", f->text, n, in_device.regs[FLAGS] & f->flags,
		       in_ram.regs[FLAGS] & f->flags);
	for (i = 0; i < FLAGS; i++) {
		if (in_ram.regs[i] == in_device.regs[i])
			continue;
		diff = 1;
		printf("  %s, values %u: register %u is %lx, should be %lx\n", f->text, n, i, in_device.regs[i],
		       in_ram.regs[i]);
	}
	for (i = 0; i < AREA / 8 && !memory; i++)
		if (in_ram.result[i] != in_device.result[i])
			printf("  %s, values %u: at %x is %lx, should be %lx\n", f->text, n, 8 * i, in_device.result[i],
			       in_ram.result[i]);
	if (!beside)
		printf("  %s, values %u: the other operand's memory differs\n", f->text, n);
	return !diff && memory && beside;
}

/* The device counted what the form should have caused. */
static bool accesses(const struct decoder_form *f, unsigned int n)
{
	uint32_t reads = testdev_read(TESTDEV_READS), writes = testdev_read(TESTDEV_WRITES);
	uint32_t info = testdev_read(TESTDEV_RECORD(0, TESTDEV_INFO));
	bool ok = (f->reads < 0 || reads == (uint32_t)f->reads) && (f->writes < 0 || writes == (uint32_t)f->writes) &&
		  (!(reads + writes) || TESTDEV_INFO_SIZE(info) == f->size);

	if (!ok)
		printf("  %s, values %u: %u reads, %u writes, the last of size %u; should be %d, %d, %u\n", f->text, n,
		       reads, writes, TESTDEV_INFO_SIZE(info), f->reads, f->writes, f->size);
	return ok;
}

static bool check(const struct decoder_form *f, bool device)
{
	bool ok = true;
	unsigned int n;

	for (n = 0; n < NR_VALUES && ok; n++) {
		run(&in_ram, f, n);
		collect(&in_ram);
		run(&in_device, f, n);
		ok &= !device || accesses(f, n);
		collect(&in_device);
		ok &= same(f, n);
	}
	return ok;
}

void case_decoder(void)
{
	bool device = testdev_is_there();
	const struct decoder_form *f;
	unsigned int ok = 0, nr = 0;
	static uint8_t twin[4096] __aligned(4096);

	if (!device) {
		/* RAM against RAM validates the forms themselves. */
		report_skip("no test device: the forms run on RAM twice");
		in_device.page = twin;
	}
	for (f = decoder_forms; f < decoder_forms_end; f++) {
		bool good = check(f, device);

		nr++;
		ok += good;
		if (!good)
			report(false, "%s", f->text);
	}
	report(ok == nr, "%u of %u instruction forms do what they do on RAM", ok, nr);
}

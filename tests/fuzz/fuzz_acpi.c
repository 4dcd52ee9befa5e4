/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzz target for the reader of ACPI tables (libFuzzer's entry point): the tables' bytes; lengths and checksums are made right, else nothing behind them would be reached. */
/* fuzz: hypervisor/hw/acpi.c hypervisor/hw/acpi_table.c hypervisor/hw/acpi_dmar.c */
/* fuzz-flags: -iquote tests/fake/hw */
#include <stdlib.h>
#include <string.h>

#include "hw/acpi.h"
#include "hw/acpi_table.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/hostmap.h"
#include "x86/insn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NR_TABLES	8u
#define RSDP		0x90000ul
#define XSDT		0xa0000ul
#define AT(i)		(0x10000ul * ((i) + 1))		/* the tables' places; a DSDT may be any of them */

/* Pieces of exactly their size: the sanitizer sees each byte read past a table's end. */
static struct piece { uint64_t base; uint32_t size; uint8_t *bytes; } pieces[NR_TABLES + 2];
static uint32_t nr_pieces;

void *hostmap_device(hpa_t start, uint64_t size)
{
	uint32_t i;

	for (i = 0; i < nr_pieces; i++)
		if (start.v >= pieces[i].base && range_fits(start.v - pieces[i].base, size, pieces[i].size))
			return pieces[i].bytes + (start.v - pieces[i].base);
	return NULL;
}

struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf)
{
	(void)subleaf;
	return leaf == 0 ? (struct cpuid_regs){ .eax = 1 } : (struct cpuid_regs){ .ebx = 2u << 24 };
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void sum(uint8_t *p, uint32_t at, uint32_t size)
{
	uint8_t s = 0;
	uint32_t i;

	p[at] = 0;
	for (i = 0; i < size; i++)
		s = (uint8_t)(s + p[i]);
	p[at] = (uint8_t)-s;
}

static uint8_t *place(uint64_t base, uint32_t size)
{
	pieces[nr_pieces] = (struct piece){ base, size, calloc(1, size) };
	return pieces[nr_pieces++].bytes;
}

/* Takes one table from the input: what it is, how long its body is, the body. */
static size_t take_table(const uint8_t *data, size_t size, unsigned int i, uint8_t *xsdt)
{
	static const char *const names[] = { "APIC", "FACP", "DSDT", "HPET", "MCFG", "DMAR", "SSDT", "XXXX" };
	uint32_t body = (uint32_t)MIN((size_t)(data[1] | (data[2] & 3) << 8), size - 3), total = ACPI_HEADER_SIZE + body;
	uint64_t at = AT(i);
	uint8_t *t = place(at, total);

	memcpy(t, names[data[0] % ARRAY_SIZE(names)], 4);
	memcpy(t + 4, &total, 4);
	memcpy(t + ACPI_HEADER_SIZE, data + 3, body);
	/* Now and then the length is the body's word, or the checksum wrong. */
	if (data[0] & 0x80 && body >= 4)
		memcpy(t + 4, data + 3, 4);
	if (!(data[0] & 0x40))
		sum(t, 9, total);
	memcpy(xsdt + ACPI_HEADER_SIZE + 8 * i, &at, 8);
	return 3 + body;
}

static void judge(int err)
{
	uint32_t i, j;

	expect(acpi.nr_cpus <= MAX_PCPUS && acpi.nr_ioapics <= ARRAY_SIZE(acpi.ioapic) &&
	       acpi.nr_overrides <= ARRAY_SIZE(acpi.override) && acpi.nr_tables <= ACPI_MAX_TABLES);
	if (err)
		return;
	expect(acpi.nr_cpus && (!acpi.ecam_base || acpi.ecam_start_bus <= acpi.ecam_end_bus));
	for (i = 0; i < acpi.nr_cpus; i++)
		for (j = 0; j < i; j++)
			expect(acpi.apic_id[i] != acpi.apic_id[j]);
	/* What is said to be checked can be read. */
	for (i = 0; i < acpi.nr_tables; i++)
		expect(acpi_sum_ok(hostmap_device(hpa(acpi.table[i].hpa), acpi.table[i].size), acpi.table[i].size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint32_t xsdt_size = ACPI_HEADER_SIZE + 8 * NR_TABLES;
	uint8_t *xsdt = place(XSDT, xsdt_size), *rsdp = place(RSDP, 36);
	const uint64_t at = XSDT;
	const uint32_t rsdp_size = 36;
	unsigned int i;

	memcpy(xsdt, "XSDT", 4);
	memcpy(xsdt + 4, &xsdt_size, 4);
	for (i = 0; i < NR_TABLES && size >= 3; i++) {
		size_t n = take_table(data, size, i, xsdt);

		data += n;
		size -= n;
	}
	sum(xsdt, 9, xsdt_size);
	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = 2;
	memcpy(rsdp + 20, &rsdp_size, 4);
	memcpy(rsdp + 24, &at, 8);
	sum(rsdp, 8, 20);
	sum(rsdp, 32, 36);
	judge(acpi_init(hpa(RSDP)));
	while (nr_pieces)
		free(pieces[--nr_pieces].bytes);
	return 0;
}

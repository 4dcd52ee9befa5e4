/* SPDX-License-Identifier: BSD-3-Clause */
/* Physical PCI configuration access by ports and by ECAM, and the bus walk. */
/* unit: hypervisor/hw/pci.c */
/* unit-flags: -iquote tests/fake/hw */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hw/acpi.h"
#include "hw/pci.h"
#include "mm/hostmap.h"
#include "x86/insn.h"

struct acpi_info acpi;

/* Functions that exist: a table looked up by bdf, 256 bytes each. */
#define MAX_FUNCTIONS 8
static struct { uint16_t bdf; uint8_t config[256]; } functions[MAX_FUNCTIONS];
static uint32_t nr_functions, address, nr_port_accesses;

static uint8_t *function(uint16_t bdf, const uint8_t id[2])
{
	uint8_t *c = functions[nr_functions].config;

	functions[nr_functions++].bdf = bdf;
	memcpy(c, id, 2);
	return c;
}

static uint8_t *selected(uint16_t port, uint32_t size)
{
	uint32_t reg = (address & 0xfc) + (port - 0xcfc);

	ck_assert(address & 1u << 31);
	ck_assert(!(address & 3) && !(address & 0x7f000000));
	ck_assert_uint_ge(port, 0xcfc);
	ck_assert_uint_le(port + size, 0xd00);
	nr_port_accesses++;
	for (uint32_t i = 0; i < nr_functions; i++)
		if (functions[i].bdf == (uint16_t)(address >> 8))
			return functions[i].config + reg;
	return NULL;
}

static uint32_t port_in(uint16_t port, uint32_t size)
{
	uint8_t *p = selected(port, size);
	uint32_t v = ~0u;

	if (p)
		memcpy(&v, p, size);
	return v;
}

static void port_out(uint16_t port, uint32_t v, uint32_t size)
{
	uint8_t *p = selected(port, size);

	if (p)
		memcpy(p, &v, size);
}

uint8_t inb(uint16_t port) { return (uint8_t)port_in(port, 1); }
uint16_t inw(uint16_t port) { return (uint16_t)port_in(port, 2); }
uint32_t inl(uint16_t port) { return port_in(port, 4); }
void outb(uint16_t port, uint8_t v) { port_out(port, v, 1); }
void outw(uint16_t port, uint16_t v) { port_out(port, v, 2); }

void outl(uint16_t port, uint32_t v)
{
	if (port == 0xcf8)
		address = v;
	else
		port_out(port, v, 4);
}

/* ECAM is plain memory here. */
uint8_t mmio_read8(const volatile void *p) { return *(const volatile uint8_t *)p; }
uint16_t mmio_read16(const volatile void *p) { return *(const volatile uint16_t *)p; }
uint32_t mmio_read32(const volatile void *p) { return *(const volatile uint32_t *)p; }
void mmio_write8(volatile void *p, uint8_t v) { *(volatile uint8_t *)p = v; }
void mmio_write16(volatile void *p, uint16_t v) { *(volatile uint16_t *)p = v; }
void mmio_write32(volatile void *p, uint32_t v) { *(volatile uint32_t *)p = v; }

#define ECAM_BASE 0xb0000000ul
static uint8_t *ecam[256];
static bool map_fails;

void *hostmap_device(hpa_t start, uint64_t size)
{
	uint64_t bus = (start.v - ECAM_BASE) >> 20;

	ck_assert_uint_eq(size, 1ul << 20);
	ck_assert_uint_lt(bus, 256);
	if (map_fails)
		return NULL;
	ck_assert_ptr_null(ecam[bus]);
	ecam[bus] = malloc(size);
	memset(ecam[bus], 0xff, size);
	return ecam[bus];
}

static void count(uint16_t bdf, void *arg)
{
	uint16_t *list = arg;

	ck_assert_uint_lt(list[0], 15);
	list[++list[0]] = bdf;
}

START_TEST(ports_reach_every_byte)
{
	uint8_t *c = function(PCI_BDF(0, 3, 1), (const uint8_t[]){ 0x86, 0x80 });

	for (int i = 0; i < 256; i++)
		c[i] = (uint8_t)(i * 7);
	for (uint32_t reg = 0; reg < 256; reg++)
		ck_assert_uint_eq(pci_read(PCI_BDF(0, 3, 1), reg, 1), c[reg]);
	ck_assert_uint_eq(pci_read(PCI_BDF(0, 3, 1), 0x42, 2), c[0x42] | c[0x43] << 8);
	ck_assert_uint_eq(pci_read(PCI_BDF(0, 3, 1), 0xfc, 4), c[0xfc] | c[0xfd] << 8 | c[0xfe] << 16 | (uint32_t)c[0xff] << 24);
	pci_write(PCI_BDF(0, 3, 1), 0x3d, 1, 0x1a5);
	ck_assert_uint_eq(c[0x3d], 0xa5);
	ck_assert_uint_eq(c[0x3e], (uint8_t)(0x3e * 7));
	pci_write(PCI_BDF(0, 3, 1), 0x12, 2, 0xbeef);
	ck_assert_uint_eq(c[0x12] | c[0x13] << 8, 0xbeef);
	pci_write(PCI_BDF(0, 3, 1), 0x10, 4, 0x12345678);
	ck_assert_uint_eq(pci_read(PCI_BDF(0, 3, 1), 0x10, 4), 0x12345678);
}
END_TEST

START_TEST(absent_and_wrong_read_ones)
{
	ck_assert_uint_eq(pci_read(PCI_BDF(9, 1, 0), 0, 4), 0xffffffff);
	ck_assert_uint_eq(pci_read(PCI_BDF(9, 1, 0), 2, 2), 0xffff);
	nr_port_accesses = 0;
	ck_assert_uint_eq(pci_read(0, 0x100, 4), 0xffffffff);
	ck_assert_uint_eq(pci_read(0, 1, 2), 0xffff);
	ck_assert_uint_eq(pci_read(0, 2, 4), 0xffffffff);
	ck_assert_uint_eq(pci_read(0, 0, 3), 0xffffff);
	pci_write(0, 0x100, 4, 0);
	pci_write(0, 1, 2, 0);
	pci_write(0, 4096, 1, 0);
	ck_assert_uint_eq(nr_port_accesses, 0);
}
END_TEST

START_TEST(ecam_reaches_extended_space)
{
	acpi.ecam_base = ECAM_BASE;
	acpi.ecam_start_bus = 2;
	acpi.ecam_end_bus = 5;
	ck_assert_uint_eq(pci_read(PCI_BDF(3, 31, 7), 0xffc, 4), 0xffffffff);
	pci_write(PCI_BDF(3, 31, 7), 0xffc, 4, 0xcafef00d);
	memcpy(&address, ecam[3] + (31 << 15 | 7 << 12 | 0xffc), 4);
	ck_assert_uint_eq(address, 0xcafef00d);
	ck_assert_uint_eq(pci_read(PCI_BDF(3, 31, 7), 0xffe, 2), 0xcafe);
	ck_assert_uint_eq(pci_read(PCI_BDF(3, 31, 7), 0xffd, 1), 0xf0);
	pci_write(PCI_BDF(2, 0, 0), 0, 2, 0x1234);
	ck_assert_uint_eq(ecam[2][0] | ecam[2][1] << 8, 0x1234);
	ck_assert_uint_eq(nr_port_accesses, 0);
	/* Outside its buses: ports. */
	function(PCI_BDF(1, 0, 0), (const uint8_t[]){ 0x22, 0x11 });
	ck_assert_uint_eq(pci_read(PCI_BDF(1, 0, 0), 0, 2), 0x1122);
	ck_assert_uint_eq(nr_port_accesses, 1);
	free(ecam[2]);
	free(ecam[3]);
}
END_TEST

START_TEST(ports_when_ecam_cannot_be_mapped)
{
	map_fails = true;
	acpi.ecam_base = ECAM_BASE;
	acpi.ecam_end_bus = 255;
	function(0, (const uint8_t[]){ 0x22, 0x11 });
	ck_assert_uint_eq(pci_read(0, 0, 2), 0x1122);
}
END_TEST

START_TEST(scan_follows_bridges_and_never_circles)
{
	uint16_t found[16] = { 0 };
	const uint8_t id[2] = { 0x86, 0x80 };
	uint8_t *c;

	function(PCI_BDF(0, 0, 0), id);
	c = function(PCI_BDF(0, 1, 0), id);
	c[0x0e] = 0x80;				/* several functions */
	c = function(PCI_BDF(0, 1, 5), id);
	c[0x0e] = 1;				/* a bridge to bus 4 */
	c[0x19] = 4;
	function(PCI_BDF(0, 2, 3), id);		/* function 0 is missing: not looked for */
	c = function(PCI_BDF(4, 7, 0), id);
	c[0x0e] = 1;				/* a bridge back to bus 0 */
	c[0x19] = 0;
	c = function(PCI_BDF(4, 8, 0), id);
	c[0x0e] = 1;				/* a bridge to its own bus */
	c[0x19] = 4;
	function(PCI_BDF(5, 0, 0), id);		/* no bridge leads there */
	pci_scan(count, found);
	ck_assert_uint_eq(found[0], 5);
	ck_assert_uint_eq(found[1], PCI_BDF(0, 0, 0));
	ck_assert_uint_eq(found[2], PCI_BDF(0, 1, 0));
	ck_assert_uint_eq(found[3], PCI_BDF(0, 1, 5));
	ck_assert_uint_eq(found[4], PCI_BDF(4, 7, 0));
	ck_assert_uint_eq(found[5], PCI_BDF(4, 8, 0));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pci");
	TCase *tc = tcase_create("pci");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, ports_reach_every_byte);
	tcase_add_test(tc, absent_and_wrong_read_ones);
	tcase_add_test(tc, ecam_reaches_extended_space);
	tcase_add_test(tc, ports_when_ecam_cannot_be_mapped);
	tcase_add_test(tc, scan_follows_bridges_and_never_circles);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

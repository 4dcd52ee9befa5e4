/* SPDX-License-Identifier: BSD-3-Clause */
/* See vtd_model.h. */
#include "vtd_model.h"

#include <check.h>
#include <string.h>

#include "hw/acpi.h"
#include "lib/addr.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "x86/insn.h"
#include "x86/pte.h"
#include "x86/vtd_reg.h"

struct model_unit model[MODEL_UNITS];
unsigned int model_clflush;
struct acpi_info acpi;

#define UNIT_SPACE	0x10000ul
#define POOL_PAGES	128u

unsigned int model_pages;
bool model_pool_empty;
static uint8_t pool[POOL_PAGES][PAGE_SIZE] __aligned(4096);
static bool taken[POOL_PAGES];

/* Tables point to each other by physical addresses, which the leak detector does not follow: no malloc(). */
void *frame_get(uint32_t nr_pages)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i < POOL_PAGES && i - first < nr_pages; i++)
		if (taken[i])
			first = i + 1;
	if (model_pool_empty || first + nr_pages > POOL_PAGES)
		return NULL;
	for (uint32_t i = 0; i < nr_pages; i++)
		taken[first + i] = true;
	model_pages += nr_pages;
	return memset(pool[first], 0, nr_pages * PAGE_SIZE);
}

void frame_put(void *p, uint32_t nr_pages)
{
	uint64_t first = ((uint64_t)p - (uint64_t)pool) / PAGE_SIZE;

	if (!p)
		return;
	for (uint32_t i = 0; i < nr_pages; i++) {
		ck_assert(first + i < POOL_PAGES && taken[first + i]);
		taken[first + i] = false;
	}
	/* Entries that are there, and lead nowhere. */
	memset(p, 0xff, nr_pages * PAGE_SIZE);
	model_pages -= nr_pages;
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

int log_error_origin(int e, const char *file, int line)
{
	(void)file;
	(void)line;
	return e;
}

void model_reset(unsigned int nr_units)
{
	memset(model, 0, sizeof(model));
	memset(taken, 0, sizeof(taken));
	model_clflush = model_pages = 0;
	acpi = (struct acpi_info){ .nr_ioapics = 1 };
	acpi.ioapic[0].id = 2;
	acpi.dmar.found = acpi.dmar.intr_remap = true;
	acpi.dmar.nr_units = nr_units;
	acpi.dmar.nr_ioapics = 1;
	acpi.dmar.ioapic[0].id = 2;
	acpi.dmar.ioapic[0].bdf = 0xf0ff;
	for (unsigned int i = 0; i < nr_units; i++) {
		acpi.dmar.unit[i].base = MODEL_BASE(i);
		model[i].cap = MODEL_CAP;
		model[i].ecap = MODEL_ECAP;
	}
}

/* The registers are found by address again; nothing is stored at it. */
void *hostmap_device(hpa_t start, uint64_t size)
{
	uint64_t n = (start.v - MODEL_BASE(0)) / UNIT_SPACE;

	ck_assert_uint_lt(n, MODEL_UNITS);
	ck_assert_uint_le(size, UNIT_SPACE);
	return model[n].absent ? NULL : (void *)start.v;
}

static struct model_unit *unit_of(const volatile void *p, uint32_t *reg)
{
	uint64_t off = (uint64_t)p - MODEL_BASE(0);

	ck_assert_uint_lt(off / UNIT_SPACE, MODEL_UNITS);
	*reg = (uint32_t)(off % UNIT_SPACE);
	return &model[off / UNIT_SPACE];
}

void clflush(const void *p)
{
	(void)p;
	model_clflush++;
}

void cpu_pause(void)
{
}

static void forget(struct model_unit *u, uint64_t did, bool all)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < u->nr_cached; i++)
		if (!all && u->cache[i].did != did)
			u->cache[n++] = u->cache[i];
	u->nr_cached = n;
}

static void descriptor(struct model_unit *u, const uint64_t *d)
{
	switch (d[0] & 0xf) {
	case 1:
		ck_assert_uint_eq(d[0] & 0x30, 0x10);
		u->nr_context++;
		break;
	case 2:
		u->nr_iotlb++;
		u->last_iotlb = d[0];
		forget(u, d[0] >> 16 & 0xffff, (d[0] & 0x30) == 0x10);
		break;
	case 4:
		u->nr_iec++;
		if (d[0] & 0x10)
			u->irte_cache[d[0] >> 32 & 0xff] = 0;
		else
			memset(u->irte_cache, 0, sizeof(u->irte_cache));
		break;
	case 5:
		ck_assert(d[0] & 0x20);
		if (!u->mute)
			*(uint32_t *)hpa_to_hva(hpa(d[1])) = (uint32_t)(d[0] >> 32);
		break;
	default:
		ck_abort_msg("descriptor 0x%lx", d[0]);
	}
}

static void run_queue(struct model_unit *u, uint32_t tail)
{
	const uint64_t *q = hpa_to_hva(hpa(u->reg[VTD_IQA / 8] & PTE_ADDR));

	ck_assert(u->gsts & VTD_GCMD_QIE);
	ck_assert_uint_eq(u->reg[VTD_IQA / 8] & 0xfff, 0);
	if (u->refuses) {
		u->fsts |= VTD_FSTS_IQE;
		return;
	}
	for (; u->head != tail; u->head = (u->head + 16) % 4096)
		descriptor(u, q + u->head / 8);
}

static void global_command(struct model_unit *u, uint32_t v)
{
	uint32_t modes = VTD_GCMD_TE | VTD_GCMD_QIE | VTD_GCMD_IRE | VTD_GCMD_CFI, old = u->gsts;

	/* One change at a time. */
	ck_assert_int_le(__builtin_popcount(((v ^ old) & modes) | (v & ~modes)), 1);
	modes &= ~u->stuck;
	v &= ~(u->stuck & ~old);
	u->gsts = (u->gsts & ~modes) | (v & modes);
	if (v & VTD_GCMD_SRTP) {
		u->root = u->reg[VTD_RTADDR / 8];
		u->gsts |= VTD_GCMD_SRTP;
	}
	if (v & VTD_GCMD_SIRTP) {
		ck_assert(!(old & VTD_GCMD_IRE));
		u->irta = u->reg[VTD_IRTA / 8];
		u->gsts |= VTD_GCMD_SIRTP;
	}
	if (v & VTD_GCMD_WBF)
		u->nr_wbf++;
	if ((old ^ u->gsts) & VTD_GCMD_QIE)
		u->head = 0;
}

uint64_t mmio_read64(const volatile void *p)
{
	uint32_t reg;
	struct model_unit *u = unit_of(p, &reg);

	ck_assert_uint_eq(reg % 8, 0);
	return reg == VTD_CAP ? u->cap : reg == VTD_ECAP ? u->ecap : u->reg[reg / 8];
}

uint32_t mmio_read32(const volatile void *p)
{
	uint32_t reg;
	struct model_unit *u = unit_of(p, &reg);

	switch (reg) {
	case VTD_GSTS:
		return u->gsts;
	case VTD_FSTS:
		return u->fsts;
	case VTD_PMEN:
		return u->pmen;
	}
	return (uint32_t)(u->reg[reg / 8] >> (reg % 8) * 8);
}

void mmio_write64(volatile void *p, uint64_t v)
{
	uint32_t reg;
	struct model_unit *u = unit_of(p, &reg);

	ck_assert_uint_eq(reg % 8, 0);
	u->reg[reg / 8] = v;
	if (reg == VTD_IQT && u->gsts & VTD_GCMD_QIE)
		run_queue(u, (uint32_t)v);
	if (reg == VTD_CCMD) {
		ck_assert(!(u->gsts & VTD_GCMD_QIE) && v == (VTD_CCMD_ICC | VTD_CCMD_GLOBAL));
		u->nr_context++;
		u->reg[reg / 8] = u->mute ? v : v & ~VTD_CCMD_ICC;
	}
	if (reg == VTD_IOTLB(u->ecap)) {
		ck_assert(!(u->gsts & VTD_GCMD_QIE) && v & VTD_IOTLB_IVT);
		u->nr_iotlb++;
		u->last_iotlb = v;
		forget(u, v >> 32 & 0xffff, (v & 3ul << 60) == VTD_IOTLB_GLOBAL);
		u->reg[reg / 8] = v & ~VTD_IOTLB_IVT;
	}
}

void mmio_write32(volatile void *p, uint32_t v)
{
	uint32_t reg;
	struct model_unit *u = unit_of(p, &reg);
	uint64_t *half;

	switch (reg) {
	case VTD_GCMD:
		global_command(u, v);
		return;
	case VTD_FSTS:
		u->fsts &= ~v;
		return;
	case VTD_FECTL:
		u->fectl = v;
		return;
	case VTD_PMEN:
		u->pmen = v & VTD_PMEN_EPM ? v | VTD_PMEN_PRS : v;
		return;
	}
	half = &u->reg[reg / 8];
	if (reg >= MODEL_FAULT(0) && reg < MODEL_FAULT(4)) {
		ck_assert_uint_eq(reg % 16, 12);
		*half &= ~((uint64_t)(v & 1u << 31) << 32);
		return;
	}
	*half = reg % 8 ? (*half & 0xfffffffful) | (uint64_t)v << 32 : (*half & ~0xfffffffful) | v;
}

/* Second-level tables: where the page is, or MODEL_BLOCKED. */
static uint64_t walk(uint64_t table, unsigned int levels, uint64_t addr, bool write)
{
	if (addr >> (12 + 9 * levels))
		return MODEL_BLOCKED;
	for (unsigned int level = levels; level; level--) {
		const uint64_t *t = hpa_to_hva(hpa(table & PTE_ADDR));
		unsigned int shift = 12 + 9 * (level - 1);
		uint64_t e = t[addr >> shift & 511];

		if (!(e & (write ? 2 : 1)))
			return MODEL_BLOCKED;
		if (level == 1 || e & 1ul << 7)
			return (e & PTE_ADDR & ~((1ul << shift) - 1)) | (addr & ((1ul << shift) - 1) & ~0xffful);
		table = e;
	}
	return MODEL_BLOCKED;
}

static uint64_t translate(struct model_unit *u, uint16_t bdf, uint64_t page, bool write, uint16_t *did)
{
	const uint64_t *root = hpa_to_hva(hpa(u->root)), *c;

	if (!(root[2 * (bdf >> 8)] & 1))
		return MODEL_BLOCKED;
	c = hpa_to_hva(hpa(root[2 * (bdf >> 8)] & PTE_ADDR));
	c += 2 * (bdf & 0xff);
	if (!(c[0] & 1))
		return MODEL_BLOCKED;
	/* Only untranslated requests; the levels that the unit has. */
	ck_assert_uint_eq(c[0] & 0xe, 0);
	ck_assert(u->cap >> 8 & 1ul << (c[1] & 7));
	*did = (uint16_t)(c[1] >> 8);
	ck_assert_uint_ne(*did, 0);
	return walk(c[0], 2 + (unsigned int)(c[1] & 7), page, write);
}

uint64_t model_dma(unsigned int unit, uint16_t bdf, uint64_t addr, bool write)
{
	struct model_unit *u = &model[unit];
	uint64_t page = addr & ~0xffful, to;
	uint16_t did = 0;

	if (!(u->gsts & VTD_GCMD_TE))
		return addr;
	for (unsigned int i = 0; i < u->nr_cached; i++)
		if (u->cache[i].bdf == bdf && u->cache[i].page == page)
			return u->cache[i].to == MODEL_BLOCKED ? MODEL_BLOCKED : u->cache[i].to | (addr & 0xfff);
	to = translate(u, bdf, page, write, &did);
	/* Caching mode: also what is not there, as long as a domain is. */
	if (to != MODEL_BLOCKED || (did && u->cap & 1ul << 7)) {
		ck_assert_uint_lt(u->nr_cached, 64);
		u->cache[u->nr_cached].bdf = bdf;
		u->cache[u->nr_cached].did = did;
		u->cache[u->nr_cached].page = page;
		u->cache[u->nr_cached++].to = to;
	}
	return to == MODEL_BLOCKED ? to : to | (addr & 0xfff);
}

uint64_t model_msi(unsigned int unit, uint16_t bdf, uint16_t index)
{
	struct model_unit *u = &model[unit];
	const uint64_t *table = hpa_to_hva(hpa(u->irta & PTE_ADDR)), *e = table + 2 * index;
	uint64_t low;

	ck_assert(u->gsts & VTD_GCMD_IRE);
	ck_assert_uint_lt(index, 2u << (u->irta & 0xf));
	low = u->irte_cache[index] ? u->irte_cache[index] : e[0];
	if (!(low & 1))
		return MODEL_BLOCKED;
	ck_assert_uint_eq(e[1] & ~0xffffful, 0);
	ck_assert_uint_eq(e[1] >> 16, 4);	/* SVT: verify all of the id */
	if ((e[1] & 0xffff) != bdf)
		return MODEL_BLOCKED;
	u->irte_cache[index] = low;
	return (u->irta & VTD_IRTA_EIME ? low >> 32 : low >> 40 & 0xff) << 32 | (low >> 16 & 0xff);
}

void model_fault(unsigned int unit, unsigned int record, uint64_t high, uint64_t low)
{
	struct model_unit *u = &model[unit];

	if (u->reg[MODEL_FAULT(record) / 8 + 1] & VTD_FAULT_F)
		u->fsts |= VTD_FSTS_PFO;
	u->reg[MODEL_FAULT(record) / 8] = low;
	u->reg[MODEL_FAULT(record) / 8 + 1] = high | VTD_FAULT_F;
	u->fsts |= VTD_FSTS_PPF;
}

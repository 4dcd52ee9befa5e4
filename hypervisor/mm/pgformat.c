/* SPDX-License-Identifier: BSD-3-Clause */
/* How the host's page tables, EPT (SDM volume 3, 4.5, 28.3.2) and VT-d (VT-d specification, 9.8) encode attributes. */
#include "lib/util.h"
#include "mm/pgtable.h"
#include "x86/pte.h"

/* PAT index (bits PAT, PCD, PWT) and EPT memory type of each PG_ type; order as in HOST_PAT. */
static const struct {
	uint32_t pg;
	uint8_t pat_index, ept_type;
} types[] = {
	{ PG_WB, 0, MEMTYPE_WB },
	{ PG_WC, 1, MEMTYPE_WC },
	{ PG_UC, 3, MEMTYPE_UC },
	{ PG_WT, 5, MEMTYPE_WT },
	{ PG_WP, 6, MEMTYPE_WP },
};

static uint64_t nx_bit = PTE_NX;

static uint32_t type_index(uint32_t attr)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].pg == (attr & PG_TYPE_MASK))
			return i;
	return 2;	/* an encoding nobody defined: uncached is safe */
}

static uint64_t host_leaf(uint32_t attr, unsigned int level)
{
	uint32_t pat = types[type_index(attr)].pat_index;
	uint64_t e = level > 1 ? PTE_PS : 0;

	if (!(attr & (PG_R | PG_W | PG_X)))
		return 0;
	e |= PTE_P | PTE_A | PTE_D;
	e |= attr & PG_W ? PTE_W : 0;
	e |= attr & PG_X ? 0 : nx_bit;
	e |= pat & 1 ? PTE_PWT : 0;
	e |= pat & 2 ? PTE_PCD : 0;
	if (pat & 4)
		e |= level > 1 ? PTE_PAT_LARGE : PTE_PAT_4K;
	return e;
}

static uint32_t host_attr(uint64_t e, unsigned int level)
{
	uint64_t pat_bit = level > 1 ? PTE_PAT_LARGE : PTE_PAT_4K;
	uint32_t pat = (e & PTE_PWT ? 1 : 0) | (e & PTE_PCD ? 2 : 0) | (e & pat_bit ? 4 : 0);
	uint32_t attr = PG_R | (e & PTE_W ? PG_W : 0) | (e & PTE_NX ? 0 : PG_X);

	for (uint32_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].pat_index == pat)
			return attr | types[i].pg;
	return attr | PG_UC;
}

static uint64_t ept_leaf(uint32_t attr, unsigned int level)
{
	uint64_t e = (uint64_t)types[type_index(attr)].ept_type << EPTE_TYPE_SHIFT;

	if (!(attr & (PG_R | PG_W | PG_X)))
		return 0;
	e |= attr & PG_R ? EPTE_R : 0;
	e |= attr & PG_W ? EPTE_W : 0;
	e |= attr & PG_X ? EPTE_X : 0;
	e |= attr & PG_WEAK ? EPTE_WEAK : 0;
	return level > 1 ? e | EPTE_PS : e;
}

static uint32_t ept_attr(uint64_t e, unsigned int level)
{
	uint32_t attr = (e & EPTE_R ? PG_R : 0) | (e & EPTE_W ? PG_W : 0) | (e & EPTE_X ? PG_X : 0);

	attr |= e & EPTE_WEAK ? PG_WEAK : 0;
	(void)level;
	for (uint32_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].ept_type == (e & EPTE_TYPE_MASK) >> EPTE_TYPE_SHIFT)
			return attr | types[i].pg;
	return attr | PG_UC;
}

/* No memory type and no execution: the device's transaction says. */
static uint64_t vtd_leaf(uint32_t attr, unsigned int level)
{
	uint64_t e = (attr & PG_R ? VTDE_R : 0) | (attr & PG_W ? VTDE_W : 0);

	return e && level > 1 ? e | EPTE_PS : e;
}

static uint32_t vtd_attr(uint64_t e, unsigned int level __unused)
{
	return (e & VTDE_R ? PG_R : 0) | (e & VTDE_W ? PG_W : 0);
}

struct pgtable_format pgtable_host = {
	.leaf = host_leaf, .attr = host_attr,
	.table_bits = PTE_P | PTE_W | PTE_A, .present_mask = PTE_P, .large_bit = PTE_PS, .high_half = true,
	.levels = 4, .max_leaf = 2,
};

struct pgtable_format pgtable_ept = {
	.leaf = ept_leaf, .attr = ept_attr,
	.table_bits = EPTE_R | EPTE_W | EPTE_X, .present_mask = EPTE_R | EPTE_W | EPTE_X,
	.large_bit = EPTE_PS, .levels = 4, .max_leaf = 1,
};

struct pgtable_format pgtable_vtd = {
	.leaf = vtd_leaf, .attr = vtd_attr,
	.table_bits = VTDE_R | VTDE_W, .present_mask = VTDE_R | VTDE_W,
	.large_bit = EPTE_PS, .levels = 4, .max_leaf = 1,
};

/* See the header. Boot CPU, before the first table is made. */
void pgtable_set_caps(unsigned int host_max_leaf, unsigned int ept_max_leaf, bool host_nx)
{
	pgtable_host.max_leaf = host_max_leaf;
	pgtable_ept.max_leaf = ept_max_leaf;
	nx_bit = host_nx ? PTE_NX : 0;
}

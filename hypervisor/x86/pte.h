/* SPDX-License-Identifier: BSD-3-Clause */
/* Page-table entries: host and guest paging (SDM volume 3, 4.5), EPT (28.3.2). */
#pragma once

#define PTE_P		(1ul << 0)
#define PTE_W		(1ul << 1)
#define PTE_U		(1ul << 2)
#define PTE_PWT		(1ul << 3)
#define PTE_PCD		(1ul << 4)
#define PTE_A		(1ul << 5)
#define PTE_D		(1ul << 6)
#define PTE_PS		(1ul << 7)	/* levels 2 and 3: a page, not a table */
#define PTE_PAT_4K	(1ul << 7)	/* level 1 */
#define PTE_G		(1ul << 8)
#define PTE_PAT_LARGE	(1ul << 12)	/* levels 2 and 3 */
#define PTE_NX		(1ul << 63)
#define PTE_ADDR	0x000ffffffffff000ul

#define EPTE_R		(1ul << 0)
#define EPTE_W		(1ul << 1)
#define EPTE_X		(1ul << 2)
#define EPTE_TYPE_SHIFT	3
#define EPTE_TYPE_MASK	(7ul << EPTE_TYPE_SHIFT)
#define EPTE_IPAT	(1ul << 6)
#define EPTE_PS		(1ul << 7)
#define EPTE_A		(1ul << 8)
#define EPTE_D		(1ul << 9)
#define EPTE_WEAK	(1ul << 52)	/* ours, ignored by the CPU: PG_WEAK of mm/pgtable.h */

/* VT-d second-level entries (VT-d specification, 9.8); a large page has EPT's bit. */
#define VTDE_R		(1ul << 0)
#define VTDE_W		(1ul << 1)

/* EPT pointer (SDM volume 3, 24.6.11). */
#define EPTP_TYPE_WB	6ul
#define EPTP_WALK_4	(3ul << 3)
#define EPTP_AD		(1ul << 6)

/* Memory types as the PAT, the MTRRs and EPT number them (SDM volume 3, 11.3). */
#define MEMTYPE_UC	0u
#define MEMTYPE_WC	1u
#define MEMTYPE_WT	4u
#define MEMTYPE_WP	5u
#define MEMTYPE_WB	6u
#define MEMTYPE_UC_MINUS 7u

/*
 * What the hypervisor puts in its page-attribute table MSR, entries 7..0:
 * UC WP WT WB UC UC- WC WB. mm/pgformat.c holds the same order.
 */
#define HOST_PAT	0x0005040600070106ul

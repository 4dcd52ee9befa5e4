/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest's own page tables: walking and copying by guest virtual address. Own thread. */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"

struct vcpu;

#define GVA_READ	0x0u
#define GVA_WRITE	0x2u	/* = page-fault error code bits, SDM vol 3 4.7 */
#define GVA_USER	0x4u
#define GVA_FETCH	0x10u

/*
 * Translates one linear address with the guest's paging mode (none, 32-bit, PAE,
 * 4- and 5-level) and rights (SMEP, SMAP with AC, NX, WP; SDM vol 3, 4.6). Writes
 * nothing to the tables. Addresses are 32 bits wide outside IA-32e mode.
 * 0 and *out; 1 with *error = #PF error code; -EINVAL: not canonical (the guest
 * deserves #GP); -EFAULT: a table is not in the VM's RAM.
 */
int gva_translate(const struct vcpu *vcpu, uint64_t linear, uint32_t access, gpa_t *out, uint32_t *error) __must_check;

/*
 * A walk to a page of code in IA-32e mode, or without paging (no entry), and all that it depended on. It is believed again only while the
 * registers, the EPT and each of the guest's own entries, which it may change without any exit, are the same.
 */
struct gva_code_walk {
	uint64_t key;			/* linear address of the page | GVA_USER */
	uint64_t changes;		/* pgtable_changes() of the EPT; 0: nothing is kept */
	uint64_t cr3, cr4, efer;
	const uint8_t *page;
	unsigned int nr;
	struct {
		const uint64_t *at;
		uint64_t value;
	} entry[5];			/* from the root on */
};
#define GVA_CODE_WALKS	4u		/* kept by a vCPU, by the low bits of the page number */

/*
 * As gva_translate() for a fetch, but gives the bytes themselves: *code is good
 * to the end of the 4 KiB page. -EFAULT also when the code is not in RAM. 40 instructions
 * while the vCPU's last walk to this page holds, else some 350.
 */
int gva_code(struct vcpu *vcpu, uint64_t linear, uint32_t access, const uint8_t **code, uint32_t *error) __must_check;

/*
 * Copies between the guest's linear memory and buf, page by page; sets accessed
 * and dirty bits as the CPU would. 0; 1 after queueing #PF with CR2 by
 * virq_page_fault(), or #GP for an address that is not canonical; -EFAULT when
 * the memory, or a table, is not RAM, or is RAM the VM may not write. An access
 * of at most a page that cannot be done as a whole changes nothing.
 */
int gva_read(struct vcpu *vcpu, uint64_t linear, void *buf, uint32_t len, uint32_t access) __must_check;
int gva_write(struct vcpu *vcpu, uint64_t linear, const void *buf, uint32_t len, uint32_t access) __must_check;

/* As gva_write(), of at most a page, but writes nothing: a fault of a later write, found before anything else happens. */
int gva_probe_write(struct vcpu *vcpu, uint64_t linear, uint32_t len, uint32_t access) __must_check;

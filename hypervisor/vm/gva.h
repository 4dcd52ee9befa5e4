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
 * 4- and 5-level) and rights. 0 and *out; 1 with *error = #PF error code; no A/D
 * bits are set but checked ones honoured (SMEP, SMAP with AC, NX, WP).
 */
int gva_translate(struct vcpu *vcpu, uint64_t linear, uint32_t access, gpa_t *out, uint32_t *error) __must_check;

/*
 * Copies between the guest's linear memory and buf, page by page. 0; 1 after
 * queueing #PF with CR2 by virq_page_fault(); -EFAULT when the memory is not RAM.
 */
int gva_read(struct vcpu *vcpu, uint64_t linear, void *buf, uint32_t len, uint32_t access) __must_check;
int gva_write(struct vcpu *vcpu, uint64_t linear, const void *buf, uint32_t len, uint32_t access) __must_check;

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DMA and interrupt remapping by Intel VT-d. A function that is in no domain
 * reaches no memory. Order: vtd_init(), domains and their functions, then
 * vtd_enable(): all units or none.
 */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"
#include "mm/pgtable.h"

struct vtd_domain {
	struct pgtable pt;	/* what its functions reach: PG_R, PG_W */
	uint16_t domain_id;	/* (o) 1.. */
};

struct vtd_fault {
	uint64_t addr;		/* page; of an interrupt the index */
	uint16_t source;	/* bus << 8 | device << 3 | function */
	uint8_t reason;		/* VT-d specification, 7.1 */
	bool read, interrupt;
};

/*
 * Reads the units the ACPI tables name and makes empty tables. `intr_remap`:
 * interrupts too, if all units and the firmware offer it; `x2apic`: CPUs are in
 * that mode. 0, or -errno after saying what is missing. Boot CPU.
 */
int vtd_init(bool intr_remap, bool x2apic) __must_check;
/* True from vtd_init() on, unless vtd_enable() fails. */
bool vtd_ready(void);
/* Turns every unit on, or none: then all made so far is lost. 0 or -errno, said. Boot CPU. */
int vtd_enable(void) __must_check;
/* Registers of the unit `index` of acpi.dmar: nobody else may have them. */
void vtd_registers(uint32_t index, uint64_t *base, uint64_t *size);

/* 0, -ENOMEM, -ENOSPC. Any CPU, as all below. */
int vtd_domain_create(struct vtd_domain *d) __must_check;
/* Takes its functions out first. */
void vtd_domain_destroy(struct vtd_domain *d);
/* As pgtable_map(); vtd_unmap() returns when no DMA to the range is under way any more. */
int vtd_map(struct vtd_domain *d, uint64_t at, hpa_t pa, uint64_t size, uint32_t attr) __must_check;
int vtd_unmap(struct vtd_domain *d, uint64_t at, uint64_t size) __must_check;

/* Gives a function to a domain, from another one if need be; again changes nothing. 0, -ENOMEM, -ETIMEDOUT, -EIO. */
int vtd_attach(struct vtd_domain *d, uint16_t bdf) __must_check;
/* Its DMA is blocked from now on. */
int vtd_detach(uint16_t bdf) __must_check;

/* Lets faults raise `vector` on a CPU. While masked, an interrupt is kept for later. */
void vtd_fault_event(uint32_t apic_id, uint8_t vector);
void vtd_fault_mask(bool masked);
/* The next fault that a unit recorded; false: none. *lost: others had no room. One CPU at a time. */
bool vtd_fault_next(struct vtd_fault *f, bool *lost);

/*
 * Interrupt remapping. A message names an entry of one table; the entry says
 * vector and CPU, and which function may use it. Entries have the numbers of
 * the host vectors they deliver. Without it (vtd_ir_active() false) the message
 * holds CPU and vector itself.
 */
bool vtd_ir_active(void);
/* Highest APIC id a device's interrupt can go to: 254 unless all units know 32-bit ids and CPUs use them. */
uint32_t vtd_ir_max_apic_id(void);
/* 0, -EINVAL (the id cannot be named), -ETIMEDOUT, -EIO. */
int vtd_ir_set(uint8_t vector, uint16_t bdf, uint32_t apic_id, bool level) __must_check;
/* Nothing happens when the entry is empty, or there is no table. */
void vtd_ir_clear(uint8_t vector);
/* Whose interrupts those of an I/O APIC are; -ENOENT: unknown. */
int vtd_ir_ioapic(uint32_t ioapic_id, uint16_t *bdf) __must_check;

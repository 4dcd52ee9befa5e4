/* SPDX-License-Identifier: BSD-3-Clause */
/* What the hypervisor reads of the firmware's ACPI tables; every length and checksum is checked. */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"

#define ACPI_MAX_TABLES 48u
#define ACPI_MAX_IOMMUS 16u

/* The DMAR table: DMA remapping units and what they need to know. */
struct acpi_dmar {
	bool found;			/* there is one; without units it could not be used */
	bool intr_remap;		/* the platform remaps interrupts, too */
	uint32_t nr_units;
	struct { uint64_t base; uint16_t segment; } unit[ACPI_MAX_IOMMUS];
	uint32_t nr_rmrrs;
	struct { uint64_t base, size; } rmrr[16];	/* segment 0: memory that devices use by the firmware's will */
	uint32_t nr_ioapics;
	struct { uint8_t id; uint16_t bdf; } ioapic[8];	/* segment 0: who its interrupts come from */
};

struct acpi_info {
	hpa_t rsdp;				/* 0: none found */
	uint32_t nr_cpus;
	uint32_t apic_id[MAX_PCPUS];		/* enabled ones, MADT order; boot CPU moved first */
	uint64_t lapic_base;
	uint32_t nr_ioapics;
	struct { uint32_t id, gsi_base; uint64_t base; } ioapic[8];
	uint32_t nr_overrides;
	struct { uint8_t irq; uint32_t gsi; uint16_t flags; } override[16];	/* ISA sources */
	uint64_t hpet_base;			/* 0: none */
	uint64_t ecam_base;			/* 0: no MCFG; segment 0 */
	uint8_t ecam_start_bus, ecam_end_bus;
	uint16_t pm1a_evt, pm1b_evt, pm1a_cnt, pm1b_cnt, pm_tmr, smi_cmd;	/* ports, 0: none */
	uint8_t pm1_cnt_len, acpi_enable;
	uint16_t reset_port; uint8_t reset_value;	/* FADT reset register in I/O space, 0: none */
	uint8_t s5_typa, s5_typb; bool s5_found;	/* from the DSDT's \_S5_ package */
	struct acpi_dmar dmar;
	uint32_t nr_tables;
	struct { uint64_t hpa; uint32_t size; char signature[4]; } table[ACPI_MAX_TABLES];	/* of the root table, all checked */
};

extern struct acpi_info acpi;

/* `rsdp` from the boot loader (0: search the BIOS area). 0, or -ENODEV after saying what is missing. */
int acpi_init(hpa_t rsdp) __must_check;

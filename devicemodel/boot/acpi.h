/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest's ACPI tables. */
#pragma once

struct vm;

/*
 * Build all tables in guest memory from LAYOUT_ACPI_BASE: RSDP, RSDT, XSDT, FADT, FACS, DSDT, MADT, HPET
 * and MCFG. nr_vcpus and the PCI bus must be known. -ENOSPC with a message when they do not fit below 1 MB.
 */
int acpi_build(struct vm *vm);

/* SPDX-License-Identifier: BSD-3-Clause */
/* Layouts of the ACPI tables we build (ACPI 6.4 chapter 5.2, IA-PC HPET 3.2.4, PCI Firmware 4.1.2). */
#pragma once

#include <stdint.h>

#define ACPI_TABLE_SIZE(type, n) _Static_assert(sizeof(struct type) == (n), #type " has the wrong size")

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_header, 36);

#define ACPI_RSDP_V1_SIZE 20u
struct acpi_rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_rsdp, 36);

#define ACPI_SPACE_MEMORY	0
#define ACPI_SPACE_IO		1
struct acpi_gas {
	uint8_t space, bit_width, bit_offset, access_size;
	uint64_t address;
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_gas, 12);

struct acpi_facs {
	char signature[4];
	uint32_t length, hardware_signature, waking_vector, global_lock, flags;
	uint64_t x_waking_vector;
	uint8_t version, reserved[31];
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_facs, 64);

#define ACPI_BOOT_LEGACY_DEVICES	0x0001u
#define ACPI_BOOT_NO_VGA		0x0004u
#define ACPI_BOOT_NO_ASPM		0x0010u
#define ACPI_FADT_WBINVD		0x0001u
#define ACPI_FADT_PROC_C1		0x0004u
#define ACPI_FADT_NO_SLEEP_BUTTON	0x0020u
#define ACPI_FADT_NO_FIXED_RTC		0x0040u
#define ACPI_FADT_TIMER_32BIT		0x0100u
#define ACPI_FADT_RESET_REGISTER	0x0400u
struct acpi_fadt {
	struct acpi_header header;
	uint32_t facs, dsdt;
	uint8_t reserved0, profile;
	uint16_t sci_int;
	uint32_t smi_cmd;
	uint8_t acpi_enable, acpi_disable, s4bios_req, pstate_cnt;
	uint32_t pm1a_evt_blk, pm1b_evt_blk, pm1a_cnt_blk, pm1b_cnt_blk, pm2_cnt_blk, pm_tmr_blk;
	uint32_t gpe0_blk, gpe1_blk;
	uint8_t pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len, gpe0_len, gpe1_len, gpe1_base, cst_cnt;
	uint16_t p_lvl2_lat, p_lvl3_lat, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t iapc_boot_arch;
	uint8_t reserved1;
	uint32_t flags;
	struct acpi_gas reset_reg;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor_version;
	uint64_t x_facs, x_dsdt;
	struct acpi_gas x_pm1a_evt_blk, x_pm1b_evt_blk, x_pm1a_cnt_blk, x_pm1b_cnt_blk, x_pm2_cnt_blk;
	struct acpi_gas x_pm_tmr_blk, x_gpe0_blk, x_gpe1_blk, sleep_control, sleep_status;
	uint64_t hypervisor_vendor;
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_fadt, 276);

#define ACPI_MADT_PCAT_COMPAT	1u	/* there are 8259s as well */
struct acpi_madt {
	struct acpi_header header;
	uint32_t lapic_address, flags;
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_madt, 44);

#define ACPI_MADT_LAPIC		0
struct acpi_madt_lapic {
	uint8_t type, length, processor_uid, apic_id;
	uint32_t flags;
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_madt_lapic, 8);

#define ACPI_MADT_IOAPIC	1
struct acpi_madt_ioapic {
	uint8_t type, length, id, reserved;
	uint32_t address, gsi_base;
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_madt_ioapic, 12);

#define ACPI_MADT_OVERRIDE	2
#define ACPI_MADT_LEVEL_HIGH	0x000Du	/* active high, level triggered */
struct acpi_madt_override {
	uint8_t type, length, bus, irq;
	uint32_t gsi;
	uint16_t flags;
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_madt_override, 10);

#define ACPI_MADT_LAPIC_NMI	4
struct acpi_madt_lapic_nmi {
	uint8_t type, length, processor_uid;
	uint16_t flags;
	uint8_t lint;
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_madt_lapic_nmi, 6);

struct acpi_hpet {
	struct acpi_header header;
	uint32_t block_id;
	struct acpi_gas address;
	uint8_t number;
	uint16_t min_tick;
	uint8_t page_protection;
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_hpet, 56);

struct acpi_mcfg {
	struct acpi_header header;
	uint64_t reserved0;
	uint64_t base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved1;
} __attribute__((packed));
ACPI_TABLE_SIZE(acpi_mcfg, 60);

/* The byte that makes @len bytes at @p, of which it is one and counts as 0, sum to zero. */
uint8_t acpi_checksum(const void *p, uint32_t len);

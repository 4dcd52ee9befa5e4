/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything the inspector finds out. Each part is filled by the file of its name. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "source.h"

#define BOARD_MAX_CPUS		256u
#define BOARD_MAX_CACHES	1024u
#define BOARD_MAX_RANGES	512u
#define BOARD_MAX_TABLES	128u
#define BOARD_MAX_IOAPICS	32u
#define BOARD_MAX_DRHDS		32u
#define BOARD_MAX_PCI		1024u
#define BOARD_MAX_SERIALS	64u

struct board_cpu {
	unsigned int cpu_id;
	uint32_t apic_id;
	bool has_apic_id;
	int package_id, die_id, core_id;	/* -1: not known */
	const char *core_type;			/* of a CPU with cores of several kinds: Core or Atom; NULL: there is one kind */
};

struct board_cache {
	unsigned int level, id, ways, sets, line_size;
	uint64_t size;				/* bytes */
	char type[16];				/* Data, Instruction, Unified */
	char cpus[64];				/* list, as 0-3 */
};

/* CPUID words and MSRs the verdict looks at; a CPUID leaf that the CPU lacks is 0. */
enum board_word {
	WORD_1_ECX, WORD_1_EDX, WORD_7_EBX, WORD_7_EDX, WORD_D1_EAX, WORD_EXT1_ECX, WORD_EXT1_EDX, WORD_APM_EDX,
	WORD_MSR_FEATURE_CONTROL, WORD_MSR_PIN, WORD_MSR_PROC, WORD_MSR_PROC2, WORD_MSR_EPT_VPID,
	NR_BOARD_WORDS
};
#define BOARD_FIRST_MSR	WORD_MSR_FEATURE_CONTROL

/* Numbers of the MSRs among them. */
extern const uint32_t board_msrs[NR_BOARD_WORDS - BOARD_FIRST_MSR];

struct board_words {
	uint64_t word[NR_BOARD_WORDS];
	bool known[NR_BOARD_WORDS];		/* false: could not be read */
};

struct board_cpus {
	struct board_cpu cpu[BOARD_MAX_CPUS];
	unsigned int nr;
	char vendor[13], model[52];
	unsigned int family_id, model_id, stepping;
	struct board_words words;		/* of the first CPU; what others have otherwise is a remark */
	struct board_cache cache[BOARD_MAX_CACHES];
	unsigned int nr_caches;
};

struct board_range {
	uint64_t start, end;			/* end is the last byte */
	char type[32];				/* as /proc/iomem says: System RAM, Reserved, ... */
};

struct board_memory {
	struct board_range range[BOARD_MAX_RANGES];
	unsigned int nr;
	const char *from;			/* which file it is from, NULL: nothing was there */
};

struct board_table {
	char signature[5], oem_id[7], oem_table_id[9];
	uint32_t size;
	bool good;				/* length and checksum are right */
};

struct board_ioapic {
	uint32_t id, address, gsi_base;
};

struct board_drhd {
	uint16_t segment;
	bool include_all;
	uint64_t address;
};

struct board_acpi {
	struct board_table table[BOARD_MAX_TABLES];
	struct board_ioapic ioapic[BOARD_MAX_IOAPICS];
	struct board_drhd drhd[BOARD_MAX_DRHDS];
	unsigned int nr, nr_ioapics, nr_drhds;
	unsigned int nr_lapics;			/* usable, by the MADT */
	bool has_madt, has_dmar, intr_remap, x2apic_opt_out;
	uint64_t ecam_base;
	uint32_t ecam_first_bus, ecam_last_bus;
	bool has_ecam, has_reset, hw_reduced, has_tpm2;
	uint64_t reset_address, tpm_control;
	uint32_t reset_space, reset_value, tpm_start_method;
	int error;				/* why the tables could not be read, -errno */
};

struct board_bar {
	uint64_t start, end, flags;		/* as the kernel's resource file; all 0: not there */
};

struct board_pci {
	uint32_t segment;
	uint16_t bdf;				/* bus << 8 | device << 3 | function */
	uint16_t vendor, device, subsystem_vendor, subsystem_device;
	uint32_t class_code;			/* 24 bits */
	uint8_t revision, header_type, irq_pin, secondary_bus;
	bool is_bridge, is_express;
	unsigned int port_type;			/* of an express function: 4 root port, 5 and 6 switch ports, ... */
	unsigned int msi_vectors, msix_vectors;	/* 0: none */
	bool flr, pm_reset, acs, sriov;
	uint16_t acs_caps, acs_enabled;
	int iommu_group;			/* -1: none */
	char driver[SOURCE_NAME_SIZE];
	struct board_bar bar[6];
	bool short_config;			/* fewer bytes of configuration space could be read than there are */
};

struct board_pci_list {
	struct board_pci dev[BOARD_MAX_PCI];
	unsigned int nr;
};

struct board_serial {
	char name[SOURCE_NAME_SIZE];
	bool is_mmio;
	uint64_t base;
	unsigned int irq;
	char device[SOURCE_NAME_SIZE];		/* bdf or name of the device behind it; "" where there is none */
};

struct board_devices {
	struct board_serial serial[BOARD_MAX_SERIALS];
	unsigned int nr_serials;
	bool has_tpm;
	unsigned int tpm_major;
	char bios_vendor[64], bios_version[64], bios_date[32], manufacturer[64], product[64];
	bool efi, kernel_hypervisor;		/* started by EFI firmware; runs in a VM */
	char hypervisor[13];
};

struct board {
	struct board_cpus cpus;
	struct board_memory memory;
	struct board_acpi acpi;
	struct board_pci_list pci;
	struct board_devices devices;
	char remark[16][160];			/* what was left out, and why */
	unsigned int nr_remarks;
};

void board_cpus_read(struct board *b, const struct source *s);
void board_memory_read(struct board *b, const struct source *s);
void board_acpi_read(struct board *b, const struct source *s);
void board_pci_read(struct board *b, const struct source *s);
void board_devices_read(struct board *b, const struct source *s);

/* Notes something that was left out; shown in the summary and as comments of the XML. */
void board_remark(struct board *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Bytes of RAM, and of the largest piece of it. */
uint64_t board_ram(const struct board *b, uint64_t *largest);

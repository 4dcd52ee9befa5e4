/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Service VM's root of ACPI tables: the machine's own tables where they
 * are, but for a MADT in which CPUs of other VMs are disabled (its kernel would
 * wait ten seconds for each), and without the DMAR table of an IOMMU that is ours.
 */
#include "hw/acpi.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/acpi_write.h"
#include "machine/load.h"
#include "mm/hostmap.h"
#include "vm/gpa.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define MADT_FIXED	44u	/* header, local APIC address, flags */
#define MADT_LAPIC	0u
#define MADT_X2APIC	9u
#define LIMIT_4G	(1ul << 32)

struct xsdt {
	struct acpi_header h;
	uint64_t entry[ACPI_MAX_TABLES];
} __packed;

static bool has_cpu(const struct vm *vm, uint32_t apic_id)
{
	uint16_t i;

	for (i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i]->vapic_id == apic_id)
			return true;
	return false;
}

/* Clears "enabled" and "online capable" of what is not this VM's (ACPI 6.5, 5.2.12.2, 5.2.12.12). */
static void filter_cpus(const struct vm *vm, uint8_t *madt, uint32_t size)
{
	uint32_t at = MADT_FIXED, id;

	while (at + 2 <= size && madt[at + 1] >= 2 && at + madt[at + 1] <= size) {
		uint8_t *e = madt + at;

		if (e[0] == MADT_LAPIC && e[1] >= 8 && !has_cpu(vm, e[3]))
			memset(e + 4, 0, 4);
		if (e[0] == MADT_X2APIC && e[1] >= 16) {
			memcpy(&id, e + 4, 4);
			if (!has_cpu(vm, id))
				memset(e + 8, 0, 4);
		}
		at += e[1];
	}
}

/* Bytes the copies need: RSDP, XSDT, MADT, each 16-byte aligned. */
static uint32_t space_needed(void)
{
	uint32_t i, n = 64 + ALIGN_UP((uint32_t)sizeof(struct xsdt), 16u);

	for (i = 0; i < acpi.nr_tables; i++)
		if (!memcmp(acpi.table[i].signature, "APIC", 4))
			n += ALIGN_UP(acpi.table[i].size, 16u);
	return ALIGN_UP(n, (uint32_t)PAGE_SIZE);
}

/* Address for the new root table: the machine's table, or its filtered copy at *copy. */
static uint64_t entry_for(const struct load_job *job, uint32_t i, uint8_t **copy, uint64_t *copy_gpa)
{
	uint32_t size = acpi.table[i].size;
	uint64_t at = acpi.table[i].hpa;
	const void *host;

	if (memcmp(acpi.table[i].signature, "APIC", 4))
		return at;
	host = hostmap_device(hpa(at), size);
	if (!host)
		return at;
	at = *copy_gpa;
	memcpy(*copy, host, size);
	filter_cpus(job->vm, *copy, size);
	acpi_checksum(*copy, size, &((struct acpi_header *)*copy)->checksum);
	*copy += ALIGN_UP(size, 16u);
	*copy_gpa += ALIGN_UP(size, 16u);
	return at;
}

static void fill(const struct load_job *job, uint8_t *base, uint64_t at)
{
	struct xsdt *xsdt = (struct xsdt *)(base + 64);
	uint32_t i, n = 0, offset = 64 + ALIGN_UP((uint32_t)sizeof(*xsdt), 16u);
	uint8_t *copy = base + offset;
	uint64_t copy_gpa = at + offset;

	for (i = 0; i < acpi.nr_tables; i++)
		if (memcmp(acpi.table[i].signature, "DMAR", 4))
			xsdt->entry[n++] = entry_for(job, i, &copy, &copy_gpa);
	acpi_seal(xsdt, "XSDT", 1, (uint32_t)(sizeof(struct acpi_header) + n * sizeof(xsdt->entry[0])));
	acpi_rsdp_fill((struct acpi_rsdp *)base, at + 64);
}

uint64_t service_acpi_build(struct load_job *job)
{
	uint32_t size = space_needed();
	uint64_t at = load_place(job, size, PAGE_SIZE, LIMIT_4G, "ACPI tables");
	uint8_t *base = at ? gpa_ptr(job->vm, gpa(at), size) : NULL;

	if (!base || e820_carve(job->e820, at, size, E820_ACPI))
		return 0;
	memset(base, 0, size);
	fill(job, base, at);
	return at;
}

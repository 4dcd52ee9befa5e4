/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ACPI tables of a pre-launched VM: hardware-reduced (no PIC, PIT or PM timer to
 * emulate), a MADT with its vCPUs, and a DSDT with its UARTs, its PCI bus when
 * something is on it, and S5. They lie in the firmware area, which the guest's
 * memory map reserves.
 */
#include "emul/vpci/ivshmem.h"
#include "emul/vpm.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/acpi_write.h"
#include "machine/load.h"
#include "vm/gpa.h"
#include "vm/vcpu.h"
#include "vm/vm.h"
#include "x86/apicreg.h"

#define TABLES_GPA	0xf2400u	/* where users of such systems know the RSDP (reference-system.md 2) */
#define TABLES_SIZE	0x2000u
#define FADT_SIZE	276u
#define FADT_HW_REDUCED	(1u << 20)
#define FADT_RESET	(1u << 10)
#define FADT_NO_VGA	(1u << 2)
#define RESET_VALUE	0x06u

struct builder {
	uint8_t *base;		/* direct map of TABLES_GPA */
	uint32_t used;
	struct load_job *job;
};

static uint64_t gpa_in(const struct builder *b, const void *p)
{
	return TABLES_GPA + (uint64_t)((const uint8_t *)p - b->base);
}

/* A 16-byte aligned, zeroed piece; NULL when the area is full. */
static void *take(struct builder *b, uint32_t size)
{
	void *p = b->base + b->used;

	if (b->used + ALIGN_UP(size, 16u) > TABLES_SIZE)
		return NULL;
	b->used += ALIGN_UP(size, 16u);
	memset(p, 0, size);
	return p;
}

struct madt_lapic { uint8_t type, length, uid, id; uint32_t flags; } __packed;
struct madt_x2apic { uint8_t type, length; uint16_t rsvd; uint32_t id, flags, uid; } __packed;
struct madt_ioapic { uint8_t type, length, id, rsvd; uint32_t address, gsi_base; } __packed;

struct madt {
	struct acpi_header h;
	uint32_t lapic_address, flags;
	uint8_t entries[MAX_VCPUS_PER_VM * sizeof(struct madt_x2apic) + sizeof(struct madt_ioapic)];
} __packed;

static uint32_t madt_cpu(uint8_t *at, uint16_t uid, uint32_t apic_id)
{
	if (apic_id < 255) {
		*(struct madt_lapic *)at = (struct madt_lapic){ 0, sizeof(struct madt_lapic), (uint8_t)uid,
								(uint8_t)apic_id, 1 };
		return sizeof(struct madt_lapic);
	}
	*(struct madt_x2apic *)at = (struct madt_x2apic){ 9, sizeof(struct madt_x2apic), 0, apic_id, 1, uid };
	return sizeof(struct madt_x2apic);
}

static void *build_madt(struct builder *b)
{
	const struct vm *vm = b->job->vm;
	struct madt *m = take(b, sizeof(*m));
	uint32_t n = 0;
	uint16_t i;

	if (!m)
		return NULL;
	m->lapic_address = APIC_BASE_DEFAULT;
	for (i = 0; i < vm->nr_vcpus; i++)
		n += madt_cpu(m->entries + n, i, vm->vcpus[i]->vapic_id);
	*(struct madt_ioapic *)(m->entries + n) = (struct madt_ioapic){ 1, sizeof(struct madt_ioapic), 0, 0,
									IOAPIC_BASE_DEFAULT, 0 };
	n += sizeof(struct madt_ioapic);
	acpi_seal(m, "APIC", 4, (uint32_t)offsetof(struct madt, entries) + n);
	return m;
}

/* AML (ACPI 6.4, 20.2): Name (\_S5, Package { 5, 0, 0, 0 }). */
static const uint8_t aml_s5[] = {
	0x08, '_', 'S', '5', '_', 0x12, 0x07, 0x04, 0x0a, VPM_S5_TYPE, 0x00, 0x00, 0x00
};

/*
 * Device (\_SB.COMn) { _HID PNP0501, _UID n, _CRS { IO (port, 8), IRQ (edge, high) } }. Placeholders
 * are filled at the offsets below.
 */
static const uint8_t aml_uart[] = {
	0x10, 0x3b, '\\', '_', 'S', 'B', '_',			/* Scope, 59 bytes */
	0x5b, 0x82, 0x33, 'C', 'O', 'M', '1',			/* Device, 51 bytes */
	0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x05, 0x01,	/* EISAID PNP0501 */
	0x08, '_', 'U', 'I', 'D', 0x0a, 0x01,
	0x08, '_', 'C', 'R', 'S', 0x11, 0x10, 0x0a, 0x0d,	/* Buffer of 13 */
	0x47, 0x01, 0xf8, 0x03, 0xf8, 0x03, 0x01, 0x08,		/* IO, 16-bit decode */
	0x22, 0x10, 0x00, 0x79, 0x00,				/* IRQ mask; end */
	0x08, '_', 'S', 'T', 'A', 0x0a, 0x0f,
};
enum { UART_NAME = 13, UART_UID = 30, UART_PORT = 42, UART_IRQ = 49 };

static void put_uart(uint8_t *at, uint32_t index, const struct scenario_vuart *u)
{
	uint16_t port = u->io_base, mask = (uint16_t)(1u << u->irq);

	memcpy(at, aml_uart, sizeof(aml_uart));
	at[UART_NAME] = (uint8_t)('1' + index);
	at[UART_UID] = (uint8_t)(index + 1);
	memcpy(at + UART_PORT, &port, 2);
	memcpy(at + UART_PORT + 2, &port, 2);
	memcpy(at + UART_IRQ, &mask, 2);
}

/*
 * Device (\_SB.PCI0) { _HID PNP0A03, _CRS { bus 0, ports, memory below and above 4 GiB } }. Without it Linux
 * does not look for a bus. Ranges are filled in at the offsets below: minimum, maximum, translation, length.
 */
static const uint8_t aml_pci[] = {
	0x10, 0x4d, 0x08, '\\', '_', 'S', 'B', '_',		/* Scope, 141 bytes */
	0x5b, 0x82, 0x44, 0x08, 'P', 'C', 'I', '0',		/* Device, 132 bytes */
	0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x0a, 0x03,	/* EISAID PNP0A03 */
	0x08, '_', 'C', 'R', 'S', 0x11, 0x4e, 0x06, 0x0a, 0x6a,	/* Buffer of 106 */
	0x88, 0x0d, 0x00, 2, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0,	/* bus 0 */
	0x88, 0x0d, 0x00, 1, 0x0c, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,	/* ports, 16 bits */
	0x87, 0x17, 0x00, 0, 0x0c, 1, 0, 0, 0, 0,			/* memory, 32 bits */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x8a, 0x2b, 0x00, 0, 0x0c, 7, 0, 0, 0, 0, 0, 0, 0, 0,		/* prefetchable memory, 64 bits */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x79, 0x00,
};
enum { PCI_PORTS = 60, PCI_LOW = 78, PCI_HIGH = 108 };
_Static_assert(sizeof(aml_pci) == 142, "lengths inside count on it");

/* Numbers of `size` bytes, little endian. */
static void put_range(uint8_t *at, uint32_t size, uint64_t first, uint64_t last)
{
	const uint64_t length = last - first + 1;

	memcpy(at, &first, size);
	memcpy(at + size, &last, size);
	memcpy(at + 3 * size, &length, size);
}

/* Bytes written: none when nothing is on the bus. */
static uint32_t put_pci(uint8_t *at, const struct vm *vm)
{
	uint64_t first, last;

	if (!ivshmem_memory_range(vm, &first, &last))
		return 0;
	memcpy(at, aml_pci, sizeof(aml_pci));
	put_range(at + PCI_PORTS, 2, IVSHMEM_PORT_BASE, IVSHMEM_PORT_BASE + IVSHMEM_PORT_SIZE - 1);
	put_range(at + PCI_LOW, 4, IVSHMEM_MMIO_BASE, IVSHMEM_MMIO_BASE + IVSHMEM_MMIO_SIZE - 1);
	put_range(at + PCI_HIGH, 8, first, last);
	return sizeof(aml_pci);
}

static void *build_dsdt(struct builder *b)
{
	const struct scenario_vm *cfg = b->job->vm->cfg;
	uint32_t max = sizeof(struct acpi_header) + sizeof(aml_s5) + sizeof(aml_pci) + SCENARIO_MAX_VUARTS * sizeof(aml_uart);
	uint32_t n = sizeof(struct acpi_header), i;
	uint8_t *d = take(b, max);

	if (!d)
		return NULL;
	memcpy(d + n, aml_s5, sizeof(aml_s5));
	n += sizeof(aml_s5);
	n += put_pci(d + n, b->job->vm);
	for (i = 0; i < SCENARIO_MAX_VUARTS; i++) {
		if (cfg->vuarts[i].type == SCENARIO_VUART_NONE)
			continue;
		put_uart(d + n, i, &cfg->vuarts[i]);
		n += sizeof(aml_uart);
	}
	acpi_seal(d, "DSDT", 2, n);
	return d;
}

/* A generic address in I/O space, one byte wide (5.2.3.2). */
static void put_gas(uint8_t *at, uint16_t port)
{
	const uint64_t address = port;

	at[0] = 1;
	at[1] = 8;
	at[3] = 1;
	memcpy(at + 4, &address, sizeof(address));
}

static void *build_fadt(struct builder *b, const void *dsdt)
{
	const uint32_t flags = FADT_HW_REDUCED | FADT_RESET, dsdt32 = (uint32_t)gpa_in(b, dsdt);
	const uint64_t dsdt64 = gpa_in(b, dsdt);
	const uint16_t arch = FADT_NO_VGA;
	uint8_t *f = take(b, FADT_SIZE);

	if (!f)
		return NULL;
	memcpy(f + 40, &dsdt32, 4);
	memcpy(f + 109, &arch, 2);
	memcpy(f + 112, &flags, 4);
	put_gas(f + 116, VPM_RESET_PORT);
	f[128] = RESET_VALUE;
	memcpy(f + 140, &dsdt64, 8);
	put_gas(f + 244, VPM_SLEEP_CTL);
	put_gas(f + 256, VPM_SLEEP_STS);
	f[131] = 1;		/* ACPI 5.1 and later */
	acpi_seal(f, "FACP", 5, 268);
	return f;
}

struct xsdt {
	struct acpi_header h;
	uint64_t entry[2];
} __packed;

uint64_t guest_acpi_build(struct load_job *job)
{
	struct builder b = { .base = gpa_ptr(job->vm, gpa(TABLES_GPA), TABLES_SIZE), .job = job };
	struct acpi_rsdp *rsdp;
	struct xsdt *xsdt;
	void *dsdt, *fadt, *madt;

	if (!b.base)
		return 0;
	rsdp = take(&b, sizeof(*rsdp));
	xsdt = take(&b, sizeof(*xsdt));
	dsdt = build_dsdt(&b);
	fadt = dsdt ? build_fadt(&b, dsdt) : NULL;
	madt = build_madt(&b);
	if (!rsdp || !xsdt || !fadt || !madt) {
		log_err("vm %s: its ACPI tables need more than %u bytes\n", job->vm->name, TABLES_SIZE);
		return 0;
	}
	xsdt->entry[0] = gpa_in(&b, fadt);
	xsdt->entry[1] = gpa_in(&b, madt);
	acpi_seal(xsdt, "XSDT", 1, sizeof(*xsdt));
	acpi_rsdp_fill(rsdp, gpa_in(&b, xsdt));
	return TABLES_GPA;
}

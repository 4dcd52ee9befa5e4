/* SPDX-License-Identifier: BSD-3-Clause */
/* Readers of single ACPI tables. */
#include "hw/acpi_table.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "log/log.h"

/* See the header. */
uint16_t acpi_u16(const uint8_t *table, uint32_t off)
{
	return (uint16_t)(table[off] | table[off + 1] << 8);
}

/* See the header. */
uint32_t acpi_u32(const uint8_t *table, uint32_t off)
{
	return acpi_u16(table, off) | (uint32_t)acpi_u16(table, off + 2) << 16;
}

/* See the header. */
uint64_t acpi_u64(const uint8_t *table, uint32_t off)
{
	return acpi_u32(table, off) | (uint64_t)acpi_u32(table, off + 4) << 32;
}

/* See the header. */
bool acpi_sum_ok(const uint8_t *p, uint32_t size)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + p[i]);
	return sum == 0;
}

enum madt_entry {
	MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_LAPIC_ADDR = 5, MADT_X2APIC = 9,
};

#define MADT_LAPIC_ADDR_OFF	36u
#define MADT_ENTRIES_OFF	44u
#define MADT_CPU_ENABLED	(1u << 0)

static void madt_add_cpu(struct acpi_info *info, uint32_t apic_id, uint32_t flags)
{
	if (!(flags & MADT_CPU_ENABLED))
		return;
	/* Some firmware lists a CPU both as a local APIC and as a local x2APIC. */
	for (uint32_t i = 0; i < info->nr_cpus; i++)
		if (info->apic_id[i] == apic_id)
			return;
	if (info->nr_cpus == MAX_PCPUS) {
		log_warn("acpi: CPU with APIC id 0x%x ignored, at most %u are used", apic_id, MAX_PCPUS);
		return;
	}
	info->apic_id[info->nr_cpus++] = apic_id;
}

static void madt_add_ioapic(struct acpi_info *info, const uint8_t *e)
{
	uint32_t n = info->nr_ioapics;

	if (n == ARRAY_SIZE(info->ioapic)) {
		log_warn("acpi: I/O APIC %u ignored, at most %lu are used", e[2], ARRAY_SIZE(info->ioapic));
		return;
	}
	info->ioapic[n].id = e[2];
	info->ioapic[n].base = acpi_u32(e, 4);
	info->ioapic[n].gsi_base = acpi_u32(e, 8);
	info->nr_ioapics++;
}

static void madt_add_override(struct acpi_info *info, const uint8_t *e)
{
	uint32_t n = info->nr_overrides;

	/* Bus 0 is ISA, its interrupts are 0..15. */
	if (e[2] != 0 || e[3] > 15)
		return;
	if (n == ARRAY_SIZE(info->override)) {
		log_warn("acpi: override of ISA interrupt %u ignored, at most %lu are used", e[3], ARRAY_SIZE(info->override));
		return;
	}
	info->override[n].irq = e[3];
	info->override[n].gsi = acpi_u32(e, 4);
	info->override[n].flags = acpi_u16(e, 8);
	info->nr_overrides++;
}

static void madt_entry(struct acpi_info *info, const uint8_t *e, uint32_t len)
{
	static const uint8_t min_len[] = {
		[MADT_LAPIC] = 8, [MADT_IOAPIC] = 12, [MADT_OVERRIDE] = 10, [MADT_LAPIC_ADDR] = 12, [MADT_X2APIC] = 16,
	};

	if (e[0] >= ARRAY_SIZE(min_len) || !min_len[e[0]])
		return;
	if (len < min_len[e[0]]) {
		log_warn("acpi: MADT entry of type %u is %u bytes long, must be %u: ignored", e[0], len, min_len[e[0]]);
		return;
	}
	switch (e[0]) {
	case MADT_LAPIC:
		madt_add_cpu(info, e[3], acpi_u32(e, 4));
		break;
	case MADT_IOAPIC:
		madt_add_ioapic(info, e);
		break;
	case MADT_OVERRIDE:
		madt_add_override(info, e);
		break;
	case MADT_LAPIC_ADDR:
		info->lapic_base = acpi_u64(e, 4);
		break;
	case MADT_X2APIC:
		madt_add_cpu(info, acpi_u32(e, 4), acpi_u32(e, 8));
		break;
	default:
		break;
	}
}

static void boot_cpu_first(struct acpi_info *info, uint32_t boot_apic_id)
{
	for (uint32_t i = 0; i < info->nr_cpus; i++) {
		if (info->apic_id[i] != boot_apic_id)
			continue;
		memmove(&info->apic_id[1], &info->apic_id[0], i * sizeof(info->apic_id[0]));
		info->apic_id[0] = boot_apic_id;
		return;
	}
	log_warn("acpi: the MADT does not list the boot CPU, APIC id 0x%x", boot_apic_id);
	if (info->nr_cpus < MAX_PCPUS)
		info->nr_cpus++;
	memmove(&info->apic_id[1], &info->apic_id[0], (info->nr_cpus - 1) * sizeof(info->apic_id[0]));
	info->apic_id[0] = boot_apic_id;
}

/* See the header. */
int acpi_read_madt(struct acpi_info *info, const uint8_t *t, uint32_t size, uint32_t boot_apic_id)
{
	uint32_t off = MADT_ENTRIES_OFF;

	if (size < MADT_ENTRIES_OFF) {
		log_err("acpi: MADT is %u bytes long, must be at least %u", size, MADT_ENTRIES_OFF);
		return -EINVAL;
	}
	info->lapic_base = acpi_u32(t, MADT_LAPIC_ADDR_OFF);
	while (size - off >= 2) {
		uint32_t len = t[off + 1];

		if (len < 2 || len > size - off) {
			log_err("acpi: MADT entry at offset %u has length %u, %u bytes are left", off, len, size - off);
			break;
		}
		madt_entry(info, t + off, len);
		off += len;
	}
	if (!info->nr_cpus) {
		log_err("acpi: MADT lists no enabled CPU");
		return -EINVAL;
	}
	boot_cpu_first(info, boot_apic_id);
	return 0;
}

/* FADT offsets (table 5.9). */
#define FADT_DSDT		40u
#define FADT_SMI_CMD		48u
#define FADT_ACPI_ENABLE	52u
#define FADT_PM1A_EVT		56u
#define FADT_PM1B_EVT		60u
#define FADT_PM1A_CNT		64u
#define FADT_PM1B_CNT		68u
#define FADT_PM_TMR		76u
#define FADT_PM1_CNT_LEN	89u
#define FADT_FLAGS		112u
#define FADT_RESET_REG		116u
#define FADT_RESET_VALUE	128u
#define FADT_X_DSDT		140u
#define FADT_X_PM1A_EVT		148u
#define FADT_X_PM1B_EVT		160u
#define FADT_X_PM1A_CNT		172u
#define FADT_X_PM1B_CNT		184u
#define FADT_X_PM_TMR		208u
#define FADT_MIN_SIZE		116u	/* ACPI 1.0 */
#define FADT_FLAG_RESET_REG	(1u << 10)
#define GAS_SIZE		12u
#define GAS_IO			1u

/* A generic address structure (5.2.3.2) as a port, 0 when it is not one or lies past the table's end. */
static uint16_t gas_port(const uint8_t *t, uint32_t size, uint32_t off)
{
	uint64_t address;

	if (off + GAS_SIZE > size || t[off] != GAS_IO)
		return 0;
	address = acpi_u64(t, off + 4);
	return address <= 0xffff ? (uint16_t)address : 0;
}

/* The extended field where it is filled, else the 32-bit one. */
static uint16_t fadt_port(const uint8_t *t, uint32_t size, uint32_t x_off, uint32_t off)
{
	uint16_t port = gas_port(t, size, x_off);
	uint32_t address = acpi_u32(t, off);

	if (port)
		return port;
	return address <= 0xffff ? (uint16_t)address : 0;
}

/* See the header. */
void acpi_read_fadt(struct acpi_info *info, const uint8_t *t, uint32_t size, uint64_t *dsdt)
{
	uint32_t smi_cmd;

	*dsdt = 0;
	if (size < FADT_MIN_SIZE) {
		log_err("acpi: FADT is %u bytes long, must be at least %u", size, FADT_MIN_SIZE);
		return;
	}
	info->pm1a_evt = fadt_port(t, size, FADT_X_PM1A_EVT, FADT_PM1A_EVT);
	info->pm1b_evt = fadt_port(t, size, FADT_X_PM1B_EVT, FADT_PM1B_EVT);
	info->pm1a_cnt = fadt_port(t, size, FADT_X_PM1A_CNT, FADT_PM1A_CNT);
	info->pm1b_cnt = fadt_port(t, size, FADT_X_PM1B_CNT, FADT_PM1B_CNT);
	info->pm_tmr = fadt_port(t, size, FADT_X_PM_TMR, FADT_PM_TMR);
	info->pm1_cnt_len = t[FADT_PM1_CNT_LEN];
	smi_cmd = acpi_u32(t, FADT_SMI_CMD);
	info->smi_cmd = smi_cmd <= 0xffff ? (uint16_t)smi_cmd : 0;
	info->acpi_enable = t[FADT_ACPI_ENABLE];
	if (size > FADT_RESET_VALUE && (acpi_u32(t, FADT_FLAGS) & FADT_FLAG_RESET_REG)) {
		info->reset_port = gas_port(t, size, FADT_RESET_REG);
		info->reset_value = t[FADT_RESET_VALUE];
	}
	*dsdt = acpi_u32(t, FADT_DSDT);
	if (size >= FADT_X_DSDT + 8 && acpi_u64(t, FADT_X_DSDT))
		*dsdt = acpi_u64(t, FADT_X_DSDT);
}

/* See the header. */
void acpi_read_hpet(struct acpi_info *info, const uint8_t *t, uint32_t size)
{
	if (size < 56) {
		log_warn("acpi: HPET table is %u bytes long, must be 56: ignored", size);
		return;
	}
	/* Byte 40: address space, 0 is memory. */
	if (t[40] == 0)
		info->hpet_base = acpi_u64(t, 44);
}

/* See the header. */
void acpi_read_mcfg(struct acpi_info *info, const uint8_t *t, uint32_t size)
{
	for (uint32_t off = 44; off <= size && size - off >= 16; off += 16) {
		uint64_t base = acpi_u64(t, off);

		if (acpi_u16(t, off + 8) != 0)
			continue;
		if (t[off + 10] > t[off + 11] || (base & 0xfffff) || base > 1ul << 51) {
			log_warn("acpi: MCFG entry with base 0x%lx, buses %u..%u ignored", base, t[off + 10], t[off + 11]);
			continue;
		}
		info->ecam_base = base;
		info->ecam_start_bus = t[off + 10];
		info->ecam_end_bus = t[off + 11];
		return;
	}
}

#define AML_ZERO	0x00
#define AML_ONE		0x01
#define AML_NAME	0x08
#define AML_BYTE	0x0a
#define AML_PACKAGE	0x12

/* Reads a constant below 256 at *off and moves past it; false: something else, or the end. */
static bool aml_small(const uint8_t *t, uint32_t size, uint32_t *off, uint8_t *v)
{
	if (*off >= size)
		return false;
	switch (t[*off]) {
	case AML_ZERO:
	case AML_ONE:
		*v = t[(*off)++];
		return true;
	case AML_BYTE:
		if (size - *off < 2)
			return false;
		*v = t[*off + 1];
		*off += 2;
		return true;
	default:
		return false;
	}
}

/* `off` is just behind the name "_S5_". */
static bool s5_package(struct acpi_info *info, const uint8_t *t, uint32_t size, uint32_t off)
{
	uint8_t typa, typb;

	if (size - off < 2 || t[off] != AML_PACKAGE)
		return false;
	/* PkgLength is 1 to 4 bytes, the top two bits of the first say how many follow (20.2.4); then the element count. */
	off += 1;
	off += 1u + (t[off] >> 6);
	if (off >= size || t[off] < 2)
		return false;
	off++;
	if (!aml_small(t, size, &off, &typa) || !aml_small(t, size, &off, &typb))
		return false;
	info->s5_typa = typa & 7;
	info->s5_typb = typb & 7;
	info->s5_found = true;
	return true;
}

/* See the header. */
void acpi_read_s5(struct acpi_info *info, const uint8_t *t, uint32_t size)
{
	for (uint32_t off = ACPI_HEADER_SIZE; off + 6 <= size; off++) {
		uint32_t name = off + 1;

		if (t[off] != AML_NAME)
			continue;
		if (t[name] == '\\')
			name++;
		if (size - name < 4 || memcmp(t + name, "_S5_", 4) != 0)
			continue;
		if (s5_package(info, t, size, name + 4))
			return;
	}
}

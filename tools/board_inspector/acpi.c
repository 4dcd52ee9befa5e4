/* SPDX-License-Identifier: BSD-3-Clause */
/* ACPI tables as the kernel shows them (ACPI specification 6.5; VT-d specification chapter 8; PCI firmware specification 4.1.2). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

#define TABLES		"sys/firmware/acpi/tables"
#define TABLE_MAX	(1u << 20)	/* bytes read of one table */
#define HEADER_SIZE	36u

/* A table in memory: `size` bytes are there and belong to it. */
struct table {
	const uint8_t *data;
	uint32_t size;
};

/* Little-endian number of `bytes` at `at`; 0 where the table is too short. */
static uint64_t get(const struct table *t, uint32_t at, unsigned int bytes)
{
	uint64_t value = 0;

	if (at > t->size || bytes > t->size - at)
		return 0;
	memcpy(&value, t->data + at, bytes);
	return value;
}

static void copy_text(char *to, const uint8_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? (char)from[i] : ' ';
	to[n] = '\0';
	while (n && to[n - 1] == ' ')
		to[--n] = '\0';
}

/* Walks structures of {type, length}, both `width` bytes, from `at` on; NULL at the end or where a length is impossible. */
static const uint8_t *next_entry(const struct table *t, uint32_t *at, unsigned int width, struct table *entry)
{
	uint32_t length = (uint32_t)get(t, *at + width, width);

	if (*at + 2 * width > t->size || length < 2 * width || length > t->size - *at)
		return NULL;
	entry->data = t->data + *at;
	entry->size = length;
	*at += length;
	return entry->data;
}

static void read_madt(struct board *b, const struct table *t)
{
	struct board_acpi *a = &b->acpi;
	struct table e;

	a->has_madt = true;
	for (uint32_t at = 44; next_entry(t, &at, 1, &e);) {
		uint64_t type = get(&e, 0, 1);

		/* Local APIC and local x2APIC: usable when enabled (bit 0). */
		if (type == 0 && e.size >= 8)
			a->nr_lapics += get(&e, 4, 4) & 1;
		else if (type == 9 && e.size >= 16)
			a->nr_lapics += get(&e, 8, 4) & 1;
		else if (type == 1 && e.size >= 12 && a->nr_ioapics < BOARD_MAX_IOAPICS)
			a->ioapic[a->nr_ioapics++] = (struct board_ioapic){
				(uint32_t)get(&e, 2, 1), (uint32_t)get(&e, 4, 4), (uint32_t)get(&e, 8, 4) };
	}
}

static void read_dmar(struct board *b, const struct table *t)
{
	struct board_acpi *a = &b->acpi;
	struct table e;

	a->has_dmar = true;
	a->intr_remap = get(t, 37, 1) & 1;
	a->x2apic_opt_out = get(t, 37, 1) >> 1 & 1;
	for (uint32_t at = 48; next_entry(t, &at, 2, &e);)
		if (get(&e, 0, 2) == 0 && e.size >= 16 && a->nr_drhds < BOARD_MAX_DRHDS)
			a->drhd[a->nr_drhds++] = (struct board_drhd){ (uint16_t)get(&e, 6, 2), get(&e, 4, 1) & 1, get(&e, 8, 8) };
}

static void read_mcfg(struct board *b, const struct table *t)
{
	struct board_acpi *a = &b->acpi;

	if (t->size < 60)
		return;
	a->has_ecam = true;
	a->ecam_base = get(t, 44, 8);
	a->ecam_first_bus = (uint32_t)get(t, 54, 1);
	a->ecam_last_bus = (uint32_t)get(t, 55, 1);
}

static void read_fadt(struct board *b, const struct table *t)
{
	struct board_acpi *a = &b->acpi;
	uint32_t flags = (uint32_t)get(t, 112, 4);

	a->hw_reduced = flags >> 20 & 1;
	a->has_reset = flags >> 10 & 1 && t->size >= 129;
	if (a->has_reset) {
		a->reset_space = (uint32_t)get(t, 116, 1);
		a->reset_address = get(t, 120, 8);
		a->reset_value = (uint32_t)get(t, 128, 1);
	}
}

static void read_tpm2(struct board *b, const struct table *t)
{
	b->acpi.has_tpm2 = true;
	b->acpi.tpm_control = get(t, 40, 8);
	b->acpi.tpm_start_method = (uint32_t)get(t, 48, 4);
}

static const struct {
	char signature[5];
	void (*read)(struct board *b, const struct table *t);
} readers[] = {
	{ "APIC", read_madt }, { "DMAR", read_dmar }, { "MCFG", read_mcfg }, { "FACP", read_fadt }, { "TPM2", read_tpm2 },
};

static bool checksum_is_right(const struct table *t)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < t->size; i++)
		sum = (uint8_t)(sum + t->data[i]);
	return sum == 0;
}

/* `n` bytes were read of what may be a table. */
static void take(struct board *b, const char *name, const uint8_t *data, size_t n)
{
	struct board_acpi *a = &b->acpi;
	struct table t = { data, (uint32_t)n };
	struct board_table *entry = &a->table[a->nr];

	if (n < HEADER_SIZE && memcmp(data, "FACS", 4)) {
		board_remark(b, "ACPI table %s has %zu bytes, fewer than a header", name, n);
		return;
	}
	copy_text(entry->signature, data, 4);
	entry->size = (uint32_t)get(&t, 4, 4);
	a->nr++;
	if (!memcmp(data, "FACS", 4)) {		/* it has another header, without a checksum */
		entry->good = entry->size <= n;
		return;
	}
	copy_text(entry->oem_id, data + 10, 6);
	copy_text(entry->oem_table_id, data + 16, 8);
	entry->good = entry->size >= HEADER_SIZE && entry->size <= n;
	t.size = entry->good ? entry->size : t.size;
	entry->good = entry->good && checksum_is_right(&t);
	if (!entry->good) {
		board_remark(b, "ACPI table %s: length %u of %zu bytes, or its checksum, is wrong; it is not evaluated", name, entry->size,
			     n);
		return;
	}
	for (unsigned int i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (!memcmp(data, readers[i].signature, 4))
			readers[i].read(b, &t);
}

void board_acpi_read(struct board *b, const struct source *s)
{
	struct source_names *names = malloc(sizeof(*names));
	uint8_t *data = malloc(TABLE_MAX);
	int rc = names && data ? source_list(s, TABLES, "", names) : -ENOMEM;

	b->acpi.error = rc;
	for (size_t i = 0; !rc && i < names->nr; i++) {
		char path[128];
		ssize_t n;

		if (!strcmp(names->name[i], "data") || !strcmp(names->name[i], "dynamic"))
			continue;
		if (b->acpi.nr == BOARD_MAX_TABLES) {
			board_remark(b, "more than %u ACPI tables: the rest is left out", BOARD_MAX_TABLES);
			break;
		}
		snprintf(path, sizeof(path), TABLES "/%s", names->name[i]);
		n = source_read(s, path, data, TABLE_MAX);
		if (n >= 8)
			take(b, names->name[i], data, (size_t)n);
		else if (n == -EACCES || n == -EPERM)
			b->acpi.error = (int)n;
	}
	free(data);
	free(names);
}

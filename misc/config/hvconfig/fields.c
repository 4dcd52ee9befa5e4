/* SPDX-License-Identifier: BSD-3-Clause */
/* Which XML field stands where in the module. */
#include "fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/scenario.h"
#include "values.h"

#define AT(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)

const struct field fields_vm[] = {
	{ "load_order", FIELD_WORD, true, AT(scenario_vm, load_order), scenario_load_order_name },
	{ "severity", FIELD_WORD, true, AT(scenario_vm, severity), scenario_severity_name },
	{ "guest_flags", FIELD_BITS, false, AT(scenario_vm, guest_flags), scenario_flag_name },
	{ "options", FIELD_BITS, false, AT(scenario_vm, options), scenario_option_name },
	{ "crash_policy", FIELD_WORD, false, AT(scenario_vm, crash_policy), scenario_crash_policy_name },
	{ "restart_max", FIELD_NUMBER, false, AT(scenario_vm, restart_max), NULL },
	{ "memory_size", FIELD_SIZE, false, AT(scenario_vm, memory_size), NULL },
	{ "memory_hpa", FIELD_ADDR, false, AT(scenario_vm, memory_hpa), NULL },
	{ "cpu_affinity", FIELD_CPUS, true, AT(scenario_vm, cpu_affinity), NULL },
	{ "priority", FIELD_NUMBER, false, AT(scenario_vm, priority), NULL },
	{ "weight", FIELD_NUMBER, false, AT(scenario_vm, weight), NULL },
	{ "warp_us", FIELD_NUMBER, false, AT(scenario_vm, warp_us), NULL },
	{ "warp_limit_us", FIELD_NUMBER, false, AT(scenario_vm, warp_limit_us), NULL },
	{ "unwarp_us", FIELD_NUMBER, false, AT(scenario_vm, unwarp_us), NULL },
	{ "budget_us", FIELD_NUMBER, false, AT(scenario_vm, budget_us), NULL },
	{ "period_us", FIELD_NUMBER, false, AT(scenario_vm, period_us), NULL },
	{ "tsc_khz", FIELD_NUMBER, false, AT(scenario_vm, tsc_khz), NULL },
	{ NULL, 0, false, 0, 0, NULL }
};

const struct field fields_kernel[] = {
	{ "type", FIELD_WORD, false, AT(scenario_kernel, type), scenario_kernel_type_name },
	{ "tag", FIELD_TEXT, true, AT(scenario_kernel, tag), NULL },
	{ "ramdisk_tag", FIELD_TEXT, false, AT(scenario_kernel, ramdisk_tag), NULL },
	{ "acpi_tag", FIELD_TEXT, false, AT(scenario_kernel, acpi_tag), NULL },
	{ "load_addr", FIELD_ADDR, false, AT(scenario_kernel, load_addr), NULL },
	{ "entry_addr", FIELD_ADDR, false, AT(scenario_kernel, entry_addr), NULL },
	{ "bootargs", FIELD_TEXT, false, AT(scenario_kernel, bootargs), NULL },
	{ NULL, 0, false, 0, 0, NULL }
};

const struct field fields_vuart[] = {
	{ "type", FIELD_WORD, true, AT(scenario_vuart, type), scenario_vuart_type_name },
	{ "io_base", FIELD_HEX, true, AT(scenario_vuart, io_base), NULL },
	{ "irq", FIELD_NUMBER, true, AT(scenario_vuart, irq), NULL },
	{ NULL, 0, false, 0, 0, NULL }
};

const struct field fields_io_range[] = {
	{ "base", FIELD_HEX, true, AT(scenario_io_range, base), NULL },
	{ "size", FIELD_NUMBER, true, AT(scenario_io_range, size), NULL },
	{ NULL, 0, false, 0, 0, NULL }
};

/* The module and every machine this runs on are little endian. */
static uint64_t get(const struct field *f, const void *record)
{
	uint64_t value = 0;

	memcpy(&value, (const char *)record + f->offset, f->size);
	return value;
}

static void set(const struct field *f, void *record, uint64_t value)
{
	memcpy((char *)record + f->offset, &value, f->size);
}

static const char *put_word(const char *(*word)(unsigned int value), const char *text, uint64_t *out)
{
	for (unsigned int value = 0; value < 256; value++) {
		const char *name = word(value);

		if (name && !strcmp(name, text)) {
			*out = value;
			return NULL;
		}
	}
	return "is not one of the words known here";
}

static const char *put_bits(const struct field *f, const char *text, uint64_t *out)
{
	char words[512], *save, *word;

	if (strlen(text) >= sizeof(words))
		return "is too long";
	strcpy(words, text);
	*out = 0;
	for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		uint64_t bit;
		const char *fault = put_word(f->word, word, &bit);

		if (fault)
			return fault;
		*out |= 1ull << bit;
	}
	return NULL;
}

static const char *put_text(const struct field *f, void *record, const char *text)
{
	if (strlen(text) >= f->size)
		return "is too long";
	strcpy((char *)record + f->offset, text);
	return NULL;
}

const char *field_put(const struct field *f, void *record, const char *text)
{
	bool suffix = f->kind == FIELD_SIZE || f->kind == FIELD_ADDR;
	uint64_t value = 0;
	const char *fault;

	switch (f->kind) {
	case FIELD_TEXT:
		return put_text(f, record, text);
	case FIELD_WORD:
		fault = put_word(f->word, text, &value);
		break;
	case FIELD_BITS:
		fault = put_bits(f, text, &value);
		break;
	case FIELD_CPUS:
		fault = value_cpus(text, &value);
		break;
	default:
		fault = value_number(text, suffix, UINT64_MAX >> (64 - 8 * f->size), &value);
		break;
	}
	if (!fault)
		set(f, record, value);
	return fault;
}

bool field_is_unset(const struct field *f, const void *record)
{
	if (f->kind == FIELD_TEXT)
		return !((const char *)record)[f->offset];
	return get(f, record) == 0;
}

static void print_bits(const struct field *f, uint64_t bits, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < 64 && len < size; i++)
		if (bits >> i & 1)
			len += (size_t)snprintf(text + len, size - len, "%s%s", len ? " " : "", f->word(i));
}

void field_print(const struct field *f, const void *record, char *text, size_t size)
{
	uint64_t value = f->kind == FIELD_TEXT ? 0 : get(f, record);

	switch (f->kind) {
	case FIELD_TEXT:
		snprintf(text, size, "%s", (const char *)record + f->offset);
		break;
	case FIELD_WORD:
		snprintf(text, size, "%s", f->word((unsigned int)value));
		break;
	case FIELD_BITS:
		print_bits(f, value, text, size);
		break;
	case FIELD_CPUS:
		value_print_cpus(value, text, size);
		break;
	case FIELD_SIZE:
		value_print_size(value, text, size);
		break;
	case FIELD_NUMBER:
		snprintf(text, size, "%" PRIu64, value);
		break;
	default:
		snprintf(text, size, "0x%" PRIx64, value);
		break;
	}
}

const char *field_policy(const char *text, uint8_t *policy)
{
	uint64_t value = 0;
	const char *fault = put_word(scenario_policy_name, text, &value);

	*policy = (uint8_t)value;
	return fault;
}

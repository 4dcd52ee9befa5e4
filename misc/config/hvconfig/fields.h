/* SPDX-License-Identifier: BSD-3-Clause */
/* Which XML field stands where in the module: the one table that building and showing both walk. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
	FIELD_NUMBER,	/* decimal */
	FIELD_HEX,	/* number, shown in hexadecimal */
	FIELD_SIZE,	/* number with K, M or G */
	FIELD_ADDR,	/* the same, shown in hexadecimal */
	FIELD_WORD,	/* one word for a value of 8 bits */
	FIELD_BITS,	/* words for bits */
	FIELD_CPUS,	/* list of pCPUs */
	FIELD_TEXT	/* string */
};

struct field {
	const char *name;	/* of the element or attribute */
	enum field_kind kind;
	bool always;		/* shown even when 0 */
	size_t offset;		/* in its record */
	size_t size;		/* bytes there */
	const char *(*word)(unsigned int value);	/* WORD, BITS */
};

/* Tables end with a name of NULL. The order is the schema's. */
extern const struct field fields_vm[];		/* elements of vm, in struct scenario_vm */
extern const struct field fields_kernel[];	/* elements of kernel, in struct scenario_kernel */
extern const struct field fields_vuart[];	/* attributes of vuart, in struct scenario_vuart */
extern const struct field fields_io_range[];	/* attributes of io_range, in struct scenario_io_range */

/* Stores `text`. NULL, or why it refuses. */
const char *field_put(const struct field *f, void *record, const char *text);

/* True when the field is zero or empty and need not be shown. */
bool field_is_unset(const struct field *f, const void *record);

/* The text that field_put() would store as it is; `text` has 1100 bytes. */
void field_print(const struct field *f, const void *record, char *text, size_t size);

/* The policy word's number. NULL, or why it refuses. */
const char *field_policy(const char *text, uint8_t *policy);

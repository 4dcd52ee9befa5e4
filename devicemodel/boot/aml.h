/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A writer for the little ACPI Machine Language a virtual machine's DSDT needs (ACPI 6.4 chapter 20).
 * Bytes are appended to a buffer; objects with a length are opened and closed. Running out of room or
 * misuse sets a flag that is asked once, at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AML_MAX_DEPTH 8

struct aml {
	uint8_t *buf;
	size_t size, len;
	bool failed;
	size_t open[AML_MAX_DEPTH];	/* where the length of each open object goes */
	unsigned int depth;
};

void aml_init(struct aml *aml, uint8_t *buf, size_t size);

/* True when everything fitted and every object was closed. */
bool aml_ok(const struct aml *aml);

/* @path: "\_SB_", "PCI0", "_SB_.PCI0": segments of 4 characters, at most two of them. */
void aml_scope_begin(struct aml *aml, const char *path);
void aml_device_begin(struct aml *aml, const char *name);
void aml_end(struct aml *aml);

/* Name (@name, ...): followed by exactly one of the data functions. */
void aml_name(struct aml *aml, const char *name);
void aml_integer(struct aml *aml, uint64_t value);
void aml_package_begin(struct aml *aml, uint8_t nr_elements);
void aml_name_ref(struct aml *aml, const char *name);
/* A PNP id such as "PNP0A03" as the compressed 32-bit integer. */
void aml_eisaid(struct aml *aml, const char *id);

/* Buffer with resource descriptors; close with aml_resources_end(), which adds the end tag. */
void aml_resources_begin(struct aml *aml);
void aml_resources_end(struct aml *aml);
void aml_res_io(struct aml *aml, uint16_t port, uint8_t len);
void aml_res_irq_edge(struct aml *aml, unsigned int irq);
void aml_res_gsi_level_high(struct aml *aml, uint32_t gsi);
void aml_res_memory32(struct aml *aml, uint32_t base, uint32_t len);
void aml_res_bus_window(struct aml *aml, uint16_t first, uint16_t last);
void aml_res_io_window(struct aml *aml, uint16_t first, uint16_t last);
void aml_res_memory32_window(struct aml *aml, uint32_t first, uint32_t last);
void aml_res_memory64_window(struct aml *aml, uint64_t first, uint64_t last);

/* Method (@name, 0) that returns nothing: what _SRS and _DIS of a fixed link need. */
void aml_method_empty(struct aml *aml, const char *name, uint8_t nr_args);
/* Method (@name, 0) that returns the integer @value. */
void aml_method_return(struct aml *aml, const char *name, uint64_t value);

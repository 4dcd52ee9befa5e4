/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts to values and back. A parser answers NULL, or the reason why it refuses, fit for a sentence about the text. */
#pragma once

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The text below an XML node with blanks and line ends collapsed. False when it does not fit. */
bool value_collapse(const xmlNode *node, char *text, size_t size);

/* Decimal or 0x-hexadecimal up to `max`; with `suffix`, K, M or G may follow. */
const char *value_number(const char *text, bool suffix, uint64_t max, uint64_t *out);

/* "0-2,5" to a mask of pCPUs 0..63. */
const char *value_cpus(const char *text, uint64_t *mask);

/* "00:1f.2" to bus << 8 | device << 3 | function. */
const char *value_bdf(const char *text, uint16_t *bdf);

/* The reverse: `text` takes the longest result when it has 64 bytes (cpus: 256). */
void value_print_size(uint64_t value, char *text, size_t size);
void value_print_cpus(uint64_t mask, char *text, size_t size);

/* Text with &, < and > as XML writes them. */
void value_print_escaped(const char *text, FILE *out);

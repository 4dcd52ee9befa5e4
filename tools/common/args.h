/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading of arguments and writing of JSON, for all tools. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define ARGS_MAX_CPUS	256u

/* Decimal number from min to max; false: it is none. */
bool args_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);
/* "0,2-4" into cpus[ARGS_MAX_CPUS]; false: not understood. */
bool args_cpus(const char *text, bool *cpus);

/* A JSON string with its quotation marks; bytes that are no printable ASCII are escaped. */
void args_json_string(FILE *out, const char *text, size_t n);

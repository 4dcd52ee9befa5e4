/* SPDX-License-Identifier: BSD-3-Clause */
/* The XML of pools and volumes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct storage_pool;
struct storage_vol;

/* Read and check; a UUID is made where there is none. False with @why. */
bool storage_xml_pool(const char *text, struct storage_pool *out, char *why, size_t why_size);
bool storage_xml_vol(const char *text, struct storage_vol *out, char *why, size_t why_size);

/* As text; free() it. NULL: no memory. */
char *storage_xml_of_pool(const struct storage_pool *pool);
char *storage_xml_of_vol(const struct storage_pool *pool, const struct storage_vol *vol);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For the tests of lib/string.c and lib/printf.c: in unit-flags as
 * `-include`, it gives the hypervisor's functions names of their own, so that
 * the C library and the sanitizers keep theirs.
 */
#pragma once

#include <stdio.h>
#include <string.h>

#include <check.h>

#define memcpy		hv_memcpy
#define memmove		hv_memmove
#define memset		hv_memset
#define memcmp		hv_memcmp
#define strlen		hv_strlen
#define strnlen		hv_strnlen
#define strcmp		hv_strcmp
#define strncmp		hv_strncmp
#define strchr		hv_strchr
#define strstr		hv_strstr
#define snprintf	hv_snprintf
#define vsnprintf	hv_vsnprintf

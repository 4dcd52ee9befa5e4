/* SPDX-License-Identifier: BSD-3-Clause */
/* The C library's memory and string functions that the hypervisor has; same contracts. */
#pragma once

#include "lib/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strstr(const char *s, const char *sub);

/* Copies at most size-1 bytes and terminates; returns strlen(src). */
size_t str_copy(char *dst, const char *src, size_t size);

/* Parses a whole string, decimal or 0x-hex; 0 or -EINVAL (empty, junk, overflow; then *out is unchanged). */
int str_to_u64(const char *s, uint64_t *out) __must_check;

/* Lets the compiler expand calls of constant size in place; without it -ffreestanding makes all of them calls. */
#if !__STDC_HOSTED__ && !defined(STRING_C)
#define memcpy(d, s, n)	__builtin_memcpy(d, s, n)
#define memmove(d, s, n) __builtin_memmove(d, s, n)
#define memset(d, c, n)	__builtin_memset(d, c, n)
#define memcmp(a, b, n)	__builtin_memcmp(a, b, n)
#define strlen(s)	__builtin_strlen(s)
#endif

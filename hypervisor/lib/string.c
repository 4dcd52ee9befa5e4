/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory and string functions; the compiler calls some of them on its own. */
#define STRING_C
#include "lib/string.h"

#include "lib/errno.h"
#include "x86/insn.h"

/* C11 7.24.2.1. Any context. */
void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	rep_movs(dst, src, n / 8, n % 8);
	return dst;
}

/* C11 7.24.2.2: the ranges may overlap. Any context. */
void *memmove(void *dst, const void *src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if (d <= s || d >= s + n) {
		rep_movs(dst, src, n / 8, n % 8);
		return dst;
	}
	while (n--)
		d[n] = s[n];
	return dst;
}

/* C11 7.24.6.1. Any context. */
void *memset(void *dst, int c, size_t n)
{
	rep_stos(dst, (uint8_t)c * 0x0101010101010101ul, n / 8, n % 8);
	return dst;
}

/* C11 7.24.4.1. Any context. */
int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

/* C11 7.24.6.3. Any context. */
size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

/* POSIX: strlen(), but looks at no more than `max` bytes. Any context. */
size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

/* C11 7.24.4.2. Any context. */
int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

/* C11 7.24.4.4. Any context. */
int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b)
			return (uint8_t)*a - (uint8_t)*b;
		if (!*a)
			break;
	}
	return 0;
}

/* C11 7.24.5.2. Any context. */
char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

/* C11 7.24.5.7. Any context. */
char *strstr(const char *s, const char *sub)
{
	size_t n = strlen(sub);

	for (;; s++) {
		if (!strncmp(s, sub, n))
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

/* Copies with a bound (see the header). Any context. */
size_t str_copy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size) {
		size_t n = len < size ? len : size - 1;

		memcpy(dst, src, n);
		dst[n] = 0;
	}
	return len;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* Parses a whole string as a number (see the header). Any context. */
int str_to_u64(const char *s, uint64_t *out)
{
	uint64_t v = 0;
	unsigned int base = 10;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		unsigned int d = (unsigned int)digit_of(*s);

		if (d >= base || v > (UINT64_MAX - d) / base)
			return -EINVAL;
		v = v * base + d;
	}
	*out = v;
	return 0;
}

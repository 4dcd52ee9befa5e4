/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions of lib/string.h that the C library lacks; the others stay the C library's, whose calls the sanitizer checks. */
#include "lib/string.h"

#include <errno.h>
#include <stdlib.h>

size_t str_copy(char *dst, const char *src, size_t size)
{
	size_t n = strlen(src), k = n < size ? n : size - 1;

	memcpy(dst, src, k);
	dst[k] = 0;
	return n;
}

int str_to_u64(const char *s, uint64_t *out)
{
	char *end;
	uint64_t v;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, s[0] == '0' && s[1] == 'x' ? 16 : 10);
	if (errno || *end)
		return -EINVAL;
	*out = v;
	return 0;
}

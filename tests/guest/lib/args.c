/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/args.h"

#include "lib/platform.h"
#include "lib/string.h"

/* Steps to the next word: its start, with its length; NULL at the end. */
static const char *next(const char *p, size_t *len)
{
	while (*p == ' ')
		p++;
	for (*len = 0; p[*len] && p[*len] != ' ';)
		(*len)++;
	return *len ? p : NULL;
}

bool args_has(const char *word)
{
	const char *p = platform_cmdline();
	size_t len, want = strlen(word);

	for (; (p = next(p, &len)); p += len)
		if (len == want && !strncmp(p, word, len))
			return true;
	return false;
}

uint64_t args_number(const char *key, uint64_t otherwise)
{
	const char *p = platform_cmdline();
	size_t len, n = strlen(key);
	char text[24];
	uint64_t v;

	for (; (p = next(p, &len)); p += len) {
		if (len <= n + 1 || len - n > sizeof(text) || strncmp(p, key, n) || p[n] != '=')
			continue;
		str_copy(text, p + n + 1, len - n);
		if (!str_to_u64(text, &v))
			return v;
	}
	return otherwise;
}

bool args_names_nothing(void)
{
	const char *p = platform_cmdline();
	size_t len, i;

	for (; (p = next(p, &len)); p += len) {
		for (i = 0; i < len && p[i] != '='; i++)
			;
		if (i == len)
			return false;
	}
	return true;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/uuid.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

char *uuid_text(const uint8_t *uuid, char *text)
{
	char *at = text;

	for (int i = 0; i < 16; i++)
		at += sprintf(at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	return text;
}

bool uuid_read(const char *text, uint8_t *uuid)
{
	int digits = 0;

	memset(uuid, 0, 16);
	for (; *text; text++) {
		if (*text == '-')
			continue;
		if (!isxdigit((unsigned char)*text) || digits == 32)
			return false;
		uuid[digits / 2] = uuid[digits / 2] << 4 | (isdigit((unsigned char)*text) ? *text - '0' : (*text | 0x20) - 'a' + 10);
		digits++;
	}
	return digits == 32;
}

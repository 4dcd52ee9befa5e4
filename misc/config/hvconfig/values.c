/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts to values and back. */
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool value_collapse(const xmlNode *node, char *text, size_t size)
{
	xmlChar *content = xmlNodeGetContent(node);
	size_t len = 0;
	bool blank = false, fits = true;

	for (const xmlChar *p = content; p && *p; p++) {
		if (strchr(" \t\r\n", *p)) {
			blank = len > 0;
			continue;
		}
		if (len + blank + 1 >= size) {
			fits = false;
			break;
		}
		if (blank)
			text[len++] = ' ';
		blank = false;
		text[len++] = (char)*p;
	}
	text[len] = '\0';
	xmlFree(content);
	return fits;
}

static unsigned int suffix_shift(char suffix)
{
	return suffix == 'K' ? 10 : suffix == 'M' ? 20 : suffix == 'G' ? 30 : 0;
}

const char *value_number(const char *text, bool suffix, uint64_t max, uint64_t *out)
{
	bool hex = !strncmp(text, "0x", 2);
	const char *digits = hex ? text + 2 : text;
	unsigned int shift;
	uint64_t value;
	char *end;

	if (!digits[0] || strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") == 0)
		return "is not a number";
	errno = 0;
	value = strtoull(digits, &end, hex ? 16 : 10);
	if (errno)
		return "is too large";
	shift = suffix ? suffix_shift(*end) : 0;
	if (end[shift ? 1 : 0])
		return suffix ? "is not a number with K, M or G behind it" : "is not a number";
	if (value > max >> shift)
		return "is too large";
	*out = value << shift;
	return NULL;
}

/* Reads one CPU number at *p and moves on. False: none there, or above 63. */
static bool take_cpu(const char **p, unsigned int *pcpu)
{
	size_t len = strspn(*p, "0123456789");

	if (len == 0 || len > 4)
		return false;
	*pcpu = (unsigned int)strtoul(*p, NULL, 10);
	*p += len;
	return *pcpu < 64;
}

const char *value_cpus(const char *text, uint64_t *mask)
{
	const char *p = text;
	unsigned int first, last;

	*mask = 0;
	do {
		if (!take_cpu(&p, &first))
			return "names a pCPU that is not a number from 0 to 63";
		last = first;
		if (*p == '-') {
			p++;
			if (!take_cpu(&p, &last))
				return "names a pCPU that is not a number from 0 to 63";
			if (last < first)
				return "has a range that runs backwards; write the lower pCPU first";
		}
		for (; first <= last; first++)
			*mask |= 1ull << first;
	} while (*p == ',' && *++p);
	return *p || p[-1] == ',' ? "is not a list of pCPUs, as 0-2,5" : NULL;
}

const char *value_bdf(const char *text, uint16_t *bdf)
{
	unsigned int bus, device, function;
	int used = 0;

	if (strlen(text) != 7 || sscanf(text, "%2x:%2x.%1u%n", &bus, &device, &function, &used) != 3 || used != 7 ||
	    device > 31 || function > 7)
		return "is not bus:device.function, as 00:1f.2";
	*bdf = (uint16_t)(bus << 8 | device << 3 | function);
	return NULL;
}

void value_print_size(uint64_t value, char *text, size_t size)
{
	static const char suffixes[] = "GMK";

	for (unsigned int i = 0; value && suffixes[i]; i++) {
		unsigned int shift = suffix_shift(suffixes[i]);

		if (!(value & ((1ull << shift) - 1))) {
			snprintf(text, size, "%" PRIu64 "%c", value >> shift, suffixes[i]);
			return;
		}
	}
	snprintf(text, size, "%" PRIu64, value);
}

void value_print_cpus(uint64_t mask, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < 64 && len < size; i++) {
		unsigned int last = i;

		if (!(mask >> i & 1))
			continue;
		while (last < 63 && (mask >> (last + 1) & 1))
			last++;
		len += (size_t)snprintf(text + len, size - len, last > i ? "%s%u-%u" : "%s%u", len ? "," : "", i, last);
		i = last;
	}
}

void value_print_escaped(const char *text, FILE *out)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		default:
			fputc(*text, out);
			break;
		}
	}
}

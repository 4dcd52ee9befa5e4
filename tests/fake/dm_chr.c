/* SPDX-License-Identifier: BSD-3-Clause */
/* See dm_chr.h. Spec "bad" fails to open. */
#include "dm_chr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct fake_chr fake_chr;

static void deliver(void)
{
	size_t n;

	if (!fake_chr.reader.input || !fake_chr.nr_held)
		return;
	n = fake_chr.reader.input(fake_chr.reader.arg, (const uint8_t *)fake_chr.held, fake_chr.nr_held);
	memmove(fake_chr.held, fake_chr.held + n, fake_chr.nr_held - n);
	fake_chr.nr_held -= n;
}

void fake_chr_input(const char *text)
{
	memcpy(fake_chr.held + fake_chr.nr_held, text, strlen(text));
	fake_chr.nr_held += strlen(text);
	deliver();
}

void fake_chr_drain(void)
{
	fake_chr.full = false;
	fake_chr.reader.writable(fake_chr.reader.arg);
}

int chr_open(struct vm *vm, const char *spec, struct chr_reader reader, struct chr **out)
{
	(void)vm;
	if (strcmp(spec, "bad") == 0)
		return -ENOENT;
	snprintf(fake_chr.spec, sizeof(fake_chr.spec), "%s", spec);
	fake_chr.reader = reader;
	fake_chr.nr_open++;
	*out = (struct chr *)&fake_chr;
	return 0;
}

size_t chr_write(struct chr *chr, const uint8_t *buf, size_t len)
{
	(void)chr;
	if (fake_chr.full || len > sizeof(fake_chr.out) - fake_chr.nr_out)
		return 0;
	memcpy(fake_chr.out + fake_chr.nr_out, buf, len);
	fake_chr.nr_out += len;
	return len;
}

void chr_resume(struct chr *chr)
{
	(void)chr;
	deliver();
}

void chr_close(struct chr *chr)
{
	if (chr)
		fake_chr.nr_open--;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Character backends for unit tests. */
#include "virtio_chr.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct chr virtio_chr[VIRTIO_CHRS];
unsigned int virtio_nr_chrs;

void virtio_chr_clear(void)
{
	unsigned int i;

	virtio_nr_chrs = 0;
	for (i = 0; i < VIRTIO_CHRS; i++) {
		virtio_chr[i].in_len = 0;
		virtio_chr[i].out_len = 0;
		virtio_chr[i].room = SIZE_MAX;
		virtio_chr[i].open = false;
	}
}

int chr_open(struct vm *vm, const char *spec, struct chr_reader reader, struct chr **out)
{
	struct chr *c = &virtio_chr[virtio_nr_chrs];

	(void)vm;
	if (strstr(spec, "missing"))
		return -ENOENT;
	virtio_nr_chrs++;
	snprintf(c->spec, sizeof(c->spec), "%s", spec);
	c->reader = reader;
	c->open = true;
	*out = c;
	return 0;
}

size_t chr_write(struct chr *c, const uint8_t *buf, size_t len)
{
	if (len > c->room)
		len = c->room;
	if (len > sizeof(c->out) - c->out_len)
		len = sizeof(c->out) - c->out_len;
	memcpy(c->out + c->out_len, buf, len);
	c->out_len += len;
	c->room -= len;
	return len;
}

void chr_resume(struct chr *c)
{
	size_t n = c->in_len ? c->reader.input(c->reader.arg, (uint8_t *)c->in, c->in_len) : 0;

	c->in_len -= n;
	memmove(c->in, c->in + n, c->in_len);
}

void chr_close(struct chr *c)
{
	if (c)
		c->open = false;
}

void virtio_chr_type(struct chr *c, const char *text)
{
	memcpy(c->in + c->in_len, text, strlen(text));
	c->in_len += strlen(text);
	chr_resume(c);
}

void virtio_chr_drain(struct chr *c, size_t room)
{
	c->room = room;
	c->reader.writable(c->reader.arg);
}

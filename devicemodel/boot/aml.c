/* SPDX-License-Identifier: BSD-3-Clause */
/* See aml.h. Opcodes and encodings are those of ACPI 6.4 section 20.2 and resource tags of 6.4. */
#include "boot/aml.h"

#include <string.h>

#define OP_ZERO		0x00
#define OP_ONE		0x01
#define OP_NAME		0x08
#define OP_BYTE		0x0A
#define OP_WORD		0x0B
#define OP_DWORD	0x0C
#define OP_QWORD	0x0E
#define OP_SCOPE	0x10
#define OP_BUFFER	0x11
#define OP_PACKAGE	0x12
#define OP_METHOD	0x14
#define OP_DUAL_NAME	0x2E
#define OP_EXT		0x5B
#define OP_EXT_DEVICE	0x82
#define OP_RETURN	0xA4

/* The length of a buffer is written before it is known, so it always takes this many bytes. */
#define BUFFER_SIZE_LEN	3u

static void put(struct aml *aml, const void *p, size_t len)
{
	if (len > aml->size - aml->len) {
		aml->failed = true;
		return;
	}
	memcpy(aml->buf + aml->len, p, len);
	aml->len += len;
}

static void put8(struct aml *aml, uint8_t v)
{
	put(aml, &v, 1);
}

static void put16(struct aml *aml, uint16_t v)
{
	put(aml, &v, 2);
}

static void put32(struct aml *aml, uint32_t v)
{
	put(aml, &v, 4);
}

static void put64(struct aml *aml, uint64_t v)
{
	put(aml, &v, 8);
}

void aml_init(struct aml *aml, uint8_t *buf, size_t size)
{
	*aml = (struct aml){ .buf = buf, .size = size };
}

bool aml_ok(const struct aml *aml)
{
	return !aml->failed && aml->depth == 0;
}

static void begin(struct aml *aml)
{
	if (aml->depth == AML_MAX_DEPTH) {
		aml->failed = true;
		return;
	}
	aml->open[aml->depth++] = aml->len;
}

/* Insert the PkgLength (20.2.4), which counts itself, before what was written since begin(). */
void aml_end(struct aml *aml)
{
	size_t at, body, total;
	uint8_t bytes[3];
	unsigned int n;

	if (aml->depth == 0 || aml->failed) {
		aml->failed = true;
		return;
	}
	at = aml->open[--aml->depth];
	body = aml->len - at;
	n = body + 1 < 0x40 ? 1 : body + 2 < 0x1000 ? 2 : 3;
	total = body + n;
	if (total >= 0x100000 || n > aml->size - aml->len) {
		aml->failed = true;
		return;
	}
	memmove(aml->buf + at + n, aml->buf + at, body);
	aml->len += n;
	bytes[0] = n == 1 ? total : (n - 1) << 6 | (total & 15);
	bytes[1] = total >> 4;
	bytes[2] = total >> 12;
	memcpy(aml->buf + at, bytes, n);
}

static void put_path(struct aml *aml, const char *path)
{
	if (*path == '\\') {
		put8(aml, '\\');
		path++;
	}
	if (strlen(path) == 9 && path[4] == '.') {
		put8(aml, OP_DUAL_NAME);
		put(aml, path, 4);
		put(aml, path + 5, 4);
	} else if (strlen(path) == 4) {
		put(aml, path, 4);
	} else {
		aml->failed = true;
	}
}

void aml_scope_begin(struct aml *aml, const char *path)
{
	put8(aml, OP_SCOPE);
	begin(aml);
	put_path(aml, path);
}

void aml_device_begin(struct aml *aml, const char *name)
{
	put8(aml, OP_EXT);
	put8(aml, OP_EXT_DEVICE);
	begin(aml);
	put_path(aml, name);
}

void aml_name(struct aml *aml, const char *name)
{
	put8(aml, OP_NAME);
	put_path(aml, name);
}

void aml_integer(struct aml *aml, uint64_t value)
{
	if (value <= 1) {
		put8(aml, value ? OP_ONE : OP_ZERO);
	} else if (value <= UINT8_MAX) {
		put8(aml, OP_BYTE);
		put8(aml, value);
	} else if (value <= UINT16_MAX) {
		put8(aml, OP_WORD);
		put16(aml, value);
	} else if (value <= UINT32_MAX) {
		put8(aml, OP_DWORD);
		put32(aml, value);
	} else {
		put8(aml, OP_QWORD);
		put64(aml, value);
	}
}

void aml_package_begin(struct aml *aml, uint8_t nr_elements)
{
	put8(aml, OP_PACKAGE);
	begin(aml);
	put8(aml, nr_elements);
}

void aml_name_ref(struct aml *aml, const char *name)
{
	put_path(aml, name);
}

/* Three letters of 5 bits and four hex digits, big endian (ACPI 19.6.36 EISAID). */
void aml_eisaid(struct aml *aml, const char *id)
{
	uint32_t v = 0;
	uint8_t bytes[4];

	if (strlen(id) != 7) {
		aml->failed = true;
		return;
	}
	for (unsigned int i = 0; i < 3; i++)
		v = v << 5 | (id[i] - 'A' + 1);
	for (unsigned int i = 3; i < 7; i++)
		v = v << 4 | (id[i] <= '9' ? id[i] - '0' : id[i] - 'A' + 10);
	for (unsigned int i = 0; i < 4; i++)
		bytes[i] = v >> (24 - 8 * i);
	put8(aml, OP_DWORD);
	put(aml, bytes, 4);
}

void aml_resources_begin(struct aml *aml)
{
	put8(aml, OP_BUFFER);
	begin(aml);
	/* BufferSize, filled in at the end */
	put8(aml, OP_WORD);
	put16(aml, 0);
}

void aml_resources_end(struct aml *aml)
{
	size_t at;
	uint16_t len;

	put16(aml, 0x0079);	/* end tag, checksum not used */
	if (aml->failed || aml->depth == 0) {
		aml->failed = true;
		return;
	}
	at = aml->open[aml->depth - 1];
	len = aml->len - at - BUFFER_SIZE_LEN;
	memcpy(aml->buf + at + 1, &len, sizeof(len));
	aml_end(aml);
}

void aml_res_io(struct aml *aml, uint16_t port, uint8_t len)
{
	put8(aml, 0x47);	/* small item: I/O port descriptor, 7 bytes */
	put8(aml, 1);		/* decodes 16 bits */
	put16(aml, port);
	put16(aml, port);
	put8(aml, 1);
	put8(aml, len);
}

void aml_res_irq_edge(struct aml *aml, unsigned int irq)
{
	put8(aml, 0x22);	/* small item: IRQ without flags = edge, active high, exclusive */
	put16(aml, 1u << irq);
}

void aml_res_gsi_level_high(struct aml *aml, uint32_t gsi)
{
	put8(aml, 0x89);	/* extended interrupt */
	put16(aml, 6);
	put8(aml, 0x09);	/* consumer, level, active high, shared */
	put8(aml, 1);
	put32(aml, gsi);
}

void aml_res_memory32(struct aml *aml, uint32_t base, uint32_t len)
{
	put8(aml, 0x86);
	put16(aml, 9);
	put8(aml, 1);		/* writable */
	put32(aml, base);
	put32(aml, len);
}

/* Address space descriptors, 6.4.3.5: type, producer with fixed ends, type flags, then five numbers. */
void aml_res_bus_window(struct aml *aml, uint16_t first, uint16_t last)
{
	put8(aml, 0x88);
	put16(aml, 13);
	put8(aml, 2);		/* bus numbers */
	put8(aml, 0x0C);
	put8(aml, 0);
	put16(aml, 0);
	put16(aml, first);
	put16(aml, last);
	put16(aml, 0);
	put16(aml, last - first + 1);
}

void aml_res_io_window(struct aml *aml, uint16_t first, uint16_t last)
{
	put8(aml, 0x88);
	put16(aml, 13);
	put8(aml, 1);		/* I/O */
	put8(aml, 0x0C);
	put8(aml, 3);		/* entire range */
	put16(aml, 0);
	put16(aml, first);
	put16(aml, last);
	put16(aml, 0);
	put16(aml, last - first + 1);
}

void aml_res_memory32_window(struct aml *aml, uint32_t first, uint32_t last)
{
	put8(aml, 0x87);
	put16(aml, 23);
	put8(aml, 0);		/* memory */
	put8(aml, 0x0C);
	put8(aml, 1);		/* writable, not cacheable */
	put32(aml, 0);
	put32(aml, first);
	put32(aml, last);
	put32(aml, 0);
	put32(aml, last - first + 1);
}

void aml_res_memory64_window(struct aml *aml, uint64_t first, uint64_t last)
{
	put8(aml, 0x8A);
	put16(aml, 43);
	put8(aml, 0);
	put8(aml, 0x0C);
	put8(aml, 1);
	put64(aml, 0);
	put64(aml, first);
	put64(aml, last);
	put64(aml, 0);
	put64(aml, last - first + 1);
}

void aml_method_empty(struct aml *aml, const char *name, uint8_t nr_args)
{
	put8(aml, OP_METHOD);
	begin(aml);
	put_path(aml, name);
	put8(aml, nr_args);
	aml_end(aml);
}

void aml_method_return(struct aml *aml, const char *name, uint64_t value)
{
	put8(aml, OP_METHOD);
	begin(aml);
	put_path(aml, name);
	put8(aml, 0);
	put8(aml, OP_RETURN);
	aml_integer(aml, value);
	aml_end(aml);
}

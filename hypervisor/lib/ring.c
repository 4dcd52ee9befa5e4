/* SPDX-License-Identifier: BSD-3-Clause */
/* Byte ring, one producer, one consumer. */
#include "lib/ring.h"

#include "lib/string.h"
#include "lib/util.h"

/* `buf` holds `size` bytes, a power of two, and lives as long as the ring. */
void ring_init(struct ring *r, void *buf, uint32_t size)
{
	*r = (struct ring){ .buf = buf, .size = size };
}

/* See the header. Any context. */
uint32_t ring_used(const struct ring *r)
{
	return __atomic_load_n(&r->head, __ATOMIC_ACQUIRE) - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
}

/* See the header. Any context. */
uint32_t ring_free(const struct ring *r)
{
	return r->size - ring_used(r);
}

/* See the header. Producer only. */
uint32_t ring_write(struct ring *r, const void *data, uint32_t n)
{
	uint32_t at = r->head & (r->size - 1), first;
	uint32_t room = ring_free(r);	/* read once: the consumer may make more meanwhile */

	n = MIN(n, room);
	first = MIN(n, r->size - at);
	memcpy(r->buf + at, data, first);
	memcpy(r->buf, (const uint8_t *)data + first, n - first);
	/* Release: the consumer sees the bytes before it sees the index move. */
	__atomic_store_n(&r->head, r->head + n, __ATOMIC_RELEASE);
	return n;
}

/* See the header. Consumer only. */
uint32_t ring_read(struct ring *r, void *data, uint32_t n)
{
	uint32_t at = r->tail & (r->size - 1), first;
	uint32_t waiting = ring_used(r);	/* read once, as above */

	n = MIN(n, waiting);
	first = MIN(n, r->size - at);
	memcpy(data, r->buf + at, first);
	memcpy((uint8_t *)data + first, r->buf, n - first);
	/* Release: the bytes are read before the producer may overwrite them. */
	__atomic_store_n(&r->tail, r->tail + n, __ATOMIC_RELEASE);
	return n;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define ENTRY_SIZE	((uint32_t)sizeof(struct acrn_trace_entry))

int ring_attach(struct ring *ring, struct shared_buf *buf, size_t mapped, uint32_t cpu)
{
	if (mapped < sizeof(*buf) || buf->magic != SBUF_MAGIC || buf->ele_size != ENTRY_SIZE || buf->ele_num < 2 ||
	    (uint64_t)buf->ele_num * ENTRY_SIZE != buf->size || buf->size > mapped - sizeof(*buf))
		return -EPROTO;
	*ring = (struct ring){ .fd = -1, .cpu = cpu, .buf = buf, .mapped = mapped, .size = buf->size,
			       .lost_seen = buf->overrun_cnt };
	return 0;
}

/* Size of the ring behind an open device: its first page tells. 0: not a ring. */
static size_t ring_bytes(int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = 0;
	struct shared_buf *head = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);

	if (head == MAP_FAILED)
		return 0;
	if (head->magic == SBUF_MAGIC)
		bytes = (sizeof(*head) + head->size + page - 1) & ~(page - 1);
	munmap(head, page);
	return bytes;
}

int ring_open(struct ring *ring, const char *path, uint32_t cpu)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), err = -EPROTO;
	size_t bytes;
	void *map;

	if (fd < 0)
		return -errno;
	bytes = ring_bytes(fd);
	map = bytes ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (map != MAP_FAILED) {
		err = ring_attach(ring, map, bytes, cpu);
		if (err)
			munmap(map, bytes);
	}
	if (err)
		close(fd);
	else
		ring->fd = fd;
	return err;
}

void ring_close(struct ring *ring)
{
	if (ring->fd < 0)
		return;
	munmap(ring->buf, ring->mapped);
	close(ring->fd);
	ring->fd = -1;
}

/* The writer's index, or ring->size when it makes no sense. */
static uint32_t tail_of(const struct ring *ring)
{
	/* Acquire: entries were stored before the index. */
	uint32_t tail = __atomic_load_n(&ring->buf->tail, __ATOMIC_ACQUIRE);

	return tail < ring->size && tail % ENTRY_SIZE == 0 ? tail : ring->size;
}

void ring_clear(struct ring *ring)
{
	uint32_t tail = tail_of(ring);

	if (tail != ring->size)
		__atomic_store_n(&ring->buf->head, tail, __ATOMIC_RELEASE);
	ring->lost_seen = ring->buf->overrun_cnt;
}

int ring_drain(struct ring *ring, void (*put)(void *arg, const struct acrn_trace_entry *entry), void *arg)
{
	uint32_t head = ring->buf->head, tail = tail_of(ring), lost = ring->buf->overrun_cnt;
	int n = 0;

	if (tail == ring->size || head >= ring->size || head % ENTRY_SIZE)
		return -EPROTO;
	ring->lost += lost - ring->lost_seen;
	ring->lost_seen = lost;
	for (; head != tail; n++) {
		const struct acrn_trace_entry entry = *(struct acrn_trace_entry *)((uint8_t *)(ring->buf + 1) + head);

		head = head + ENTRY_SIZE == ring->size ? 0 : head + ENTRY_SIZE;
		/* Release: the entry is copied before its place is free. */
		__atomic_store_n(&ring->buf->head, head, __ATOMIC_RELEASE);
		put(arg, &entry);
	}
	return n;
}

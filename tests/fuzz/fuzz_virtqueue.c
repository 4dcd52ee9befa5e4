/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target for the split virtqueue (libFuzzer's entry point): the input is guest memory, ring and all. Whatever a driver
 * writes, a chain that comes out lies wholly in guest memory, in the right order, with the right sums.
 */
/* fuzz: devicemodel/virtio/queue.c */
/* fuzz-flags: -Idevicemodel */
#include <errno.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/queue.h"

#define GUEST_BASE 0x1000u
#define GUEST_SIZE 0x2000u
#define MAX_POPS 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Allocated anew for each input, so that the sanitizer sees the first byte read outside. */
static uint8_t *guest;
static struct queue_chain chain;

static void *guest_ptr(void *ctx, uint64_t gpa, uint64_t len)
{
	(void)ctx;
	if (gpa < GUEST_BASE || gpa - GUEST_BASE >= GUEST_SIZE || len > GUEST_SIZE - (gpa - GUEST_BASE))
		return NULL;
	return guest + (gpa - GUEST_BASE);
}

static void check_chain(const struct virtqueue *q)
{
	uint64_t out = 0, in = 0;
	unsigned int i;

	if (chain.head >= q->size || chain.nr_out + chain.nr_in == 0 || chain.nr_out + chain.nr_in > QUEUE_SIZE_MAX)
		abort();
	for (i = 0; i < (unsigned int)chain.nr_out + chain.nr_in; i++) {
		const uint8_t *p = chain.iov[i].iov_base;

		if (p < guest || p > guest + GUEST_SIZE || chain.iov[i].iov_len == 0 ||
		    chain.iov[i].iov_len > (size_t)(guest + GUEST_SIZE - p))
			abort();
		if (i < chain.nr_out)
			out += chain.iov[i].iov_len;
		else
			in += chain.iov[i].iov_len;
	}
	if (out != chain.out_len || in != chain.in_len)
		abort();
}

/* Reads what there is, and writes over all the device may write: the driver's rings too, if it put its buffers there. */
static uint32_t use_chain(void)
{
	uint8_t byte = 0, block[64];
	uint32_t off;

	for (off = 0; off < chain.out_len && off < GUEST_SIZE; off += sizeof(block))
		byte += queue_chain_read(&chain, off, block, sizeof(block));
	memset(block, byte, sizeof(block));
	for (off = 0; off < chain.in_len && off < GUEST_SIZE; off += sizeof(block))
		queue_chain_write(&chain, off, block, sizeof(block));
	return chain.in_len;
}

/* The first eight bytes: features, size, where the three parts lie, and how to behave; the rest is memory. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct queue_mem mem = { .ptr = guest_ptr };
	struct virtqueue q;
	uint64_t features;
	int i, ret;

	if (size < 8)
		return 0;
	guest = calloc(1, GUEST_SIZE);
	if (!guest)
		return 0;
	memcpy(guest, data + 8, size - 8 < GUEST_SIZE ? size - 8 : GUEST_SIZE);
	features = (data[0] & 1 ? 1ULL << VIRTIO_RING_F_EVENT_IDX : 0) | (data[0] & 2 ? 1ULL << VIRTIO_RING_F_INDIRECT_DESC : 0);
	queue_reset(&q, 1u << (data[1] % 9));
	q.size = data[0] & 4 ? data[2] : q.size_max;
	q.desc_gpa = GUEST_BASE + data[3] * 16u;
	q.avail_gpa = GUEST_BASE + data[4] * 16u;
	q.used_gpa = GUEST_BASE + data[5] * 16u;
	if (queue_enable(&q, &mem, features) == 0) {
		for (i = 0; i < MAX_POPS; i++) {
			ret = queue_pop(&q, &chain);
			if (ret < 0 && (ret != -EINVAL || !q.broken))
				abort();
			if (ret <= 0)
				break;
			check_chain(&q);
			if (data[6] & 1 << (i % 8)) {
				queue_unpop(&q);
				if (queue_pop(&q, &chain) == 1)
					check_chain(&q);
				else
					break;
			}
			queue_push(&q, chain.head, use_chain());
			if (data[7] & 1 << (i % 8)) {
				queue_signal(&q);
				queue_notify_enable(&q);
			}
		}
		queue_notify_disable(&q);
	} else if (!q.broken) {
		abort();
	}
	free(guest);
	return 0;
}

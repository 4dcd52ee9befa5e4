/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Split virtqueue, device side (virtio 1.2, 2.7).
 *
 * A queue is three arrays in guest memory, all owned by a driver we do not trust:
 *
 *	descriptor table   size * { addr, len, flags, next }        driver writes
 *	available ring     flags, idx, ring[size], used_event       driver writes
 *	used ring          flags, idx, ring[size]{id, len}, avail_event   we write
 *
 * The driver puts the number of a chain's first descriptor (its "head") into the available ring; the device
 * takes it with queue_pop(), works, hands it back with queue_push() and shows a batch of those with
 * queue_signal(). queue_pop() is the only place that reads descriptors: what it returns has been checked whole.
 *
 *	pop loop:	do {
 *				queue_notify_disable(q);
 *				while (queue_pop(q, &chain) > 0) ...
 *			} while (queue_notify_enable(q));
 *
 * Calling context: all of a queue's functions belong to one thread (the device's worker). Only enable and
 * reset are called by the thread that handles register writes, and only while the worker leaves the queue alone.
 */
#pragma once

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/* The largest ring a device may have; bounds a chain's length also when it is an indirect table. */
#define QUEUE_SIZE_MAX 256

/* How a queue reaches guest memory: the host address of @len bytes at guest physical @gpa, or NULL when not all of them are guest RAM. */
struct queue_mem {
	void *(*ptr)(void *ctx, uint64_t gpa, uint64_t len);
	void *ctx;
};

/* One checked chain: iov[0 .. nr_out) is what the device reads, iov[nr_out .. nr_out + nr_in) what it writes. */
struct queue_chain {
	uint16_t head;
	uint16_t nr_out;
	uint16_t nr_in;
	uint32_t out_len;	/* bytes */
	uint32_t in_len;	/* bytes */
	struct iovec iov[QUEUE_SIZE_MAX];
};

struct queue_stats {
	uint64_t chains;	/* popped */
	uint64_t signals;	/* interrupts asked for */
	uint64_t suppressed;	/* batches the driver asked not to be told of */
};

struct virtqueue {
	/* set by the driver before enable */
	uint64_t desc_gpa;
	uint64_t avail_gpa;
	uint64_t used_gpa;
	uint16_t size;
	uint16_t size_max;	/* fixed at creation */
	bool enabled;
	/* features, latched at enable */
	bool event_idx;
	bool indirect;
	/* mapped at enable */
	struct queue_mem mem;
	const struct vring_desc *desc;
	const struct vring_avail *avail;
	struct vring_used *used;
	/* progress; free running 16-bit counters like the ring's own */
	uint16_t last_avail;	/* next available entry to take */
	uint16_t used_idx;	/* next used entry to write */
	uint16_t shown_idx;	/* used_idx the driver has been shown */
	uint16_t inflight;	/* popped, not yet pushed */
	const char *broken;	/* why the driver's ring was refused, or NULL */
	struct queue_stats stats;
};

/* Puts @q into its state after reset: no addresses, disabled, full size @size_max (a power of two, <= QUEUE_SIZE_MAX). Statistics go to 0. */
void queue_reset(struct virtqueue *q, uint16_t size_max);

/*
 * Checks size, alignment and place of the three parts and maps them. @features are the negotiated ones.
 * Returns 0, or -EINVAL with q->broken saying what is wrong.
 */
int queue_enable(struct virtqueue *q, const struct queue_mem *mem, uint64_t features);

/*
 * Takes the next chain. Returns 1 with *@chain filled, 0 when the ring is empty or the queue not enabled, -EINVAL when the
 * driver's ring is malformed: then q->broken says how, and the queue stays refused until reset.
 */
int queue_pop(struct virtqueue *q, struct queue_chain *chain);

/* Puts the last popped chain back, to be popped again. Only while nothing was pushed since; called n times it puts the last n back. */
void queue_unpop(struct virtqueue *q);

/* Hands @head back with @len bytes written to its writable part. Unseen by the driver until queue_signal(). */
void queue_push(struct virtqueue *q, uint16_t head, uint32_t len);

/* Shows all pushed chains to the driver. Returns true when the driver wants an interrupt for them. */
bool queue_signal(struct virtqueue *q);

/* Tells the driver that kicks are not needed (a hint it may ignore). */
void queue_notify_disable(struct virtqueue *q);

/* Asks for kicks again. Returns true when chains came meanwhile: then no kick will come for them. */
bool queue_notify_enable(struct virtqueue *q);

/* Copies up to @len bytes from offset @off of the readable part to @buf; returns how many there were. */
uint32_t queue_chain_read(const struct queue_chain *chain, uint32_t off, void *buf, uint32_t len);

/* Copies up to @len bytes of @buf to offset @off of the writable part; returns how many fitted. */
uint32_t queue_chain_write(const struct queue_chain *chain, uint32_t off, const void *buf, uint32_t len);

/*
 * Describes bytes [@off, @off + @len) of @iov[0..@nr_iov) as iovecs in @to (room for @nr_iov). Returns their number,
 * or -EINVAL when there are fewer bytes.
 */
int queue_iov_slice(struct iovec *to, const struct iovec *iov, unsigned int nr_iov, uint32_t off, uint32_t len);

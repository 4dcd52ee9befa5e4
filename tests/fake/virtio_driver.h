/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest's side of virtio for unit tests: guest memory, rings, chains, well-formed or not, and counted interrupts.
 *
 * Guest memory is two pieces with a hole between, so that buffers can be put across an end:
 *	[DRV_LOW_GPA, + DRV_LOW_SIZE)   [DRV_HIGH_GPA, + DRV_HIGH_SIZE)
 * Everything fails the test (ck_abort) rather than return an error, except where said.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "virtio/device.h"

#define DRV_LOW_GPA 0x10000ULL
#define DRV_LOW_SIZE 0x200000ULL
#define DRV_HIGH_GPA 0x100000000ULL
#define DRV_HIGH_SIZE 0x10000ULL
#define DRV_QUEUES 32

struct drv {
	struct virtio_dev *vd;
	uint8_t *low, *high;
	uint64_t next;		/* bump allocator in the low piece */
	unsigned int queue_irqs[DRV_QUEUES];	/* atomic */
	unsigned int config_irqs;		/* atomic */
};

/* One ring as the driver sees it. */
struct drv_queue {
	struct drv *d;
	unsigned int index;
	uint16_t size;
	uint64_t desc_gpa, avail_gpa, used_gpa;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next_desc;	/* next free descriptor, round robin */
	uint16_t last_used;
};

struct drv_buf {
	uint64_t gpa;
	uint32_t len;
	bool in;		/* device writes it */
};

/* Guest memory alone (for queue tests), and its access interface. */
void drv_mem_open(struct drv *d);
void drv_mem_close(struct drv *d);
struct queue_mem drv_mem(struct drv *d);

/* Host address of guest memory; NULL outside. */
void *drv_ptr(struct drv *d, uint64_t gpa, uint64_t len);

/* @size fresh zeroed bytes, aligned to @align. */
uint64_t drv_alloc(struct drv *d, uint64_t size, uint64_t align);

/* @data copied to fresh guest memory. */
uint64_t drv_put(struct drv *d, const void *data, uint32_t len);

/* Allocates a ring of @size and fills @vq's addresses. */
void drv_ring(struct drv *d, struct drv_queue *q, struct virtqueue *vq, uint16_t size);

/* Takes over @vd with memory and interrupt counters; @threaded starts its worker's thread, else drv_run() is the worker. */
void drv_open(struct drv *d, struct virtio_dev *vd, bool threaded);

/* Destroys the device and frees the memory. */
void drv_close(struct drv *d);

/* Steps of 3.1.1: up to FEATURES_OK with exactly @features (returns whether the device agreed), one queue, DRIVER_OK. */
bool drv_negotiate(struct drv *d, uint64_t features);
void drv_queue_open(struct drv *d, struct drv_queue *q, unsigned int index, uint16_t size);
void drv_ok(struct drv *d);

/* Writes descriptor @i. */
void drv_desc(struct drv_queue *q, uint16_t i, struct vring_desc desc);

/* Puts @head into the available ring. */
void drv_publish(struct drv_queue *q, uint16_t head);

/* Makes a chain of the buffers and publishes it; returns its head. */
uint16_t drv_add(struct drv_queue *q, const struct drv_buf *buf, unsigned int nr);

/* The same through an indirect table. */
uint16_t drv_add_indirect(struct drv_queue *q, const struct drv_buf *buf, unsigned int nr);

/* Kicks and, without a thread, runs the worker until it is idle. */
void drv_kick(struct drv_queue *q);
void drv_run(struct drv *d);

/* Takes one used chain: its head and *@len, or -1 when there is none. */
int drv_used(struct drv_queue *q, uint32_t *len);

/* drv_used() for a worker with a thread or a backend: waits up to 5 s. */
int drv_used_wait(struct drv_queue *q, uint32_t *len);

bool drv_needs_reset(struct drv *d);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest's side of virtio for unit tests. */
#include "virtio_driver.h"

#include <check.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 5000

void *drv_ptr(struct drv *d, uint64_t gpa, uint64_t len)
{
	if (gpa >= DRV_LOW_GPA && gpa - DRV_LOW_GPA < DRV_LOW_SIZE && len <= DRV_LOW_SIZE - (gpa - DRV_LOW_GPA))
		return d->low + (gpa - DRV_LOW_GPA);
	if (gpa >= DRV_HIGH_GPA && gpa - DRV_HIGH_GPA < DRV_HIGH_SIZE && len <= DRV_HIGH_SIZE - (gpa - DRV_HIGH_GPA))
		return d->high + (gpa - DRV_HIGH_GPA);
	return NULL;
}

static void *mem_ptr_cb(void *ctx, uint64_t gpa, uint64_t len)
{
	return drv_ptr(ctx, gpa, len);
}

struct queue_mem drv_mem(struct drv *d)
{
	return (struct queue_mem){ .ptr = mem_ptr_cb, .ctx = d };
}

void drv_mem_open(struct drv *d)
{
	memset(d, 0, sizeof(*d));
	d->low = aligned_alloc(4096, DRV_LOW_SIZE);
	d->high = aligned_alloc(4096, DRV_HIGH_SIZE);
	ck_assert_ptr_nonnull(d->low);
	ck_assert_ptr_nonnull(d->high);
	memset(d->low, 0, DRV_LOW_SIZE);
	memset(d->high, 0, DRV_HIGH_SIZE);
	d->next = DRV_LOW_GPA;
}

void drv_mem_close(struct drv *d)
{
	free(d->low);
	free(d->high);
}

uint64_t drv_alloc(struct drv *d, uint64_t size, uint64_t align)
{
	uint64_t gpa = (d->next + align - 1) & ~(align - 1);

	ck_assert_ptr_nonnull(drv_ptr(d, gpa, size));
	d->next = gpa + size;
	return gpa;
}

uint64_t drv_put(struct drv *d, const void *data, uint32_t len)
{
	uint64_t gpa = drv_alloc(d, len, 1);

	memcpy(drv_ptr(d, gpa, len), data, len);
	return gpa;
}

void drv_ring(struct drv *d, struct drv_queue *q, struct virtqueue *vq, uint16_t size)
{
	memset(q, 0, sizeof(*q));
	q->d = d;
	q->size = size;
	q->desc_gpa = drv_alloc(d, size * 16u, 16);
	q->avail_gpa = drv_alloc(d, 6 + 2u * size, 2);
	q->used_gpa = drv_alloc(d, 6 + 8u * size, 4);
	q->desc = drv_ptr(d, q->desc_gpa, size * 16u);
	q->avail = drv_ptr(d, q->avail_gpa, 6 + 2u * size);
	q->used = drv_ptr(d, q->used_gpa, 6 + 8u * size);
	/* A test that goes back with d->next gets used memory. */
	memset(q->desc, 0, size * 16u);
	memset(q->avail, 0, 6 + 2u * size);
	memset(q->used, 0, 6 + 8u * size);
	vq->size = size;
	vq->desc_gpa = q->desc_gpa;
	vq->avail_gpa = q->avail_gpa;
	vq->used_gpa = q->used_gpa;
}

static void count_queue_irq(void *ctx, unsigned int index)
{
	struct drv *d = ctx;

	ck_assert_uint_lt(index, DRV_QUEUES);
	__atomic_fetch_add(&d->queue_irqs[index], 1, __ATOMIC_RELAXED);
}

static void count_config_irq(void *ctx)
{
	struct drv *d = ctx;

	__atomic_fetch_add(&d->config_irqs, 1, __ATOMIC_RELAXED);
}

void drv_open(struct drv *d, struct virtio_dev *vd, bool threaded)
{
	struct virtio_bus bus = { .queue_irq = count_queue_irq, .config_irq = count_config_irq };

	drv_mem_open(d);
	d->vd = vd;
	bus.mem = drv_mem(d);
	bus.ctx = d;
	if (threaded)
		ck_assert_int_eq(virtio_connect(vd, &bus, "1:0"), 0);
	else
		vd->bus = bus;
}

void drv_close(struct drv *d)
{
	virtio_destroy(d->vd);
	drv_mem_close(d);
}

bool drv_negotiate(struct drv *d, uint64_t features)
{
	uint8_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

	virtio_status_write(d->vd, 0);
	ck_assert_uint_eq(virtio_status_read(d->vd), 0);
	virtio_status_write(d->vd, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	virtio_status_write(d->vd, status);
	virtio_acked_write(d->vd, 0, features);
	virtio_acked_write(d->vd, 1, features >> 32);
	status |= VIRTIO_CONFIG_S_FEATURES_OK;
	virtio_status_write(d->vd, status);
	return virtio_status_read(d->vd) == status;
}

void drv_queue_open(struct drv *d, struct drv_queue *q, unsigned int index, uint16_t size)
{
	struct virtqueue *vq = virtio_queue_setup(d->vd, index);

	ck_assert_ptr_nonnull(vq);
	drv_ring(d, q, vq, size);
	q->index = index;
	virtio_queue_enable(d->vd, index);
	ck_assert(vq->enabled);
}

void drv_ok(struct drv *d)
{
	virtio_status_write(d->vd, virtio_status_read(d->vd) | VIRTIO_CONFIG_S_DRIVER_OK);
	ck_assert(virtio_status_read(d->vd) & VIRTIO_CONFIG_S_DRIVER_OK);
}

void drv_desc(struct drv_queue *q, uint16_t i, struct vring_desc desc)
{
	ck_assert_uint_lt(i, q->size);
	q->desc[i] = desc;
}

void drv_publish(struct drv_queue *q, uint16_t head)
{
	uint16_t idx = q->avail->idx;

	q->avail->ring[idx % q->size] = head;
	__atomic_store_n(&q->avail->idx, idx + 1, __ATOMIC_RELEASE);
}

static void fill(struct vring_desc *table, uint16_t slot, const struct drv_buf *buf, int next)
{
	table[slot] = (struct vring_desc){
		.addr = buf->gpa,
		.len = buf->len,
		.flags = (buf->in ? VRING_DESC_F_WRITE : 0) | (next >= 0 ? VRING_DESC_F_NEXT : 0),
		.next = next >= 0 ? next : 0,
	};
}

uint16_t drv_add(struct drv_queue *q, const struct drv_buf *buf, unsigned int nr)
{
	uint16_t head = q->next_desc % q->size, slot, next;
	unsigned int i;

	ck_assert_uint_le(nr, q->size);
	for (i = 0; i < nr; i++) {
		slot = (head + i) % q->size;
		next = (slot + 1) % q->size;
		fill(q->desc, slot, &buf[i], i + 1 < nr ? next : -1);
	}
	q->next_desc += nr;
	drv_publish(q, head);
	return head;
}

uint16_t drv_add_indirect(struct drv_queue *q, const struct drv_buf *buf, unsigned int nr)
{
	uint16_t head = q->next_desc++ % q->size;
	uint64_t gpa = drv_alloc(q->d, nr * 16, 16);
	struct vring_desc *table = drv_ptr(q->d, gpa, nr * 16);
	unsigned int i;

	for (i = 0; i < nr; i++)
		fill(table, i, &buf[i], i + 1 < nr ? (int)i + 1 : -1);
	q->desc[head] = (struct vring_desc){ .addr = gpa, .len = nr * 16, .flags = VRING_DESC_F_INDIRECT };
	drv_publish(q, head);
	return head;
}

void drv_run(struct drv *d)
{
	if (d->vd->worker.running)
		return;
	while (worker_poll(&d->vd->worker, 0) > 0)
		;
}

void drv_kick(struct drv_queue *q)
{
	virtio_kick(q->d->vd, q->index);
	drv_run(q->d);
}

int drv_used(struct drv_queue *q, uint32_t *len)
{
	struct vring_used_elem *e;

	if (__atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) == q->last_used)
		return -1;
	e = &q->used->ring[q->last_used++ % q->size];
	if (len)
		*len = e->len;
	return e->id;
}

int drv_used_wait(struct drv_queue *q, uint32_t *len)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	int i, head;

	for (i = 0; i < WAIT_MS; i++) {
		head = drv_used(q, len);
		if (head >= 0)
			return head;
		if (!q->d->vd->worker.running)
			worker_poll(&q->d->vd->worker, 1);
		else
			nanosleep(&ms, NULL);
	}
	return -1;
}

bool drv_needs_reset(struct drv *d)
{
	return virtio_status_read(d->vd) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

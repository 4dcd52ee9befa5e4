/* SPDX-License-Identifier: BSD-3-Clause */
/* What all virtio devices share: the status machine, feature negotiation, configuration space and the worker's side of them. */
#include "virtio/device.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"

/* How long a status write waits for a reset to finish before it leaves the rest to the driver's polling. */
#define RESET_WAIT_MS 100

#define BREAKS_LOGGED 8

#define FEATURES_COMMON                                                                                                \
	((1ULL << VIRTIO_F_VERSION_1) | (1ULL << VIRTIO_RING_F_EVENT_IDX) | (1ULL << VIRTIO_RING_F_INDIRECT_DESC))

#define STATUS_KNOWN                                                                                                   \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_DRIVER_OK |                            \
	 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_FAILED)

static void kick_ready(struct worker_fd *wfd, uint32_t events)
{
	struct virtio_queue *q = (struct virtio_queue *)((char *)wfd - offsetof(struct virtio_queue, kick));
	struct virtio_dev *vd = q->vd;

	(void)events;
	worker_drain(wfd->fd);
	/* A kick before DRIVER_OK or after a fault is the driver's mistake; 3.1.1 lets us ignore it. */
	if (vd->started && !__atomic_load_n(&vd->broken, __ATOMIC_RELAXED))
		vd->ops->notify(vd, q->index);
}

/* The state after reset, lock held, worker not using the queues. */
static void reset_state(struct virtio_dev *vd)
{
	unsigned int i;

	for (i = 0; i < vd->nr_queues; i++)
		queue_reset(&vd->queues[i].vq, vd->queues[i].vq.size_max);
	vd->status = 0;
	vd->acked = 0;
	vd->phase = VIRTIO_IDLE;
	__atomic_store_n(&vd->broken, false, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&vd->idle);
}

void virtio_reset_done(struct virtio_dev *vd)
{
	pthread_mutex_lock(&vd->lock);
	vd->started = false;
	reset_state(vd);
	pthread_mutex_unlock(&vd->lock);
}

/* On the worker: the register thread changed the phase. */
static void worker_woken(struct worker *w)
{
	struct virtio_dev *vd = (struct virtio_dev *)((char *)w - offsetof(struct virtio_dev, worker));
	enum virtio_phase phase;

	pthread_mutex_lock(&vd->lock);
	phase = vd->phase;
	if (phase == VIRTIO_STARTING)
		vd->phase = VIRTIO_RUNNING;
	pthread_mutex_unlock(&vd->lock);
	if (phase == VIRTIO_STARTING) {
		vd->started = true;
		vd->ops->start(vd);
	} else if (phase == VIRTIO_RESETTING) {
		if (!vd->started || vd->ops->reset(vd))
			virtio_reset_done(vd);
	}
}

static int queues_create(struct virtio_dev *vd, unsigned int nr, uint16_t size)
{
	struct virtio_queue *q;
	int ret;

	vd->queues = calloc(nr, sizeof(*vd->queues));
	if (!vd->queues)
		return -ENOMEM;
	for (; vd->nr_queues < nr; vd->nr_queues++) {
		q = &vd->queues[vd->nr_queues];
		q->vd = vd;
		q->index = vd->nr_queues;
		queue_reset(&q->vq, size);
		q->kick.ready = kick_ready;
		q->kick.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (q->kick.fd < 0)
			return -errno;
		ret = worker_watch(&vd->worker, &q->kick, EPOLLIN);
		if (ret) {
			close(q->kick.fd);
			return ret;
		}
	}
	return 0;
}

int virtio_init(struct virtio_dev *vd, const struct virtio_ops *ops, unsigned int nr_queues, uint16_t size)
{
	pthread_condattr_t attr;
	int ret;

	vd->ops = ops;
	vd->offered = FEATURES_COMMON;
	ret = worker_create(&vd->worker, worker_woken);
	if (ret)
		return ret;
	pthread_mutex_init(&vd->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&vd->idle, &attr);
	pthread_condattr_destroy(&attr);
	ret = queues_create(vd, nr_queues, size);
	if (ret)
		virtio_fini(vd);
	return ret;
}

void virtio_fini(struct virtio_dev *vd)
{
	unsigned int i;

	worker_destroy(&vd->worker);
	for (i = 0; i < vd->nr_queues; i++)
		close(vd->queues[i].kick.fd);
	free(vd->queues);
	vd->queues = NULL;
	vd->nr_queues = 0;
	pthread_cond_destroy(&vd->idle);
	pthread_mutex_destroy(&vd->lock);
}

int virtio_connect(struct virtio_dev *vd, const struct virtio_bus *bus, const char *place)
{
	char name[32];

	vd->bus = *bus;
	snprintf(vd->place, sizeof(vd->place), "%s", place);
	if (!vd->ops->threaded)
		return 0;
	/* The kernel keeps 15 characters: "blk 5:0", not "virtio-blk 5:0". */
	snprintf(name, sizeof(name), "%.6s %.8s", vd->ops->name + strlen("virtio-"), vd->place);
	return worker_start(&vd->worker, name);
}

void virtio_destroy(struct virtio_dev *vd)
{
	/* First quiet, then gone: what is in flight finishes while its buffers are still there. */
	virtio_reset(vd);
	worker_stop(&vd->worker);
	vd->ops->destroy(vd);
}

/* Lock held. Without a thread the worker's part is done here and now: the caller holds the device lock, as its event thread would. */
static void run_worker(struct virtio_dev *vd)
{
	if (vd->worker.running) {
		worker_wake(&vd->worker);
		return;
	}
	pthread_mutex_unlock(&vd->lock);
	worker_woken(&vd->worker);
	pthread_mutex_lock(&vd->lock);
}

/* Lock held. Returns true when nothing had to be waited for. */
static bool reset_begin(struct virtio_dev *vd)
{
	if (vd->phase == VIRTIO_IDLE) {
		reset_state(vd);
		return true;
	}
	vd->phase = VIRTIO_RESETTING;
	run_worker(vd);
	return vd->phase == VIRTIO_IDLE;
}

void virtio_reset(struct virtio_dev *vd)
{
	pthread_mutex_lock(&vd->lock);
	reset_begin(vd);
	while (vd->phase != VIRTIO_IDLE) {
		if (vd->worker.running) {
			pthread_cond_wait(&vd->idle, &vd->lock);
			continue;
		}
		pthread_mutex_unlock(&vd->lock);
		worker_poll(&vd->worker, -1);
		pthread_mutex_lock(&vd->lock);
	}
	pthread_mutex_unlock(&vd->lock);
}

/* Lock held. */
static void reset_by_driver(struct virtio_dev *vd)
{
	struct timespec until;

	if (reset_begin(vd) || !vd->worker.running)
		return;
	/*
	 * The spec tells drivers to poll until they read 0, and some do not. The usual reset is over within microseconds; one
	 * that has to wait for a slow disk goes on behind the driver's polling.
	 */
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += RESET_WAIT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (vd->phase != VIRTIO_IDLE) {
		if (pthread_cond_timedwait(&vd->idle, &vd->lock, &until))
			break;
	}
}

uint8_t virtio_status_read(struct virtio_dev *vd)
{
	uint8_t status;

	pthread_mutex_lock(&vd->lock);
	status = vd->status;
	pthread_mutex_unlock(&vd->lock);
	return status;
}

/* Lock held. Which of the new status bits the device agrees to. */
static uint8_t status_accept(const struct virtio_dev *vd, uint8_t new)
{
	const uint64_t version_1 = 1ULL << VIRTIO_F_VERSION_1;

	new &= STATUS_KNOWN;
	/* 2.2.2: a subset of what was offered, and we are no legacy device. Refusing is leaving the bit 0. */
	if ((vd->acked & ~vd->offered) || !(vd->acked & version_1))
		new &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	/* 3.1.1: features come before DRIVER_OK. */
	if (!((vd->status | new) & VIRTIO_CONFIG_S_FEATURES_OK))
		new &= ~VIRTIO_CONFIG_S_DRIVER_OK;
	return new;
}

void virtio_status_write(struct virtio_dev *vd, uint8_t value)
{
	uint8_t new;

	pthread_mutex_lock(&vd->lock);
	if (vd->phase == VIRTIO_RESETTING) {
		pthread_mutex_unlock(&vd->lock);
		return;
	}
	if (value == 0) {
		reset_by_driver(vd);
		pthread_mutex_unlock(&vd->lock);
		return;
	}
	/* 2.1.1: a driver does not clear bits, it resets; so bits only come. */
	new = status_accept(vd, value & ~vd->status);
	vd->status |= new;
	if ((new & VIRTIO_CONFIG_S_DRIVER_OK) && !(vd->status & VIRTIO_CONFIG_S_NEEDS_RESET)) {
		vd->phase = VIRTIO_STARTING;
		run_worker(vd);
	}
	pthread_mutex_unlock(&vd->lock);
}

uint32_t virtio_offered_read(struct virtio_dev *vd, uint32_t select)
{
	return select < 2 ? vd->offered >> (32 * select) : 0;
}

uint32_t virtio_acked_read(struct virtio_dev *vd, uint32_t select)
{
	return select < 2 ? vd->acked >> (32 * select) : 0;
}

void virtio_acked_write(struct virtio_dev *vd, uint32_t select, uint32_t value)
{
	if (select > 1)
		return;
	pthread_mutex_lock(&vd->lock);
	if (!(vd->status & VIRTIO_CONFIG_S_FEATURES_OK) && vd->phase == VIRTIO_IDLE) {
		vd->acked &= ~(0xffffffffULL << (32 * select));
		vd->acked |= (uint64_t)value << (32 * select);
	}
	pthread_mutex_unlock(&vd->lock);
}

void virtio_config_read(struct virtio_dev *vd, uint32_t off, void *data, uint32_t len)
{
	uint32_t n = 0;

	pthread_mutex_lock(&vd->lock);
	if (off < vd->config_size) {
		n = vd->config_size - off < len ? vd->config_size - off : len;
		memcpy(data, vd->config + off, n);
	}
	pthread_mutex_unlock(&vd->lock);
	memset((char *)data + n, 0, len - n);
}

void virtio_config_write(struct virtio_dev *vd, uint32_t off, const void *data, uint32_t len)
{
	if (!vd->ops->config_write || off >= vd->config_size || len > vd->config_size - off)
		return;
	pthread_mutex_lock(&vd->lock);
	vd->ops->config_write(vd, off, data, len);
	pthread_mutex_unlock(&vd->lock);
}

uint8_t virtio_generation(struct virtio_dev *vd)
{
	uint8_t generation;

	pthread_mutex_lock(&vd->lock);
	generation = vd->generation;
	pthread_mutex_unlock(&vd->lock);
	return generation;
}

void virtio_config_set(struct virtio_dev *vd, uint32_t off, const void *data, uint32_t len)
{
	bool tell;

	pthread_mutex_lock(&vd->lock);
	memcpy(vd->config + off, data, len);
	vd->generation++;
	tell = vd->status & VIRTIO_CONFIG_S_DRIVER_OK;
	pthread_mutex_unlock(&vd->lock);
	if (tell)
		vd->bus.config_irq(vd->bus.ctx);
}

void virtio_break(struct virtio_dev *vd, const char *why)
{
	bool tell;

	pthread_mutex_lock(&vd->lock);
	if (vd->status & VIRTIO_CONFIG_S_NEEDS_RESET) {
		pthread_mutex_unlock(&vd->lock);
		return;
	}
	vd->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	__atomic_store_n(&vd->broken, true, __ATOMIC_RELAXED);
	/* 2.1.2: the interrupt only tells a driver that has finished its set-up. */
	tell = vd->status & VIRTIO_CONFIG_S_DRIVER_OK;
	pthread_mutex_unlock(&vd->lock);
	/* A guest can break and reset its device as often as it likes; the log must not grow with it. */
	if (vd->nr_breaks++ < BREAKS_LOGGED)
		log_warn("%s at %s: the guest's driver broke the rules: %s; the device waits for its reset%s", vd->ops->name,
			 vd->place, why, vd->nr_breaks == BREAKS_LOGGED ? " (later ones are not reported)" : "");
	if (tell)
		vd->bus.config_irq(vd->bus.ctx);
}

struct virtqueue *virtio_queue_setup(struct virtio_dev *vd, unsigned int index)
{
	struct virtqueue *vq;

	/* The phase cannot leave IDLE under us: only the register thread, which we are, starts a device. */
	if (index >= vd->nr_queues || vd->phase != VIRTIO_IDLE)
		return NULL;
	vq = &vd->queues[index].vq;
	return vq->enabled ? NULL : vq;
}

void virtio_queue_enable(struct virtio_dev *vd, unsigned int index)
{
	struct virtqueue *vq = virtio_queue_setup(vd, index);

	if (!vq)
		return;
	/* 3.1.1: queues are set up after the features are agreed, which decide how the ring is read. */
	if (!(vd->status & VIRTIO_CONFIG_S_FEATURES_OK))
		virtio_break(vd, "queue enabled before FEATURES_OK");
	else if (queue_enable(vq, &vd->bus.mem, vd->acked))
		virtio_break(vd, vq->broken);
}

int virtio_pop(struct virtio_dev *vd, unsigned int index, struct queue_chain *chain)
{
	struct virtqueue *vq = &vd->queues[index].vq;
	int ret;

	if (!vd->started || __atomic_load_n(&vd->broken, __ATOMIC_RELAXED))
		return 0;
	ret = queue_pop(vq, chain);
	if (ret < 0) {
		virtio_break(vd, vq->broken);
		return 0;
	}
	return ret;
}

bool virtio_notify_enable(struct virtio_dev *vd, unsigned int index)
{
	return !__atomic_load_n(&vd->broken, __ATOMIC_RELAXED) && queue_notify_enable(&vd->queues[index].vq);
}

void virtio_signal(struct virtio_dev *vd, unsigned int index)
{
	if (queue_signal(&vd->queues[index].vq))
		vd->bus.queue_irq(vd->bus.ctx, index);
}

int virtio_kick_fd(const struct virtio_dev *vd, unsigned int index)
{
	return index < vd->nr_queues ? vd->queues[index].kick.fd : -1;
}

void virtio_kick(struct virtio_dev *vd, unsigned int index)
{
	if (index >= vd->nr_queues)
		return;
	/* Fails only when the counter is full: then a kick is pending anyway. */
	(void)!write(vd->queues[index].kick.fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

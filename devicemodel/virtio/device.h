/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio device without its transport: status, features, configuration space, queues and the worker that serves them.
 *
 *	transport (pci_modern.c)            device.c                        device type (blk.c, net.c, ...)
 *	  register reads and writes  ---->  virtio_status_write() ...
 *	  queue kick                 ---->  eventfd  ...worker thread...->  ops->notify()
 *	  MSI-X, ISR                 <----  bus->queue_irq()        <-----  virtio_signal()
 *
 * Threads: the register functions are called with the VM's device lock held (core/vm.h) and take vd->lock inside it. A device
 * type's start, reset and notify run on the worker only, which never takes the device lock: the device lock's holder may wait
 * for it. A worker is a thread of its own (ops->threaded) or the event thread, which holds the device lock. config_write
 * alone runs on the register thread, with vd->lock held.
 *
 * A driver that breaks the rules gets DEVICE_NEEDS_RESET and a configuration interrupt (2.1.2); nothing else happens
 * until it resets the device. Section numbers are those of virtio 1.2.
 */
#pragma once

#include "core/control.h"
#include "virtio/queue.h"
#include "virtio/worker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRTIO_CONFIG_MAX 64

struct virtio_dev;
struct vm;

/* What a device is created from. The strings live as long as the call. */
struct virtio_params {
	struct vm *vm;
	const char *opts;	/* the text behind "virtio-xxx," or "" */
	const char *place;	/* "slot:func", for messages and stable addresses */
};

/* A device type. */
struct virtio_ops {
	const char *name;	/* as in -s: "virtio-blk" */
	uint16_t type;		/* 5: device id */
	uint8_t pci_class;	/* class and subclass shown by the PCI transport */
	uint8_t pci_subclass;
	bool threaded;		/* give the worker a thread: its handlers may block or take long */

	/* Parses the options and builds a device. Logs and returns -errno with nothing left behind. */
	int (*create)(const struct virtio_params *params, struct virtio_dev **out);

	/* Frees it; called through virtio_destroy(), after the worker has ended. */
	void (*destroy)(struct virtio_dev *vd);

	/* The driver set DRIVER_OK. Look at all queues: a kick that came before this call was not passed on. */
	void (*start)(struct virtio_dev *vd);

	/* Stop using the queues. Returns true when that is so already, false when virtio_reset_done() will be called later. */
	bool (*reset)(struct virtio_dev *vd);

	/* Queue @index was kicked. */
	void (*notify)(struct virtio_dev *vd, unsigned int index);

	/* The driver wrote bytes of the configuration space (NULL: it is read-only). Changes vd->config itself if it agrees. */
	void (*config_write)(struct virtio_dev *vd, uint32_t off, const void *data, uint32_t len);
};

/* What a transport supplies. Callable from any thread; @ctx is the transport's. */
struct virtio_bus {
	void (*queue_irq)(void *ctx, unsigned int index);
	void (*config_irq)(void *ctx);
	struct queue_mem mem;
	void *ctx;
};

enum virtio_phase {
	VIRTIO_IDLE,		/* no DRIVER_OK yet: the worker leaves the queues alone */
	VIRTIO_STARTING,	/* DRIVER_OK written, the worker has not seen it */
	VIRTIO_RUNNING,
	VIRTIO_RESETTING,	/* status written 0, the worker has not let go */
};

struct virtio_queue {
	struct virtqueue vq;
	struct worker_fd kick;
	struct virtio_dev *vd;
	unsigned int index;
};

struct virtio_dev {
	const struct virtio_ops *ops;
	struct virtio_bus bus;
	struct worker worker;
	unsigned int nr_queues;
	struct virtio_queue *queues;
	char place[16];

	pthread_mutex_t lock;
	pthread_cond_t idle;		/* phase became VIRTIO_IDLE */
	enum virtio_phase phase;	/* [lock] */
	uint8_t status;			/* [lock] 2.1 */
	uint8_t generation;		/* [lock] 2.5.1 */
	uint64_t offered;		/* fixed after creation */
	uint64_t acked;			/* [lock] until FEATURES_OK, then constant until reset */
	uint32_t config_size;
	uint8_t config[VIRTIO_CONFIG_MAX];	/* [lock] */

	bool started;			/* worker: ops->start was called, ops->reset not yet */
	bool broken;			/* atomic: the driver must reset */
	unsigned int nr_breaks;
	struct control control;		/* what is shown to the operator; the device type fills it, the transport lists it */
};

/* --- for device types --- */

/*
 * Readies @vd (zeroed by the caller) with @nr_queues queues of up to @size entries. VERSION_1, EVENT_IDX and INDIRECT_DESC are
 * offered by all devices; the device type adds its own to vd->offered and fills vd->config afterwards. 0 or -errno with
 * nothing left behind.
 */
int virtio_init(struct virtio_dev *vd, const struct virtio_ops *ops, unsigned int nr_queues, uint16_t size);

/* Undoes virtio_init(); a device's destroy calls it, and so does a create that fails later. */
void virtio_fini(struct virtio_dev *vd);

/* The negotiated features contain @bit. Worker, or the register thread after FEATURES_OK. */
static inline bool virtio_has(const struct virtio_dev *vd, unsigned int bit)
{
	return vd->acked & (1ULL << bit);
}

/* queue_pop() that puts the device into DEVICE_NEEDS_RESET when the ring is malformed: 1 a chain, 0 none or broken. Worker. */
int virtio_pop(struct virtio_dev *vd, unsigned int index, struct queue_chain *chain);

/* queue_notify_enable(), false also when the device is broken: then the pop loop is over. Worker. */
bool virtio_notify_enable(struct virtio_dev *vd, unsigned int index);

/* Shows the pushed chains of queue @index and interrupts the driver once if it wants that. Worker. */
void virtio_signal(struct virtio_dev *vd, unsigned int index);

/* Puts the device into DEVICE_NEEDS_RESET, logs @why once and tells the driver. Any thread, lock not held. */
void virtio_break(struct virtio_dev *vd, const char *why);

/* A reset that ops->reset left open is done. Worker. */
void virtio_reset_done(struct virtio_dev *vd);

/* Changes configuration space from the device's side: new generation, configuration interrupt. Any thread, lock not held. */
void virtio_config_set(struct virtio_dev *vd, uint32_t off, const void *data, uint32_t len);

/* --- for transports --- */

/*
 * Connects the device to its transport and starts the worker's thread if it has one. Without a thread the transport sees to it
 * that worker_poll(&vd->worker, 0) is called under the device lock whenever vd->worker.epoll_fd is readable. 0 or -errno.
 */
int virtio_connect(struct virtio_dev *vd, const struct virtio_bus *bus, const char *place);

/* Stops the worker, waits for it and frees the device. */
void virtio_destroy(struct virtio_dev *vd);

/* Resets the device and waits until it has let go of guest memory. */
void virtio_reset(struct virtio_dev *vd);

/* Driver status, 2.1. Writing 0 resets; it reads as 0 only when the reset is complete (4.1.4.3.1). */
uint8_t virtio_status_read(struct virtio_dev *vd);
void virtio_status_write(struct virtio_dev *vd, uint8_t value);

/* 32-bit windows on the 64 feature bits, @select 0 or 1 (others read 0). Writes count only before FEATURES_OK. */
uint32_t virtio_offered_read(struct virtio_dev *vd, uint32_t select);
uint32_t virtio_acked_read(struct virtio_dev *vd, uint32_t select);
void virtio_acked_write(struct virtio_dev *vd, uint32_t select, uint32_t value);

/* Device configuration. Bytes behind its end read 0; writes there are ignored. */
void virtio_config_read(struct virtio_dev *vd, uint32_t off, void *data, uint32_t len);
void virtio_config_write(struct virtio_dev *vd, uint32_t off, const void *data, uint32_t len);
uint8_t virtio_generation(struct virtio_dev *vd);

/* The queue's settings for changing, or NULL: no such queue, already enabled, or the driver is past DRIVER_OK. Register thread. */
struct virtqueue *virtio_queue_setup(struct virtio_dev *vd, unsigned int index);

/* Enables the queue with the settings it has; a malformed one breaks the device. */
void virtio_queue_enable(struct virtio_dev *vd, unsigned int index);

/* The eventfd whose writing is a kick of queue @index; for the kernel's ioeventfd. -1 if there is no such queue. */
int virtio_kick_fd(const struct virtio_dev *vd, unsigned int index);

/* Kicks queue @index from a register write. */
void virtio_kick(struct virtio_dev *vd, unsigned int index);

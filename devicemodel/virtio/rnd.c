/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtio-rnd, the entropy device (virtio 1.2, 5.4): fills the driver's buffers from the host's random number generator.
 *
 * A buffer may be filled in part (5.4.6.2); that bounds what a guest can cost with one kick, for this device is served by the
 * event thread.
 */
#include "virtio/rnd.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/log.h"

#define QUEUE_SIZE 64
#define FILL_MAX 4096			/* bytes for one buffer; Linux asks for 64 */
#define PCI_CLASS_OTHER 0xFF

struct rnd {
	struct virtio_dev vd;
	struct queue_chain chain;
};

static struct rnd *to_rnd(struct virtio_dev *vd)
{
	return (struct rnd *)((char *)vd - offsetof(struct rnd, vd));
}

/* Fills the chain; returns the bytes written. */
static uint32_t fill(const struct queue_chain *c)
{
	uint8_t bytes[FILL_MAX];
	uint32_t want = c->in_len < sizeof(bytes) ? c->in_len : sizeof(bytes);
	ssize_t got;

	/* From the seeded pool without waiting; an early-boot host without entropy gives 0 bytes rather than weak ones. */
	got = getrandom(bytes, want, GRND_NONBLOCK);
	return got > 0 ? queue_chain_write(c, 0, bytes, got) : 0;
}

static void rnd_notify(struct virtio_dev *vd, unsigned int index)
{
	struct virtqueue *vq = &vd->queues[index].vq;
	struct rnd *rnd = to_rnd(vd);

	do {
		queue_notify_disable(vq);
		while (virtio_pop(vd, index, &rnd->chain)) {
			if (rnd->chain.in_len == 0) {
				virtio_break(vd, "entropy buffer that is not writable");
				break;
			}
			queue_push(vq, rnd->chain.head, fill(&rnd->chain));
		}
	} while (virtio_notify_enable(vd, index));
	virtio_signal(vd, index);
}

static void rnd_start(struct virtio_dev *vd)
{
	rnd_notify(vd, 0);
}

static bool rnd_reset(struct virtio_dev *vd)
{
	(void)vd;
	return true;
}

static void rnd_destroy(struct virtio_dev *vd)
{
	virtio_fini(vd);
	free(to_rnd(vd));
}

static int rnd_create(const struct virtio_params *params, struct virtio_dev **out)
{
	struct rnd *rnd;
	int ret;

	if (*params->opts) {
		log_error("virtio-rnd: unknown option \"%s\": it takes none", params->opts);
		return -EINVAL;
	}
	rnd = calloc(1, sizeof(*rnd));
	if (!rnd)
		return -ENOMEM;
	ret = virtio_init(&rnd->vd, &rnd_ops, 1, QUEUE_SIZE);
	if (ret) {
		free(rnd);
		return ret;
	}
	*out = &rnd->vd;
	return 0;
}

const struct virtio_ops rnd_ops = {
	.name = "virtio-rnd",
	.type = VIRTIO_ID_RNG,
	.pci_class = PCI_CLASS_OTHER,
	.create = rnd_create,
	.destroy = rnd_destroy,
	.start = rnd_start,
	.reset = rnd_reset,
	.notify = rnd_notify,
};

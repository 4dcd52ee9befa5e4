/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtio-net (virtio 1.2, 5.1): frames between the driver's two queues and a tap interface, each frame behind a header that
 * both sides understand, so that check sums and segmentation can be left to whoever does them best.
 *
 * Flow control, without which frames would be lost or the thread would spin: the tap is only watched while the driver has
 * receive buffers (frames wait in the tap's own queue, which counts what it drops); a tap that takes no more stops the
 * transmit queue until it can be written again. What is dropped here is counted.
 */
#include "virtio/net.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "backends/net_tap.h"
#include "core/log.h"
#include "virtio/net_options.h"

#define QUEUE_SIZE 256
#define RX 0
#define TX 1
#define RX_BATCH 64		/* frames before others get their turn */
#define TX_BATCH 256
#define FRAME_MIN 14		/* Ethernet header */
#define SPILL_SIZE 65536	/* what of the largest frame may not fit the first buffer */
#define MERGE_MAX 64		/* buffers one frame is spread over */
#define CONFIG_SIZE offsetof(struct virtio_net_config, max_virtqueue_pairs)
#define PCI_CLASS_NETWORK 0x02
#define HDR_SIZE sizeof(struct virtio_net_hdr_v1)

_Static_assert(HDR_SIZE == NET_TAP_HDR, "tap and driver use the same header");

/* Counters and, in the same order, their names. */
struct net_stats {
	uint64_t rx_frames, tx_frames;
	uint64_t rx_bytes, tx_bytes;	/* of the frames, without the header */
	uint64_t rx_too_long;	/* did not fit the buffer, and buffers may not be merged */
	uint64_t rx_no_buffer;	/* not enough buffers to merge */
	uint64_t rx_errors;
	uint64_t tx_bad;	/* malformed header or frame */
	uint64_t tx_errors;	/* the tap refused it */
};

static const char *const counter_name[] = {
	"rx_frames", "tx_frames", "rx_bytes", "tx_bytes", "rx_too_long", "rx_no_buffer", "rx_errors", "tx_bad", "tx_errors",
};

_Static_assert(sizeof(struct net_stats) / sizeof(uint64_t) == sizeof(counter_name) / sizeof(counter_name[0]),
	       "each counter has its name");

struct net {
	struct virtio_dev vd;
	struct net_tap tap;
	struct worker_fd tap_fd;
	uint32_t watched;	/* epoll events the tap is watched for */
	bool tx_blocked;	/* waiting for the tap to take frames */
	struct net_stats stats;
	struct queue_chain chain;
	uint8_t spill[SPILL_SIZE];
};

static struct net *to_net(struct virtio_dev *vd)
{
	return (struct net *)((char *)vd - offsetof(struct net, vd));
}

/* Adds or removes one epoll event of the tap. */
static void watch(struct net *net, uint32_t event, bool on)
{
	uint32_t events = on ? net->watched | event : net->watched & ~event;

	if (events == net->watched)
		return;
	if (!events)
		worker_unwatch(&net->vd.worker, &net->tap_fd);
	else if (worker_watch(&net->vd.worker, &net->tap_fd, events))
		return;
	net->watched = events;
}

/* --- receive --- */

/* Spreads @len bytes of net->spill over further buffers. Returns how many were taken, or -ENOBUFS with all put back. */
static int merge(struct net *net, uint32_t len, struct vring_used_elem *used)
{
	struct virtqueue *vq = &net->vd.queues[RX].vq;
	uint32_t off = 0, n;
	int nr = 0;

	while (off < len) {
		if (nr == MERGE_MAX || !virtio_pop(&net->vd, RX, &net->chain)) {
			while (nr-- > 0)
				queue_unpop(vq);
			return -ENOBUFS;
		}
		n = queue_chain_write(&net->chain, 0, net->spill + off, len - off);
		used[nr++] = (struct vring_used_elem){ .id = net->chain.head, .len = n };
		off += n;
	}
	return nr;
}

/* Fixes what the tap does not know of the header, in the driver's buffer. */
static void finish_header(struct net *net, const struct queue_chain *c, uint16_t nr_buffers)
{
	/* 5.1.6.4.1: flags only mean something to a driver that negotiated them. */
	if (!virtio_has(&net->vd, VIRTIO_NET_F_GUEST_CSUM))
		queue_chain_write(c, 0, "\0", 1);
	queue_chain_write(c, offsetof(struct virtio_net_hdr_v1, num_buffers), &nr_buffers, sizeof(nr_buffers));
}

/* Hands out one frame of @len bytes read into net->chain and, what did not fit, net->spill. */
static void deliver(struct net *net, uint32_t len)
{
	struct virtqueue *vq = &net->vd.queues[RX].vq;
	struct vring_used_elem more[MERGE_MAX];
	const struct iovec *iov = net->chain.iov;
	struct queue_chain first;
	int i, nr = 0;

	/* The header lies at the start; merge() reuses net->chain, so what is needed of it is kept. */
	first.head = net->chain.head;
	first.in_len = net->chain.in_len;
	first.nr_out = 0;
	first.nr_in = net->chain.nr_in;
	memcpy(first.iov, iov, first.nr_in * sizeof(*iov));
	if (len > first.in_len && !virtio_has(&net->vd, VIRTIO_NET_F_MRG_RXBUF)) {
		control_count(&net->stats.rx_too_long, 1);
		queue_unpop(vq);
		return;
	}
	if (len > first.in_len)
		nr = merge(net, len - first.in_len, more);
	if (nr < 0) {
		control_count(&net->stats.rx_no_buffer, 1);
		queue_unpop(vq);
		return;
	}
	finish_header(net, &first, nr + 1);
	queue_push(vq, first.head, len < first.in_len ? len : first.in_len);
	for (i = 0; i < nr; i++)
		queue_push(vq, more[i].id, more[i].len);
	control_count(&net->stats.rx_frames, 1);
	control_count(&net->stats.rx_bytes, len - HDR_SIZE);
}

/* Reads one frame. Returns false when there is none or the driver has no buffer. */
static bool receive(struct net *net)
{
	struct queue_chain *c = &net->chain;
	struct iovec iov[QUEUE_SIZE_MAX + 1];
	ssize_t n;

	if (!virtio_pop(&net->vd, RX, c)) {
		/* Out of buffers: let the tap queue, and have the next buffer announced, unless it is there by now. */
		if (virtio_notify_enable(&net->vd, RX))
			return true;
		watch(net, EPOLLIN, false);
		return false;
	}
	if (c->nr_out || c->in_len < HDR_SIZE) {
		virtio_break(&net->vd, "receive buffer that is not writable or shorter than its header");
		return false;
	}
	memcpy(iov, c->iov, c->nr_in * sizeof(iov[0]));
	iov[c->nr_in] = (struct iovec){ .iov_base = net->spill, .iov_len = sizeof(net->spill) };
	n = net_tap_read(&net->tap, iov, c->nr_in + 1);
	if (n >= (ssize_t)(HDR_SIZE + FRAME_MIN)) {
		deliver(net, n);
		return true;
	}
	queue_unpop(&net->vd.queues[RX].vq);
	if (n == -EAGAIN)
		return false;
	control_count(&net->stats.rx_errors, 1);
	/* An interface that fails would be ready for ever: look again when the driver adds buffers. */
	if (n <= 0 && n != -EINTR) {
		watch(net, EPOLLIN, false);
		virtio_notify_enable(&net->vd, RX);
		return false;
	}
	return true;
}

static void receive_all(struct net *net)
{
	int i;

	queue_notify_disable(&net->vd.queues[RX].vq);
	for (i = 0; i < RX_BATCH && receive(net); i++)
		;
	virtio_signal(&net->vd, RX);
}

/* --- transmit --- */

/* What the driver's header asks for was negotiated and lies inside the frame of @len bytes. */
static bool header_ok(const struct net *net, const struct virtio_net_hdr_v1 *h, uint32_t len)
{
	unsigned int feature;

	if (h->flags & ~VIRTIO_NET_HDR_F_NEEDS_CSUM)
		return false;
	if (h->flags && (!virtio_has(&net->vd, VIRTIO_NET_F_CSUM) ||
			 (uint32_t)h->csum_start + h->csum_offset + sizeof(uint16_t) > len))
		return false;
	if (h->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return true;
	if (h->gso_type == VIRTIO_NET_HDR_GSO_TCPV4)
		feature = VIRTIO_NET_F_HOST_TSO4;
	else if (h->gso_type == VIRTIO_NET_HDR_GSO_TCPV6)
		feature = VIRTIO_NET_F_HOST_TSO6;
	else
		return false;
	/* 5.1.6.2.1: segments need their check sums. */
	return virtio_has(&net->vd, feature) && h->flags && h->gso_size && h->hdr_len <= len;
}

/* Sends the frame in net->chain. Returns -EAGAIN when the tap takes none now, else 0: sent or counted. */
static int transmit(struct net *net)
{
	const struct queue_chain *c = &net->chain;
	struct virtio_net_hdr_v1 hdr;
	struct iovec iov[QUEUE_SIZE_MAX + 1];
	uint32_t len = c->out_len - HDR_SIZE;
	ssize_t ret;
	int n;

	queue_chain_read(c, 0, &hdr, sizeof(hdr));
	hdr.num_buffers = 0;
	if (!virtio_has(&net->vd, VIRTIO_NET_F_CSUM)) {
		/* 5.1.6.2.1: then the driver leaves these 0, and whatever they hold is not passed on. */
		memset(&hdr, 0, sizeof(hdr));
	}
	if (len < FRAME_MIN || !header_ok(net, &hdr, len)) {
		control_count(&net->stats.tx_bad, 1);
		return 0;
	}
	/* The checked copy goes out, not the driver's header, which may have changed since. */
	iov[0] = (struct iovec){ .iov_base = &hdr, .iov_len = sizeof(hdr) };
	n = queue_iov_slice(iov + 1, c->iov, c->nr_out, HDR_SIZE, len);
	ret = net_tap_write(&net->tap, iov, n + 1);
	if (ret == -EAGAIN)
		return ret;
	if (ret < 0) {
		control_count(&net->stats.tx_errors, 1);
		return 0;
	}
	control_count(&net->stats.tx_frames, 1);
	control_count(&net->stats.tx_bytes, len);
	return 0;
}

static void transmit_all(struct net *net)
{
	struct virtqueue *vq = &net->vd.queues[TX].vq;
	int left = TX_BATCH;

	do {
		queue_notify_disable(vq);
		while (left && virtio_pop(&net->vd, TX, &net->chain)) {
			left--;
			if (net->chain.out_len < HDR_SIZE) {
				virtio_break(&net->vd, "frame shorter than its header");
				break;
			}
			net->tx_blocked = transmit(net) == -EAGAIN;
			if (net->tx_blocked) {
				queue_unpop(vq);
				break;
			}
			queue_push(vq, net->chain.head, 0);
		}
	} while (left && !net->tx_blocked && virtio_notify_enable(&net->vd, TX));
	watch(net, EPOLLOUT, net->tx_blocked);
	virtio_signal(&net->vd, TX);
	/* The rest after the others had their turn. */
	if (!left)
		virtio_kick(&net->vd, TX);
}

/* --- the device --- */

static void tap_ready(struct worker_fd *wfd, uint32_t events)
{
	struct net *net = (struct net *)((char *)wfd - offsetof(struct net, tap_fd));

	if (net->vd.broken) {
		watch(net, EPOLLIN | EPOLLOUT, false);
		return;
	}
	/* An interface taken away reports errors for ever; there is nothing left to watch. */
	if (events & (EPOLLERR | EPOLLHUP) && !(events & (EPOLLIN | EPOLLOUT))) {
		control_count(&net->stats.rx_errors, 1);
		watch(net, EPOLLIN | EPOLLOUT, false);
		return;
	}
	if (events & EPOLLOUT)
		transmit_all(net);
	if (events & EPOLLIN)
		receive_all(net);
}

static void net_notify(struct virtio_dev *vd, unsigned int index)
{
	struct net *net = to_net(vd);

	if (index == TX) {
		if (!net->tx_blocked)
			transmit_all(net);
		return;
	}
	queue_notify_disable(&vd->queues[RX].vq);
	watch(net, EPOLLIN, true);
}

static void net_start(struct virtio_dev *vd)
{
	struct net *net = to_net(vd);

	net_tap_set_offloads(&net->tap, virtio_has(vd, VIRTIO_NET_F_GUEST_CSUM), virtio_has(vd, VIRTIO_NET_F_GUEST_TSO4),
			     virtio_has(vd, VIRTIO_NET_F_GUEST_TSO6));
	net_notify(vd, RX);
	net_notify(vd, TX);
}

static bool net_reset(struct virtio_dev *vd)
{
	struct net *net = to_net(vd);

	watch(net, EPOLLIN | EPOLLOUT, false);
	net->tx_blocked = false;
	net_tap_set_offloads(&net->tap, false, false, false);
	return true;
}

static void net_destroy(struct virtio_dev *vd)
{
	struct net *net = to_net(vd);
	const struct net_stats *s = &net->stats;

	log_info("virtio-net %s: %llu frames to the guest, %llu from it; not delivered: %llu too long, %llu without buffers, "
		 "%llu receive errors, %llu malformed, %llu refused by the interface",
		 net->tap.name, (unsigned long long)s->rx_frames, (unsigned long long)s->tx_frames,
		 (unsigned long long)s->rx_too_long, (unsigned long long)s->rx_no_buffer,
		 (unsigned long long)s->rx_errors, (unsigned long long)s->tx_bad, (unsigned long long)s->tx_errors);
	virtio_fini(vd);
	net_tap_close(&net->tap);
	free(net);
}

static void fill_config(struct net *net, const struct net_options *o)
{
	uint16_t status = VIRTIO_NET_S_LINK_UP;
	uint64_t f = 1ULL << VIRTIO_NET_F_MAC | 1ULL << VIRTIO_NET_F_STATUS | 1ULL << VIRTIO_NET_F_MRG_RXBUF;

	if (net->tap.offloads)
		f |= 1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_GUEST_CSUM | 1ULL << VIRTIO_NET_F_HOST_TSO4 |
		     1ULL << VIRTIO_NET_F_HOST_TSO6 | 1ULL << VIRTIO_NET_F_GUEST_TSO4 | 1ULL << VIRTIO_NET_F_GUEST_TSO6;
	net->vd.offered |= f;
	net->vd.config_size = CONFIG_SIZE;
	memcpy(net->vd.config, o->mac, sizeof(o->mac));
	memcpy(net->vd.config + offsetof(struct virtio_net_config, status), &status, sizeof(status));
}

static int net_create(const struct virtio_params *params, struct virtio_dev **out)
{
	struct net_options opts;
	struct net *net;
	int ret;

	ret = net_options_parse(params, &opts);
	if (ret)
		return ret;
	net = calloc(1, sizeof(*net));
	if (!net)
		return -ENOMEM;
	ret = net_tap_open(&net->tap, opts.tap);
	if (ret)
		goto fail_free;
	ret = virtio_init(&net->vd, &net_ops, 2, QUEUE_SIZE);
	if (ret)
		goto fail_tap;
	net->tap_fd.fd = net->tap.fd;
	net->tap_fd.ready = tap_ready;
	fill_config(net, &opts);
	net->vd.control.kind = "net";
	net->vd.control.name = net->tap.name;
	net->vd.control.counter_name = counter_name;
	net->vd.control.counter = (const uint64_t *)&net->stats;
	net->vd.control.nr_counters = sizeof(counter_name) / sizeof(counter_name[0]);
	*out = &net->vd;
	return 0;
fail_tap:
	net_tap_close(&net->tap);
fail_free:
	free(net);
	return ret;
}

const struct virtio_ops net_ops = {
	.name = "virtio-net",
	.type = VIRTIO_ID_NET,
	.pci_class = PCI_CLASS_NETWORK,
	.threaded = true,
	.create = net_create,
	.destroy = net_destroy,
	.start = net_start,
	.reset = net_reset,
	.notify = net_notify,
};

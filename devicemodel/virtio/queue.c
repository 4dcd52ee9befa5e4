/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Split virtqueue: the one place where what a driver wrote is checked (virtio 1.2, 2.7).
 *
 * Every 16-bit index and every descriptor is loaded exactly once into a local; the driver may change its memory
 * at any moment, so a value that was checked must be the value that is used.
 */
#include "virtio/queue.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <stddef.h>
#include <string.h>

#define DESC_ALIGN 16
#define AVAIL_ALIGN 2
#define USED_ALIGN 4

/* A walk over one chain: the table it is in now (the ring's own, or an indirect one). */
struct walk {
	const struct vring_desc *table;
	uint32_t nr;		/* descriptors in the table */
	uint32_t seen;		/* taken from this table: more than nr means a loop */
	bool indirect;
};

static uint16_t load16(const __virtio16 *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void store16(__virtio16 *p, uint16_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

static int refuse(struct virtqueue *q, const char *why)
{
	q->broken = why;
	return -EINVAL;
}

void queue_reset(struct virtqueue *q, uint16_t size_max)
{
	memset(q, 0, sizeof(*q));
	q->size = size_max;
	q->size_max = size_max;
}

static void *map_part(const struct queue_mem *mem, uint64_t gpa, uint64_t size, unsigned int align)
{
	return gpa & (align - 1) ? NULL : mem->ptr(mem->ctx, gpa, size);
}

int queue_enable(struct virtqueue *q, const struct queue_mem *mem, uint64_t features)
{
	uint64_t n = q->size;

	if (n == 0 || n > q->size_max || (n & (n - 1)))
		return refuse(q, "queue size is not a power of two between 1 and the maximum");
	/* The two event words lie behind each ring whether or not they are used (2.7.6, 2.7.8). */
	q->desc = map_part(mem, q->desc_gpa, n * sizeof(struct vring_desc), DESC_ALIGN);
	q->avail = map_part(mem, q->avail_gpa, sizeof(*q->avail) + (n + 1) * sizeof(__virtio16), AVAIL_ALIGN);
	q->used = map_part(mem, q->used_gpa, sizeof(*q->used) + n * sizeof(struct vring_used_elem) + sizeof(__virtio16),
			   USED_ALIGN);
	if (!q->desc)
		return refuse(q, "descriptor table is not 16-aligned or not in guest memory");
	if (!q->avail)
		return refuse(q, "available ring is not 2-aligned or not in guest memory");
	if (!q->used)
		return refuse(q, "used ring is not 4-aligned or not in guest memory");
	q->mem = *mem;
	q->event_idx = features & (1ULL << VIRTIO_RING_F_EVENT_IDX);
	q->indirect = features & (1ULL << VIRTIO_RING_F_INDIRECT_DESC);
	q->last_avail = 0;
	q->used_idx = 0;
	q->shown_idx = 0;
	q->inflight = 0;
	q->enabled = true;
	return 0;
}

/* Adds one buffer to the chain. */
static int add_buffer(struct virtqueue *q, struct queue_chain *c, const struct vring_desc *d)
{
	bool in = d->flags & VRING_DESC_F_WRITE;
	uint32_t *total = in ? &c->in_len : &c->out_len;
	unsigned int n = c->nr_out + c->nr_in;
	void *ptr;

	if (d->len == 0)
		return refuse(q, "descriptor of length 0");
	if (!in && c->nr_in)
		return refuse(q, "readable descriptor after a writable one");
	if (n >= QUEUE_SIZE_MAX)
		return refuse(q, "chain longer than the longest ring");
	if (d->len > UINT32_MAX - c->in_len - c->out_len)
		return refuse(q, "chain of 4 GiB or more");
	ptr = q->mem.ptr(q->mem.ctx, d->addr, d->len);
	if (!ptr)
		return refuse(q, "buffer not wholly in guest memory");
	c->iov[n].iov_base = ptr;
	c->iov[n].iov_len = d->len;
	*total += d->len;
	if (in)
		c->nr_in++;
	else
		c->nr_out++;
	return 0;
}

/* Moves the walk into the indirect table @d points to (2.7.5.3). */
static int enter_indirect(struct virtqueue *q, struct walk *w, const struct vring_desc *d)
{
	if (!q->indirect)
		return refuse(q, "indirect descriptor without the feature");
	if (w->indirect)
		return refuse(q, "indirect descriptor inside an indirect table");
	if (d->flags & VRING_DESC_F_NEXT)
		return refuse(q, "indirect descriptor with a next one");
	if (d->len == 0 || d->len % sizeof(struct vring_desc))
		return refuse(q, "indirect table length is not a multiple of 16");
	if (d->len / sizeof(struct vring_desc) > q->size_max)
		return refuse(q, "indirect table larger than the largest queue size");
	/* The spec asks for no alignment here; entries are copied out bytewise. */
	w->table = q->mem.ptr(q->mem.ctx, d->addr, d->len);
	if (!w->table)
		return refuse(q, "indirect table not wholly in guest memory");
	w->nr = d->len / sizeof(struct vring_desc);
	w->seen = 0;
	w->indirect = true;
	return 0;
}

/*
 * Copies entry @i of the table. A compiler may turn a plain copy into later loads from the source, which the driver may have
 * changed by then; the empty asm makes the local copy the only thing the checks and the use can see.
 */
static struct vring_desc load_desc(const struct walk *w, uint32_t i)
{
	struct vring_desc d;

	memcpy(&d, (const char *)w->table + (size_t)i * sizeof(d), sizeof(d));
	__asm__ volatile("" : "+m"(d) : : "memory");
	return d;
}

static int walk_chain(struct virtqueue *q, struct queue_chain *c)
{
	struct walk w = { .table = q->desc, .nr = q->size };
	uint32_t i = c->head;
	struct vring_desc d;
	int ret;

	for (;;) {
		if (i >= w.nr)
			return refuse(q, "descriptor index outside its table");
		if (++w.seen > w.nr)
			return refuse(q, "descriptor chain is a loop");
		d = load_desc(&w, i);
		if (d.flags & VRING_DESC_F_INDIRECT) {
			ret = enter_indirect(q, &w, &d);
			if (ret)
				return ret;
			i = 0;
			continue;
		}
		ret = add_buffer(q, c, &d);
		if (ret)
			return ret;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return 0;
		i = d.next;
	}
}

/* How many chains wait, or -EINVAL. */
static int nr_waiting(struct virtqueue *q)
{
	/* Acquire: the ring entries and descriptors the driver wrote before it moved idx must be read after idx. */
	uint16_t idx = __atomic_load_n(&q->avail->idx, __ATOMIC_ACQUIRE);
	uint16_t n = idx - q->last_avail;

	if (n > q->size)
		return refuse(q, "available index moved by more than the queue size");
	return n;
}

int queue_pop(struct virtqueue *q, struct queue_chain *c)
{
	int ret;

	if (!q->enabled)
		return 0;
	if (q->broken)
		return -EINVAL;
	ret = nr_waiting(q);
	if (ret <= 0)
		return ret;
	if (q->inflight >= q->size)
		return refuse(q, "more chains outstanding than the queue has entries");
	c->head = load16(&q->avail->ring[q->last_avail & (q->size - 1)]);
	c->nr_out = 0;
	c->nr_in = 0;
	c->out_len = 0;
	c->in_len = 0;
	ret = walk_chain(q, c);
	if (ret)
		return ret;
	q->last_avail++;
	q->inflight++;
	q->stats.chains++;
	return 1;
}

void queue_unpop(struct virtqueue *q)
{
	q->last_avail--;
	q->inflight--;
	q->stats.chains--;
}

void queue_push(struct virtqueue *q, uint16_t head, uint32_t len)
{
	struct vring_used_elem *e = &q->used->ring[q->used_idx & (q->size - 1)];

	e->id = head;
	e->len = len;
	q->used_idx++;
	q->inflight--;
}

bool queue_signal(struct virtqueue *q)
{
	uint16_t old = q->shown_idx, new = q->used_idx, event;
	bool wanted;

	if (old == new || q->broken)
		return false;
	/* Release: the entries and the buffers' data must be visible before the index that announces them. */
	__atomic_store_n(&q->used->idx, new, __ATOMIC_RELEASE);
	q->shown_idx = new;
	/*
	 * Full barrier, store then load: the driver writes used_event and then looks at used->idx, we write used->idx
	 * and then look at used_event. Without the barrier both could miss the other and the interrupt be lost.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (q->event_idx) {
		event = load16(&q->avail->ring[q->size]);
		wanted = vring_need_event(event, new, old);
	} else {
		wanted = !(load16(&q->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
	}
	if (wanted)
		q->stats.signals++;
	else
		q->stats.suppressed++;
	return wanted;
}

/* The avail_event word lies behind the last used entry. */
static __virtio16 *avail_event(struct virtqueue *q)
{
	return (__virtio16 *)&q->used->ring[q->size];
}

void queue_notify_disable(struct virtqueue *q)
{
	/* With event index there is nothing to do: avail_event stays behind, and the driver kicks only when it passes it. */
	if (q->enabled && !q->event_idx)
		store16(&q->used->flags, VRING_USED_F_NO_NOTIFY);
}

bool queue_notify_enable(struct virtqueue *q)
{
	if (!q->enabled || q->broken)
		return false;
	if (q->event_idx)
		store16(avail_event(q), q->last_avail);
	else
		store16(&q->used->flags, 0);
	/*
	 * Full barrier, store then load, mirror of the one in queue_signal(): either the driver sees that kicks are
	 * wanted, or we see the index it moved without kicking.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return load16(&q->avail->idx) != q->last_avail;
}

int queue_iov_slice(struct iovec *to, const struct iovec *iov, unsigned int nr_iov, uint32_t off, uint32_t len)
{
	unsigned int i, n = 0;
	size_t part;

	for (i = 0; i < nr_iov && len; i++) {
		if (off >= iov[i].iov_len) {
			off -= iov[i].iov_len;
			continue;
		}
		part = iov[i].iov_len - off;
		if (part > len)
			part = len;
		to[n].iov_base = (char *)iov[i].iov_base + off;
		to[n++].iov_len = part;
		len -= part;
		off = 0;
	}
	return len ? -EINVAL : (int)n;
}

/* Copies between @buf and bytes [@off, ...) of the iovecs; returns the bytes copied. */
static uint32_t iov_copy(const struct iovec *iov, unsigned int nr, uint32_t off, struct iovec buf, bool to_guest)
{
	uint32_t done = 0;
	unsigned int i;
	size_t part;
	char *p;

	for (i = 0; i < nr && done < buf.iov_len; i++) {
		if (off >= iov[i].iov_len) {
			off -= iov[i].iov_len;
			continue;
		}
		p = (char *)iov[i].iov_base + off;
		part = iov[i].iov_len - off;
		if (part > buf.iov_len - done)
			part = buf.iov_len - done;
		if (to_guest)
			memcpy(p, (char *)buf.iov_base + done, part);
		else
			memcpy((char *)buf.iov_base + done, p, part);
		done += part;
		off = 0;
	}
	return done;
}

uint32_t queue_chain_read(const struct queue_chain *c, uint32_t off, void *buf, uint32_t len)
{
	struct iovec b = { .iov_base = buf, .iov_len = len };

	return iov_copy(c->iov, c->nr_out, off, b, false);
}

uint32_t queue_chain_write(const struct queue_chain *c, uint32_t off, const void *buf, uint32_t len)
{
	struct iovec b = { .iov_base = (void *)buf, .iov_len = len };

	return iov_copy(c->iov + c->nr_out, c->nr_in, off, b, true);
}

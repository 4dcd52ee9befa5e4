/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes nobody waits for, see the header. The ring is the Service VM's memory: its geometry and our index are kept here, and
 * of what is read back, `head`, a wrong value costs the Service VM its own entries or an upcall.
 */
#include "io/asyncio.h"

#include "io/ioreq_priv.h"
#include "lib/errno.h"
#include "log/log.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define ELEMENT		sizeof(uint64_t)
#define RING_MAX	65536u

static bool hits(const struct asyncio_entry *e, const struct io_access *acc)
{
	return e->addr == acc->addr && e->space == acc->space && (!e->match || e->data == acc->value);
}

/* [lock] */
static const struct asyncio_entry *find(const struct ioreq_page *p, const struct io_access *acc)
{
	uint32_t i;

	for (i = 0; i < p->nr; i++)
		if (hits(&p->entry[i], acc))
			return &p->entry[i];
	return NULL;
}

/* [lock] */
static bool put(struct ioreq_page *p, uint64_t fd)
{
	uint32_t next = p->tail + ELEMENT < p->size ? p->tail + (uint32_t)ELEMENT : 0;

	if (unlikely(!p->ring || next == READ_ONCE(p->ring->head)))
		return false;
	((uint64_t *)(void *)(p->ring + 1))[p->tail / ELEMENT] = fd;
	p->tail = next;
	/* Release: who sees the index sees the entry. */
	__atomic_store_n(&p->ring->tail, next, __ATOMIC_RELEASE);
	return true;
}

bool asyncio_take(struct vcpu *vcpu)
{
	struct ioreq_page *p = vcpu->vm->ioreq;
	const struct asyncio_entry *e;
	const struct shared_buf *ring;
	uint32_t at;
	bool done;

	if (!READ_ONCE(p->nr))
		return false;
	spin_lock(&p->lock);
	e = find(p, &vcpu->io);
	ring = p->ring;
	at = p->tail;
	done = e && put(p, e->fd);
	spin_unlock(&p->lock);
	if (!done)
		return false;
	/* The entry must be visible before we look who will see it anyway, as it polls or has one before it to take: one of both sides sees the other. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (READ_ONCE(ring->head) == at)
		ioreq_tell(p);
	return true;
}

static int parse(const struct acrn_asyncio_info *info, struct asyncio_entry *e)
{
	if ((info->type != ASYNCIO_PIO && info->type != ASYNCIO_MMIO) || (info->type == ASYNCIO_PIO && info->addr > 0xffffu))
		return ERR(-EINVAL);
	*e = (struct asyncio_entry){
		.addr = info->addr, .fd = info->fd, .space = info->type == ASYNCIO_PIO ? IO_PORT : IO_MMIO,
		.match = info->match_data, .data = info->match_data ? info->data : 0,
	};
	return 0;
}

/* One write could be both. */
static bool clash(const struct asyncio_entry *a, const struct asyncio_entry *b)
{
	return a->addr == b->addr && a->space == b->space && (!a->match || !b->match || a->data == b->data);
}

/* [lock] */
static int add(struct ioreq_page *p, const struct asyncio_entry *e)
{
	uint32_t i;

	for (i = 0; i < p->nr; i++)
		if (clash(&p->entry[i], e))
			return -EEXIST;
	if (p->nr == ASYNCIO_MAX)
		return -ENOSPC;
	p->entry[p->nr] = *e;
	WRITE_ONCE(p->nr, p->nr + 1);
	return 0;
}

/* [lock] */
static int take_out(struct ioreq_page *p, const struct asyncio_entry *e)
{
	uint32_t i;

	for (i = 0; i < p->nr; i++) {
		const struct asyncio_entry *o = &p->entry[i];

		if (o->fd != e->fd || o->match != e->match || !clash(o, e))
			continue;
		p->entry[i] = p->entry[p->nr - 1];
		WRITE_ONCE(p->nr, p->nr - 1);
		return 0;
	}
	return -ENOENT;
}

static int change(struct vm *vm, const struct acrn_asyncio_info *info,
		  int (*fn)(struct ioreq_page *p, const struct asyncio_entry *e))
{
	struct asyncio_entry e;
	int err = parse(info, &e);

	if (err)
		return err;
	if (!vm->ioreq)
		return ERR(-EINVAL);
	spin_lock(&vm->ioreq->lock);
	err = fn(vm->ioreq, &e);
	spin_unlock(&vm->ioreq->lock);
	return err;
}

int asyncio_assign(struct vm *vm, const struct acrn_asyncio_info *info)
{
	return change(vm, info, add);
}

int asyncio_deassign(struct vm *vm, const struct acrn_asyncio_info *info)
{
	return change(vm, info, take_out);
}

uint32_t asyncio_ring_size(const struct shared_buf *head)
{
	uint64_t size = (uint64_t)head->ele_num * ELEMENT;

	if (head->magic != SBUF_MAGIC || head->ele_size != ELEMENT || head->ele_num < 2 || size != head->size || size > RING_MAX)
		return 0;
	return (uint32_t)size;
}

int asyncio_ring(struct vm *vm, struct shared_buf *ring, uint32_t size)
{
	struct ioreq_page *p = vm->ioreq;

	if (!p)
		return ERR(-EINVAL);
	spin_lock(&p->lock);
	p->ring = ring;
	p->size = size;
	p->tail = 0;
	if (ring) {
		WRITE_ONCE(ring->head, 0);
		WRITE_ONCE(ring->tail, 0);
	}
	spin_unlock(&p->lock);
	return 0;
}

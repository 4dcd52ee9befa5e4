/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which write belongs to which ioeventfd. No kernel header, so that the host
 * can test it.
 */
#pragma once
#include "fold.h"
#include "public/hsm_ioctl.h"

/* What an ioeventfd listens to. */
struct hsm_doorbell {
	uint64_t addr;
	uint64_t data;		/* compared only without wildcard */
	uint32_t len;		/* bytes */
	uint32_t type;		/* IOREQ_TYPE_PORTIO or IOREQ_TYPE_MMIO */
	uint32_t wildcard;	/* any value */
};

/* The low len bytes of value. */
static inline uint64_t doorbell_cut(uint64_t value, uint64_t len)
{
	return len >= 8 ? value : value & ((1ull << (len * 8)) - 1);
}

/*
 * doorbell_init() - check what the user asked for. 0, or -EINVAL's number
 * negated by the caller: returns nonzero for an impossible request.
 */
static inline int doorbell_init(struct hsm_doorbell *d, const struct acrn_ioeventfd *args)
{
	const uint32_t known = IOEVENTFD_PIO | IOEVENTFD_DATAMATCH |
			       IOEVENTFD_DEASSIGN | IOEVENTFD_ASYNCIO;
	const uint64_t last = (args->flags & IOEVENTFD_PIO) ? 0xffff : ~0ull;

	if (args->flags & ~known)
		return 1;
	if (args->len != 1 && args->len != 2 && args->len != 4 && args->len != 8)
		return 1;
	if ((args->flags & IOEVENTFD_PIO) && args->len == 8)
		return 1;
	if (args->addr > last - (args->len - 1))
		return 1;
	d->addr = args->addr;
	d->len = args->len;
	d->type = (args->flags & IOEVENTFD_PIO) ? IOREQ_TYPE_PORTIO : IOREQ_TYPE_MMIO;
	d->wildcard = !(args->flags & IOEVENTFD_DATAMATCH);
	d->data = d->wildcard ? 0 : doorbell_cut(args->data, args->len);
	return 0;
}

/*
 * doorbell_hit() - whether an access rings the doorbell: a write to exactly its
 * address, not wider than it, with its value where it asks for one. Reads never
 * ring; they go to the device model.
 */
static inline int doorbell_hit(const struct hsm_doorbell *d, const struct hsm_access *a)
{
	if (a->direction != IOREQ_WRITE || a->type != d->type || a->address != d->addr)
		return 0;
	if (a->size == 0 || a->size > d->len)
		return 0;
	return d->wildcard || doorbell_cut(a->value, a->size) == d->data;
}

/* doorbell_clash() - whether one write could ring both. */
static inline int doorbell_clash(const struct hsm_doorbell *a, const struct hsm_doorbell *b)
{
	if (a->type != b->type || a->addr != b->addr)
		return 0;
	return a->wildcard || b->wildcard || a->data == b->data;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port and MMIO ranges answered in the hypervisor. Two sorted tables a VM; a
 * lookup tries the range that was hit last, then searches by halves. Readers
 * take no lock: a table is replaced as a whole, and the old one stays readable
 * until the next change (a reader is done long before: it never sleeps).
 */
#include "io/region.h"

#include "lib/errno.h"
#include "lib/spinlock.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define MAX_REGIONS	120u

struct io_range {
	uint64_t base, end;	/* [base, end) */
	io_handler fn;
	void *dev;
};

struct io_table {
	uint32_t nr;
	struct io_range range[MAX_REGIONS];
};
_Static_assert(sizeof(struct io_table) <= PAGE_SIZE, "a table is one page");

struct io_regions {
	struct spinlock lock;			/* one writer */
	struct io_table *table[2];		/* by enum io_space; replaced as a whole */
	struct io_table *spare[2];		/* [lock] */
	uint32_t hint[2][MAX_VCPUS_PER_VM];	/* own thread of each vCPU: index hit last */
};

#define REGIONS_PAGES	((uint32_t)PAGES(sizeof(struct io_regions)))

int io_regions_create(struct vm *vm)
{
	struct io_regions *r = frame_get(REGIONS_PAGES);
	unsigned int i;

	if (!r)
		return ERR(-ENOMEM);
	vm->io = r;
	for (i = 0; i < 2; i++) {
		r->table[i] = frame_get(1);
		r->spare[i] = frame_get(1);
		if (!r->table[i] || !r->spare[i]) {
			io_regions_destroy(vm);
			return ERR(-ENOMEM);
		}
	}
	return 0;
}

void io_regions_destroy(struct vm *vm)
{
	unsigned int i;

	if (!vm->io)
		return;
	for (i = 0; i < 2; i++) {
		frame_put(vm->io->table[i], 1);
		frame_put(vm->io->spare[i], 1);
	}
	frame_put(vm->io, REGIONS_PAGES);
	vm->io = NULL;
}

static void publish(struct io_regions *r, enum io_space space)
{
	struct io_table *old = r->table[space];

	/* Release: a reader that sees the new table sees what is in it. */
	__atomic_store_n(&r->table[space], r->spare[space], __ATOMIC_RELEASE);
	r->spare[space] = old;
}

static int insert(struct io_table *to, const struct io_table *from, const struct io_range *n)
{
	uint32_t i = 0, j;

	if (from->nr >= MAX_REGIONS)
		return ERR(-ENOSPC);
	while (i < from->nr && from->range[i].base < n->base)
		i++;
	if ((i && from->range[i - 1].end > n->base) || (i < from->nr && from->range[i].base < n->end))
		return ERR(-EEXIST);
	for (j = 0; j < i; j++)
		to->range[j] = from->range[j];
	to->range[i] = *n;
	for (j = i; j < from->nr; j++)
		to->range[j + 1] = from->range[j];
	to->nr = from->nr + 1;
	return 0;
}

int io_region_add(struct vm *vm, const struct io_region *region)
{
	struct io_range n = { region->base, region->base + region->size, region->fn, region->dev };
	enum io_space space = region->space;
	struct io_regions *r = vm->io;
	int err;

	if (n.end <= n.base || (space == IO_PORT && n.end > 0x10000u))
		return ERR(-EINVAL);
	spin_lock(&r->lock);
	err = insert(r->spare[space], r->table[space], &n);
	if (!err)
		publish(r, space);
	spin_unlock(&r->lock);
	if (!err && space == IO_PORT)
		vm_port_intercept(vm, (uint16_t)n.base, (uint32_t)region->size, true);
	return err;
}

void io_region_remove(struct vm *vm, enum io_space space, uint64_t base)
{
	struct io_regions *r = vm->io;
	const struct io_table *from;
	struct io_table *to;
	uint32_t i, n = 0;

	spin_lock(&r->lock);
	from = r->table[space];
	to = r->spare[space];
	for (i = 0; i < from->nr; i++)
		if (from->range[i].base != base)
			to->range[n++] = from->range[i];
	to->nr = n;
	publish(r, space);
	spin_unlock(&r->lock);
}

static bool holds(const struct io_range *r, uint64_t addr)
{
	return addr >= r->base && addr < r->end;
}

static const struct io_range *search(const struct io_table *t, uint64_t addr, uint32_t *hint)
{
	uint32_t lo = 0, hi = t->nr;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		const struct io_range *r = &t->range[mid];

		if (holds(r, addr)) {
			*hint = mid;
			return r;
		}
		if (addr < r->base)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

/* One port alone takes wider accesses that begin at it: CF8, whose bytes are other registers too. */
static bool takes(const struct io_range *r, const struct io_access *acc)
{
	return likely(acc->size <= r->end - acc->addr) || r->end - r->base == 1;
}

int io_region_dispatch(struct vcpu *vcpu)
{
	struct io_regions *r = vcpu->vm->io;
	enum io_space space = vcpu->io.space;
	const struct io_table *t = __atomic_load_n(&r->table[space], __ATOMIC_ACQUIRE);
	uint32_t *hint = &r->hint[space][vcpu->vcpu_id];
	const struct io_range *hit = &t->range[*hint];

	/* The hint may be an older table's: what stands behind the last range was one once, too. */
	if (unlikely(!holds(hit, vcpu->io.addr) || *hint >= t->nr))
		hit = search(t, vcpu->io.addr, hint);
	return hit && takes(hit, &vcpu->io) ? hit->fn(vcpu, hit->dev, &vcpu->io) : IO_MISS;
}

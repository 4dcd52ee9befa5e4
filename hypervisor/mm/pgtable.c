/* SPDX-License-Identifier: BSD-3-Clause */
/* Page-table walker. */
#include "mm/pgtable.h"

#include "lib/errno.h"
#include "lib/util.h"
#include "mm/frame.h"
#include "x86/insn.h"
#include "x86/pte.h"

#define NR_ENTRIES	512u

/* What is done to each part of a range; a walk carries it down. */
struct walk {
	struct pgtable *pt;
	uint64_t va, end;	/* what is left: [va, end), modulo 2^64 */
	hpa_t pa;		/* map only: target of va */
	uint32_t attr;		/* map only */
	uint32_t clear, set;	/* protect only */
	int (*leaf)(struct walk *w, uint64_t *entry, unsigned int level);
	bool (*skip)(const struct walk *w, uint64_t entry, unsigned int level);	/* or NULL: leaves that stay as they are */
	bool allocate;		/* make tables that are missing */
};

static unsigned int shift_of(unsigned int level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

static uint64_t size_of(unsigned int level)
{
	return 1ul << shift_of(level);
}

static unsigned int index_of(uint64_t va, unsigned int level)
{
	return va >> shift_of(level) & (NR_ENTRIES - 1);
}

static bool is_present(const struct pgtable_format *f, uint64_t entry)
{
	return entry & f->present_mask;
}

static bool is_leaf(const struct pgtable_format *f, uint64_t entry, unsigned int level)
{
	return level == 1 || (level <= 3 && entry & f->large_bit);
}

static uint64_t leaf_address(uint64_t entry, unsigned int level)
{
	return entry & PTE_ADDR & ~(size_of(level) - 1);
}

static uint64_t *table_of(uint64_t entry)
{
	return hpa_to_hva(hpa(entry & PTE_ADDR));
}

#define CACHE_LINE	64u

/* A new table's entries must be in memory before the pointer to it; CLFLUSH is ordered with later stores. */
static void flush_table(const struct pgtable_format *f, const uint64_t *table)
{
	for (unsigned int i = 0; f->noncoherent && i < NR_ENTRIES; i += CACHE_LINE / sizeof(*table))
		clflush(&table[i]);
}

/* Release: another CPU, or the hardware, must see the table's entries before the pointer to it. */
static void publish(const struct pgtable_format *f, uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
	if (unlikely(f->noncoherent))
		clflush(entry);
}

static uint64_t *table_get(struct pgtable *pt)
{
	uint64_t *t = frame_get(1);

	if (t) {
		pt->nr_tables++;
		flush_table(pt->fmt, t);
	}
	return t;
}

/* See the header. Boot or vCPU thread. */
int pgtable_init(struct pgtable *pt, const struct pgtable_format *fmt)
{
	*pt = (struct pgtable){ .fmt = fmt, .changes = 1 };
	pt->root = table_get(pt);
	return pt->root ? 0 : -ENOMEM;
}

static void free_tables(struct pgtable *pt, uint64_t *table, unsigned int level)
{
	for (unsigned int i = 0; level > 1 && i < NR_ENTRIES; i++)
		if (is_present(pt->fmt, table[i]) && !is_leaf(pt->fmt, table[i], level))
			free_tables(pt, table_of(table[i]), level - 1);
	frame_put(table, 1);
	pt->nr_tables--;
}

/* See the header. No CPU may use the tables any more. */
void pgtable_fini(struct pgtable *pt)
{
	if (pt->root)
		free_tables(pt, pt->root, pt->fmt->levels);
	pt->root = NULL;
}

/* Replaces a large leaf by a table that maps the same. */
static int split(struct pgtable *pt, uint64_t *entry, unsigned int level)
{
	uint64_t pa = leaf_address(*entry, level);
	uint32_t attr = pt->fmt->attr(*entry, level);
	uint64_t bits = pt->fmt->leaf(attr, level - 1);
	uint64_t *t = table_get(pt);

	if (!t)
		return -ENOMEM;
	for (unsigned int i = 0; i < NR_ENTRIES; i++)
		t[i] = (pa + i * size_of(level - 1)) | bits;
	flush_table(pt->fmt, t);
	publish(pt->fmt, entry, hva_to_hpa(t).v | pt->fmt->table_bits);
	return 0;
}

/* True when the walk covers all of the entry of `level` at w->va. */
static bool covers(const struct walk *w, unsigned int level)
{
	return IS_ALIGNED(w->va, size_of(level)) && w->end - w->va >= size_of(level);
}

static int walk_table(struct walk *w, uint64_t *table, unsigned int level);

/* Goes one level down below *entry, splitting or allocating on the way. */
static int descend(struct walk *w, uint64_t *entry, unsigned int level)
{
	const struct pgtable_format *f = w->pt->fmt;
	int err;

	if (!is_present(f, *entry)) {
		uint64_t *t = table_get(w->pt);

		if (!t)
			return -ENOMEM;
		publish(f, entry, hva_to_hpa(t).v | f->table_bits);
	} else if (is_leaf(f, *entry, level)) {
		err = split(w->pt, entry, level);
		if (err)
			return err;
	}
	return walk_table(w, table_of(*entry), level - 1);
}

/*
 * Where a table exists it is kept and its entries are changed one by one:
 * lock-free readers may be in it.
 */
static int visit(struct walk *w, uint64_t *entry, unsigned int level)
{
	const struct pgtable_format *f = w->pt->fmt;
	bool present = is_present(f, *entry);
	bool as_leaf = level == 1 ||
		(covers(w, level) &&
		 (present ? is_leaf(f, *entry, level)
			  : level <= f->max_leaf && IS_ALIGNED(w->pa.v, size_of(level))));

	if (w->skip && is_leaf(f, *entry, level) && w->skip(w, *entry, level))
		return 0;
	if (present && as_leaf && w->allocate && !IS_ALIGNED(w->pa.v, size_of(level)))
		as_leaf = false;
	if (as_leaf)
		return w->leaf(w, entry, level);
	return descend(w, entry, level);
}

static void advance(struct walk *w, uint64_t bytes)
{
	bytes = MIN(bytes, w->end - w->va);
	w->va += bytes;
	w->pa.v += bytes;
}

static int walk_table(struct walk *w, uint64_t *table, unsigned int level)
{
	unsigned int i = index_of(w->va, level);
	int err;

	for (; i < NR_ENTRIES && w->va != w->end; i++) {
		uint64_t before = w->va;
		uint64_t step = size_of(level) - (before & (size_of(level) - 1));

		if (w->allocate || is_present(w->pt->fmt, table[i])) {
			err = visit(w, &table[i], level);
			if (err)
				return err;
		}
		/* A table below has moved on by itself. */
		if (w->va == before)
			advance(w, step);
	}
	return 0;
}

/* True when the table can translate all of [va, va + size): the index bits do not cover the top. */
static bool in_range(const struct pgtable_format *f, uint64_t va, uint64_t size)
{
	uint64_t top = f->high_half ? 0xffff : 0;

	if (range_fits(va, size, size_of(f->levels + 1)))
		return true;
	return top && va >> 48 == top && size - 1 <= UINT64_MAX - va;
}

static int leaf_map(struct walk *w, uint64_t *entry, unsigned int level);

static int walk(struct walk *w, uint64_t size)
{
	int err;

	if (!size || !IS_ALIGNED(w->va | w->pa.v | size, PAGE_SIZE) || !in_range(w->pt->fmt, w->va, size) ||
	    !range_fits(w->pa.v, size, PTE_ADDR + PAGE_SIZE))
		return -EINVAL;
	w->end = w->va + size;
	spin_lock(&w->pt->lock);
	err = walk_table(w, w->pt->root, w->pt->fmt->levels);
	/* Also after an error: what lies before w->va is mapped. */
	if (w->leaf == leaf_map && pg_is_ram(w->attr))
		w->pt->ram_bytes += size - (w->end - w->va);
	/* Release: who sees the new number sees the entries. */
	__atomic_store_n(&w->pt->changes, w->pt->changes + 1, __ATOMIC_RELEASE);
	spin_unlock(&w->pt->lock);
	return err;
}

/* Counts an entry that is about to be replaced out of the RAM that is mapped. */
static void forget_ram(struct walk *w, uint64_t entry, unsigned int level)
{
	if (is_present(w->pt->fmt, entry) && pg_is_ram(w->pt->fmt->attr(entry, level)))
		w->pt->ram_bytes -= size_of(level);
}

static int leaf_map(struct walk *w, uint64_t *entry, unsigned int level)
{
	if (unlikely(*entry))
		forget_ram(w, *entry, level);
	publish(w->pt->fmt, entry, w->pa.v | w->pt->fmt->leaf(w->attr, level));
	return 0;
}

static int leaf_unmap(struct walk *w, uint64_t *entry, unsigned int level)
{
	forget_ram(w, *entry, level);
	publish(w->pt->fmt, entry, 0);
	return 0;
}

static int leaf_protect(struct walk *w, uint64_t *entry, unsigned int level)
{
	const struct pgtable_format *f = w->pt->fmt;
	uint32_t attr = f->attr(*entry, level);

	if (!is_present(f, *entry))
		return 0;
	publish(f, entry, leaf_address(*entry, level) | f->leaf((attr & ~w->clear) | w->set, level));
	return 0;
}

/* retype: what is no RAM, or has the type */
static bool stays(const struct walk *w, uint64_t entry, unsigned int level)
{
	uint32_t attr = w->pt->fmt->attr(entry, level);

	return !pg_is_ram(attr) || (attr & (PG_TYPE_MASK | PG_WEAK)) == w->set;
}

/* See the header. Takes the table's lock. */
int pgtable_map(struct pgtable *pt, uint64_t va, hpa_t pa, uint64_t size, uint32_t attr)
{
	struct walk w = { .pt = pt, .va = va, .pa = pa, .attr = attr, .leaf = leaf_map, .allocate = true };

	return walk(&w, size);
}

/* See the header. Takes the table's lock. */
int pgtable_unmap(struct pgtable *pt, uint64_t va, uint64_t size)
{
	struct walk w = { .pt = pt, .va = va, .leaf = leaf_unmap };

	return walk(&w, size);
}

/* See the header. Takes the table's lock. */
int pgtable_protect(struct pgtable *pt, uint64_t va, uint64_t size, uint32_t clear, uint32_t set)
{
	struct walk w = { .pt = pt, .va = va, .clear = clear, .set = set, .leaf = leaf_protect };

	return walk(&w, size);
}

/* See the header. Takes the table's lock. */
int pgtable_retype(struct pgtable *pt, uint64_t va, uint64_t size, uint32_t type)
{
	struct walk w = {
		.pt = pt, .va = va, .clear = PG_TYPE_MASK | PG_WEAK, .set = type == PG_WB ? PG_WB : type | PG_WEAK,
		.leaf = leaf_protect, .skip = stays,
	};

	return walk(&w, size);
}

/* See the header. Any context. */
int pgtable_lookup(const struct pgtable *pt, uint64_t va, hpa_t *pa, uint32_t *attr, uint64_t *size)
{
	const uint64_t *table = pt->root;

	if (!in_range(pt->fmt, va, 1))
		return -ENOENT;
	for (unsigned int level = pt->fmt->levels; level; level--) {
		uint64_t entry = __atomic_load_n(&table[index_of(va, level)], __ATOMIC_ACQUIRE);

		if (!is_present(pt->fmt, entry))
			return -ENOENT;
		if (!is_leaf(pt->fmt, entry, level)) {
			table = table_of(entry);
			continue;
		}
		if (pa)
			*pa = hpa(leaf_address(entry, level) | (va & (size_of(level) - 1)));
		if (attr)
			*attr = pt->fmt->attr(entry, level);
		if (size)
			*size = size_of(level);
		break;
	}
	return 0;
}

/* A tour of all leaves: the span that grows, and who gets it. */
struct tour {
	const struct pgtable_format *fmt;
	void (*fn)(void *arg, const struct pgtable_span *s);
	void *arg;
	struct pgtable_span span;
	uint64_t bits;		/* format bits and level of the last leaf, and what they mean: */
	unsigned int level;
	uint32_t attr;
};

static void tour_leaf(struct tour *t, uint64_t va, uint64_t entry, unsigned int level)
{
	uint64_t pa = leaf_address(entry, level);
	struct pgtable_span s;

	/* Most leaves are like their neighbour. */
	if (entry - pa != t->bits || level != t->level) {
		t->bits = entry - pa;
		t->level = level;
		t->attr = t->fmt->attr(entry, level);
	}
	s = (struct pgtable_span){ va, hpa(pa), size_of(level), t->attr };
	if (t->span.size && t->span.va + t->span.size == va && t->span.pa.v + t->span.size == s.pa.v &&
	    t->span.attr == s.attr) {
		t->span.size += s.size;
		return;
	}
	if (t->span.size)
		t->fn(t->arg, &t->span);
	t->span = s;
}

static void tour_table(struct tour *t, const uint64_t *table, uint64_t va, unsigned int level)
{
	for (unsigned int i = 0; i < NR_ENTRIES; i++) {
		uint64_t entry = __atomic_load_n(&table[i], __ATOMIC_ACQUIRE);
		uint64_t at = va + i * size_of(level);

		if (level == t->fmt->levels && t->fmt->high_half && i >= NR_ENTRIES / 2)
			at |= 0xfffful << 48;
		if (!is_present(t->fmt, entry))
			continue;
		if (is_leaf(t->fmt, entry, level))
			tour_leaf(t, at, entry, level);
		else
			tour_table(t, table_of(entry), at, level - 1);
	}
}

/* See the header. Any context. */
void pgtable_for_each(const struct pgtable *pt, void (*fn)(void *arg, const struct pgtable_span *s), void *arg)
{
	struct tour t = { .fmt = pt->fmt, .fn = fn, .arg = arg };

	tour_table(&t, pt->root, 0, pt->fmt->levels);
	if (t.span.size)
		fn(arg, &t.span);
}

/* Who looks for what; found: where it is. */
struct seek {
	uint64_t pa, *va;
	bool found;
};

static void seek_span(void *arg, const struct pgtable_span *s)
{
	struct seek *k = arg;

	if (k->found || k->pa - s->pa.v >= s->size)
		return;
	*k->va = s->va + (k->pa - s->pa.v);
	k->found = true;
}

/* See the header. Any context. */
int pgtable_find(const struct pgtable *pt, hpa_t pa, uint64_t *va)
{
	struct seek k = { .pa = pa.v, .va = va };

	pgtable_for_each(pt, seek_span, &k);
	return k.found ? 0 : -ENOENT;
}

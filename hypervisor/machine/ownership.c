/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may map what. Memory is cut into areas that belong to nobody (the
 * hypervisor's own) or to some VMs; what lies in no area is the Service VM's,
 * which lends it to user VMs.
 */
#include "machine/ownership.h"

#include "emul/vpci/ivshmem.h"
#include "hw/acpi.h"
#include "hw/vtd.h"
#include "irq/ioapic.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/e820.h"
#include "mm/frame.h"
#include "mm/hostcheck.h"
#include "mm/hostmap.h"
#include "mm/pgtable.h"
#include "vm/vm.h"
#include "x86/apicreg.h"

#define MAX_AREAS	256u
#define MAX_LINES	8u	/* of faults, a check */
#define MAX_TRIES	16u
#define LIMIT_4G	(1ul << 32)
#define WORD_PAGES	64u

struct area {
	uint64_t start, size;
	const char *what;
	uint32_t vms;		/* bit vm_id: may map it */
};

/* One walk over all tables. */
struct check {
	const struct vm *vm;	/* whose table it is in */
	const char *after;	/* what happened before; NULL: count only */
	struct ownership_result result;
};

/* A part of a span that lies in no area of its VM's own. */
struct piece {
	uint64_t va, pa, size;
};

static struct {
	struct spinlock lock;
	bool enabled, lend;		/* (o) */
	uint64_t *lent;			/* (o) [lock] one bit a page that a user VM has */
	uint64_t nr_pages;		/* (o) that it covers; a multiple of WORD_PAGES */
	unsigned int nr_areas;		/* [lock] */
	struct area area[MAX_AREAS];	/* [lock] */
} own;

static void add(uint64_t start, uint64_t end, const char *what, uint32_t vms)
{
	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	if (start < end && own.nr_areas < MAX_AREAS)
		own.area[own.nr_areas++] = (struct area){ start, end - start, what, vms };
}

static void add_image(const char *what)
{
	hpa_t start;
	uint64_t size;

	hostmap_image(&start, &size);
	add(start.v, start.v + size, what, 0);
}

static void add_pool(const char *what)
{
	hpa_t start;
	uint64_t size;

	frame_pool(&start, &size);
	add(start.v, start.v + size, what, 0);
}

static void add_prelaunched(const char *what)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++)
		if (vm_table[i] && vm_table[i]->ram_size)
			add(vm_table[i]->ram_hpa, vm_table[i]->ram_hpa + vm_table[i]->ram_size, what, 1u << i);
}

static void add_shared(const char *what)
{
	uint64_t size;
	uint32_t i, vms;
	hpa_t at;

	for (i = 0; i < SCENARIO_MAX_IVSHMEM; i++)
		if (ivshmem_region_get(i, &at, &size, &vms))
			add(at.v, at.v + size, what, vms);
}

/* What the firmware calls RAM and boot has taken away since: modules, the page other CPUs start in. */
static void add_reserved(const char *what)
{
	uint32_t i, j;

	for (i = 0; i < host_e820.nr; i++) {
		const struct e820_entry *h = &host_e820.entry[i];

		for (j = 0; h->type == E820_RESERVED && j < e820_firmware.nr; j++) {
			const struct e820_entry *f = &e820_firmware.entry[j];

			if (f->type == E820_RAM)
				add(MAX(h->base, f->base), MIN(h->base + h->size, f->base + f->size), what, 0);
		}
	}
}

static void add_apics(const char *what)
{
	uint64_t base;
	uint32_t i;

	add(acpi.lapic_base, acpi.lapic_base + 1, what, 0);
	add(APIC_BASE_DEFAULT, APIC_BASE_DEFAULT + 1, what, 0);
	for (i = 0; i < ioapic_count(); i++) {
		ioapic_info(i, &base, &(uint32_t){ 0 }, &(uint32_t){ 0 }, &(uint32_t){ 0 });
		add(base, base + 1, what, 0);
	}
}

static void add_iommus(const char *what)
{
	for (uint32_t i = 0; i < acpi.dmar.nr_units; i++) {
		uint64_t base, size;

		vtd_registers(i, &base, &size);
		add(base, base + size, what, 0);
	}
}

/* The first that fits gives a fault its name. */
static const struct {
	const char *what;
	void (*add)(const char *what);
} areas[] = {
	{ "the hypervisor's image", add_image },
	{ "the hypervisor's page pool", add_pool },
	{ "a pre-launched VM's memory", add_prelaunched },
	{ "memory that other VMs share", add_shared },
	{ "an interrupt controller", add_apics },
	{ "an IOMMU", add_iommus },
	{ "memory kept from all VMs", add_reserved },
};

static void fault(struct check *c, const struct piece *p, const char *what)
{
	if (c->after && c->result.nr_faults < MAX_LINES)
		log_err("memory check: FAULT: after %s: vm %s: %lx maps %lx (%lu KiB), %s\n", c->after, c->vm->name, p->va, p->pa,
			p->size >> 10, what);
	c->result.nr_faults++;
}

/* True when the table maps all of [va, va + size) to pa, with these rights. */
static bool maps_all(const struct pgtable *pt, const struct piece *p, uint64_t va, uint32_t rights)
{
	uint64_t done, size;
	uint32_t attr;
	hpa_t pa;

	for (done = 0; done < p->size; done += size - ((va + done) & (size - 1)))
		if (pgtable_lookup(pt, va + done, &pa, &attr, &size) || pa.v != p->pa + done || (attr & rights) != rights)
			return false;
	return true;
}

static bool is_firmware_ram(const struct piece *p)
{
	uint32_t i;

	for (i = 0; i < e820_firmware.nr; i++) {
		const struct e820_entry *e = &e820_firmware.entry[i];

		if (e->type == E820_RAM && ranges_overlap(p->pa, p->size, e->base, e->size))
			return true;
	}
	return false;
}

/* Memory of its own is an area; beyond that only a device may be its, and then nobody else's. */
static void judge_prelaunched(struct check *c, const struct piece *p)
{
	uint64_t done;

	if (is_firmware_ram(p)) {
		fault(c, p, "memory that is not its own");
		return;
	}
	for (done = 0; service_vm && done < p->size; done += PAGE_SIZE) {
		if (pgtable_lookup(&service_vm->ept, p->pa + done, NULL, NULL, NULL))
			continue;
		fault(c, p, "a device that the Service VM has");
		return;
	}
}

static void judge_service(struct check *c, const struct piece *p)
{
	if (p->va != p->pa)
		fault(c, p, "which is not one to one");
}

/* Pages of user VMs looked at before: a VM's own are noted when all are looked at, so that it may map one twice. */
static bool is_lent(uint64_t first, uint64_t n)
{
	uint64_t i;

	for (i = first; i < first + n && i < own.nr_pages; i++) {
		uint64_t word = own.lent[i / WORD_PAGES];

		if (word >> i % WORD_PAGES & 1)
			return true;
		if (!word)
			i |= WORD_PAGES - 1;
	}
	return false;
}

static void note_lent(void *arg __unused, const struct pgtable_span *s)
{
	uint64_t i = s->pa.v >> PAGE_SHIFT, end = MIN(i + (s->size >> PAGE_SHIFT), own.nr_pages);

	for (; i < end; i++)
		own.lent[i / WORD_PAGES] |= 1ul << i % WORD_PAGES;
}

/* All of it is lent by the Service VM, and to nobody else. */
static void judge_user(struct check *c, const struct piece *p)
{
	if (!service_vm || !maps_all(&service_vm->ept, p, p->pa, PG_R | PG_W))
		fault(c, p, "which is not the Service VM's to lend");
	else if (!own.lend && is_lent(p->pa >> PAGE_SHIFT, p->size >> PAGE_SHIFT))
		fault(c, p, "which another user VM has, too");
}

static void (*const judges[])(struct check *c, const struct piece *p) = {
	[SCENARIO_PRE_LAUNCHED] = judge_prelaunched,
	[SCENARIO_SERVICE] = judge_service,
	[SCENARIO_POST_LAUNCHED] = judge_user,
};

/* What lies in an area but is none of this VM's own is nobody's to map; the rest is judged by kind. */
static void judge(struct check *c, const struct piece *p)
{
	unsigned int i;

	for (i = 0; i < own.nr_areas; i++) {
		const struct area *a = &own.area[i];

		if (!(a->vms >> c->vm->vm_id & 1) && ranges_overlap(p->pa, p->size, a->start, a->size)) {
			fault(c, p, a->what);
			return;
		}
	}
	judges[c->vm->load_order](c, p);
}

/* Bytes from `at` on that are the VM's own by an area, else 0 and in *gap how far it is to the next such area. */
static uint64_t own_bytes(const struct vm *vm, uint64_t at, uint64_t *gap)
{
	unsigned int i;

	*gap = ~0ul;
	for (i = 0; i < own.nr_areas; i++) {
		const struct area *a = &own.area[i];

		if (!(a->vms >> vm->vm_id & 1))
			continue;
		if (at >= a->start && at - a->start < a->size)
			return a->start + a->size - at;
		if (a->start > at)
			*gap = MIN(*gap, a->start - at);
	}
	return 0;
}

static void look(void *arg, const struct pgtable_span *s)
{
	struct check *c = arg;
	uint64_t done, n, gap;

	c->result.nr_spans++;
	for (done = 0; done < s->size; done += n) {
		n = own_bytes(c->vm, s->pa.v + done, &gap);
		if (!n) {
			n = MIN(gap, s->size - done);
			judge(c, &(struct piece){ s->va + done, s->pa.v + done, n });
		}
	}
}

/* The tables through which a VM, or a device of it, reaches memory; NULL: it has none. */
static const struct pgtable *ept_of(const struct vm *vm)
{
	return &vm->ept;
}

static const struct pgtable *dma_of(const struct vm *vm)
{
	return vm->dma ? &vm->dma->pt : NULL;
}

static const struct pgtable *(*const tables[])(const struct vm *vm) = { ept_of, dma_of };

static void for_each_span(const struct vm *vm, void (*fn)(void *arg, const struct pgtable_span *s), struct check *c)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct pgtable *pt = tables[i](vm);

		if (!pt)
			continue;
		pgtable_for_each(pt, fn, c);
		if (c)
			c->result.nr_tables++;
	}
}

static void walk_vm(struct check *c, const struct vm *vm)
{
	c->vm = vm;
	for_each_span(vm, look, c);
	if (vm->load_order == SCENARIO_POST_LAUNCHED)
		for_each_span(vm, note_lent, NULL);
}

static struct ownership_result walk(const char *after)
{
	struct check c = { .after = after };
	unsigned int i;

	own.nr_areas = 0;
	for (i = 0; i < ARRAY_SIZE(areas); i++)
		areas[i].add(areas[i].what);
	for (i = 0; i < own.nr_pages / WORD_PAGES; i++)
		own.lent[i] = 0;
	for (i = 0; i < MAX_VMS; i++)
		if (vm_table[i])
			walk_vm(&c, vm_table[i]);
	c.result.nr_tables++;
	c.result.nr_faults += hostcheck_run(after);
	return c.result;
}

static uint64_t nr_changes(void)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++)
		if (vm_table[i])
			n += pgtable_changes(&vm_table[i]->ept) + (vm_table[i]->dma ? pgtable_changes(&vm_table[i]->dma->pt) : 0);
	return n;
}

/*
 * Others may change tables meanwhile: a page that left one VM behind our back and was given to another before we came there
 * looks shared. So a fault counts when nothing changed, or when it is still there after many tries.
 */
static struct ownership_result settled_walk(const char *after)
{
	struct ownership_result r = { 0 };
	unsigned int i;

	spin_lock(&own.lock);
	vm_table_enter();
	for (i = 0; i < MAX_TRIES; i++) {
		uint64_t before = nr_changes();

		r = walk(NULL);
		if (!r.nr_faults || nr_changes() == before)
			break;
	}
	if (r.nr_faults)
		r = walk(after);
	vm_table_leave();
	spin_unlock(&own.lock);
	return r;
}

static int prepare(void)
{
	uint64_t end = MAX(e820_ram_end(&e820_firmware), LIMIT_4G);
	uint64_t nr_pages = ALIGN_UP(end >> PAGE_SHIFT, PAGE_SIZE * 8);

	if (own.lent)
		return 0;
	own.lent = frame_get((uint32_t)(nr_pages / 8 / PAGE_SIZE));
	if (!own.lent)
		return ERR(-ENOMEM);
	own.nr_pages = nr_pages;
	return 0;
}

/* See the header. */
int ownership_enable(bool lend)
{
	int err = prepare();

	own.lend = lend;
	own.enabled = !err;
	return err;
}

/* See the header. */
int ownership_check(struct ownership_result *result)
{
	int err = prepare();

	if (!err)
		*result = settled_walk("a command");
	return err;
}

/* See the header. Takes own.lock; no other lock is held. */
void ownership_event(const char *what)
{
	if (own.enabled)
		(void)settled_walk(what);
}

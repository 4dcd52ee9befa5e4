/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configuration space of an ivshmem function, where its BARs are, its life:
 *
 *	BAR 0   registers, 4 KiB, exit		BAR 1	MSI-X table and pending bits, 4 KiB, exit
 *	BAR 2/3 shared memory, 64-bit prefetchable, in the guest's EPT: no exit
 *	BAR 4	the registers as 16 ports, exit
 */
#include "emul/vpci/ivshmem.h"

#include "emul/vpci/ivshmem_priv.h"
#include "emul/vpci/vpci_priv.h"
#include "io/region.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "mm/pgtable.h"
#include "vm/gpa.h"
#include "vm/vm.h"

#define IVSHMEM_ID	0x11101af4u
#define IVSHMEM_CLASS	0x05000001u	/* RAM controller, revision 1 */
#define SUBSYSTEM_ID	0x11001af4u
#define BAR_64_PREFETCH	0xcu
#define BAR_IO		1u
#define CMD_IO		1u
#define CMD_WRITABLE	(PCI_CMD_WRITABLE | PCI_CMD_MEMORY | CMD_IO)
#define NR_PORTS	16u
#define LIMIT_4G	(1ul << 32)
#define MAX_MOVES	256u	/* each may cost us pages for page tables */
#define SET_PAGES	((uint32_t)PAGES(sizeof(struct ivshmem_set)))

static struct ivshmem_region regions[SCENARIO_MAX_IVSHMEM];

void ivshmem_region_init(uint32_t index, const struct scenario_ivshmem *cfg, hpa_t memory)
{
	regions[index].cfg = cfg;
	regions[index].memory = memory;
}

bool ivshmem_region_get(uint32_t index, hpa_t *memory, uint64_t *size, uint32_t *vms)
{
	const struct ivshmem_region *r = &regions[index];

	if (!r->cfg)
		return false;
	*memory = r->memory;
	*size = r->cfg->size;
	*vms = r->cfg->vm_mask;
	return true;
}

bool ivshmem_is_shared(hpa_t at, uint64_t size)
{
	uint32_t i;

	for (i = 0; i < SCENARIO_MAX_IVSHMEM; i++)
		if (regions[i].cfg && ranges_overlap(at.v, size, regions[i].memory.v, regions[i].cfg->size))
			return true;
	return false;
}

/* The guest may write it, but what comes here did not go through its EPT: memory that is read-only for this VM. */
static int dropped(struct vcpu *vcpu __unused, void *dev, struct io_access *acc)
{
	struct ivshmem *f = dev;

	if (acc->write)
		f->nr_dropped++;
	else
		acc->value = 0;
	return IO_DONE;
}

static const struct {
	enum io_space space;
	io_handler fn;
	uint32_t enable;	/* bit of the command register */
} windows[IVSHMEM_WINDOWS] = {
	[IVSHMEM_REGS] = { IO_MMIO, ivshmem_registers, PCI_CMD_MEMORY },
	[IVSHMEM_MSIX] = { IO_MMIO, ivshmem_table, PCI_CMD_MEMORY },
	[IVSHMEM_MEMORY] = { IO_MMIO, dropped, PCI_CMD_MEMORY },
	[IVSHMEM_PORTS] = { IO_PORT, ivshmem_registers, CMD_IO },
};

static uint64_t window_size(const struct ivshmem *f, unsigned int w)
{
	return w == IVSHMEM_MEMORY ? f->region->cfg->size : w == IVSHMEM_PORTS ? NR_PORTS : PAGE_SIZE;
}

struct ivshmem *ivshmem_slot(const struct vm *vm, uint32_t i)
{
	return vm->ivshmem && vm->ivshmem->function[i].region ? &vm->ivshmem->function[i] : NULL;
}

/* ---- where the BARs are ---- */

/* One word of the bitmap is 16 ports: where one exits in the Service VM, something of ours is there. */
static bool ports_are_free(const struct vm *vm, uint64_t at)
{
	const uint16_t *exits = vm->io_bitmaps;

	return at < 0x10000u && (!vm_is_service_order(vm) || !exits[at / NR_PORTS]);
}

/* The guest chooses the place: it must hold nothing but, in the Service VM, device memory that is the guest's. */
static bool is_free(const struct vm *vm, uint64_t at, uint64_t size)
{
	uint64_t done;

	if (vm_is_service_order(vm))
		return passthru_is_device(vm, at, size);
	if (!range_fits(at, size, passthru_address_limit()) || at < vm->ram_size)
		return false;
	for (done = 0; done < size && vm->load_order == SCENARIO_POST_LAUNCHED; done += PAGE_SIZE)
		if (!pgtable_lookup(&vm->ept, at + done, NULL, NULL, NULL))
			return false;
	return true;
}

/* As it was: the Service VM has the machine's devices below 4 GiB; above they come back when touched. */
static void give_back(struct ivshmem *f, unsigned int w, uint64_t at)
{
	uint64_t size = window_size(f, w);
	int err = 0;

	if (w == IVSHMEM_PORTS && vm_is_service_order(f->vm))
		vm_port_intercept(f->vm, (uint16_t)at, NR_PORTS, false);
	else if (w != IVSHMEM_PORTS && vm_is_service_order(f->vm) && at < LIMIT_4G)
		err = gpa_map(f->vm, gpa(at), hpa(at), size, PG_R | PG_W | PG_UC);
	else if (w == IVSHMEM_MEMORY)
		err = gpa_unmap(f->vm, gpa(at), size);
	if (err)
		vm_crash(f->vm, "ivshmem %04x: no memory to move its BAR", f->bdf);
}

static void clear(struct ivshmem *f, unsigned int w)
{
	if (!f->at[w])
		return;
	io_region_remove(f->vm, windows[w].space, f->at[w]);
	give_back(f, w, f->at[w]);
	f->at[w] = 0;
}

static int map(struct ivshmem *f, unsigned int w, uint64_t at)
{
	if (w == IVSHMEM_PORTS)
		return 0;
	if (w == IVSHMEM_MEMORY)
		return gpa_map(f->vm, gpa(at), f->region->memory, f->region->cfg->size,
			       PG_R | (f->may_write ? PG_W : 0) | PG_WB);
	return vm_is_service_order(f->vm) ? gpa_unmap(f->vm, gpa(at), PAGE_SIZE) : 0;
}

static int put(struct ivshmem *f, unsigned int w, uint64_t at)
{
	const struct io_region r = { windows[w].space, at, window_size(f, w), windows[w].fn, f };
	int err;

	/* Back where it was, after sizing say, costs nothing. */
	if (at != f->last[w] && ++f->nr_moves > MAX_MOVES)
		return -EPERM;
	f->last[w] = at;
	if (w == IVSHMEM_PORTS ? !ports_are_free(f->vm, at) : !is_free(f->vm, at, r.size))
		return -EINVAL;
	err = io_region_add(f->vm, &r);
	if (err)
		return err;
	err = map(f, w, at);
	if (err) {
		io_region_remove(f->vm, r.space, at);
		give_back(f, w, at);
		return err;
	}
	f->at[w] = at;
	return 0;
}

/* The windows follow the BARs and the command register. */
static void place(struct ivshmem *f)
{
	uint64_t want[IVSHMEM_WINDOWS];
	unsigned int w;

	/* All that leave go first: two may change places. */
	for (w = 0; w < IVSHMEM_WINDOWS; w++) {
		want[w] = f->command & windows[w].enable ? f->bar[w] : 0;
		if (want[w] != f->at[w])
			clear(f, w);
	}
	for (w = 0; w < IVSHMEM_WINDOWS; w++) {
		if (want[w] == f->at[w] || !put(f, w, want[w]))
			continue;
		if (!f->told)
			log_warn("vm %s: ivshmem %04x: window %u cannot be at %lx\n", f->vm->name, f->bdf, w, want[w]);
		f->told = true;
	}
}

bool ivshmem_covers(const struct vm *vm, uint64_t at, uint64_t size)
{
	unsigned int i, w;

	for (i = 0; i < SCENARIO_MAX_IVSHMEM; i++) {
		const struct ivshmem *f = ivshmem_slot(vm, i);

		for (w = 0; f && w < IVSHMEM_PORTS; w++)
			if (f->at[w] && ranges_overlap(at, size, f->at[w], window_size(f, w)))
				return true;
	}
	return false;
}

/* ---- configuration space ---- */

uint32_t ivshmem_config_read(const struct ivshmem *f, uint32_t reg)
{
	switch (reg) {
	case PCI_REG_VENDOR: return IVSHMEM_ID;
	case PCI_REG_COMMAND: return PCI_STATUS_CAPS | f->command;
	case PCI_REG_CLASS: return IVSHMEM_CLASS;
	case PCI_REG_BAR(0): return (uint32_t)f->bar[IVSHMEM_REGS];
	case PCI_REG_BAR(1): return (uint32_t)f->bar[IVSHMEM_MSIX];
	case PCI_REG_BAR(2): return (uint32_t)f->bar[IVSHMEM_MEMORY] | BAR_64_PREFETCH;
	case PCI_REG_BAR(3): return (uint32_t)(f->bar[IVSHMEM_MEMORY] >> 32);
	case PCI_REG_BAR(4): return (uint32_t)f->bar[IVSHMEM_PORTS] | BAR_IO;
	case PCI_REG_SUBSYSTEM: return SUBSYSTEM_ID;
	case PCI_REG_CAPS: return IVSHMEM_CAP;
	case IVSHMEM_CAP: return MSIX_WORD | f->control;
	case IVSHMEM_CAP + 4: return IVSHMEM_MSIX;
	case IVSHMEM_CAP + 8: return MSIX_PBA | IVSHMEM_MSIX;
	default: return 0;
	}
}

void ivshmem_config_write(struct ivshmem *f, uint32_t reg, uint32_t value, uint32_t mask)
{
	uint32_t v = (ivshmem_config_read(f, reg) & ~mask) | (value & mask);
	uint64_t *memory = &f->bar[IVSHMEM_MEMORY];

	switch (reg) {
	case PCI_REG_COMMAND: f->command = v & CMD_WRITABLE; break;
	case PCI_REG_BAR(0): f->bar[IVSHMEM_REGS] = v & PAGE_MASK; break;
	case PCI_REG_BAR(1): f->bar[IVSHMEM_MSIX] = v & PAGE_MASK; break;
	case PCI_REG_BAR(2): *memory = (*memory & ~0xfffffffful) | v; break;
	case PCI_REG_BAR(3): *memory = (uint32_t)*memory | (uint64_t)v << 32; break;
	case PCI_REG_BAR(4): f->bar[IVSHMEM_PORTS] = v & 0xfff0u; break;
	case IVSHMEM_CAP: f->control = v & (MSIX_ENABLE | MSIX_FMASK); break;
	default: return;
	}
	*memory &= ~(f->region->cfg->size - 1);
	place(f);
	ivshmem_msix_update(f);
}

struct ivshmem *ivshmem_at(const struct vm *vm, uint16_t bdf)
{
	uint32_t i;

	for (i = 0; vm->ivshmem && i < SCENARIO_MAX_IVSHMEM; i++)
		if (ivshmem_slot(vm, i) && vm->ivshmem->function[i].bdf == bdf)
			return &vm->ivshmem->function[i];
	return NULL;
}

/* ---- life ---- */

/* First places, as firmware sets BARs; the Service VM's kernel knows free ones better. */
static void set_start(struct ivshmem *f, uint32_t n, uint64_t *next)
{
	uint64_t size = f->region->cfg->size;

	f->start[IVSHMEM_REGS] = IVSHMEM_MMIO_BASE + 2 * n * PAGE_SIZE;
	f->start[IVSHMEM_MSIX] = f->start[IVSHMEM_REGS] + PAGE_SIZE;
	f->start[IVSHMEM_MEMORY] = ALIGN_UP(*next, size);
	f->start[IVSHMEM_PORTS] = IVSHMEM_PORT_BASE + n * NR_PORTS;
	*next = f->start[IVSHMEM_MEMORY] + size;
}

static void function_init(struct ivshmem *f, struct vm *vm, struct ivshmem_region *r)
{
	f->vm = vm;
	f->region = r;
	f->may_write = r->cfg->writer_mask >> vm->vm_id & 1;
	f->may_ring = !(r->cfg->silent_mask >> vm->vm_id & 1);
}

static bool is_given(const struct ivshmem_region *r, const struct vm *vm)
{
	return r->cfg && r->cfg->vm_mask >> vm->vm_id & 1;
}

static int set_create(struct vm *vm)
{
	if (!vm->ivshmem)
		vm->ivshmem = frame_get(SET_PAGES);
	return vm->ivshmem ? 0 : ERR(-ENOMEM);
}

int ivshmem_create(struct vm *vm)
{
	uint64_t next = ALIGN_UP(MAX(vm->ram_size, LIMIT_4G), SIZE_1G);
	uint32_t i, n = 0;

	for (i = 0; i < SCENARIO_MAX_IVSHMEM && vm->load_order != SCENARIO_POST_LAUNCHED; i++) {
		if (!is_given(&regions[i], vm))
			continue;
		if (set_create(vm))
			return -ENOMEM;
		function_init(&vm->ivshmem->function[i], vm, &regions[i]);
		if (vm->load_order == SCENARIO_PRE_LAUNCHED)
			set_start(&vm->ivshmem->function[i], n++, &next);
	}
	ivshmem_reset(vm);
	return 0;
}

/* Whoever rang before the change has finished. Region lock held. */
static void wait_for_ringers(struct ivshmem_region *r)
{
	uint32_t i;

	for (i = 0; i < SCENARIO_MAX_VMS; i++) {
		if (r->peer[i]) {
			spin_lock(&r->peer[i]->ring);
			spin_unlock(&r->peer[i]->ring);
		}
	}
}

static void reset(struct ivshmem *f)
{
	f->command = 0;
	f->irq_mask = 0;
	place(f);
	__builtin_memcpy(f->bar, f->start, sizeof(f->bar));
	ivshmem_msix_reset(f);
	spin_lock(&f->region->lock);
	wait_for_ringers(f->region);
	spin_unlock(&f->region->lock);
	/* Nobody sets a bit now. */
	f->pending = 0;
}

static void set_peer(struct ivshmem *f, bool there)
{
	spin_lock(&f->region->lock);
	WRITE_ONCE(f->region->peer[f->vm->vm_id], there ? f : NULL);
	wait_for_ringers(f->region);
	spin_unlock(&f->region->lock);
}

void ivshmem_reset(struct vm *vm)
{
	uint32_t i;

	for (i = 0; i < SCENARIO_MAX_IVSHMEM; i++)
		if (ivshmem_slot(vm, i))
			reset(ivshmem_slot(vm, i));
}

static void set_peers(struct vm *vm, bool there)
{
	uint32_t i;

	for (i = 0; i < SCENARIO_MAX_IVSHMEM; i++)
		if (ivshmem_slot(vm, i))
			set_peer(ivshmem_slot(vm, i), there);
}

void ivshmem_connect(struct vm *vm)
{
	set_peers(vm, true);
}

void ivshmem_disconnect(struct vm *vm)
{
	set_peers(vm, false);
}

void ivshmem_destroy(struct vm *vm)
{
	if (!vm->ivshmem)
		return;
	ivshmem_reset(vm);
	frame_put(vm->ivshmem, SET_PAGES);
	vm->ivshmem = NULL;
}

static int find_region(const char *name)
{
	int i;

	for (i = 0; i < (int)SCENARIO_MAX_IVSHMEM; i++)
		if (regions[i].cfg && !strcmp(regions[i].cfg->name, name))
			return i;
	return -ENOENT;
}

int ivshmem_add(struct vm *vm, const struct ivshmem_request *r)
{
	int i = find_region(r->region);
	struct ivshmem *f;

	if (i < 0)
		return i;
	if (!is_given(&regions[i], vm))
		return -EPERM;
	if (r->size && r->size != regions[i].cfg->size)
		return -EINVAL;
	if (ivshmem_slot(vm, (uint32_t)i) || ivshmem_at(vm, r->bdf))
		return -EEXIST;
	if (set_create(vm))
		return -ENOMEM;
	f = &vm->ivshmem->function[i];
	function_init(f, vm, &regions[i]);
	f->bdf = r->bdf;
	f->start[IVSHMEM_REGS] = r->start[0] & PAGE_MASK;
	f->start[IVSHMEM_MSIX] = r->start[1] & PAGE_MASK;
	f->start[IVSHMEM_MEMORY] = r->start[2] & ~(regions[i].cfg->size - 1);
	f->start[IVSHMEM_PORTS] = r->start[3] & 0xfff0u;
	reset(f);
	set_peer(f, true);
	return 0;
}

int ivshmem_remove(struct vm *vm, uint16_t bdf)
{
	struct ivshmem *f = ivshmem_at(vm, bdf);

	if (!f)
		return -ENODEV;
	set_peer(f, false);
	reset(f);
	*f = (struct ivshmem){ .nr_moves = f->nr_moves };
	return 0;
}

bool ivshmem_memory_range(const struct vm *vm, uint64_t *first, uint64_t *last)
{
	const struct ivshmem *f;
	uint32_t i;

	*first = 0;
	for (i = 0; i < SCENARIO_MAX_IVSHMEM; i++) {
		f = ivshmem_slot(vm, i);
		if (!f)
			continue;
		if (!*first)
			*first = f->start[IVSHMEM_MEMORY];
		*last = f->start[IVSHMEM_MEMORY] + f->region->cfg->size - 1;
	}
	return *first;
}

bool ivshmem_count(const struct vm *vm, uint32_t n, struct ivshmem_counts *out)
{
	const struct ivshmem *f = ivshmem_slot(vm, n);

	if (!f)
		return false;
	*out = (struct ivshmem_counts){
		f->region->cfg->name, f->bdf, f->at[IVSHMEM_MEMORY], f->nr_rung, f->nr_ignored, f->nr_dropped
	};
	return true;
}

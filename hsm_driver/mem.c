// SPDX-License-Identifier: GPL-2.0
/*
 * A VM's memory: the device model's pages pinned and mapped into the VM, and
 * unmapped and unpinned again, at the latest when the VM is gone.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "hsm.h"
#include "hypercall.h"
#include "chunk.h"

/* A page full of runs of frames; a segment is a list of these. */
#define BLOCK_CHUNKS	254
struct hsm_block {
	struct list_head list;
	u64 nr;
	struct hsm_chunk chunks[BLOCK_CHUNKS];
};
static_assert(sizeof(struct hsm_block) <= PAGE_SIZE);

/* A page for one hypercall: up to BATCH_REGIONS regions. */
#define BATCH_REGIONS	127
struct hsm_batch {
	struct set_regions head;
	struct vm_memory_region regions[BATCH_REGIONS];
};
static_assert(sizeof(struct hsm_batch) <= PAGE_SIZE);

#define PIN_PAGES	(PAGE_SIZE / sizeof(struct page *))

/* RAM given to the VM at [gpa, gpa + len). */
struct hsm_segment {
	struct list_head list;		/* vm->segments */
	u64 gpa;
	u64 len;
	u32 prot;
	bool pinned;			/* pages to unpin; else device memory (VM_PFNMAP) */
	struct list_head blocks;
};

/* Append one frame. */
static int segment_add(struct hsm_segment *seg, u64 pfn)
{
	struct hsm_block *b = NULL;

	if (!list_empty(&seg->blocks)) {
		b = list_last_entry(&seg->blocks, struct hsm_block, list);
		if (chunk_join(&b->chunks[b->nr - 1], pfn))
			return 0;
	}
	if (!b || b->nr == BLOCK_CHUNKS) {
		b = (struct hsm_block *)__get_free_page(GFP_KERNEL);
		if (!b)
			return -ENOMEM;
		b->nr = 0;
		list_add_tail(&b->list, &seg->blocks);
	}
	b->chunks[b->nr].pfn = pfn;
	b->chunks[b->nr].nr = 1;
	b->nr++;
	return 0;
}

/* Unpin what is pinned and free the segment; it is in no list. */
static void segment_free(struct hsm_segment *seg)
{
	struct hsm_block *b, *next;
	u64 i;

	list_for_each_entry_safe(b, next, &seg->blocks, list) {
		for (i = 0; seg->pinned && i < b->nr; i++) {
			unpin_user_page_range_dirty_lock(pfn_to_page(b->chunks[i].pfn),
							 b->chunks[i].nr, true);
			cond_resched();
		}
		free_page((unsigned long)b);
	}
	kfree(seg);
}

/* Pin the caller's pages from base on, batch by batch. */
static int segment_pin(struct hsm_segment *seg, unsigned long base)
{
	unsigned long left = seg->len >> PAGE_SHIFT;
	struct page **pages;
	int got, i, ret = 0;

	pages = (struct page **)__get_free_page(GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	seg->pinned = true;
	while (left && !ret) {
		got = pin_user_pages_fast(base, min_t(unsigned long, left, PIN_PAGES),
					  FOLL_WRITE | FOLL_LONGTERM, pages);
		if (got <= 0) {
			hsm_refuse("memory segment: 0x%lx is not writable memory (%d)", base, got);
			ret = got ? got : -EFAULT;
			break;
		}
		for (i = 0; i < got && !ret; i++)
			ret = segment_add(seg, page_to_pfn(pages[i]));
		if (ret) {
			/* The frame that failed is in no chunk, nor are those behind it. */
			unpin_user_pages(pages + i - 1, got - i + 1);
			break;
		}
		base += (unsigned long)got << PAGE_SHIFT;
		left -= got;
		cond_resched();
		if (fatal_signal_pending(current))
			ret = -EINTR;
	}
	free_page((unsigned long)pages);
	return ret;
}

/* Take the frames of a device mapping. Caller holds the mmap lock. */
static int segment_pfnmap(struct hsm_segment *seg, struct vm_area_struct *vma, unsigned long base)
{
	unsigned long addr, pfn;
	int ret;

	if (base + seg->len > vma->vm_end ||
	    ((seg->prot & MEM_ACCESS_WRITE) && !(vma->vm_flags & VM_WRITE))) {
		hsm_refuse("memory segment: device mapping 0x%lx is shorter or read-only", base);
		return -EINVAL;
	}
	for (addr = base; addr < base + seg->len; addr += PAGE_SIZE) {
		ret = follow_pfn(vma, addr, &pfn);
		if (ret)
			return ret;
		/* Nothing keeps RAM behind such a mapping from being freed. */
		if (pfn_valid(pfn) && !PageReserved(pfn_to_page(pfn))) {
			hsm_refuse("memory segment: mapping at 0x%lx is of RAM", addr);
			return -EINVAL;
		}
		ret = segment_add(seg, pfn);
		if (ret)
			return ret;
	}
	return 0;
}

/* Find the frames behind [base, base + len) of the caller. */
static int segment_fill(struct hsm_segment *seg, unsigned long base)
{
	struct vm_area_struct *vma;
	bool device;
	int ret = 0;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, base);
	device = vma && (vma->vm_flags & VM_PFNMAP);
	if (device)
		ret = segment_pfnmap(seg, vma, base);
	mmap_read_unlock(current->mm);
	return device ? ret : segment_pin(seg, base);
}

/* Make the hypercall for what is in batch->regions[0..nr). */
static int batch_send(struct hsm_vm *vm, struct hsm_batch *batch, u32 nr)
{
	memset(&batch->head, 0, sizeof(batch->head));
	batch->head.vmid = vm->vmid;
	batch->head.mr_num = nr;
	batch->head.regions_gpa = virt_to_phys(batch->regions);
	return hc(HC_VM_SET_MEMORY_REGIONS, virt_to_phys(batch), 0);
}

/* Add or remove one contiguous range. */
static int range_send(struct hsm_vm *vm, const struct vm_memory_region *region)
{
	struct hsm_batch *batch = (struct hsm_batch *)get_zeroed_page(GFP_KERNEL);
	int ret;

	if (!batch)
		return -ENOMEM;
	batch->regions[0] = *region;
	ret = batch_send(vm, batch, 1);
	free_page((unsigned long)batch);
	return ret;
}

static int range_del(struct hsm_vm *vm, u64 gpa, u64 len)
{
	struct vm_memory_region region = { .type = MR_DEL, .gpa = gpa, .size = len };

	return range_send(vm, &region);
}

/* Map all frames of the segment; on failure none stays mapped. */
static int segment_map(struct hsm_vm *vm, struct hsm_segment *seg)
{
	struct hsm_batch *batch = (struct hsm_batch *)get_zeroed_page(GFP_KERNEL);
	struct hsm_block *b;
	u64 gpa = seg->gpa, done;
	u32 i, nr;
	int ret = 0;

	if (!batch)
		return -ENOMEM;
	list_for_each_entry(b, &seg->blocks, list) {
		for (done = 0; done < b->nr && !ret; done += nr) {
			nr = chunk_regions(&b->chunks[done], b->nr - done, batch->regions,
					   BATCH_REGIONS, &gpa);
			for (i = 0; i < nr; i++)
				batch->regions[i].prot = seg->prot | MEM_TYPE_WB;
			ret = batch_send(vm, batch, nr);
			cond_resched();
		}
		if (ret)
			break;
	}
	free_page((unsigned long)batch);
	return ret;
}

/* Whether [gpa, gpa + len) touches a segment. Caller holds mem_lock. */
static bool segment_hit(struct hsm_vm *vm, u64 gpa, u64 len)
{
	struct hsm_segment *seg;

	list_for_each_entry(seg, &vm->segments, list)
		if (range_overlap(seg->gpa, seg->len, gpa, len))
			return true;
	return false;
}

/* The frames may only be freed once the VM cannot reach them. */
static void segment_drop(struct hsm_vm *vm, struct hsm_segment *seg)
{
	int ret = range_del(vm, seg->gpa, seg->len);

	if (!ret) {
		segment_free(seg);
		return;
	}
	pr_err("VM %u: memory at 0x%llx cannot be unmapped (%d), its pages stay pinned\n",
	       vm->vmid, seg->gpa, ret);
	list_add_tail(&seg->list, &vm->segments);
}

/* Give the VM the caller's memory. Caller holds mem_lock. */
static int ram_set(struct hsm_vm *vm, const struct acrn_vm_memmap *map)
{
	struct hsm_segment *seg;
	int ret;

	if (!range_ok(map->vma_base, map->len, TASK_SIZE_MAX)) {
		hsm_refuse("memory segment: 0x%llx, %llu bytes: whole user pages are needed",
			   map->vma_base, map->len);
		return -EINVAL;
	}
	seg = kzalloc(sizeof(*seg), GFP_KERNEL);
	if (!seg)
		return -ENOMEM;
	INIT_LIST_HEAD(&seg->blocks);
	seg->gpa = map->user_vm_pa;
	seg->len = map->len;
	seg->prot = map->attr & MEM_ACCESS_RIGHT_MASK;
	ret = segment_fill(seg, map->vma_base);
	if (ret) {
		segment_free(seg);
		return ret;
	}
	ret = segment_map(vm, seg);
	if (ret) {
		pr_err("VM %u: memory at 0x%llx cannot be mapped (%d)\n", vm->vmid, seg->gpa, ret);
		segment_drop(vm, seg);
		return ret;
	}
	list_add_tail(&seg->list, &vm->segments);
	return 0;
}

/* Give the VM device memory. Caller holds mem_lock. */
static int mmio_set(struct hsm_vm *vm, const struct acrn_vm_memmap *map)
{
	struct vm_memory_region region = {
		.type = MR_ADD,
		.prot = (map->attr & MEM_ACCESS_RIGHT_MASK) | MEM_TYPE_UC,
		.gpa = map->user_vm_pa,
		.service_vm_gpa = map->service_vm_pa,
		.size = map->len,
	};

	if (!range_ok(map->service_vm_pa, map->len, HSM_PA_LIMIT)) {
		hsm_refuse("memory segment: 0x%llx, %llu bytes: whole physical pages are needed",
			   map->service_vm_pa, map->len);
		return -EINVAL;
	}
	if (region_intersects(map->service_vm_pa, map->len, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT) {
		hsm_refuse("memory segment: 0x%llx, %llu bytes is this VM's RAM, not device memory",
			   map->service_vm_pa, map->len);
		return -EPERM;
	}
	return range_send(vm, &region);
}

/* Read and check what SET and UNSET have in common. */
static int memmap_get(struct acrn_vm_memmap *map, unsigned long arg)
{
	if (copy_from_user(map, (void __user *)arg, sizeof(*map)))
		return -EFAULT;
	if (map->type != MEMMAP_RAM && map->type != MEMMAP_MMIO) {
		hsm_refuse("memory segment: type %u is neither RAM (0) nor MMIO (1)", map->type);
		return -EINVAL;
	}
	if (!range_ok(map->user_vm_pa, map->len, HSM_PA_LIMIT)) {
		hsm_refuse("memory segment: guest 0x%llx, %llu bytes: whole pages are needed",
			   map->user_vm_pa, map->len);
		return -EINVAL;
	}
	return 0;
}

/* hsm_mem_set() - HSM_IOC_SET_MEMSEG. */
long hsm_mem_set(struct hsm_vm *vm, unsigned long arg)
{
	struct acrn_vm_memmap map;
	long ret = memmap_get(&map, arg);

	if (ret)
		return ret;
	if (!(map.attr & MEM_ACCESS_RIGHT_MASK)) {
		hsm_refuse("memory segment: attr 0x%x grants no access", map.attr);
		return -EINVAL;
	}
	if (mutex_lock_killable(&vm->mem_lock))
		return -EINTR;
	if (segment_hit(vm, map.user_vm_pa, map.len)) {
		hsm_refuse("memory segment: guest 0x%llx overlaps one that is set", map.user_vm_pa);
		ret = -EEXIST;
	} else if (map.type == MEMMAP_RAM) {
		ret = ram_set(vm, &map);
	} else {
		ret = mmio_set(vm, &map);
	}
	mutex_unlock(&vm->mem_lock);
	return ret;
}

/* Take back a RAM segment, named by its start and length. Caller holds mem_lock. */
static int ram_unset(struct hsm_vm *vm, u64 gpa, u64 len)
{
	struct hsm_segment *seg;
	int ret;

	list_for_each_entry(seg, &vm->segments, list) {
		if (seg->gpa != gpa || seg->len != len)
			continue;
		ret = range_del(vm, gpa, len);
		if (ret)
			return ret;
		list_del(&seg->list);
		segment_free(seg);
		return 0;
	}
	hsm_refuse("unset memory: no segment 0x%llx, %llu bytes is set", gpa, len);
	return -ENOENT;
}

/* hsm_mem_unset() - HSM_IOC_UNSET_MEMSEG. RAM as it was set; MMIO in any pieces. */
long hsm_mem_unset(struct hsm_vm *vm, unsigned long arg)
{
	struct acrn_vm_memmap map;
	long ret = memmap_get(&map, arg);

	if (ret)
		return ret;
	if (mutex_lock_killable(&vm->mem_lock))
		return -EINTR;
	if (map.type == MEMMAP_RAM) {
		ret = ram_unset(vm, map.user_vm_pa, map.len);
	} else if (segment_hit(vm, map.user_vm_pa, map.len)) {
		hsm_refuse("unset memory: guest 0x%llx is RAM, not device memory", map.user_vm_pa);
		ret = -EINVAL;
	} else {
		ret = range_del(vm, map.user_vm_pa, map.len);
	}
	mutex_unlock(&vm->mem_lock);
	return ret;
}

/*
 * hsm_mem_release() - unpin all. vm_gone: the hypervisor has destroyed the VM;
 * else each segment is unmapped first, and kept pinned where that fails.
 */
void hsm_mem_release(struct hsm_vm *vm, bool vm_gone)
{
	struct hsm_segment *seg, *next;
	LIST_HEAD(all);

	mutex_lock(&vm->mem_lock);
	list_splice_init(&vm->segments, &all);
	list_for_each_entry_safe(seg, next, &all, list) {
		list_del(&seg->list);
		if (vm_gone)
			segment_free(seg);
		else
			segment_drop(vm, seg);
	}
	mutex_unlock(&vm->mem_lock);
}

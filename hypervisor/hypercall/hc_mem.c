/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of post-launched VMs. A region is backed by memory of the Service VM:
 * every page is looked up in the Service VM's own EPT, so that nobody is given
 * what the Service VM does not have.
 */
#include "emul/vpci/ivshmem.h"
#include "emul/vpci/vpci.h"
#include "hypercall/hc.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/ownership.h"
#include "mm/pgtable.h"
#include "public/mem.h"
#include "vm/gpa.h"
#include "vm/vm.h"

#define GPA_LIMIT	(1ul << 46)	/* beyond all layouts, within four EPT levels */
#define MAX_REGIONS	4096u

static int attr_of(uint32_t prot, uint32_t *attr)
{
	static const struct { uint32_t type, attr; } types[] = {
		{ MEM_TYPE_WB, PG_WB }, { MEM_TYPE_WT, PG_WT }, { MEM_TYPE_UC, PG_UC },
		{ MEM_TYPE_WC, PG_WC }, { MEM_TYPE_WP, PG_WP },
	};
	unsigned int i;

	*attr = (prot & MEM_ACCESS_READ ? PG_R : 0) | (prot & MEM_ACCESS_WRITE ? PG_W : 0) |
		(prot & MEM_ACCESS_EXEC ? PG_X : 0);
	/* EPT has no write-only and no write-execute entries (28.3.3.1). */
	if (!(*attr & PG_R) || (prot & ~(MEM_ACCESS_RIGHT_MASK | MEM_TYPE_MASK)))
		return ERR(-EINVAL);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if ((prot & MEM_TYPE_MASK) == types[i].type) {
			*attr |= types[i].attr;
			return 0;
		}
	}
	return ERR(-EINVAL);
}

/* What backs `at` in the Service VM: 0, or -EINVAL where it has no memory of its own that it may write. */
static int backing(uint64_t at, hpa_t *pa, uint32_t *attr, uint64_t *page)
{
	if (pgtable_lookup(&service_vm->ept, at, pa, attr, page) || !(*attr & PG_W) ||
	    ivshmem_is_shared(hpa(ALIGN_DOWN(pa->v, *page)), *page))
		return ERR(-EINVAL);
	return 0;
}

static int check_backing(uint64_t from, uint64_t size)
{
	uint64_t done, page;
	uint32_t attr;
	hpa_t pa;

	for (done = 0; done < size; done += page - ((from + done) & (page - 1)))
		if (backing(from + done, &pa, &attr, &page))
			return ERR(-EINVAL);
	return 0;
}

/* Maps run after run of what is contiguous in the Service VM's EPT. Nothing changes when the region is wrong. */
static int add(struct vm *vm, const struct vm_memory_region *r)
{
	uint64_t done = 0, page, n;
	uint32_t attr;
	int err = attr_of(r->prot, &attr);

	if (!err)
		err = check_backing(r->service_vm_gpa, r->size);
	if (err)
		return err;
	for (; done < r->size && !err; done += n) {
		uint64_t from = r->service_vm_gpa + done;
		uint32_t attr_of_backing, want = attr;
		hpa_t pa;

		err = backing(from, &pa, &attr_of_backing, &page);
		if (err)
			break;
		/* Device memory stays uncached whatever was asked; RAM may be made weaker. */
		if (!pg_is_ram(attr_of_backing))
			want = (attr & ~PG_TYPE_MASK) | PG_UC;
		n = MIN(page - (from & (page - 1)), r->size - done);
		err = gpa_map(vm, gpa(r->gpa + done), pa, n, want);
	}
	if (err && done && gpa_unmap(vm, gpa(r->gpa), done))
		vm_crash(vm, "its memory map could not be undone");
	return err;
}

static int change(struct vm *vm, const struct vm_memory_region *r)
{
	uint32_t attr;
	int err;

	switch (r->type) {
	case MR_ADD:
		if (!IS_ALIGNED(r->service_vm_gpa, PAGE_SIZE) || !range_fits(r->service_vm_gpa, r->size, GPA_LIMIT))
			return ERR(-EINVAL);
		return add(vm, r);
	case MR_DEL:
		return gpa_unmap(vm, gpa(r->gpa), r->size);
	case MR_MODIFY:
		err = attr_of(r->prot, &attr);
		return err ? err : gpa_protect(vm, gpa(r->gpa), r->size, PG_R | PG_W | PG_X, attr & (PG_R | PG_W | PG_X));
	default:
		return ERR(-EINVAL);
	}
}

/* Not where a device of ours has memory: what the VM may do there is not its creator's to say. */
static int one_region(struct vm *vm, const struct vm_memory_region *r)
{
	int err;

	if (!r->size || !IS_ALIGNED(r->size | r->gpa, PAGE_SIZE) || !range_fits(r->gpa, r->size, GPA_LIMIT) ||
	    !vpci_lock_range(vm, r->gpa, r->size))
		return ERR(-EINVAL);
	err = change(vm, r);
	vpci_unlock_range(vm);
	return err;
}

int64_t hc_mem_regions(struct hc_call *c)
{
	struct set_regions head;
	struct vm *vm;
	uint64_t before;
	uint32_t i;
	int err = hc_get(c->p1, &head, sizeof(head));

	if (err)
		return err;
	vm = hc_vm_of(head.vmid);
	if (!vm || head.mr_num > MAX_REGIONS)
		return -EINVAL;
	before = pgtable_changes(&vm->ept);
	for (i = 0; i < head.mr_num && !err; i++) {
		struct vm_memory_region r;

		err = hc_get(head.regions_gpa + i * sizeof(r), &r, sizeof(r));
		if (!err)
			err = one_region(vm, &r);
	}
	if (pgtable_changes(&vm->ept) != before)
		ownership_event("a change of memory regions");
	return err;
}

int64_t hc_mem_protect(struct hc_call *c)
{
	struct wp_data wp;
	int err = hc_get(c->p2, &wp, sizeof(wp));

	if (err)
		return err;
	if (wp.set > 1 || !IS_ALIGNED(wp.gpa, PAGE_SIZE) || !vpci_lock_range(c->target, wp.gpa, PAGE_SIZE))
		return -EINVAL;
	err = pgtable_lookup(&c->target->ept, wp.gpa, NULL, NULL, NULL) ? -EINVAL :
	      gpa_protect(c->target, gpa(wp.gpa), PAGE_SIZE, wp.set ? PG_W : 0, wp.set ? 0 : PG_W);
	vpci_unlock_range(c->target);
	return err;
}

int64_t hc_mem_gpa2hpa(struct hc_call *c)
{
	struct acrn_gpa2hpa v;
	hpa_t pa;
	int err = hc_get(c->p2, &v, sizeof(v));

	if (err)
		return err;
	v.hpa = gpa_to_hpa(c->target, gpa(v.gpa), &pa) ? HPA_INVALID : pa.v;
	err = hc_put(c->p2, &v, sizeof(v));
	return err ? err : v.hpa == HPA_INVALID ? -EINVAL : 0;
}

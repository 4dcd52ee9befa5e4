/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory segments that overlap, are unaligned, huge, of nobody, or of somebody else. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "public/mem.h"
#include "victim.h"

#define TOP_OF_RAM	0x100000000ull

static long set(const struct victim *v, struct acrn_vm_memmap m)
{
	return hsm_call(v, HSM_IOC_SET_MEMSEG, (uintptr_t)&m);
}

static long unset(const struct victim *v, struct acrn_vm_memmap m)
{
	return hsm_call(v, HSM_IOC_UNSET_MEMSEG, (uintptr_t)&m);
}

static struct acrn_vm_memmap good(const struct victim *v)
{
	return (struct acrn_vm_memmap) {
		.type = MEMMAP_RAM, .attr = MEM_ACCESS_RWX, .user_vm_pa = 0,
		.vma_base = (uintptr_t)v->ram, .len = VICTIM_RAM,
	};
}

static void bad_shapes(const struct victim *v)
{
	static const struct {
		const char *what;
		uint64_t gpa, offset, len;
	} bad[] = {
		{ "empty", 0, 0, 0 },
		{ "length not whole pages", 0, 0, 100 },
		{ "guest address not aligned", 0x800, 0, PAGE_BYTES },
		{ "own address not aligned", 0, 0x10, PAGE_BYTES },
		{ "longer than what is mapped", 0, 0, 1ull << 30 },
		{ "as large as all addresses", 0, 0, ~0xfffull },
		{ "guest address wraps", ~0xfffull, 0, 2 * PAGE_BYTES },
		{ "guest address beyond all memory", 1ull << 51, 0, PAGE_BYTES },
		{ "kernel address", 0, 0xffff888000000000ull, PAGE_BYTES },
		{ "own address wraps", 0, ~0xfffull, 1ull << 40 },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct acrn_vm_memmap m = good(v);

		m.user_vm_pa = bad[i].gpa;
		m.vma_base = bad[i].offset > VICTIM_RAM ? bad[i].offset : m.vma_base + bad[i].offset;
		m.len = bad[i].len;
		refused(bad[i].what, set(v, m), 0);
	}
}

static void bad_fields(const struct victim *v)
{
	struct acrn_vm_memmap m = good(v);

	m.type = 2;
	refused("unknown type", set(v, m), EINVAL);
	m = good(v);
	m.attr = 0;
	refused("no rights", set(v, m), EINVAL);
	m.attr = MEM_ACCESS_WRITE;
	refused("write-only", set(v, m), 0);
	m.attr = ~0u;
	m.attr &= ~MEM_ACCESS_READ;
	refused("all bits but read", set(v, m), 0);
}

/* Memory that this process may not write, or only in part. */
static void bad_backing(const struct victim *v)
{
	struct acrn_vm_memmap m = good(v);

	mprotect(v->ram + PAGE_BYTES, PAGE_BYTES, PROT_READ);
	refused("a read-only page within", set(v, m), EFAULT);
	mprotect(v->ram + PAGE_BYTES, PAGE_BYTES, PROT_READ | PROT_WRITE);
	m.vma_base = NOWHERE;
	refused("nothing mapped there", set(v, m), EFAULT);
}

static void others_memory(const struct victim *v)
{
	static const struct {
		const char *what;
		uint64_t pa, len;
	} bad[] = {
		{ "the Service VM's kernel", 0x1000000, PAGE_BYTES },
		{ "the Service VM's first page", 0, PAGE_BYTES },
		{ "all the Service VM has", 0, TOP_OF_RAM },
		{ "the local APIC", 0xfee00000, PAGE_BYTES },
		{ "the I/O APIC", 0xfec00000, PAGE_BYTES },
		{ "beyond all memory", 1ull << 45, PAGE_BYTES },
		{ "beyond all addresses", 1ull << 51, PAGE_BYTES },
		{ "address wraps", ~0xfffull, 2 * PAGE_BYTES },
		{ "not aligned", 0xfed00010, PAGE_BYTES },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct acrn_vm_memmap m = {
			.type = MEMMAP_MMIO, .attr = MEM_ACCESS_RWX, .user_vm_pa = 0x10000000,
			.service_vm_pa = bad[i].pa, .len = bad[i].len,
		};

		refused(bad[i].what, set(v, m), 0);
	}
}

static void overlaps(struct victim *v)
{
	struct acrn_vm_memmap m = good(v);

	granted("memory", victim_set_ram(v));
	refused("the same again", set(v, m), EEXIST);
	m.user_vm_pa = VICTIM_RAM - PAGE_BYTES;
	m.len = PAGE_BYTES;
	refused("over the last page", set(v, m), EEXIST);
	refused("take back a part", unset(v, m), ENOENT);
	m.user_vm_pa = 1ull << 32;
	refused("take back what was not set", unset(v, m), ENOENT);
	m = good(v);
	m.type = MEMMAP_MMIO;
	refused("take RAM back as device", unset(v, m), EINVAL);
	m.type = 77;
	refused("take back of unknown type", unset(v, m), EINVAL);
	m = good(v);
	m.user_vm_pa = VICTIM_RAM;
	granted("the same pages at a second place", set(v, m));
	granted("and away again", unset(v, m));
}

void case_memory(void)
{
	struct victim v;

	victim_open(&v);
	granted("create", victim_create(&v));
	bad_shapes(&v);
	bad_fields(&v);
	bad_backing(&v);
	others_memory(&v);
	overlaps(&v);
	/* The VM loses its memory while it runs. */
	granted("registers", victim_set_regs(&v));
	granted("start", hsm_call(&v, HSM_IOC_START_VM, 0));
	granted("memory away while it runs", unset(&v, good(&v)));
	memset(v.ram, 0xa5, VICTIM_RAM);
	granted("destroy", hsm_call(&v, HSM_IOC_DESTROY_VM, 0));
	victim_close(&v);
}

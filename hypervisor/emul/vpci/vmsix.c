/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MSI-X of a physical function (PCI 3.0, 6.8.2): the capability, and the pages
 * of its table, which leave the Service VM's memory map so that every access
 * exits. A device whose table is not trapped never has its MSI-X enabled: then
 * whatever stands in the table has no effect.
 */
#include "emul/vpci/vpci_priv.h"
#include "hw/pci.h"
#include "io/region.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/hostmap.h"
#include "mm/pgtable.h"
#include "vm/gpa.h"
#include "vm/vm.h"
#include "x86/cpuid.h"
#include "x86/insn.h"

#define CAP_SIZE	12u
#define ENTRY_SIZE	16u
/* Control register, as in the capability's first dword. */
#define CONTROL_SIZE(c)	(((c) >> 16 & 0x7ffu) + 1)
#define CONTROL_FMASK	(1u << 30)
#define CONTROL_ENABLE	(1u << 31)
#define BIR_MASK	7u

#define BAR_IO		1u
#define BAR_TYPE_MASK	6u
#define BAR_TYPE_64	4u
#define BAR_FLAGS	0xfu

#define LIMIT_4G	(1ul << 32)
#define DIRECT_MAP_BITS	46u	/* lib/addr.h */
#define DEFAULT_BITS	36u	/* of a CPU that does not tell */
#define MAX_MOVES	256u	/* of one table: each may cost us a page for page tables */

/* Where the function's BAR is; 0: not assigned, or no memory BAR. */
static uint64_t bar_address(const struct pci_function *f, uint32_t bar)
{
	uint32_t nr = f->header_type == 0 ? 6 : f->header_type == PCI_HEADER_BRIDGE ? 2 : 0, low;
	uint64_t high = 0;

	if (bar >= nr)
		return 0;
	low = pci_read(f->bdf, PCI_REG_BAR(bar), 4);
	if (low & BAR_IO)
		return 0;
	if ((low & BAR_TYPE_MASK) == BAR_TYPE_64) {
		if (bar + 1 >= nr)
			return 0;
		high = pci_read(f->bdf, PCI_REG_BAR(bar + 1), 4);
	}
	return high << 32 | (low & ~BAR_FLAGS);
}

static uint64_t table_address(const struct pci_function *f)
{
	uint64_t bar = bar_address(f, f->msix.bar);

	return bar ? bar + f->msix.bar_offset : 0;
}

uint64_t passthru_address_limit(void)
{
	uint32_t bits = DEFAULT_BITS;

	if (cpuid(0x80000000u, 0).eax >= CPUID_LEAF_ADDR_SIZES)
		bits = cpuid(CPUID_LEAF_ADDR_SIZES, 0).eax & 0xff;
	return 1ul << MIN(bits, DIRECT_MAP_BITS);
}

/*
 * The guest chooses where a BAR is, and we will access these pages for it: they
 * must be device memory that it could access itself. Not ours, not RAM, not an
 * interrupt controller, not another function's trapped table.
 */
bool passthru_is_device(const struct vm *vm, uint64_t start, uint64_t size)
{
	uint64_t at;

	if (!range_fits(start, size, passthru_address_limit()))
		return false;
	for (at = start; at < start + size; at += PAGE_SIZE) {
		uint32_t attr;
		hpa_t to;

		if (!pgtable_lookup(&vm->ept, at, &to, &attr, NULL)) {
			if (to.v != at || pg_is_ram(attr))
				return false;
		} else if (at < LIMIT_4G || passthru_is_memory(at) || at - vm->vpci->ecam < vm->vpci->ecam_size) {
			return false;	/* above 4 GiB the guest's first touch maps devices */
		}
	}
	return true;
}

static void trap_range(const struct vmsix *x, uint64_t table, uint64_t *start, uint64_t *size)
{
	*start = ALIGN_DOWN(table, PAGE_SIZE);
	*size = ALIGN_UP(table + x->nr_real * ENTRY_SIZE, PAGE_SIZE) - *start;
}

bool vmsix_traps(const struct pci_function *f, uint64_t gpa, uint64_t size)
{
	return f->msix.trap_size && ranges_overlap(gpa, size, f->msix.trap, f->msix.trap_size);
}

static void give_back(struct pci_function *f, uint64_t start, uint64_t size)
{
	if (gpa_map(f->vm, gpa(start), hpa(start), size, PG_R | PG_W | PG_UC))
		log_err("PCI %04x: no memory to give the pages at %lx back to vm %s\n", f->bdf, start, f->vm->name);
}

static void untrap(struct pci_function *f)
{
	struct vmsix *x = &f->msix;

	if (!x->trap_size)
		return;
	io_region_remove(f->vm, IO_MMIO, x->trap);
	give_back(f, x->trap, x->trap_size);
	x->trap_size = 0;
	x->host = NULL;
}

static int trap(struct pci_function *f, uint64_t table)
{
	struct vmsix *x = &f->msix;
	uint64_t start, size;
	int err;

	trap_range(x, table, &start, &size);
	if (!passthru_is_device(f->vm, start, size) || x->nr_moves >= MAX_MOVES)
		return ERR(-EINVAL);
	/* Back where it was, after sizing say, costs nothing. */
	if (start != x->trap)
		x->nr_moves++;
	x->host = hostmap_device(hpa(start), size);
	if (!x->host)
		return ERR(-ENOMEM);
	err = gpa_unmap(f->vm, gpa(start), size);
	if (!err)
		err = io_region_add(f->vm, &(struct io_region){ IO_MMIO, start, size, passthru_trap, f->vm->vpci });
	if (err) {
		give_back(f, start, size);	/* what a failed unmapping took, too */
		return err;
	}
	x->trap = start;
	x->trap_size = size;
	x->table = (uint32_t)(table - start);
	return 0;
}

void vmsix_place(struct pci_function *f)
{
	struct vmsix *x = &f->msix;
	bool decodes = pci_read(f->bdf, PCI_REG_COMMAND, 2) & PCI_CMD_MEMORY;
	uint64_t table;

	if (!x->at)
		return;
	table = decodes ? table_address(f) : 0;
	if (x->trap_size ? table == x->trap + x->table : !table)
		return;
	/* Silent before its table is out of sight; at the new place it is filled anew. */
	vmsix_table_stop(f);
	untrap(f);
	if (table && trap(f, table)) {
		if (!x->told_trap)
			log_warn("PCI %04x: its MSI-X table at %lx cannot be handled; no MSI-X there\n", f->bdf, table);
		x->told_trap = true;
	}
	vmsix_table_apply(f);
}

/* What makes a capability unusable for good; NULL: nothing. */
static const char *unusable(const struct pci_function *f, uint32_t at)
{
	uint64_t table, start, size;

	if (at + CAP_SIZE > PCI_CONFIG_SIZE)
		return "its capability does not fit";
	if (f->msi.at && ranges_overlap(at, CAP_SIZE, f->msi.at, f->msi.size))
		return "its capability lies on that of MSI";
	table = table_address(f);
	if (!table)
		return "the BAR of its table has no address";
	trap_range(&f->msix, table, &start, &size);
	if (!passthru_is_device(f->vm, start, size))
		return "its table is in a place that is not the VM's alone";
	return NULL;
}

void vmsix_init(struct pci_function *f)
{
	struct vmsix *x = &f->msix;
	uint32_t at = cap_find(f->bdf, PCI_CAP_MSIX), control, where, i;
	const char *why;

	if (!at)
		return;
	control = pci_read(f->bdf, at, 4);
	where = at + 8 > PCI_CONFIG_SIZE ? 0 : pci_read(f->bdf, at + 4, 4);
	x->nr_real = CONTROL_SIZE(control);
	x->nr = MIN(x->nr_real, VMSIX_ENTRIES);
	x->bar = where & BIR_MASK;
	x->bar_offset = where & ~BIR_MASK;
	/* The firmware's, or what a VM before a reset left. */
	if (control & CONTROL_ENABLE)
		pci_write(f->bdf, at + 2, 2, 0);
	why = unusable(f, at);
	if (why) {
		log_warn("PCI %04x: MSI-X hidden: %s\n", f->bdf, why);
		return;
	}
	for (i = 0; i < VMSIX_ENTRIES; i++)
		x->entry[i].masked = true;
	x->at = at;
	vmsix_place(f);
}

void vmsix_fini(struct pci_function *f)
{
	vmsix_table_stop(f);
	untrap(f);
	f->msix.at = 0;
}

bool vmsix_owns(const struct pci_function *f, uint32_t reg)
{
	return f->msix.at && reg >= f->msix.at && reg < f->msix.at + CAP_SIZE;
}

uint32_t vmsix_read(const struct pci_function *f, uint32_t reg)
{
	const struct vmsix *x = &f->msix;
	uint32_t v = pci_read(f->bdf, reg, 4);

	if (reg != x->at)
		return v;
	return (v & 0xffffu) | (x->nr - 1) << 16 | (x->function_mask ? CONTROL_FMASK : 0) |
	       (x->enabled ? CONTROL_ENABLE : 0);
}

void vmsix_write(struct pci_function *f, uint32_t reg, uint32_t value, uint32_t mask)
{
	struct vmsix *x = &f->msix;
	uint32_t v;

	if (reg != x->at)
		return;		/* read-only */
	v = (vmsix_read(f, reg) & ~mask) | (value & mask);
	x->enabled = v & CONTROL_ENABLE;
	x->function_mask = v & CONTROL_FMASK;
	vmsix_table_apply(f);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's address space:
 *
 *   HOST_DIRECT_BASE + hpa   memory of the firmware's map, R W; the image's own
 *                            code and constants only R; devices as asked, uncached
 *   HOST_STACK_BASE + n      thread stacks, one slot of 16 pages each
 *   HOST_IMAGE_BASE + hpa    the image: code R X, constants R, data R W
 */
#include "mm/hostmap.h"

#include "lib/errno.h"
#include "lib/spinlock.h"
#include "lib/util.h"
#include "log/panic.h"
#include "mm/bootstack.h"
#include "mm/e820.h"
#include "mm/frame.h"
#include "mm/pgtable.h"
#include "x86/cpuid.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/pte.h"

#define STACK_SLOT_PAGES	16u
#define STACK_SLOT_SIZE		(STACK_SLOT_PAGES * PAGE_SIZE)
#define MAX_STACKS		2048u

/* The BIOS area; video memory in it is a device. */
#define LOW_END			0x100000ul
#define VIDEO_START		0xa0000ul
#define VIDEO_END		0xc0000ul

/* What the boot page tables map; enough to read the ACPI tables when the boot ends early. */
#define BOOT_MAP_END		(4ul << 30)

uint8_t boot_stack_area[NR_BOOT_STACKS][BOOT_STACK_STRIDE] __aligned(4096);

/* From the linker script. */
extern char image_start_pa[], image_end_pa[], image_text_start[], image_text_end[], image_rodata_end[], image_end[];

static struct pgtable host_pt;

/* Stacks that were put back keep their slot and their pages: no CPU's TLB needs a flush. */
static struct {
	struct spinlock lock;
	uint32_t nr_slots;			/* [lock] ever handed out */
	uint8_t spare_pages[MAX_STACKS];	/* [lock] pages of a slot that waits for its next user, else 0 */
} stacks;

static void map(uint64_t va, uint64_t pa, uint64_t size, uint32_t attr)
{
	if (size && pgtable_map(&host_pt, va, hpa(pa), size, attr))
		panic("host page tables: cannot map %lu KiB at %lx (page pool: %u pages free)",
		      size >> 10, pa, frame_nr_free());
}

static void map_direct(uint64_t start, uint64_t end, uint32_t attr)
{
	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	if (start < end)
		map(HOST_DIRECT_BASE + start, start, end - start, attr);
}

/* Memory the firmware reported, also what has been reserved since; the first MiB is mapped as a whole. */
static void map_memory(void)
{
	for (uint32_t i = 0; i < e820_firmware.nr; i++) {
		const struct e820_entry *e = &e820_firmware.entry[i];

		if (e->type == E820_RAM || e->type == E820_ACPI || e->type == E820_NVS)
			map_direct(MAX(e->base, LOW_END), e->base + e->size, PG_R | PG_W | PG_WB);
	}
	map_direct(0, VIDEO_START, PG_R | PG_W | PG_WB);
	map_direct(VIDEO_START, VIDEO_END, PG_R | PG_W | PG_UC);
	map_direct(VIDEO_END, LOW_END, PG_R | PG_W | PG_WB);
}

static uint64_t image_pa(const char *symbol)
{
	return (uint64_t)symbol - HOST_IMAGE_BASE;
}

static void map_image(void)
{
	uint64_t text = image_pa(image_text_start), rodata = image_pa(image_text_end);
	uint64_t data = image_pa(image_rodata_end), end = ALIGN_UP(image_pa(image_end), PAGE_SIZE);

	map(HOST_IMAGE_BASE + text, text, rodata - text, PG_R | PG_X);
	map(HOST_IMAGE_BASE + rodata, rodata, data - rodata, PG_R);
	map(HOST_IMAGE_BASE + data, data, end - data, PG_R | PG_W);
	/* The direct map must not be a way around. */
	map_direct((uint64_t)image_start_pa, data, PG_R);
	for (uint32_t i = 0; i < NR_BOOT_STACKS; i++)
		if (pgtable_unmap(&host_pt, (uint64_t)boot_stack_area[i], PAGE_SIZE))
			panic("host page tables: cannot unmap a stack's guard page");
}

/* See the header. */
void hostmap_load(void)
{
	if (cpuid(CPUID_LEAF_EXT_FEATURES, 0).edx & CPUID_EXT1_EDX_NX)
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	wrmsr(MSR_PAT, HOST_PAT);
	write_cr3(hva_to_hpa(host_pt.root).v);
}

/* See the header. */
void hostmap_init(void)
{
	if (pgtable_init(&host_pt, &pgtable_host))
		panic("host page tables: the page pool is empty");
	map_memory();
	map_image();
	hostmap_load();
}

/* See the header. */
uint64_t hostmap_root(void)
{
	return hva_to_hpa(host_pt.root).v;
}

/* See the header. Any context. */
bool hostmap_readable(uint64_t va)
{
	return host_pt.root && !pgtable_lookup(&host_pt, va, NULL, NULL, NULL);
}

/* See the header. */
bool hostmap_is_text(uint64_t va)
{
	return va >= (uint64_t)image_text_start && va < (uint64_t)image_text_end;
}

/* See the header. What is mapped already keeps its type. */
void *hostmap_device(hpa_t start, uint64_t size)
{
	uint64_t at = ALIGN_DOWN(start.v, PAGE_SIZE), end = ALIGN_UP(start.v + size, PAGE_SIZE);

	if (!size || !range_fits(start.v, size, PTE_ADDR))
		return NULL;
	if (!host_pt.root)
		return end <= BOOT_MAP_END ? hpa_to_hva(start) : NULL;
	for (; at < end; at += PAGE_SIZE)
		if (!hostmap_readable(HOST_DIRECT_BASE + at) &&
		    pgtable_map(&host_pt, HOST_DIRECT_BASE + at, hpa(at), PAGE_SIZE, PG_R | PG_W | PG_UC))
			return NULL;
	return hpa_to_hva(start);
}

static uint64_t slot_address(uint32_t slot)
{
	/* The first page is the guard. */
	return HOST_STACK_BASE + slot * STACK_SLOT_SIZE + PAGE_SIZE;
}

/* A spare stack of this size, or a new slot; MAX_STACKS when there is none. */
static uint32_t slot_get(uint32_t pages, bool *spare)
{
	uint32_t slot = MAX_STACKS;

	*spare = false;
	spin_lock(&stacks.lock);
	for (uint32_t i = 0; i < stacks.nr_slots && !*spare; i++) {
		if (stacks.spare_pages[i] == pages) {
			stacks.spare_pages[i] = 0;
			slot = i;
			*spare = true;
		}
	}
	if (!*spare && stacks.nr_slots < MAX_STACKS)
		slot = stacks.nr_slots++;
	spin_unlock(&stacks.lock);
	return slot;
}

/* See the header. */
void *hostmap_stack_get(uint32_t pages)
{
	uint32_t slot;
	bool spare;
	void *p;

	if (!pages || pages >= STACK_SLOT_PAGES)
		return NULL;
	slot = slot_get(pages, &spare);
	if (slot == MAX_STACKS)
		return NULL;
	if (spare)
		return (void *)slot_address(slot);
	p = frame_get(pages);
	/* A slot that failed once is lost; there are plenty, and memory is out. */
	if (!p)
		return NULL;
	if (pgtable_map(&host_pt, slot_address(slot), hva_to_hpa(p), pages * PAGE_SIZE, PG_R | PG_W)) {
		frame_put(p, pages);
		return NULL;
	}
	return (void *)slot_address(slot);
}

/* See the header. NULL is ignored. */
void hostmap_stack_put(void *stack, uint32_t pages)
{
	uint64_t off = (uint64_t)stack - HOST_STACK_BASE;

	if (!stack)
		return;
	ASSERT(off / STACK_SLOT_SIZE < stacks.nr_slots && off % STACK_SLOT_SIZE == PAGE_SIZE);
	spin_lock(&stacks.lock);
	stacks.spare_pages[off / STACK_SLOT_SIZE] = (uint8_t)pages;
	spin_unlock(&stacks.lock);
}

/* See the header. */
uint32_t hostmap_stacks_spare(void)
{
	uint32_t n = 0;

	spin_lock(&stacks.lock);
	for (uint32_t i = 0; i < stacks.nr_slots; i++)
		n += stacks.spare_pages[i];
	spin_unlock(&stacks.lock);
	return n;
}

/* See the header. */
void hostmap_image(hpa_t *start, uint64_t *size)
{
	*start = hpa((uint64_t)image_start_pa);
	*size = (uint64_t)image_end_pa - (uint64_t)image_start_pa;
}

/* See the header. */
const struct pgtable *hostmap_table(void)
{
	return &host_pt;
}

/* See the header. */
void hostmap_text(hpa_t *text, hpa_t *rodata, hpa_t *end)
{
	*text = hpa(image_pa(image_text_start));
	*rodata = hpa(image_pa(image_text_end));
	*end = hpa(image_pa(image_rodata_end));
}

/* See the header. Boot stacks' first, then those below each thread stack's slot. Any CPU. */
uint64_t hostmap_guard(uint32_t n)
{
	if (n < NR_BOOT_STACKS)
		return (uint64_t)boot_stack_area[n];
	n -= NR_BOOT_STACKS;
	return n < READ_ONCE(stacks.nr_slots) ? slot_address(n) - PAGE_SIZE : 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What every kernel format needs: the guest's memory map, places in it, flat registers. */
#include "machine/load.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "public/vm.h"
#include "vm/gpa.h"
#include "vm/vcpu.h"
#include "vm/vm.h"
#include "x86/cr.h"

#define LOW_RAM_END	0xa0000u
#define HIGH_RAM_START	0x100000u
#define MAP_PAGES	((uint32_t)PAGES(sizeof(struct e820_map)))
#define CODE_SEL	0x10u
#define DATA_SEL	0x18u
#define FLAT_CODE	0x00cf9b000000fffful
#define FLAT_DATA	0x00cf93000000fffful
#define FLAT_CODE_AR	0xc09bu

static const uint32_t elf_magic = 0x464c457fu;

/* RAM with the legacy hole below 1 MiB; the firmware area holds the ACPI tables. */
static int map_prelaunched(const struct vm *vm, struct e820_map *m)
{
	int err = e820_add(m, 0, LOW_RAM_END, E820_RAM);

	if (!err)
		err = e820_add(m, LOW_RAM_END, HIGH_RAM_START - LOW_RAM_END, E820_RESERVED);
	if (!err)
		err = e820_add(m, HIGH_RAM_START, vm->ram_size - HIGH_RAM_START, E820_RAM);
	return err;
}

static int build_map(struct load_job *job)
{
	if (!vm_is_service_order(job->vm))
		return map_prelaunched(job->vm, job->e820);
	*job->e820 = host_e820;
	return 0;
}

uint64_t load_place(struct load_job *job, uint64_t size, uint64_t align, uint64_t limit, const char *what)
{
	uint64_t at;

	if (e820_take(job->free, ALIGN_UP(size, PAGE_SIZE), align, limit, &at)) {
		log_err("vm %s: no room for %lu KB of %s below %lx in its memory\n", job->vm->name,
			(size + 1023) / 1024, what, limit);
		return 0;
	}
	return at;
}

int load_claim(struct load_job *job, uint64_t base, uint64_t size)
{
	uint32_t i;

	for (i = 0; i < job->free->nr; i++) {
		const struct e820_entry *e = &job->free->entry[i];

		if (e->type == E820_RAM && base >= e->base && range_fits(base - e->base, size, e->size))
			return e820_carve(job->free, base, size, E820_RESERVED);
	}
	return -ENOMEM;
}

int load_ramdisk(struct load_job *job, uint64_t limit)
{
	const struct load_image *im = job->image;

	if (!im->ramdisk)
		return 0;
	job->ramdisk = load_place(job, im->ramdisk_size, PAGE_SIZE, limit, "ramdisk");
	if (!job->ramdisk)
		return ERR(-ENOMEM);
	return gpa_write(job->vm, gpa(job->ramdisk), im->ramdisk, im->ramdisk_size);
}

int load_flat_regs(struct load_job *job, struct acrn_regs *r, uint64_t rip, uint64_t gdt)
{
	const uint64_t table[4] = { 0, 0, FLAT_CODE, FLAT_DATA };

	*r = (struct acrn_regs){
		.gdt = { .limit = sizeof(table) - 1, .base = gdt },
		.rip = rip, .cr0 = CR0_PE | CR0_ET | CR0_NE, .rflags = RFLAGS_FIXED,
		.cs_ar = FLAT_CODE_AR, .cs_limit = 0xffffffffu, .cs_sel = CODE_SEL,
		.ss_sel = DATA_SEL, .ds_sel = DATA_SEL, .es_sel = DATA_SEL, .fs_sel = DATA_SEL, .gs_sel = DATA_SEL,
	};
	return gpa_write(job->vm, gpa(gdt), table, sizeof(table));
}

static bool is_elf(const struct load_image *im)
{
	uint32_t magic;

	if (im->kernel_size < sizeof(magic))
		return false;
	memcpy(&magic, im->kernel, sizeof(magic));
	return magic == elf_magic;
}

static int load(struct load_job *job)
{
	struct acrn_regs regs;
	int err = build_map(job);

	if (err)
		return err;
	*job->free = *job->e820;
	/* Page 0 is nobody's: real-mode vectors, and a null pointer of the guest's. */
	err = e820_carve(job->free, 0, PAGE_SIZE, E820_RESERVED);
	if (err)
		return err;
	job->rsdp = vm_is_service_order(job->vm) ? service_acpi_build(job) : guest_acpi_build(job);
	if (!job->rsdp)
		return ERR(-ENOMEM);
	err = is_elf(job->image) ? load_elf(job, &regs) : load_bzimage(job, &regs);
	return err ? err : vcpu_set_regs(job->vm->vcpus[0], &regs);
}

int load_kernel(struct vm *vm, const struct load_image *image)
{
	struct load_job job = { .vm = vm, .image = image, .e820 = frame_get(MAP_PAGES), .free = frame_get(MAP_PAGES) };
	int err = job.e820 && job.free ? load(&job) : ERR(-ENOMEM);

	frame_put(job.e820, MAP_PAGES);
	frame_put(job.free, MAP_PAGES);
	return err;
}

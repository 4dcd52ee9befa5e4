/* SPDX-License-Identifier: BSD-3-Clause */
/* Linux bzImage by the 32-bit boot protocol (Linux, Documentation/x86/boot.rst). */
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/load.h"
#include "public/vm.h"
#include "vm/gpa.h"
#include "vm/vm.h"

#define LIMIT_4G	(1ul << 32)
#define LOW_LIMIT	0x9f000u	/* below the firmware's extended data area */
#define SECTOR		512u
#define MIN_VERSION	0x20au		/* init_size, pref_address */
#define LOADER_UNKNOWN	0xffu
#define LOADED_HIGH	0x01u
#define CMDLINE_MAX	2048u
#define E820_SLOTS	128u

/* The setup header, at byte 0x1f1 of the image and of the zero page. */
struct setup_header {
	uint8_t setup_sects;
	uint16_t root_flags;
	uint32_t syssize;
	uint16_t ram_size, vid_mode, root_dev, boot_flag, jump;
	uint32_t header;
	uint16_t version;
	uint32_t realmode_swtch;
	uint16_t start_sys_seg, kernel_version;
	uint8_t type_of_loader, loadflags;
	uint16_t setup_move_size;
	uint32_t code32_start, ramdisk_image, ramdisk_size, bootsect_kludge;
	uint16_t heap_end_ptr;
	uint8_t ext_loader_ver, ext_loader_type;
	uint32_t cmd_line_ptr, initrd_addr_max, kernel_alignment;
	uint8_t relocatable_kernel, min_alignment;
	uint16_t xloadflags;
	uint32_t cmdline_size, hardware_subarch;
	uint64_t hardware_subarch_data;
	uint32_t payload_offset, payload_length;
	uint64_t setup_data, pref_address;
	uint32_t init_size, handover_offset;
} __packed;
_Static_assert(offsetof(struct setup_header, pref_address) + 0x1f1 == 0x258, "boot protocol");

struct boot_e820 {
	uint64_t addr, size;
	uint32_t type;
} __packed;

/* The zero page, what we fill of it. */
struct zero_page {
	uint8_t screen_info[0x40], apm[0x30];
	uint64_t acpi_rsdp_addr;		/* 0x070 */
	uint8_t pad1[0x1e8 - 0x78];
	uint8_t e820_entries;			/* 0x1e8 */
	uint8_t pad2[0x1f1 - 0x1e9];
	struct setup_header hdr;		/* 0x1f1 */
	uint8_t pad3[0x2d0 - 0x1f1 - sizeof(struct setup_header)];
	struct boot_e820 e820[E820_SLOTS];	/* 0x2d0 */
	uint8_t pad4[0x1000 - 0x2d0 - E820_SLOTS * sizeof(struct boot_e820)];
} __packed;
_Static_assert(sizeof(struct zero_page) == 4096, "one page");

/* The block in low memory. */
struct low_block {
	struct zero_page zero;
	char cmdline[CMDLINE_MAX];
	uint64_t gdt[4];
};

static int bad(const struct vm *vm, const char *why)
{
	log_err("vm %s: its kernel is no usable bzImage or ELF: %s\n", vm->name, why);
	return ERR(-ENOEXEC);
}

/* The kernel proper: behind the setup code, as long as its header says. What may follow (a signature) is not loaded. */
struct payload {
	uint64_t offset, size;
};

static int check_header(const struct load_job *job, struct setup_header *h, struct payload *p)
{
	const struct load_image *im = job->image;

	if (im->kernel_size < 0x1f1 + sizeof(*h))
		return bad(job->vm, "the file is shorter than a boot header");
	memcpy(h, (const uint8_t *)im->kernel + 0x1f1, sizeof(*h));
	if (h->boot_flag != 0xaa55 || h->header != 0x53726448u)
		return bad(job->vm, "neither the HdrS mark at 0x202 nor an ELF header is there");
	if (h->version < MIN_VERSION || !(h->loadflags & LOADED_HIGH))
		return bad(job->vm, "boot protocol older than 2.10");
	p->offset = ((h->setup_sects ? h->setup_sects : 4u) + 1u) * SECTOR;
	if (p->offset >= im->kernel_size)
		return bad(job->vm, "the file ends inside its setup code");
	if ((uint64_t)h->syssize * 16 > ALIGN_UP(im->kernel_size - p->offset, 16))
		return bad(job->vm, "the file is truncated: shorter than its header says");
	p->size = MIN((uint64_t)h->syssize * 16, im->kernel_size - p->offset);
	if (!h->init_size || !h->kernel_alignment || (h->kernel_alignment & (h->kernel_alignment - 1)))
		return bad(job->vm, "init_size or kernel_alignment of the header makes no sense");
	if (!p->size || p->size > h->init_size)
		return bad(job->vm, "syssize of the header is 0 or beyond init_size");
	return 0;
}

/* Where it prefers to be, else, when it is relocatable, anywhere below 4 GiB. */
static uint64_t place_kernel(struct load_job *job, const struct setup_header *h)
{
	uint64_t want = job->vm->cfg->kernel.load_addr ? job->vm->cfg->kernel.load_addr : h->pref_address;

	if (range_fits(want, h->init_size, LIMIT_4G) && !load_claim(job, want, h->init_size))
		return want;
	if (!h->relocatable_kernel) {
		log_err("vm %s: its kernel wants %u KB of memory at %lx, which is not all free RAM below 4 GB, and it "
			"is not relocatable\n", job->vm->name, h->init_size / 1024, want);
		return 0;
	}
	return load_place(job, h->init_size, h->kernel_alignment, LIMIT_4G, "kernel");
}

static void fill_e820(struct zero_page *z, const struct e820_map *m)
{
	uint32_t i;

	for (i = 0; i < m->nr && i < E820_SLOTS; i++)
		z->e820[i] = (struct boot_e820){ m->entry[i].base, m->entry[i].size, m->entry[i].type };
	z->e820_entries = (uint8_t)i;
}

static void fill_block(const struct load_job *job, struct low_block *b, const struct setup_header *h, uint64_t at,
		       uint64_t kernel)
{
	struct setup_header *to = &b->zero.hdr;

	memset(b, 0, sizeof(*b));
	*to = *h;
	to->type_of_loader = LOADER_UNKNOWN;
	to->code32_start = (uint32_t)kernel;
	to->cmd_line_ptr = (uint32_t)(at + offsetof(struct low_block, cmdline));
	to->ramdisk_image = (uint32_t)job->ramdisk;
	to->ramdisk_size = job->ramdisk ? (uint32_t)job->image->ramdisk_size : 0;
	to->setup_data = 0;
	b->zero.acpi_rsdp_addr = job->rsdp;
	fill_e820(&b->zero, job->e820);
	str_copy(b->cmdline, job->image->cmdline, sizeof(b->cmdline));
}

int load_bzimage(struct load_job *job, struct acrn_regs *regs)
{
	struct payload payload = { 0 };
	uint64_t kernel, low;
	struct setup_header h;
	struct low_block *b;
	int err = check_header(job, &h, &payload);

	if (err)
		return err;
	kernel = place_kernel(job, &h);
	low = load_place(job, sizeof(*b), PAGE_SIZE, LOW_LIMIT, "boot parameters");
	if (!kernel || !low)
		return ERR(-ENOMEM);
	err = load_ramdisk(job, MIN((uint64_t)h.initrd_addr_max + 1, LIMIT_4G));
	if (!err)
		err = gpa_write(job->vm, gpa(kernel), (const uint8_t *)job->image->kernel + payload.offset, payload.size);
	b = gpa_ptr(job->vm, gpa(low), sizeof(*b));
	if (err || !b)
		return err ? err : ERR(-EFAULT);
	fill_block(job, b, &h, low, kernel);
	err = load_flat_regs(job, regs, job->vm->cfg->kernel.entry_addr ? job->vm->cfg->kernel.entry_addr : kernel,
			     low + offsetof(struct low_block, gdt));
	regs->gprs.rsi = low;
	return err;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Choose the loader, place what all loaders share, and start the boot CPU in flat protected mode. */
#include "boot/load.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "boot/acpi.h"
#include "boot/bzimage.h"
#include "boot/elf.h"
#include "boot/file.h"
#include "core/log.h"
#include "core/vm.h"
#include "public/vm.h"

#define PAGE		4096u

/* Selectors the Linux boot protocol asks for: code 0x10, data 0x18. */
#define SEL_CODE	0x10
#define SEL_DATA	0x18
#define DESC_CODE	0x00CF9B000000FFFFull	/* base 0, limit 4 GB, 32 bits, execute/read, accessed */
#define DESC_DATA	0x00CF93000000FFFFull
#define AR_CODE		0xC09Bu			/* the same in the VMCS's format (SDM 24.4.1) */
#define CR0_PE_ET_NE	0x31u
#define RFLAGS_FIXED	0x2u

int boot_load_ramdisk(struct vm *vm, uint64_t limit, uint64_t *gpa, uint64_t *size)
{
	const char *path = config_get(&vm->config, "boot.ramdisk");
	struct boot_file file;
	void *dst;
	int err;

	*gpa = *size = 0;
	if (!path)
		return 0;
	err = boot_file_open(&file, path, "ramdisk");
	if (err)
		return err;
	if (file.size >= limit || limit - file.size < 0x100000) {
		log_error("ramdisk '%s' of %" PRIu64 " bytes does not fit below 0x%" PRIx64 ": give the VM more memory by -m",
			  path, file.size, limit);
		err = -ENOSPC;
		goto out;
	}
	*gpa = (limit - file.size) & ~(uint64_t)(PAGE - 1);
	*size = file.size;
	dst = mem_ptr(vm, *gpa, *size);
	err = dst ? boot_file_read(&file, 0, dst, *size) : -EFAULT;
out:
	boot_file_close(&file);
	return err;
}

int boot_write_cmdline(struct vm *vm, uint32_t max)
{
	const char *args = config_get(&vm->config, "boot.args");
	size_t len = args ? strlen(args) : 0;
	char *dst = mem_ptr(vm, BOOT_CMDLINE(vm->mem.lowmem_size), BOOT_CMDLINE_MAX);

	if (max > BOOT_CMDLINE_MAX - 1)
		max = BOOT_CMDLINE_MAX - 1;
	if (len > max) {
		log_error("the boot arguments have %zu characters, this kernel takes at most %u", len, max);
		return -E2BIG;
	}
	memcpy(dst, args ? args : "", len + 1);
	return 0;
}

static int load_kernel(struct vm *vm, struct boot_entry *entry)
{
	const char *path = config_get(&vm->config, "boot.kernel");
	struct boot_file file;
	char magic[4] = { 0 };
	int err = boot_file_open(&file, path, "kernel");

	if (err)
		return err;
	err = boot_file_read(&file, 0, magic, file.size < sizeof(magic) ? file.size : sizeof(magic));
	if (!err && memcmp(magic, "\177ELF", sizeof(magic)) == 0)
		err = elf_load(vm, &file, entry);
	else if (!err)
		err = bzimage_load(vm, &file, entry);
	boot_file_close(&file);
	return err;
}

int boot_load(struct vm *vm, struct acrn_vcpu_regs *regs)
{
	const uint64_t gdt[4] = { 0, 0, DESC_CODE, DESC_DATA };
	uint64_t gdt_gpa = BOOT_GDT(vm->mem.lowmem_size);
	struct boot_entry entry;
	struct acrn_regs *r = &regs->vcpu_regs;
	int err = acpi_build(vm);

	if (!err)
		err = load_kernel(vm, &entry);
	if (err)
		return err;
	memcpy(mem_ptr(vm, gdt_gpa, sizeof(gdt)), gdt, sizeof(gdt));
	memset(regs, 0, sizeof(*regs));
	r->gprs.rax = entry.eax;
	r->gprs.rbx = entry.ebx;
	r->gprs.rsi = entry.esi;
	r->rip = entry.eip;
	r->gdt.base = gdt_gpa;
	r->gdt.limit = sizeof(gdt) - 1;
	r->cr0 = CR0_PE_ET_NE;
	r->rflags = RFLAGS_FIXED;
	r->cs_ar = AR_CODE;
	r->cs_limit = UINT32_MAX;
	r->cs_sel = SEL_CODE;
	r->ss_sel = r->ds_sel = r->es_sel = r->fs_sel = r->gs_sel = SEL_DATA;
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/platform.h"

#include "lib/string.h"
#include "public/hypercall.h"
#include "x86/insn.h"

#define MB_LOADER_MAGIC	0x2badb002u
#define MB_CMDLINE	(1u << 2)
#define MB_MMAP		(1u << 6)
#define MB_RAM		1u

struct mb_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	uint32_t mmap_length, mmap_addr;
};

struct mb_mmap {
	uint32_t size;		/* of what follows */
	uint64_t base, length;
	uint32_t type;
} __packed;

struct ram_range platform_ram[PLATFORM_MAX_RANGES];
unsigned int platform_nr_ram;
static char cmdline[256];

static void read_mmap(const struct mb_info *mb)
{
	uint64_t at = mb->mmap_addr, end = at + mb->mmap_length;

	while (at < end && platform_nr_ram < PLATFORM_MAX_RANGES) {
		const struct mb_mmap *m = (const void *)at;

		if (m->type == MB_RAM)
			platform_ram[platform_nr_ram++] = (struct ram_range){ m->base, m->length };
		at += m->size + 4;
	}
}

/* GRUB puts the file's name first, a VM's loader does not: a word with a slash is no argument. */
static const char *skip_name(const char *s)
{
	const char *end = strchr(s, ' ');
	const char *slash = strchr(s, '/');

	if (!slash || (end && slash > end))
		return s;
	return end ? end + 1 : s + strlen(s);
}

void platform_init(uint32_t magic, const void *info)
{
	const struct mb_info *mb = info;

	if (magic != MB_LOADER_MAGIC)
		return;
	if (mb->flags & MB_CMDLINE)
		str_copy(cmdline, skip_name((const char *)(uint64_t)mb->cmdline), sizeof(cmdline));
	if (mb->flags & MB_MMAP)
		read_mmap(mb);
}

const char *platform_cmdline(void)
{
	return cmdline;
}

bool platform_has_hypervisor(void)
{
	return cpuid(1, 0).ecx & 1u << 31;
}

bool platform_is_vm(void)
{
	return platform_has_hypervisor() && cpuid(HV_CPUID_BASE, 0).ebx == HV_CPUID_SIGNATURE;
}

bool platform_is_service(void)
{
	return platform_is_vm() && (cpuid(HV_CPUID_FEATURES, 0).eax & HV_FEATURE_PRIVILEGED);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Steps of the boot that may end it. */
#include "boot/stages.h"

#include "boot/boot.h"
#include "boot/options.h"
#include "cpu/features.h"
#include "cpu/percpu.h"
#include "hw/acpi.h"
#include "hw/power.h"
#include "lib/printf.h"
#include "lib/util.h"
#include "log/console.h"
#include "log/log.h"
#include "log/panic.h"
#include "log/screen.h"
#include "mm/e820.h"
#include "mm/frame.h"
#include "mm/hostmap.h"

#define POOL_MIN	(8ul << 20)
#define POOL_SHIFT	8		/* plus RAM / 256 */
#define SCREEN_MAX	(256ul << 20)	/* larger ones are no screens */
#define POOL_LIMIT	(4ul << 30)	/* the boot page tables reach this far */

/* See the header. */
void boot_stop(void)
{
	console_printf("Quercus cannot run here; stopped.\n");
	if (option_set("test")) {
		/* The ports of ACPI are known only after the tables are read. */
		if (acpi.rsdp.v || !acpi_init(boot_info.rsdp_hpa)) {
			console_flush();
			power_off();
		}
	}
	panic_halt();
}

static uint64_t screen_size(const struct boot_framebuffer *f)
{
	return (uint64_t)f->pitch * f->height;
}

/* The loader's screen, for machines without serial port. */
static void open_screen(const struct boot_framebuffer *f)
{
	struct screen s = {
		.pitch = f->pitch, .width = f->width, .height = f->height,
		.pixel_size = f->type == FRAMEBUFFER_TEXT ? 0 : (f->bpp + 7u) / 8,
	};

	if (!f->addr || (f->type != FRAMEBUFFER_RGB && f->type != FRAMEBUFFER_TEXT) || screen_size(f) > SCREEN_MAX)
		return;
	s.mem = hostmap_device(hpa(f->addr), screen_size(f));
	console_screen(s.mem ? &s : NULL);
}

/* See the header. The address stays the same. */
void boot_stage_screen(void)
{
	const struct boot_framebuffer *f = &boot_info.framebuffer;

	if (f->addr && screen_size(f) <= SCREEN_MAX && !hostmap_device(hpa(f->addr), screen_size(f)))
		console_screen(NULL);
}

/* See the header. */
void boot_stage_loader(uint32_t magic, uint32_t info)
{
	const char *err = boot_info_read(&boot_info, magic, info);

	options_parse(boot_info.cmdline);
	console_init(option_uart_port());
	open_screen(&boot_info.framebuffer);
	log_set_level(option_loglevel());
	console_printf("\nQuercus hypervisor\n");
	if (err) {
		console_printf("boot: %s\n", err);
		boot_stop();
	}
}

/* See the header. */
void boot_stage_features(void)
{
	const char *mask = option_value("mask");
	char text[256];

	/*
	 * Bochs 2.7 delivers virtual interrupts to guests with IF clear: they deadlock on their own locks. It also
	 * moves strings of bytes one by one: guests clear their memory eight times as fast if they use quadwords.
	 */
	if (console_is_bochs()) {
		snprintf(text, sizeof(text), "%s%serms%s", mask ? mask : "", mask ? "," : "",
			 option_set("bochs-vid") ? "" : ",vid,apic-reg-virt,x2apic-virt");
		mask = text;
	}
	if (features_init(mask))
		boot_stop();
}

/* See the header. */
void boot_stage_memory(void)
{
	uint64_t ram = e820_ram_bytes(&boot_info.e820), pool;
	uint64_t size = ALIGN_UP(POOL_MIN + (ram >> POOL_SHIFT), SIZE_2M);

	if (boot_reserve(&boot_info)) {
		console_printf("boot: the firmware's memory map has too many pieces (over %u)\n", E820_MAX);
		boot_stop();
	}
	if (e820_take(&host_e820, size, SIZE_2M, POOL_LIMIT, &pool)) {
		console_printf("boot: too little memory: the hypervisor needs %lu MiB in one piece below 4 GiB; "
			       "the machine has %lu MiB, boot modules included\n", size >> 20, ram >> 20);
		boot_stop();
	}
	frame_init(hpa(pool), size);
}

/* See the header. */
void boot_stage_acpi(void)
{
	if (acpi_init(boot_info.rsdp_hpa))
		boot_stop();
}

/* See the header. */
void boot_stage_banner(void)
{
	hpa_t pool;
	uint64_t size;

	frame_pool(&pool, &size);
	log_info("started by %s (%s%s)", boot_info.loader[0] ? boot_info.loader : "an unnamed loader",
		 boot_info.protocol, boot_info.efi ? ", EFI" : "");
	log_info("%u CPUs, %lu MiB RAM, page pool %lu MiB at 0x%lx (%u pages free)", nr_pcpus,
		 e820_ram_bytes(&boot_info.e820) >> 20, size >> 20, pool.v, frame_nr_free());
	for (uint32_t i = 0; i < boot_info.nr_modules; i++)
		log_info("module %u: 0x%lx, %lu KiB: %.80s", i, boot_info.module[i].start.v,
			 boot_info.module[i].size >> 10, boot_info.module[i].string);
}

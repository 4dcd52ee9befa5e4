/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A VM that ends in the way its command line says, as often as it says, and then ticks on. How often it has been
 * started stands in its memory, which keeps its content over resets. The same program is the Service VM and a
 * pre-launched one: their words begin with svc_ and pre_.
 *
 *	NAME_reset=N NAME_crash=N NAME_triple=N		the first N starts end so
 *	NAME_fault=N NAME_kind=K			so, by fault K that is planted in the hypervisor (tests/plant)
 *	NAME_off=MS					switches itself off after a while
 */
#include "lib/main.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/paging.h"
#include "lib/platform.h"
#include "lib/power.h"
#include "lib/printf.h"
#include "lib/smp.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "x86/cr.h"
#include "x86/desc.h"
#include "x86/insn.h"

#define RESET_PORT	0xcf9u
#define RESET_COLD	0x06u
#define PLANT_PORT	0x5e0u
#define NO_MEMORY	0xd0000000ul
#define TIMER_VECTOR	0x51u
#define TICK_US		10000u
#define MAGIC		0x6c69666562756f79ul

static volatile uint64_t others;	/* what further processors count */
static volatile uint32_t nr_timer;

/* The last page of memory: no image and no loader touches it. */
static uint64_t nr_starts(void)
{
	uint64_t end = 0, *word;
	unsigned int i;

	for (i = 0; i < platform_nr_ram; i++)
		if (platform_ram[i].base + platform_ram[i].size <= 1ul << 32 && platform_ram[i].size >= SIZE_2M)
			end = platform_ram[i].base + platform_ram[i].size;
	word = (uint64_t *)(ALIGN_DOWN(end, PAGE_SIZE) - PAGE_SIZE);
	if (word[0] != MAGIC)
		word[1] = 0;
	word[0] = MAGIC;
	return ++word[1];
}

static uint64_t word_of(const char *what)
{
	char key[24];

	snprintf(key, sizeof(key), "%s_%s", platform_is_service() ? "svc" : "pre", what);
	return args_number(key, 0);
}

static void __noreturn reset(void)
{
	outb(RESET_PORT, RESET_COLD);
	for (;;)
		cpu_hlt();
}

/* In the middle of an interrupt that is never acknowledged, with the next one on its way. */
static void reset_in_handler(struct trap_frame *f __unused)
{
	if (++nr_timer == 20)
		reset();
	if (nr_timer < 20)
		apic_eoi();
}

static void __noreturn reset_busy(void)
{
	trap_set(TIMER_VECTOR, reset_in_handler);
	apic_write(APIC_LVT_TIMER, APIC_LVT_TIMER_PERIODIC | TIMER_VECTOR);
	apic_write(APIC_TDCR, APIC_TDCR_BY_1);
	apic_write(APIC_TMICT, (uint32_t)clock_from_us(100));
	for (;;)
		cpu_sti_hlt_cli();
}

static void __noreturn crash(void)
{
	void (*nowhere)(void) = (void (*)(void))(uint64_t)paging_set(0, NO_MEMORY | PTE_P | PTE_W);

	nowhere();
	for (;;)
		cpu_hlt();
}

static void __noreturn triple_fault(void)
{
	const struct desc_ptr none = { 0, 0 };

	lidt(&none);
	__asm__ volatile("ud2");
	for (;;)
		cpu_hlt();
}

static void count(void *unused __unused)
{
	for (;;) {
		others++;
		cpu_pause();
	}
}

static void tick(uint64_t off_ms)
{
	uint64_t n, end = off_ms ? rdtsc() + clock_from_us(off_ms * 1000) : ~0ul;

	if (smp_start() > 1)
		smp_send(1, count, NULL);
	for (n = 1; rdtsc() < end; n++) {
		uint64_t seen = others;

		clock_wait_us(TICK_US);
		printf("TICK %lu %s\n", n, others == seen ? "alone" : "together");
	}
	printf("GOING OFF\n");
	power_off();
}

void guest_main(void)
{
	uint64_t n = nr_starts();

	if (args_has("x2apic"))
		apic_use_x2(true);
	apic_setup();
	printf("START %lu\n", n);
	if (n <= word_of("reset"))
		reset_busy();
	if (n <= word_of("crash"))
		crash();
	if (n <= word_of("triple"))
		triple_fault();
	if (n <= word_of("fault"))
		outb(PLANT_PORT, (uint8_t)word_of("kind"));
	tick(word_of("off"));
}

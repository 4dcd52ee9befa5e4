/* SPDX-License-Identifier: BSD-3-Clause */
/* The VM that asks: shared memory, rights, doorbells, a peer that resets, the serial line. */
#include "shm/pair.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/cpu.h"
#include "lib/main.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "x86/insn.h"

#define FIRST_VECTOR	0x50u
#define ROUNDS		2000u
#define STORM		20000u
#define LONG		6000u	/* bytes, more than the receiving end holds */
#define ELSEWHERE	0x2000000000ul
#define LAPIC_PAGE	0xfee00000u

struct shm regions[2];

static bool told(enum order order, uint32_t a, uint32_t b)
{
	volatile struct mail *m = mail();
	uint32_t before = m->done;

	m->order = order;
	m->a = a;
	m->b = b;
	compiler_barrier();
	m->nr++;
	return order == ORDER_RESET || clock_wait_change(&m->done, before, WAIT_US);
}

static uint64_t ask(enum order order, uint32_t a, uint32_t b)
{
	return told(order, a, b) ? mail()->answer : ~0ul;
}

static uint32_t taken(unsigned int i)
{
	return this_cpu()->nr_traps[FIRST_VECTOR + i];
}

/* True when exactly one interrupt comes, at this entry. */
static bool comes_at(unsigned int i, const uint32_t before[SHM_VECTORS])
{
	unsigned int j;
	bool others = false;

	clock_wait_change(&this_cpu()->nr_traps[FIRST_VECTOR + i], before[i], 20000);
	for (j = 0; j < SHM_VECTORS; j++)
		others |= j != i && taken(j) != before[j];
	return taken(i) == before[i] + 1 && !others;
}

static void note(uint32_t counts[SHM_VECTORS])
{
	unsigned int i;

	for (i = 0; i < SHM_VECTORS; i++)
		counts[i] = taken(i);
}

static bool none_comes(const uint32_t before[SHM_VECTORS])
{
	unsigned int i;

	clock_wait_us(2000);
	for (i = 0; i < SHM_VECTORS; i++)
		if (taken(i) != before[i])
			return false;
	return true;
}

static void on_doorbell(struct trap_frame *frame __unused)
{
	apic_eoi();
}

static void test_function(void)
{
	uint32_t bdf = regions[0].bdf;

	report(pci_cfg_read(bdf, 8) == 0x05000001u && pci_cfg_read(bdf, 0x2c) == 0x11001af4u, "class, revision, subsystem");
	report(regions[0].size == 0x10000 && regions[1].size == 0x400000, "sizes %lx and %lx", regions[0].size, regions[1].size);
	report((pci_cfg_read(bdf, SHM_BAR(2)) & 0xf) == 0xc, "BAR 2 is 64 bits wide and prefetchable");
	report_eq(pci_cfg_read(bdf, SHM_CAP), 0x00070011u, "MSI-X with 8 entries, off");
	report(pci_cfg_read(bdf, SHM_CAP + 4) == 1 && pci_cfg_read(bdf, SHM_CAP + 8) == (SHM_PBA | 1), "its table and pending bits in BAR 1");
	report_eq(shm_read(&regions[0], SHM_POSITION), ASKER, "IVPosition");
	report_eq(ask(ORDER_REGISTER, SHM_POSITION, 0), OBEYER, "IVPosition of the other");
	report_eq(inl((uint16_t)(regions[0].ports + SHM_POSITION)), ASKER, "the same by the ports");
	shm_write(&regions[0], SHM_MASK, 0x5a);
	report(shm_read(&regions[0], SHM_MASK) == 0x5a && !shm_read(&regions[0], SHM_STATUS), "mask is kept, status is 0");
	report_eq(shm_read(&regions[0], SHM_PEERS), 1u << OBEYER, "only the other takes doorbells yet");
}

static bool is_zero(const struct shm *s)
{
	uint32_t i;

	for (i = 0; i < SHM_PAGES * PAGE_SIZE; i++)
		if (s->memory[i])
			return false;
	return true;
}

static void test_memory(void)
{
	uint64_t sum = 0;
	uint32_t i, wrong = 0;

	report(is_zero(&regions[1]), "the memory begins as zeroes");
	for (i = 0; i < PAGE_SIZE; i++) {
		regions[0].memory[i] = pattern(11, i);
		sum += pattern(11, i);
	}
	report_eq(ask(ORDER_SUM, 0, 0), sum, "the other reads what is written here");
	ask(ORDER_FILL, 1, 22);
	for (i = 0; i < PAGE_SIZE; i++)
		wrong += regions[0].memory[PAGE_SIZE + i] != pattern(22, i);
	report_eq(wrong, 0, "and the other way round");
	regions[1].memory[5] = 0x33;
	report_eq(ask(ORDER_POKE, 5, 0x44), 0x33, "the other's write to read-only memory changes nothing there");
	report_eq(regions[1].memory[5], 0x33, "nor here");
	regions[1].memory[5] = 0;
}

static void set_bar2(struct shm *s, uint64_t at)
{
	pci_cfg_write(s->bdf, SHM_BAR(2), (uint32_t)at);
	pci_cfg_write(s->bdf, SHM_BAR(3), (uint32_t)(at >> 32));
	shm_map(s);
}

static void test_moves(void)
{
	struct shm *s = &regions[1];
	uint64_t home = s->base;
	uint8_t *ram = (uint8_t *)0x900000;

	s->memory[0] = 0x77;
	set_bar2(s, ELSEWHERE);
	report(s->base == ELSEWHERE && s->memory[0] == 0x77, "BAR 2 moves with its contents");
	pci_cfg_write(s->bdf, SHM_COMMAND, 0);
	report_eq(s->memory[0], 0xff, "it is gone while decoding is off");
	s->memory[0] = 0;
	set_bar2(s, home);
	pci_cfg_write(s->bdf, SHM_COMMAND, SHM_DECODE);
	report_eq(s->memory[0], 0x77, "and back where it was");
	*ram = 0x12;
	set_bar2(s, 0x800000);
	report_eq(*ram, 0x12, "over RAM it is not mapped");
	set_bar2(s, (uint64_t)LAPIC_PAGE & ~(s->size - 1));
	report_eq(apic_id(), this_cpu()->apic_id, "nor over the local APIC");
	pci_cfg_write(s->bdf, SHM_BAR(0), LAPIC_PAGE);
	report_eq(apic_id(), this_cpu()->apic_id, "nor are the registers");
	pci_cfg_write(s->bdf, SHM_BAR(0), s->regs);
	pci_cfg_write(s->bdf, SHM_BAR(4), 0x3f0);
	report_eq(pci_cfg_read(s->bdf, 0), 0x11101af4u, "ports of another device stay its own");
	pci_cfg_write(s->bdf, SHM_BAR(4), s->ports);
	set_bar2(s, home);
	report(s->memory[0] == 0x77 && shm_read(s, SHM_POSITION) == ASKER, "all is well at home");
}

static void test_doorbells(void)
{
	uint32_t before[SHM_VECTORS];
	unsigned int i, right = 0, right_port = 0;

	for (i = 0; i < SHM_VECTORS; i++)
		shm_take(&regions[0], i, (uint8_t)(FIRST_VECTOR + i));
	for (i = 0; i < SHM_VECTORS; i++) {
		note(before);
		ask(ORDER_RING, ASKER << 16 | i, 0);
		right += comes_at(i, before);
		note(before);
		ask(ORDER_RING_PORT, ASKER << 16 | i, 0);
		right_port += comes_at(i, before);
	}
	report_eq(right, SHM_VECTORS, "each doorbell arrives once, at its own vector");
	report_eq(right_port, SHM_VECTORS, "by the ports too");
	note(before);
	shm_ring(&regions[0], ASKER, 2);
	report(comes_at(2, before), "a VM can ring itself");
	note(before);
	ask(ORDER_RING, ASKER << 16 | SHM_VECTORS, 0);
	ask(ORDER_RING, ASKER << 16 | 0xffff, 0);
	ask(ORDER_RING, 7u << 16, 0);
	ask(ORDER_RING, 0xffffu << 16, 0);
	report(none_comes(before), "no such vector, no such VM: nothing comes");
	shm_take(&regions[1], 0, FIRST_VECTOR + 7);
	ask(ORDER_RING, ASKER << 16, 1);
	report(none_comes(before), "a VM without the right rings in vain");
	shm_ring(&regions[1], ASKER, 0);
	report(comes_at(7, before), "but the region works");
}

static void test_masks(void)
{
	uint32_t before[SHM_VECTORS];

	note(before);
	shm_mask(&regions[0], 3, true);
	ask(ORDER_RING, ASKER << 16 | 3, 0);
	report(none_comes(before) && shm_pending(&regions[0]) == 1u << 3, "a masked entry becomes pending");
	shm_mask(&regions[0], 3, false);
	report(comes_at(3, before) && !shm_pending(&regions[0]), "and arrives when it is unmasked");
	note(before);
	pci_cfg_write(regions[0].bdf, SHM_CAP, SHM_ENABLE | SHM_FMASK);
	ask(ORDER_RING, ASKER << 16 | 4, 0);
	report(none_comes(before) && shm_pending(&regions[0]) == 1u << 4, "so with the function masked");
	pci_cfg_write(regions[0].bdf, SHM_CAP, SHM_ENABLE);
	report(comes_at(4, before), "and unmasked");
	note(before);
	pci_cfg_write(regions[0].bdf, SHM_CAP, 0);
	ask(ORDER_RING, ASKER << 16 | 5, 0);
	pci_cfg_write(regions[0].bdf, SHM_CAP, SHM_ENABLE);
	report(none_comes(before), "with MSI-X off it is lost");
	pci_cfg_write(regions[0].bdf, SHM_COMMAND, 3);
	ask(ORDER_RING, ASKER << 16 | 5, 0);
	pci_cfg_write(regions[0].bdf, SHM_COMMAND, SHM_DECODE);
	report(none_comes(before), "and when the function is no bus master");
}

static void test_ping_pong(void)
{
	uint32_t i, before = taken(0);

	ask(ORDER_ECHO, 1, 0);
	for (i = 0; i < ROUNDS; i++) {
		before = taken(0);
		shm_ring_port(&regions[0], OBEYER, 0);
		if (!clock_wait_change(&this_cpu()->nr_traps[FIRST_VECTOR], before, 100000))
			break;
	}
	report_eq(i, ROUNDS, "doorbells there and back");
	ask(ORDER_ECHO, 0, 0);
}

/* The other VM rings as fast as it can: this one takes some of it, does its own work, and loses nothing at the end. */
static void test_storm(void)
{
	uint32_t before = taken(6), got;

	ask(ORDER_STORM, ASKER << 16 | 6, STORM);
	clock_wait_us(1000);
	got = taken(6) - before;
	report(got >= 1 && got <= STORM, "a storm of %u doorbells is %u interrupts", STORM, got);
	shm_mask(&regions[0], 6, true);
	before = taken(6);
	ask(ORDER_STORM, ASKER << 16 | 6, STORM);
	report(taken(6) == before && shm_pending(&regions[0]) == 1u << 6, "and none while the entry is masked");
	shm_mask(&regions[0], 6, false);
}

static bool received(uint32_t nr, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < 200 && (uint32_t)line_received() < nr; i++)
		clock_wait_us(500);
	return line_received() == ((uint64_t)sum << 32 | nr);
}

static bool other_received(uint32_t nr, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < 200 && (uint32_t)ask(ORDER_RECEIVED, 0, 0) < nr; i++)
		clock_wait_us(500);
	return ask(ORDER_RECEIVED, 0, 0) == ((uint64_t)sum << 32 | nr);
}

static uint32_t sum_of(uint32_t nr, uint32_t seed)
{
	uint32_t i, sum = 0;

	for (i = 0; i < nr; i++)
		sum += pattern(seed, i);
	return sum;
}

static void test_line(uint32_t boots)
{
	uint8_t msr;

	line_clear();
	line_send(300, 5);
	report(other_received(300, sum_of(300, 5)), "start %u: 300 bytes arrive at the other by interrupts", boots);
	ask(ORDER_SEND, 300, 9);
	report(received(300, sum_of(300, 9)), "start %u: and 300 here", boots);
	ask(ORDER_DEAF, 1, 0);
	line_send(LONG, 3);
	report((uint32_t)ask(ORDER_RECEIVED, 0, 0) == 300, "start %u: while the other does not read, %u bytes wait", boots, LONG);
	ask(ORDER_DEAF, 0, 0);
	report(other_received(300 + LONG, sum_of(300, 5) + sum_of(LONG, 3)), "start %u: and arrive when it does", boots);
	(void)inb(0x2fe);
	ask(ORDER_LISTEN, 0, 0);
	msr = inb(0x2fe);
	report(!(msr & 0x10) && (msr & 1), "start %u: the other drops RTS: CTS falls, and MSR says it changed", boots);
	ask(ORDER_LISTEN, 1, 0);
	report(inb(0x2fe) & 0x10, "start %u: and rises again", boots);
}

static void test_reset(void)
{
	volatile struct mail *m = mail();
	uint32_t before[SHM_VECTORS], boots = m->boots, i;

	regions[0].memory[100] = 0xa5;
	told(ORDER_RESET, 1, 0);
	for (i = 0; i < 1000 && (shm_read(&regions[0], SHM_PEERS) >> OBEYER & 1); i++)
		clock_wait_us(100);
	report(i < 1000, "the other's reset is seen in the register of peers");
	shm_ring(&regions[0], OBEYER, 0);
	m->a = 0;
	report(clock_wait_change(&m->boots, boots, 2 * WAIT_US), "it starts again");
	report_eq(shm_read(&regions[0], SHM_PEERS), 1u << ASKER | 1u << OBEYER, "and is a peer again");
	report_eq(ask(ORDER_REGISTER, SHM_POSITION, 0), OBEYER, "with the same IVPosition");
	report_eq(ask(ORDER_TAKEN, 0, 0), 0, "the doorbell rung meanwhile is lost");
	report(regions[0].memory[100] == 0xa5, "the memory has kept its contents");
	note(before);
	ask(ORDER_RING, ASKER << 16 | 1, 0);
	report(comes_at(1, before), "doorbells arrive from it");
	shm_ring(&regions[0], OBEYER, 5);
	clock_wait_us(1000);
	report_eq(ask(ORDER_TAKEN, 5, 0), 1, "and reach it");
}

void guest_main(void)
{
	unsigned int i;

	if (!shm_open(0, &regions[0]) || !shm_open(1, &regions[1])) {
		report(false, "two ivshmem functions are on the bus");
		return;
	}
	if (args_number("x2apic", 0))
		apic_use_x2(true);
	if (shm_read(&regions[0], SHM_POSITION) != ASKER)
		obey();
	for (i = 0; i < SHM_VECTORS; i++)
		trap_set((uint8_t)(FIRST_VECTOR + i), on_doorbell);
	line_open();
	cpu_sti();
	if (!report(mail()->boots || clock_wait_change(&mail()->boots, 0, 2 * WAIT_US), "the other VM is there"))
		return;
	test_function();
	test_memory();
	test_moves();
	test_doorbells();
	test_masks();
	test_ping_pong();
	test_storm();
	test_line(1);
	test_reset();
	test_line(2);
}

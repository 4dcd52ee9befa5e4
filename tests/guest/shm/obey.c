/* SPDX-License-Identifier: BSD-3-Clause */
/* The VM that does as it is told. */
#include "shm/pair.h"

#include "lib/apic.h"
#include "lib/console.h"
#include "lib/cpu.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "x86/insn.h"

#define FIRST_VECTOR	0x60u
#define RESET_PORT	0xcf9u

static volatile bool echo;

static void on_doorbell(struct trap_frame *frame)
{
	if (echo && frame->vector == FIRST_VECTOR)
		shm_ring_port(&regions[0], ASKER, 0);
	apic_eoi();
}

static uint64_t sum_of(const volatile uint8_t *p)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < PAGE_SIZE; i++)
		sum += p[i];
	return sum;
}

static void fill(volatile uint8_t *p, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < PAGE_SIZE; i++)
		p[i] = pattern(seed, i);
}

static uint64_t carry_out(uint32_t order, uint32_t a, uint32_t b)
{
	volatile uint8_t *page = regions[0].memory + a * PAGE_SIZE;
	uint32_t i;

	switch (order) {
	case ORDER_FILL: fill(page, b); return 0;
	case ORDER_SUM: return sum_of(page);
	case ORDER_POKE:
		regions[1].memory[a] = (uint8_t)b;
		return regions[1].memory[a];
	case ORDER_RING: shm_write(&regions[b & 1], SHM_DOORBELL, a); return 0;
	case ORDER_RING_PORT: outl((uint16_t)(regions[b & 1].ports + SHM_DOORBELL), a); return 0;
	case ORDER_STORM:
		for (i = 0; i < b; i++)
			outl((uint16_t)(regions[0].ports + SHM_DOORBELL), a);
		return 0;
	case ORDER_TAKEN: return this_cpu()->nr_traps[FIRST_VECTOR + (a & 7)];
	case ORDER_ECHO: echo = a; return 0;
	case ORDER_REGISTER: return shm_read(&regions[b & 1], a);
	case ORDER_RESET: outb(RESET_PORT, 6); return 0;
	case ORDER_SEND: line_send(a, b); return 0;
	case ORDER_RECEIVED: return line_received();
	case ORDER_LISTEN: line_listen(a); return 0;
	case ORDER_DEAF: line_deaf(a); return 0;
	default: return ~0ul;
	}
}

void obey(void)
{
	volatile struct mail *m = mail();
	unsigned int i;

	/* After a reset: not before the other has seen that we were gone. */
	while (m->order == ORDER_RESET && m->a)
		cpu_pause();
	for (i = 0; i < SHM_VECTORS; i++) {
		trap_set((uint8_t)(FIRST_VECTOR + i), on_doorbell);
		shm_take(&regions[0], i, (uint8_t)(FIRST_VECTOR + i));
	}
	line_open();
	m->done = m->nr;
	m->boots++;
	printf("obeying, start %u\n", m->boots);
	cpu_sti();
	for (;;) {
		uint32_t nr = m->nr;

		if (nr == m->done) {
			cpu_pause();
			continue;
		}
		m->answer = carry_out(m->order, m->a, m->b);
		m->done = nr;
	}
}

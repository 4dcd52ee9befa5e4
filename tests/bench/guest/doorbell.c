/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Doorbells of two VMs, there and back: VM 0 rings, VM 1's handler rings back,
 * VM 0's handler takes the time. By the port and by the register in memory.
 */
#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/cpu.h"
#include "lib/main.h"
#include "lib/report.h"
#include "lib/shm.h"
#include "lib/trap.h"
#include "x86/insn.h"

#define ROUNDS	201u
#define VECTOR	0x4du
#define ASKER	0u
#define OTHER	1u

static struct shm shm;
static uint64_t samples[ROUNDS];
static volatile uint64_t stamp;
static volatile uint32_t nr_taken;

/* Vector 0 is answered by the port, vector 1 in memory. */
static void answer_port(struct trap_frame *frame __unused)
{
	shm_ring_port(&shm, ASKER, 0);
	apic_eoi();
}

static void answer_memory(struct trap_frame *frame __unused)
{
	shm_ring(&shm, ASKER, 0);
	apic_eoi();
}

static void on_answer(struct trap_frame *frame __unused)
{
	stamp = rdtsc();
	nr_taken++;
	apic_eoi();
}

static void publish(const char *name)
{
	unsigned int i, j;

	for (i = 1; i < ROUNDS; i++) {
		uint64_t v = samples[i];

		for (j = i; j && samples[j - 1] > v; j--)
			samples[j] = samples[j - 1];
		samples[j] = v;
	}
	printf("BENCH %s %lu\n", name, samples[ROUNDS / 2]);
	report_info("%s: least %lu, most %lu", name, samples[0], samples[ROUNDS - 1]);
}

static void measure(const char *name, uint32_t vector, void (*ring)(const struct shm *s, uint32_t peer, uint32_t vector))
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		uint32_t before = nr_taken;
		uint64_t start;

		clock_wait_us(50);
		start = rdtsc();
		ring(&shm, OTHER, vector);
		if (!clock_wait_change(&nr_taken, before, 100000))
			break;
		samples[i] = stamp - start;
	}
	if (report(i == ROUNDS, "%s: every doorbell is answered", name))
		publish(name);
}

static void ring_memory(const struct shm *s, uint32_t peer, uint32_t vector)
{
	shm_ring(s, peer, vector);
}

static void answer(void)
{
	trap_set(VECTOR, answer_port);
	trap_set(VECTOR + 1, answer_memory);
	shm_take(&shm, 0, VECTOR);
	shm_take(&shm, 1, VECTOR + 1);
	cpu_sti();
	for (;;)
		cpu_pause();
}

void guest_main(void)
{
	bool rt = args_has("rt");

	if (!shm_open(0, &shm) || !apic_use_x2(true)) {
		report(false, "there are an ivshmem function and an x2APIC");
		return;
	}
	if (shm_read(&shm, SHM_POSITION) != ASKER)
		answer();
	trap_set(VECTOR, on_answer);
	shm_take(&shm, 0, VECTOR);
	cpu_sti();
	/* What is counted does not stand behind the console's prompt. */
	printf("bench: doorbells\n");
	while (!(shm_read(&shm, SHM_PEERS) >> OTHER & 1))
		clock_wait_us(100);
	clock_wait_us(1000);
	measure(rt ? "doorbell_rt" : "doorbell", 0, shm_ring_port);
	measure(rt ? "doorbell_rt_mem" : "doorbell_mem", 1, ring_memory);
}

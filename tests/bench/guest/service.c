/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Service VM's kernel. Words of the command line choose: "alone" a hypercall, a page of
 * device memory touched first, a device's interrupt; "pair", with user VMs on CPU 1, a queue
 * kick, an injected MSI; "switch" two vCPUs on one CPU; "many" makes as many VMs as there can be, for
 * what they cost in memory.
 */
#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/main.h"
#include "lib/paging.h"
#include "lib/printf.h"
#include "lib/report.h"
#include "lib/string.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "bench/guest/user.h"
#include "bench/lib/ticks.h"
#include "public/ioreq.h"
#include "public/irq.h"
#include "public/trace.h"
#include "service/hc.h"
#include "service/payload.h"
#include "service/uservm.h"

#define OTHER_CPU	2u	/* affinity: CPU 1 */
#define GATE32		0x8e00ull
#define PIT_GSI		2u	/* channel 0 of the 8254, by its override */
#define PIT_VECTOR	0x52u
#define PIT_COUNT	240u	/* of 1.19 MHz: some 10,000 ticks */
#define FAR_DEVICE	0x2000000000ul	/* device memory that no table names, 2 MiB a touch */
#define MOST_VMS	16u
#define RING_ENTRIES	256u	/* more than there are kicks: none becomes a request */

static struct uservm vms[MOST_VMS];
static volatile uint64_t seen;		/* TSC, last look before the interrupt */
static volatile uint32_t nr_samples;

/* A user VM whose vCPU 0 begins at a symbol of user.S. */
static bool prepare(struct uservm *u, const char *name, const uint8_t *entry)
{
	uint64_t at = USER_AT + (uint64_t)(user_isr - user);
	int64_t err = uvm_create(u, name);

	if (err || !uvm_prepare(u, payload_spin) || uvm_set_start(u, USER_AT + (uint64_t)(entry - user)))
		return report(false, "VM %s is made (%ld)", name, err);
	memcpy(u->ram + USER_AT, user, (size_t)(user_end - user));
	((uint64_t *)(u->ram + PAYLOAD_IDT))[USER_VECTOR] = (at & 0xffff) | 8ull << 16 | GATE32 << 32 | (at >> 16) << 48;
	return true;
}

/* The same in user_pause; with the word "trace" the debugger prints the last but one absence and the next. */
static bool start_pausing(struct uservm *u, const char *name, bool traced)
{
	if (!prepare(u, name, user_pause))
		return false;
	if (traced && args_has("trace")) {
		*uvm_box(u, BOX_TRACE) = ABSENCES - 3;
		*uvm_box(u, BOX_TRACE + 1) = ABSENCES - 1;
	}
	return report(!uvm_start(u), "VM %s starts", name);
}

static bool start(struct uservm *u, const char *name, const uint8_t *entry)
{
	return prepare(u, name, entry) && report(!uvm_start(u), "VM %s starts", name);
}

static const uint32_t *times(const struct uservm *u)
{
	return (const uint32_t *)(u->ram + USER_TIMES);
}

/* What the guest's kicks cost while `take` looks after them; true when all were taken. */
static bool kicks(const char *name, bool (*take)(void))
{
	uint64_t end = rdtsc() + clock_from_us(1000000);
	unsigned int i, taken = 0;

	while ((!*uvm_box(&vms[0], BOX_DONE) || taken < USER_ROUNDS) && rdtsc() < end)
		taken += take();
	for (i = 0; i < ROUNDS; i++)
		samples[i] = times(&vms[0])[i] - overhead;
	if (!report(*uvm_box(&vms[0], BOX_DONE) && taken == USER_ROUNDS, "%s: %u kicks are taken", name, taken))
		return false;
	ticks_publish(name);
	return true;
}

/* As the kernel module while it polls: a kick is completed at once, whoever is told of it. */
static bool take_request(void)
{
	struct acrn_io_request *r = &vms[0].io->req_slot[0];

	if (__atomic_load_n(&r->processed, __ATOMIC_ACQUIRE) != IOREQ_PENDING)
		return false;
	__atomic_store_n(&r->processed, IOREQ_COMPLETE, __ATOMIC_RELEASE);
	(void)hc(HC_NOTIFY_REQUEST_FINISH, vms[0].id, 0);
	return true;
}

static struct shared_buf *ring;

static bool take_entry(void)
{
	uint32_t head = ring->head;

	if (__atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == head)
		return false;
	head += ring->ele_size;
	__atomic_store_n(&ring->head, head < ring->size ? head : 0, __ATOMIC_RELEASE);
	return true;
}

static bool ring_setup(void)
{
	const struct acrn_asyncio_info info = { .type = ASYNCIO_MMIO, .addr = USER_KICK, .fd = 7 };
	const struct acrn_sbuf_param p = { .sbuf_id = ACRN_SBUF_ASYNCIO, .gpa = GPA(ring) };

	*ring = (struct shared_buf){ .magic = SBUF_MAGIC, .ele_num = RING_ENTRIES, .ele_size = 8, .size = 8 * RING_ENTRIES };
	return !hc(HC_SETUP_SBUF, vms[0].id, GPA(&p)) && !hc(HC_ASYNCIO_ASSIGN, vms[0].id, GPA(&info));
}

/* By the ring, and by requests. */
static void kick(void)
{
	unsigned int i;

	ring = arena_get(1);
	for (i = 0; i < 2; i++) {
		if (!prepare(&vms[0], i ? "request" : "kick", user_kick) || (!i && !report(ring_setup(), "the ring is taken")))
			return;
		vms[0].io->req_slot[0].polled = 1;
		if (!report(!uvm_start(&vms[0]), "it starts"))
			return;
		(void)kicks(i ? "kick_request" : "kick", i ? take_request : take_entry);
		uvm_end(&vms[0]);
	}
}

static void msi_inject(void)
{
	const struct acrn_msi_entry m = { 0xfee00000, USER_VECTOR };
	unsigned int i;

	if (!start(&vms[0], "msi", user_wait) || !uvm_wait_box(&vms[0], BOX_DONE, 1))
		return;
	for (i = 0; i < ROUNDS; i++) {
		uint64_t begin;

		clock_wait_us(100);
		begin = rdtsc();
		if (hc(HC_INJECT_MSI, vms[0].id, GPA(&m)) || !uvm_wait_box(&vms[0], BOX_COUNT, i + 1))
			break;
		samples[i] = (*uvm_box(&vms[0], BOX_STAMP) | (uint64_t)*uvm_box(&vms[0], BOX_STAMP + 1) << 32) - begin - overhead;
	}
	if (report(i == ROUNDS, "all messages arrive"))
		ticks_publish("msi_inject");
	uvm_end(&vms[0]);
}

/* Ticks from the last look of `from` before its nth absence to the next look of `to`. */
static uint32_t gap(const struct uservm *from, const struct uservm *to, unsigned int nth)
{
	uint32_t left = times(from)[2 * nth], best = ~0u;
	unsigned int i;

	for (i = 0; i < ABSENCES; i++)
		best = MIN(best, times(to)[2 * i + 1] - left);
	return best;
}

/* The first absence of `from` when `to` was there. */
static unsigned int both_there(const struct uservm *from, const struct uservm *to)
{
	unsigned int i;

	for (i = 0; i < ABSENCES && (int32_t)(times(from)[2 * i] - times(to)[0]) < 0; i++)
		;
	return i;
}

static bool fill_gaps(unsigned int nr_vms)
{
	const struct uservm *other = &vms[nr_vms - 1];
	unsigned int first, i;

	for (i = 0; i < nr_vms; i++)
		if (!uvm_wait_box(&vms[i], BOX_COUNT, ABSENCES))
			return report(false, "VM %u of %u has left its loop %u times", i, nr_vms, *uvm_box(&vms[i], BOX_COUNT));
	first = both_there(&vms[0], other);
	if (first + ROUNDS > ABSENCES)
		return report(false, "the VMs were both there for %u absences only", ABSENCES - first);
	for (i = 0; i < ROUNDS; i++)
		samples[i] = gap(&vms[0], other, first + i);
	return true;
}

/* A vCPU that spins in PAUSE exits and gives way. What that takes longer with somebody there is the switch. */
static void vcpu_switch(void)
{
	uint64_t alone;

	if (!start_pausing(&vms[0], "one", true) || !fill_gaps(1))
		return;
	alone = ticks_publish("pause_exit");
	uvm_end(&vms[0]);
	if (start_pausing(&vms[0], "one", true) && start_pausing(&vms[1], "two", false) && fill_gaps(2))
		ticks_say("vcpu_switch", ticks_median() - alone);
	uvm_end(&vms[0]);
	uvm_end(&vms[1]);
}

static void ioapic_write(uint32_t reg, uint32_t v)
{
	mmio_write32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_REGSEL), reg);
	mmio_write32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_WIN), v);
}

static void on_pit(struct trap_frame *frame __unused)
{
	uint64_t now = rdtsc();

	if (nr_samples < ROUNDS)
		samples[nr_samples] = now - seen;
	apic_eoi();
	nr_samples++;
	/* The last round but one ends, and the last one. */
	ticks_mark(nr_samples == ROUNDS - 1 || nr_samples == ROUNDS);
}

/* The 8254 interrupts a loop that looks at the TSC; all between a look and the handler is the interrupt's. */
static void intr_forward(void)
{
	trap_set(PIT_VECTOR, on_pit);
	ioapic_write(IOAPIC_REG_RTE_HIGH(PIT_GSI), apic_id() << 24);
	ioapic_write(IOAPIC_REG_RTE_LOW(PIT_GSI), PIT_VECTOR);
	outb(0x43, 0x34);
	outb(0x40, PIT_COUNT & 0xff);
	outb(0x40, PIT_COUNT >> 8);
	seen = rdtsc();
	cpu_sti();
	while (nr_samples < ROUNDS)
		seen = rdtsc();
	cpu_cli();
	ioapic_write(IOAPIC_REG_RTE_LOW(PIT_GSI), (uint32_t)IOAPIC_RTE_MASKED);
	ticks_publish("intr_forward");
}

static void page_touch(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		const void *p = paging_set(i, (FAR_DEVICE + i * SIZE_2M) | PTE_P | PTE_W);
		uint64_t begin;

		ticks_mark(i == ROUNDS - 1);
		begin = rdtsc();
		(void)mmio_read32(p);
		samples[i] = rdtsc() - begin - overhead;
	}
	ticks_mark(true);
	ticks_publish("page_touch");
}

static void many(void)
{
	char name[16];
	unsigned int n;

	for (n = 0; n < MOST_VMS; n++) {
		uvm_init(&vms[n], OTHER_CPU);
		snprintf(name, sizeof(name), n ? "many%u" : "user", n);
		if (uvm_create(&vms[n], name))
			break;
		if (!uvm_prepare(&vms[n], payload_halt) || uvm_start(&vms[n]))
			report(false, "VM %u runs", n);
	}
	/* MAX_VMS is 16, this one included. */
	report_eq(n, 15, "user VMs beside the Service VM");
	pool_look(1);
}

static void upcall(struct trap_frame *frame __unused)
{
	apic_eoi();
}

static void alone(void)
{
	report(apic_use_x2(true), "the APIC goes into x2APIC mode");
	report_eq((uint64_t)hc(HC_CREATE_VCPU, 0, 0), 0, "the hypercall that does nothing answers 0");
	ROUND_TRIPS("hypercall", hc(HC_CREATE_VCPU, 0, 0));
	page_touch();
	intr_forward();
}

static void pair(void)
{
	uvm_init(&vms[0], OTHER_CPU);
	kick();
	msi_inject();
}

/* Both on CPU 1. */
static void two(void)
{
	uvm_init(&vms[0], OTHER_CPU);
	uvm_init(&vms[1], OTHER_CPU);
	vcpu_switch();
}

void guest_main(void)
{
	static const struct {
		const char *word;
		void (*run)(void);
	} parts[] = { { "alone", alone }, { "pair", pair }, { "switch", two }, { "many", many } };
	unsigned int i;

	arena_init();
	ticks_init();
	trap_set(HV_UPCALL_VECTOR, upcall);
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (args_has(parts[i].word))
			parts[i].run();
}

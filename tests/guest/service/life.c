/* SPDX-License-Identifier: BSD-3-Clause */
/* Life, I/O and interrupts of a user VM. */
#include "service/service.h"

#include "lib/args.h"
#include "lib/clock.h"
#include "lib/errno.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "public/irq.h"
#include "public/mem.h"
#include "service/hc.h"
#include "service/payload.h"
#include "service/uservm.h"
#include "x86/insn.h"

#define OTHER_CPU	2u	/* affinity: CPU 1, the Service VM has CPU 0 */
#define OWN_CPU		1u

static struct uservm vm;

/* What payload_io does, and what it is told. */
static const struct io_step {
	uint32_t type, direction;
	uint64_t address, size, value;
} io_steps[] = {
	{ IOREQ_TYPE_PORTIO, IOREQ_WRITE, PAYLOAD_PORT, 1, 0x11 },
	{ IOREQ_TYPE_PORTIO, IOREQ_WRITE, PAYLOAD_PORT, 2, 0x2233 },
	{ IOREQ_TYPE_PORTIO, IOREQ_WRITE, PAYLOAD_PORT, 4, 0x44556677 },
	{ IOREQ_TYPE_PORTIO, IOREQ_READ, PAYLOAD_PORT, 1, 0xf1 },
	{ IOREQ_TYPE_PORTIO, IOREQ_READ, PAYLOAD_PORT, 2, 0xf2f3 },
	{ IOREQ_TYPE_PORTIO, IOREQ_READ, PAYLOAD_PORT, 4, 0xf4f5f6f7 },
	{ IOREQ_TYPE_MMIO, IOREQ_WRITE, PAYLOAD_MMIO, 1, 0x12 },
	{ IOREQ_TYPE_MMIO, IOREQ_WRITE, PAYLOAD_MMIO + 2, 2, 0x3456 },
	{ IOREQ_TYPE_MMIO, IOREQ_WRITE, PAYLOAD_MMIO + 4, 4, 0x789abcde },
	{ IOREQ_TYPE_MMIO, IOREQ_READ, PAYLOAD_MMIO + 8, 1, 0xe1 },
	{ IOREQ_TYPE_MMIO, IOREQ_READ, PAYLOAD_MMIO + 10, 2, 0xe2e3 },
	{ IOREQ_TYPE_MMIO, IOREQ_READ, PAYLOAD_MMIO + 12, 4, 0xe4e5e6e7 },
	{ IOREQ_TYPE_MMIO, IOREQ_READ, PAYLOAD_MMIO + 16, 4, 0x100 },
	{ IOREQ_TYPE_MMIO, IOREQ_WRITE, PAYLOAD_MMIO + 16, 4, 0x101 },
};

/* In the mailbox from MB_READ on; IN and MOV to AL and AX leave the rest of EAX. */
static const uint32_t io_results[] = { 0xaabbccf1, 0xaabbf2f3, 0xf4f5f6f7, 0xaabbcce1, 0xe2e3, 0xe4e5e6e7 };

/* Answers one request; the value carries ones where the access has no bytes: they must not arrive. */
static bool one_step(const struct io_step *s, unsigned int nr)
{
	struct acrn_io_request *r = &vm.io->req_slot[0];
	struct acrn_mmio_request *m = &r->reqs.mmio_request;
	uint64_t value = s->type == IOREQ_TYPE_PORTIO ? r->reqs.pio_request.value : 0;
	uint64_t junk = s->size == 8 ? 0 : ~0ul << 8 * s->size;
	bool ok;

	if (!uvm_wait_ioreq(&vm))
		return report(false, "request %u comes (slot state %u)", nr, r->processed);
	value = s->type == IOREQ_TYPE_PORTIO ? r->reqs.pio_request.value : m->value;
	ok = r->type == s->type && m->direction == s->direction && m->address == s->address && m->size == s->size &&
	     (s->direction == IOREQ_READ || value == s->value);
	if (!ok)
		report(false, "request %u is type %u direction %u address %lx size %lu value %lx", nr, r->type, m->direction,
		       m->address, m->size, value);
	return uvm_answer(&vm, s->direction == IOREQ_READ ? s->value | junk : s->value) == 0 && ok;
}

static bool all_steps(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(io_steps); i++)
		if (!one_step(&io_steps[i], i))
			return false;
	return true;
}

static void io(const char *name)
{
	unsigned int i, wrong = 0;

	if (!uvm_boot(&vm, name, payload_io))
		return;
	report(all_steps(), "%s: %lu accesses arrive with address, size, direction and value", name, ARRAY_SIZE(io_steps));
	report(uvm_wait_box(&vm, MB_DONE, 1), "%s: the payload ends", name);
	for (i = 0; i < ARRAY_SIZE(io_results); i++)
		wrong |= (unsigned int)(*uvm_box(&vm, MB_READ + i) != io_results[i]) << i;
	report_eq(wrong, 0, "%s: what it read is what it was answered, byte exact", name);
	report_eq(vm.io->req_slot[0].processed, IOREQ_FREE, "%s: the slot is FREE again", name);
	report_eq(uvm_state(&vm).state, Q_VM_RUNNING, "%s: it halts, and counts as running", name);
	uvm_end(&vm);
	report_eq(uvm_state(&vm).state, Q_VM_POWERED_OFF, "%s: gone", name);
}

static void real_mode(void)
{
	static const struct io_step steps[] = {
		{ IOREQ_TYPE_PORTIO, IOREQ_WRITE, PAYLOAD_PORT + 0x10, 1, 0x77 },
		{ IOREQ_TYPE_PORTIO, IOREQ_READ, PAYLOAD_PORT + 0x10, 2, 0xbeef },
	};

	if (!uvm_boot(&vm, "real", payload_real))
		return;
	report(one_step(&steps[0], 0) && one_step(&steps[1], 1) && uvm_wait_box(&vm, MB_DONE, 1) &&
	       *uvm_box(&vm, MB_READ) == 0xbeef, "a payload in real mode runs");
	uvm_end(&vm);
}

/* On the Service VM's own CPU the user VM only runs while the Service VM halts, until the upcall ends that. */
static void shared_cpu(void)
{
	unsigned int i, bad = 0;
	struct acrn_io_request *r = &vm.io->req_slot[0];

	vm.affinity = OWN_CPU;
	/* Requests of before have left one upcall pending. */
	cpu_sti_nop_cli();
	if (uvm_boot(&vm, "shared", payload_io)) {
		for (i = 0; i < ARRAY_SIZE(io_steps) && !bad; i++) {
			uint32_t before = this_cpu()->nr_traps[HV_UPCALL_VECTOR];

			while (r->processed != IOREQ_PENDING)
				cpu_sti_hlt_cli();
			bad += this_cpu()->nr_traps[HV_UPCALL_VECTOR] == before || !one_step(&io_steps[i], i);
		}
		report(!bad, "on a shared CPU each request wakes the Service VM by its upcall vector");
		uvm_end(&vm);
	}
	vm.affinity = OTHER_CPU;
}

static int64_t msi(uint64_t addr, uint64_t data)
{
	const struct acrn_msi_entry m = { addr, data };

	return hc(HC_INJECT_MSI, vm.id, GPA(&m));
}

static void interrupts(void)
{
	unsigned int i, lost = 0;

	if (!uvm_boot(&vm, "irq", payload_irq))
		return;
	report(uvm_wait_box(&vm, MB_DONE, 1), "the payload takes interrupts");
	report_eq(*uvm_box(&vm, MB_UD), 1, "a user VM's VMCALL gives #UD");
	for (i = 1; i <= 20; i++)
		lost += msi(0xfee00000, MSI_VECTOR) || !uvm_wait_box(&vm, MB_MSI, i);
	report_eq(lost, 0, "20 MSIs arrive");
	report(!msi(0xfeeff000, MSI_VECTOR) && uvm_wait_box(&vm, MB_MSI, 21), "an MSI to everybody arrives");
	report(!msi(0xfee00000, 0x400) && uvm_wait_box(&vm, MB_NMI, 1), "an MSI of type NMI arrives");
	for (i = 1, lost = 0; i <= 5; i++)
		lost += hc(HC_SET_IRQLINE, vm.id, IRQLINE(LINE_GSI, IRQLINE_RAISING_PULSE)) ||
			!uvm_wait_box(&vm, MB_LINE, i);
	report_eq(lost, 0, "5 pulses of an interrupt line arrive");
	report(!hc(HC_SET_IRQLINE, vm.id, IRQLINE(LINE_GSI, IRQLINE_SET_HIGH)) && uvm_wait_box(&vm, MB_LINE, 6),
	       "a line going high arrives once");
	report(!hc(HC_SET_IRQLINE, vm.id, IRQLINE(LINE_GSI, IRQLINE_SET_HIGH)) &&
	       !hc(HC_SET_IRQLINE, vm.id, IRQLINE(LINE_GSI, IRQLINE_SET_LOW)), "high again and low do nothing");
	clock_wait_us(1000);
	report(*uvm_box(&vm, MB_LINE) == 6 && *uvm_box(&vm, MB_MSI) == 21 && *uvm_box(&vm, MB_NMI) == 1,
	       "nothing arrives twice (%u, %u, %u)", *uvm_box(&vm, MB_LINE), *uvm_box(&vm, MB_MSI), *uvm_box(&vm, MB_NMI));
	uvm_end(&vm);
}

/* A request is open when the VM is paused, and forgotten by the reset. */
static void reset_in_request(void)
{
	struct acrn_io_request *r = &vm.io->req_slot[0];

	if (!uvm_boot(&vm, "reset", payload_io))
		return;
	report(uvm_wait_ioreq(&vm), "a request is open");
	report_eq((uint64_t)uvm_reset(&vm), (uint64_t)-EINVAL, "a running VM is not reset");
	report_eq((uint64_t)uvm_pause(&vm), 0, "the VM is paused in it");
	report_eq(uvm_state(&vm).state, Q_VM_PAUSED, "and says so");
	report_eq((uint64_t)uvm_pause(&vm), 0, "pausing again is no error");
	report_eq((uint64_t)uvm_reset(&vm), 0, "it can be reset");
	report_eq(uvm_state(&vm).state, Q_VM_CREATED, "and is as created");
	report_eq(r->processed, IOREQ_FREE, "with its slot FREE");
	/* As a device model that saw nothing of the reset would do. */
	report_eq((uint64_t)hc(HC_NOTIFY_REQUEST_FINISH, vm.id, 0), 0, "a late notification is harmless");
	report(uvm_prepare(&vm, payload_io) && !uvm_start(&vm), "it starts again");
	report(all_steps() && uvm_wait_box(&vm, MB_DONE, 1), "and does all its I/O");
	uvm_end(&vm);
}

/* HC_START_VM lets a paused VM go on where it was, also in the middle of a request, answered before or after. */
static void resume(void)
{
	uint32_t count;

	if (!uvm_boot(&vm, "resume", payload_spin))
		return;
	report(uvm_wait_box(&vm, MB_DONE, 1) && !uvm_pause(&vm), "paused while it counts");
	count = *uvm_box(&vm, MB_COUNT);
	clock_wait_us(200);
	report_eq(*uvm_box(&vm, MB_COUNT), count, "it stands still");
	report_eq((uint64_t)uvm_start(&vm), 0, "it goes on");
	report_eq(uvm_state(&vm).state, Q_VM_RUNNING, "and says so");
	clock_wait_us(2000);
	report(*uvm_box(&vm, MB_COUNT) != count, "and counts on");
	uvm_end(&vm);
	if (!uvm_boot(&vm, "resume", payload_io))
		return;
	report(uvm_wait_ioreq(&vm) && !uvm_pause(&vm) && !uvm_start(&vm) && one_step(&io_steps[0], 0),
	       "a request outlives pause and resume");
	report(uvm_wait_ioreq(&vm) && !uvm_pause(&vm) && one_step(&io_steps[1], 1) && !uvm_start(&vm),
	       "one is answered while the VM is paused");
	for (unsigned int i = 2; i < ARRAY_SIZE(io_steps); i++)
		if (!one_step(&io_steps[i], i))
			break;
	report(uvm_wait_box(&vm, MB_DONE, 1), "and all its I/O is done");
	uvm_end(&vm);
}

static void destroy_created(void)
{
	report(!uvm_create(&vm, "created") && !uvm_destroy(&vm), "destroy as created");
	report(!uvm_create(&vm, "prepared") && uvm_prepare(&vm, payload_io) && !uvm_destroy(&vm), "destroy when prepared");
	report(!uvm_create(&vm, "bare") && uvm_start(&vm) == -EINVAL && !uvm_pause(&vm) && !uvm_destroy(&vm),
	       "a VM without IOREQ page does not start; pause and destroy");
}

static void destroy_running(const char *name, const uint8_t *entry, bool done)
{
	uint32_t count;

	if (!uvm_boot(&vm, name, entry))
		return;
	if (done)
		report(uvm_wait_box(&vm, MB_DONE, 1), "%s: runs", name);
	report_eq((uint64_t)uvm_destroy(&vm), (uint64_t)-EINVAL, "%s: not destroyed while it is running", name);
	report_eq((uint64_t)uvm_set_regs(&vm, entry), (uint64_t)-EINVAL, "%s: no new registers while it is running", name);
	report_eq((uint64_t)uvm_start(&vm), (uint64_t)-EINVAL, "%s: not started twice", name);
	report_eq((uint64_t)uvm_pause(&vm), 0, "%s: paused", name);
	count = *uvm_box(&vm, MB_COUNT);
	clock_wait_us(200);
	report_eq(*uvm_box(&vm, MB_COUNT), count, "%s: stands still", name);
	report_eq((uint64_t)uvm_destroy(&vm), 0, "%s: destroyed", name);
}

static void destroy_in_request(void)
{
	if (!uvm_boot(&vm, "waits", payload_io))
		return;
	report(uvm_wait_ioreq(&vm) && uvm_end(&vm), "destroyed while it waits for the device model");
}

static void triple_fault(void)
{
	struct hc_q_vm_state s;
	uint32_t seq;

	if (uvm_create(&vm, "triple") || !uvm_prepare(&vm, payload_triple)) {
		report(false, "VM triple is made");
		return;
	}
	seq = READ_ONCE(vm.io->req_slot[0].state_seq);
	report(!uvm_start(&vm) && uvm_wait_state(&vm, Q_VM_STOPPED), "a triple fault stops the VM");
	s = uvm_state(&vm);
	report_eq(s.reason, Q_STOP_TRIPLE_FAULT, "with its reason");
	report(READ_ONCE(vm.io->req_slot[0].state_seq) != seq, "and a new state_seq");
	report(!uvm_pause(&vm) && uvm_state(&vm).state == Q_VM_PAUSED, "then it can be paused");
	report_eq((uint64_t)uvm_start(&vm), (uint64_t)-EINVAL, "and does not go on");
	report(!uvm_reset(&vm) && uvm_prepare(&vm, payload_spin) && !uvm_start(&vm) && uvm_wait_box(&vm, MB_DONE, 1),
	       "reset, and started with something better");
	uvm_end(&vm);
	if (!uvm_boot(&vm, "triple", payload_triple))
		return;
	report(uvm_wait_state(&vm, Q_VM_STOPPED), "it stops again");
	uvm_end(&vm);
}

/* Other memory at the same guest-physical place: a new VM, or a new map, must not see the old one. */
static void fresh_memory(void)
{
	uint32_t *a = arena_get(1), *b = arena_get(1);
	unsigned int i;
	bool ok = true;

	*a = 0xaaaa5555;
	*b = 0xbbbb6666;
	for (i = 0; i < 4 && ok; i++) {
		uint32_t *p = i & 1 ? b : a;

		ok = !uvm_create(&vm, "look") && uvm_prepare(&vm, payload_look) &&
		     !uvm_region(&vm, (struct vm_memory_region){ MR_DEL, 0, 0x30000, 0, PAGE_SIZE }) &&
		     !uvm_region(&vm, (struct vm_memory_region){ MR_ADD, MEM_ACCESS_RWX | MEM_TYPE_WB, 0x30000, GPA(p), PAGE_SIZE }) &&
		     !uvm_start(&vm) && uvm_wait_box(&vm, MB_DONE, 1) && *uvm_box(&vm, MB_READ) == *p;
		uvm_end(&vm);
	}
	report(ok, "each new VM sees the memory it was given");
}

/* A write to a page without the right comes as a request, and changes nothing. */
static void protected_page(bool by_hypercall)
{
	const struct wp_data wp = { .set = 1, .gpa = 0x20000 };
	const char *how = by_hypercall ? "write-protected" : "read-only";
	const struct io_step step = {
		by_hypercall ? IOREQ_TYPE_WP : IOREQ_TYPE_MMIO, IOREQ_WRITE, 0x20000, 4, 0x5a5a5a5a
	};
	struct acrn_io_request *r = &vm.io->req_slot[0];

	if (uvm_create(&vm, "poke") || !uvm_prepare(&vm, payload_poke))
		return (void)report(false, "VM poke is made");
	*(uint32_t *)(vm.ram + 0x20000) = 0x600df00d;
	if (by_hypercall)
		report_eq((uint64_t)hc(HC_VM_WRITE_PROTECT_PAGE, vm.id, GPA(&wp)), 0, "a page is write-protected");
	else
		report_eq((uint64_t)uvm_region(&vm, (struct vm_memory_region){ MR_MODIFY, MEM_ACCESS_READ | MEM_TYPE_WB, 0x20000, 0, PAGE_SIZE }), 0,
			  "a page is made read-only");
	report(!uvm_start(&vm) && uvm_wait_ioreq(&vm), "%s: a write is a request", how);
	report(r->reqs.mmio_request.direction == IOREQ_WRITE && r->reqs.mmio_request.address == step.address &&
	       r->reqs.mmio_request.size == 4 && r->reqs.mmio_request.value == step.value,
	       "%s: with address, size and value (type %u)", how, r->type);
	uvm_answer(&vm, 0);
	report(uvm_wait_box(&vm, MB_DONE, 1) && *uvm_box(&vm, MB_READ) == 0x600df00d, "%s: memory keeps its content", how);
	uvm_end(&vm);
}

static bool round_trip(void)
{
	return uvm_boot(&vm, "round", payload_spin) && uvm_wait_box(&vm, MB_DONE, 1) && uvm_end(&vm);
}

/* The case's steps ask the console for the page pool at each mark. */
static void rounds(uint64_t n)
{
	uint64_t i;

	if (!round_trip())
		return;
	pool_look(1);
	for (i = 0; i < n && round_trip();)
		i++;
	report_eq(i, n, "rounds of create, start, pause, destroy");
	pool_look(2);
}

void case_life(void)
{
	uvm_init(&vm, OTHER_CPU);
	io("fresh");
	io("user");
	real_mode();
	shared_cpu();
	interrupts();
	reset_in_request();
	resume();
	destroy_created();
	destroy_running("spins", payload_spin, true);
	destroy_running("halts", payload_halt, false);
	destroy_in_request();
	triple_fault();
	fresh_memory();
	protected_page(false);
	protected_page(true);
	rounds(args_number("rounds", 100));
}

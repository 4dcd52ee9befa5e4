/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random arguments for all hypercalls while VMs run. Half of each structure is
 * plausible, so that calls get past their first check. What a call may write,
 * or a user VM may be given, stays within memory that the test can lose.
 */
#include "service/service.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/printf.h"
#include "lib/report.h"
#include "lib/smp.h"
#include "lib/string.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "public/irq.h"
#include "public/mem.h"
#include "service/hc.h"
#include "service/payload.h"
#include "service/uservm.h"

#define SCRATCH_PAGES	8u
#define MAX_ID		16u
#define DEFAULT_CALLS	20000u
#define DEFAULT_SEED	0x5eed1u

static struct uservm vm;
static uint8_t *scratch;	/* parameter blocks, IOREQ pages, memory of VMs */
static uint64_t calls, succeeded, scribbles;
static uint64_t affinity;	/* of user VMs: never the CPUs of this program, whose time one that spins would take */

static const uint64_t ids[] = {
	HC_GET_API_VERSION, HC_SET_CALLBACK_VECTOR, HC_SERVICE_VM_OFFLINE_CPU, HC_CREATE_VM, HC_DESTROY_VM, HC_START_VM,
	HC_PAUSE_VM, HC_CREATE_VCPU, HC_RESET_VM, HC_SET_VCPU_REGS, HC_INJECT_MSI, HC_VM_INTR_MONITOR, HC_SET_IRQLINE,
	HC_SET_IOREQ_BUFFER, HC_NOTIFY_REQUEST_FINISH, HC_VM_GPA2HPA, HC_VM_SET_MEMORY_REGIONS, HC_VM_WRITE_PROTECT_PAGE,
	HC_GET_HW_INFO, HC_PM_GET_CPU_STATE, HC_Q_VM_STATE, HC_Q_VM_INFO, HC_Q_VCPU_STATS, HC_Q_CPUS, HC_ASYNCIO_ASSIGN, HC_ASYNCIO_DEASSIGN, HC_SETUP_SBUF,
	HC_SET_PTDEV_INTR, HC_RESET_PTDEV_INTR, HC_ASSIGN_PCIDEV, HC_DEASSIGN_PCIDEV, HC_ASSIGN_MMIODEV,
	HC_DEASSIGN_MMIODEV, HC_ADD_VDEV, HC_REMOVE_VDEV,
};

static bool one_in(uint64_t n)
{
	return !random_below(n);
}

/* Any number: small, one bit, near one bit, or all random. */
static uint64_t any(void)
{
	switch (random_below(4)) {
	case 0:
		return random_below(32);
	case 1:
		return 1ul << random_below(64);
	case 2:
		return (1ul << random_below(64)) - random_below(3);
	default:
		return random_next();
	}
}

/* Where this program has no memory: the hypervisor's place, or above all memory. */
static uint64_t no_place(void)
{
	return one_in(2) ? 0x200000 + random_below(0x80000) : any() | 1ul << (36 + random_below(28));
}

/* Nowhere that matters to this program: none of its memory, or a scratch address. */
static uint64_t any_place(void)
{
	switch (random_below(8)) {
	case 0:
	case 1:
		return no_place();
	case 2:
		return GPA(scratch) + SCRATCH_PAGES * PAGE_SIZE - random_below(16) * 8;
	default:
		return GPA(scratch) + random_below(SCRATCH_PAGES * PAGE_SIZE / 8 - 64) * 8;
	}
}

static uint64_t any_page(void)
{
	return one_in(8) ? any_place() : one_in(2) ? GPA(vm.ram) + random_below(UVM_RAM / PAGE_SIZE) * PAGE_SIZE :
	       GPA(scratch) + random_below(SCRATCH_PAGES) * PAGE_SIZE;
}

static uint64_t any_vm(void)
{
	return one_in(16) ? any() : one_in(3) ? random_below(MAX_ID + 1) : vm.id;
}

static uint64_t any_gpa(void)
{
	return one_in(8) ? any() : random_below(2 * UVM_RAM / PAGE_SIZE) * PAGE_SIZE;
}

static void fill_creation(struct acrn_vm_creation *v)
{
	static const char *const names[] = { "user", "r0", "r1", "r2", "service", "" };

	if (one_in(4))
		return;
	memset(v, 0, sizeof(*v));
	str_copy((char *)v->name, names[random_below(ARRAY_SIZE(names))], sizeof(v->name));
	v->vm_flag = one_in(2) ? 0 : any();
	v->cpu_affinity = one_in(8) ? (any() | 1ul << 32) : affinity;
}

static void fill_regs(struct acrn_vcpu_regs *r)
{
	uint64_t *words = (uint64_t *)r;

	memset(r, 0, sizeof(*r));
	r->vcpu_regs.rip = PAYLOAD_AT + random_below(256);
	r->vcpu_regs.cr0 = 0x21;
	r->vcpu_regs.cs_ar = 0xc09b;
	r->vcpu_regs.cs_limit = ~0u;
	r->vcpu_regs.cs_sel = 8;
	r->vcpu_regs.gprs.rsp = PAYLOAD_STACK;
	if (one_in(2))
		words[random_below(sizeof(*r) / 8)] = any();
}

static void fill_regions(struct set_regions *s)
{
	static const uint64_t sizes[] = { PAGE_SIZE, 2 * PAGE_SIZE, 16 * PAGE_SIZE, 0, SIZE_2M, 1ul << 30 };
	struct vm_memory_region *r = (void *)(scratch + PAGE_SIZE);
	unsigned int i;

	memset(s, 0, sizeof(*s));
	s->vmid = (uint16_t)any_vm();
	s->mr_num = one_in(16) ? (uint32_t)any() : (uint32_t)random_below(4);
	s->regions_gpa = one_in(16) ? no_place() : GPA(r);
	for (i = 0; i < 4; i++) {
		r[i].type = one_in(8) ? (uint32_t)any() : (uint32_t)random_below(4);
		r[i].prot = one_in(8) ? (uint32_t)any() : MEM_ACCESS_RWX | MEM_TYPE_WB;
		r[i].gpa = any_gpa();
		r[i].service_vm_gpa = any_page();
		r[i].size = one_in(8) ? any() : sizes[random_below(ARRAY_SIZE(sizes))];
		/* What lies behind the two places belongs to the test as well, up to here. */
		if (r[i].type == MR_ADD && r[i].size > 16 * PAGE_SIZE && r[i].size < 1ul << 40)
			r[i].size = PAGE_SIZE;
	}
}

static void fill_block(uint64_t id, void *block)
{
	uint64_t *words = block;
	unsigned int i;

	for (i = 0; i < 64; i++)
		words[i] = any();
	switch (id) {
	case HC_CREATE_VM:
		fill_creation(block);
		break;
	case HC_SET_VCPU_REGS:
		fill_regs(block);
		break;
	case HC_VM_SET_MEMORY_REGIONS:
		fill_regions(block);
		break;
	case HC_SET_IOREQ_BUFFER:
		words[0] = any_page();
		break;
	case HC_INJECT_MSI:
		words[0] = one_in(4) ? any() : 0xfee00000 | (any() & 0xff00c);
		words[1] = any() & 0xffff;
		break;
	case HC_VM_WRITE_PROTECT_PAGE:
		words[0] = random_below(3);
		words[1] = any_gpa();
		break;
	case HC_VM_GPA2HPA:
		words[0] = any_gpa();
		break;
	default:
		break;
	}
}

/* What stands at a scratch address by chance may name a page of this program: not for calls that hand pages over. */
static uint64_t any_place_for(uint64_t id)
{
	return id == HC_SET_IOREQ_BUFFER || id == HC_VM_SET_MEMORY_REGIONS || id == HC_SETUP_SBUF ? no_place() : any_place();
}

static void one_call(void)
{
	uint64_t id = one_in(32) ? HC_ID(random_below(0x100)) : ids[random_below(ARRAY_SIZE(ids))];
	void *block = scratch + random_below(PAGE_SIZE / 2 / 8) * 8;
	uint64_t place = one_in(8) ? any_place_for(id) : GPA(block);
	uint64_t p1, p2 = place;

	fill_block(id, block);
	switch (id) {
	case HC_GET_API_VERSION:
	case HC_CREATE_VM:
	case HC_VM_SET_MEMORY_REGIONS:
	case HC_GET_HW_INFO:
		p1 = place;
		break;
	case HC_PM_GET_CPU_STATE:
	case HC_SET_CALLBACK_VECTOR:
	case HC_SERVICE_VM_OFFLINE_CPU:
		p1 = any();
		/* The second processor is needed. */
		if (id == HC_SERVICE_VM_OFFLINE_CPU && p1 == 1)
			p1 = 0;
		break;
	case HC_SET_IRQLINE:
		p1 = any_vm();
		p2 = one_in(4) ? any() : IRQLINE(random_below(32), random_below(5));
		break;
	case HC_NOTIFY_REQUEST_FINISH:
		p1 = any_vm();
		p2 = one_in(4) ? any() : 0;
		break;
	default:
		p1 = any_vm();
	}
	calls++;
	succeeded += hc(id, p1, p2) >= 0;
}

/* The page that is the device model's: whatever it likes. */
static void scribble(void)
{
	vm.io->req_slot[random_below(2)].processed = (uint32_t)(one_in(4) ? any() : random_below(4));
	if (one_in(4))
		((uint64_t *)vm.io)[random_below(512)] = any();
	scribbles++;
}

/* Whatever happened to the VM: there is one that runs, mostly. */
static void keep_alive(void)
{
	static const uint8_t *const entries[] = { payload_io, payload_irq, payload_spin, payload_triple, payload_poke };
	const uint8_t *entry = entries[random_below(ARRAY_SIZE(entries))];
	uint32_t state = vm.id ? uvm_state(&vm).state : Q_VM_POWERED_OFF;

	if (state == Q_VM_POWERED_OFF && uvm_create(&vm, "live"))
		return;
	if (state == Q_VM_STOPPED || state == Q_VM_PAUSED)
		(void)(uvm_pause(&vm) || uvm_reset(&vm));
	if (uvm_state(&vm).state == Q_VM_CREATED && uvm_prepare(&vm, entry))
		(void)uvm_start(&vm);
}

static unsigned int destroy_all(void)
{
	unsigned int left = 0;
	uint64_t id;

	for (id = 1; id < MAX_ID; id++) {
		struct uservm u = { .id = id };

		if (uvm_state(&u).state == Q_VM_POWERED_OFF)
			continue;
		(void)uvm_pause(&u);
		(void)uvm_destroy(&u);
		u.id = id;
		if (uvm_state(&u).state != Q_VM_POWERED_OFF) {
			report(false, "VM %lu can be destroyed (state %u)", id, uvm_state(&u).state);
			left++;
		}
	}
	return left;
}

static void storm(uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		one_call();
		scribble();
		if (one_in(64))
			keep_alive();
	}
}

/* The upcall vector is among what is set at random. */
static void any_interrupt(struct trap_frame *f __unused)
{
	apic_eoi();
}

static volatile bool over;
static uint64_t other_calls;

/* On the second processor: steps in the life of the VMs that the first one works with, and what hits a VM meanwhile. */
static void life_storm(void *arg)
{
	static const uint64_t steps[] = {
		HC_DESTROY_VM, HC_PAUSE_VM, HC_PAUSE_VM, HC_RESET_VM, HC_START_VM, HC_NOTIFY_REQUEST_FINISH, HC_SET_IRQLINE,
		HC_INJECT_MSI, HC_VM_GPA2HPA, HC_VM_WRITE_PROTECT_PAGE, HC_SET_IOREQ_BUFFER, HC_Q_VM_STATE, HC_CREATE_VM,
		HC_VM_SET_MEMORY_REGIONS,
	};
	uint64_t *block = arg, *list = block + 64;

	random_seed(0x2ace);
	while (!over) {
		uint64_t id = steps[random_below(ARRAY_SIZE(steps))], vm_id = random_below(4);
		bool by_block = id == HC_CREATE_VM || id == HC_VM_SET_MEMORY_REGIONS;

		memset(block, 0, 512);
		if (id == HC_CREATE_VM) {
			fill_creation((void *)block);
		} else if (id == HC_VM_SET_MEMORY_REGIONS) {
			*(struct set_regions *)block = (struct set_regions){ .vmid = (uint16_t)vm_id, .mr_num = 1,
									     .regions_gpa = GPA(list) };
			*(struct vm_memory_region *)list = (struct vm_memory_region){
				one_in(2) ? MR_ADD : MR_DEL, MEM_ACCESS_RWX | MEM_TYPE_WB, random_below(64) << 21,
				GPA(scratch), 8 * PAGE_SIZE };
		} else {
			block[0] = id == HC_SET_IOREQ_BUFFER ? GPA(vm.io) : id == HC_INJECT_MSI ? 0xfee00000 : 0x10000;
			block[1] = id == HC_INJECT_MSI ? MSI_VECTOR : 0x10000;
		}
		(void)hc(id, by_block ? GPA(block) : vm_id,
			 id == HC_NOTIFY_REQUEST_FINISH ? 0 : id == HC_SET_IRQLINE ? IRQLINE(LINE_GSI, 2) : GPA(block));
		other_calls++;
	}
}

static void start_race(void)
{
	if (!args_number("race", 0))
		return;
	if (smp_start() < 2) {
		report(false, "the Service VM has a second processor");
		return;
	}
	smp_send(1, life_storm, arena_get(1));
}

static void end_race(void)
{
	if (!args_number("race", 0))
		return;
	over = true;
	report(smp_wait(1, 5000000) && other_calls > 100, "a second processor made %lu calls meanwhile", other_calls);
}

/* As many threads as there can be at once: their stacks are kept for reuse. */
static void use_all_stacks(void)
{
	unsigned int i;

	for (i = 0; i < MAX_ID; i++) {
		struct uservm u = { .affinity = 3 };
		char name[8];

		snprintf(name, sizeof(name), i ? "w%u" : "user", i);
		(void)uvm_create(&u, name);
	}
	(void)destroy_all();
}

void case_random(void)
{
	uint64_t n = args_number("calls", DEFAULT_CALLS), seed = args_number("seed", DEFAULT_SEED);

	unsigned int v;

	for (v = 32; v < 256; v++)
		trap_set((uint8_t)v, any_interrupt);
	affinity = args_number("affinity", 2);
	uvm_init(&vm, affinity);
	scratch = arena_get(SCRATCH_PAGES + 16);
	report_info("seed 0x%lx, %lu calls", seed, n);
	random_seed(seed);
	start_race();
	storm(n / 10);
	if (!args_number("race", 0)) {
		(void)destroy_all();
		use_all_stacks();
		pool_look(1);
	}
	storm(n);
	end_race();
	report(calls == n + n / 10 && scribbles == calls, "%lu calls answered, %lu of them with success, beside %lu scribbles",
	       calls, succeeded, scribbles);
	report_eq(destroy_all(), 0, "all VMs can be destroyed");
	if (!args_number("race", 0))
		pool_look(2);
	report_eq((uint64_t)hc(HC_SET_CALLBACK_VECTOR, HV_UPCALL_VECTOR, 0), 0, "the upcall vector is set back");
	if (uvm_boot(&vm, "after", payload_spin)) {
		report(uvm_wait_box(&vm, MB_DONE, 1), "after all that a VM runs");
		uvm_end(&vm);
	}
}

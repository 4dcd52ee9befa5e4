/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may make hypercalls, which there are, and what a call leaves alone. */
#include "service/service.h"

#include "lib/console.h"
#include "lib/errno.h"
#include "lib/paging.h"
#include "lib/report.h"
#include "lib/string.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "service/hc.h"
#include "service/payload.h"
#include "service/uservm.h"
#include "x86/cr.h"
#include "x86/insn.h"

#define NR_REGS		16u
#define REG_FLAGS	4u	/* in place of RSP */

void hc_regs(uint64_t regs[NR_REGS]);
void user_call(uint64_t rip, uint64_t rsp, uint64_t r8);
void user_back(void);
extern uint64_t user_rsp;

/* The numbers doc/abi.md says this hypervisor answers, and what they say to ~0, which names no VM and is no address. */
static const struct { uint8_t n; int8_t answer; } known[] = {
	{ 0x00, -EFAULT }, { 0x01, -EPERM }, { 0x02, -EINVAL }, { 0x10, -EFAULT }, { 0x11, -EINVAL }, { 0x12, -EINVAL },
	{ 0x13, -EINVAL }, { 0x14, 0 }, { 0x15, -EINVAL }, { 0x16, -EINVAL }, { 0x23, -EINVAL }, { 0x24, -EINVAL },
	{ 0x25, -EINVAL }, { 0x30, -EINVAL }, { 0x31, -EINVAL }, { 0x32, -EINVAL }, { 0x33, -EINVAL }, { 0x41, -EINVAL }, { 0x42, -EFAULT }, { 0x43, -EINVAL }, { 0x44, -EFAULT },
	{ 0x59, -EINVAL }, { 0x5a, -EINVAL }, { 0x63, -EFAULT }, { 0x80, -EINVAL }, { 0xc0, -EFAULT }, { 0xc1, -EINVAL }, { 0xc2, -EINVAL },
	{ 0xc3, -EFAULT },
};

/* Numbers that are none: outside the range, with bits that a narrower look would miss. */
static const uint64_t outside[] = {
	0, 1, 0x10, 0x7fffffff, 0x80000100, 0x80000110, 0x80010000, 0xffffffff, 0x180000000, 0x180000010,
	0x8000000080000000, 0xffffffff80000000, ~0ul,
};
#define NR_CALLS	(0x100u + ARRAY_SIZE(outside))

/* Every number, then those that are none. */
static uint64_t call_number(unsigned int i)
{
	return i < 0x100 ? HC_ID(i) : outside[i - 0x100];
}

static int64_t service_answer(unsigned int i)
{
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(known); k++)
		if (known[k].n == i)
			return known[k].answer;
	return -ENOTTY;
}

static void from_service(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < NR_CALLS; i++) {
		int64_t is = hc(call_number(i), ~0ul, ~0ul), want = service_answer(i);

		if (is != want)
			report(!++bad, "Service VM: call 0x%lx of ~0 gives %ld (%ld)", call_number(i), want, is);
	}
	report(!bad, "Service VM: %lu numbers, %lu of them known, answer as the table says", NR_CALLS, ARRAY_SIZE(known));
}

static void simple_calls(void)
{
	struct acrn_api_version v = { 0, 0 };
	uint16_t nr_cpus = 0;

	report_eq((uint64_t)hc(HC_GET_API_VERSION, GPA(&v), 0), 0, "GET_API_VERSION succeeds");
	report(v.major_version == HC_API_MAJOR && v.minor_version == HC_API_MINOR, "it says %u.%u", v.major_version,
	       v.minor_version);
	report(!hc(HC_GET_HW_INFO, GPA(&nr_cpus), 0) && nr_cpus, "GET_HW_INFO tells the number of CPUs (%u)", nr_cpus);
	report_eq((uint64_t)hc(HC_SET_CALLBACK_VECTOR, 0x1f, 0), (uint64_t)-EINVAL, "an upcall vector of 0x1f is refused");
	report_eq((uint64_t)hc(HC_SET_CALLBACK_VECTOR, 0x100, 0), (uint64_t)-EINVAL, "and one of 0x100");
	report_eq((uint64_t)hc(HC_SET_CALLBACK_VECTOR, 0x1000000f3, 0), (uint64_t)-EINVAL, "and one beyond 32 bits");
	report_eq((uint64_t)hc(HC_SET_CALLBACK_VECTOR, HV_UPCALL_VECTOR, 0), 0, "0xf3 is taken");
	report(hc(HC_SERVICE_VM_OFFLINE_CPU, 0, 0) < 0, "the boot CPU cannot be taken offline");
	report(hc(HC_SERVICE_VM_OFFLINE_CPU, 1ul << 32, 0) < 0, "nor one with an id beyond 32 bits");
}

static void registers(uint64_t id, int64_t want)
{
	uint64_t is[NR_REGS], was[NR_REGS];
	unsigned int i, changed = 0;

	for (i = 0; i < NR_REGS; i++)
		was[i] = 0x1111111111111111ul * i;
	was[0] = 0xdeadbeefdeadbeef;
	was[7] = was[6] = ~0ul;
	was[8] = id;
	was[REG_FLAGS] = RFLAGS_FIXED | 0xcd5;	/* CF PF AF ZF SF DF OF */
	memcpy(is, was, sizeof(is));
	hc_regs(is);
	for (i = 1; i < NR_REGS; i++)
		changed |= (unsigned int)(is[i] != was[i]) << i;
	report_eq(is[0], (uint64_t)want, "call 0x%lx: RAX is the answer", id);
	report_eq(changed, 0, "call 0x%lx: other registers and the flags are kept", id);
}

static int user_vector;
static uint64_t user_error;

static void leave_user(struct trap_frame *f)
{
	user_vector = (int)f->vector;
	user_error = f->error;
	f->rip = (uint64_t)user_back;
	f->cs = SEL_GUEST_CODE;
	f->ss = SEL_GUEST_DATA;
	f->rsp = user_rsp;
	f->rflags = RFLAGS_FIXED;
}

/* In ring 3 every number faults alike. */
static void from_ring3(void)
{
	static const uint8_t code[] = { 0x0f, 0x01, 0xc1, 0xcc };	/* vmcall; int3 */
	uint8_t *page = arena_get(1), *stack = arena_get(1);
	void *at = paging_set(0, GPA(page) | PTE_P | PTE_W | PTE_U);
	unsigned int i, bad = 0;

	memcpy(page, code, sizeof(code));
	this_cpu()->tss.rsp[0] = GPA(stack) + PAGE_SIZE;
	trap_set(EXC_GP, leave_user);
	trap_set(EXC_BP, leave_user);
	trap_set(EXC_UD, leave_user);
	for (i = 0; i < NR_CALLS; i++) {
		user_vector = -1;
		user_call((uint64_t)at, (uint64_t)at + PAGE_SIZE, call_number(i));
		bad += user_vector != (int)EXC_GP || user_error;
	}
	trap_set(EXC_GP, NULL);
	trap_set(EXC_BP, NULL);
	trap_set(EXC_UD, NULL);
	paging_set(0, 0);
	report(!bad, "ring 3: %lu numbers give #GP(0), %u do not (the last: vector %d, error %lx)", NR_CALLS, bad, user_vector,
	       user_error);
}

/* In a user VM every number is an undefined instruction; R8 is set from outside, since 32-bit code has none. */
static void from_user_vm(void)
{
	static struct uservm vm;
	unsigned int i, bad = 0;

	uvm_init(&vm, 2);
	if (!uvm_boot(&vm, "caller", payload_call))
		return;
	for (i = 0; i < NR_CALLS; i++) {
		vm.r8 = call_number(i);
		if (uvm_pause(&vm) || uvm_reset(&vm) || uvm_set_regs(&vm, payload_call))
			break;
		*uvm_box(&vm, MB_DONE) = *uvm_box(&vm, MB_UD) = 0;
		bad += uvm_start(&vm) || !uvm_wait_box(&vm, MB_DONE, 1) || *uvm_box(&vm, MB_UD) != 1;
	}
	report(i == NR_CALLS && !bad, "user VM: %u numbers give #UD, %u do not", i, bad);
	uvm_end(&vm);
}

void case_policy(void)
{
	from_service();
	simple_calls();
	registers(HC_GET_API_VERSION, -EFAULT);
	registers(HC_ID(0xff), -ENOTTY);
	registers(HC_PAUSE_VM, -EINVAL);
	from_ring3();
	from_user_vm();
}

/* In a pre-launched VM, too. */
void prelaunched_calls(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < NR_CALLS; i++) {
		uint64_t r8 = call_number(i);

		ASM_TRY("vmcall", : : "r"(r8) : "rax", "rdi", "rsi", "memory");
		bad += fault_vector() != (int)EXC_UD;
	}
	printf("PRE: %lu numbers give #UD, %u do not\n", NR_CALLS - bad, bad);
}

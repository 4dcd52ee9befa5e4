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
#include "x86/cr.h"
#include "x86/insn.h"

#define NR_REGS		16u
#define REG_FLAGS	4u	/* in place of RSP */

void hc_regs(uint64_t regs[NR_REGS]);
void user_call(uint64_t rip, uint64_t rsp);
void user_back(void);
extern uint64_t user_rsp;

/* The numbers doc/abi.md says this hypervisor answers. */
static const uint8_t known[] = {
	0x00, 0x01, 0x02, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x23, 0x24, 0x25, 0x30, 0x31, 0x41, 0x42, 0x43,
	0x63, 0x80, 0xc0,
};

/* Numbers that answer -ENOTTY in this version and would do their work in a later one: either is right. */
static bool is_known(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < sizeof(known); i++)
		if (known[i] == n)
			return true;
	return false;
}

static void numbers(void)
{
	static const uint64_t outside[] = {
		0, 1, 0x10, 0x7fffffff, 0x80000100, 0x80000110, 0x80010000, 0xffffffff, 0x180000000, 0x180000010,
		0x8000000080000000, 0xffffffff80000000, ~0ul,
	};
	unsigned int n, bad = 0, unknown = 0;

	/* ~0 names no VM and is no address: what is known refuses it, and does nothing. */
	for (n = 0; n < 0x100; n++) {
		int64_t r = hc(HC_ID(n), ~0ul, ~0ul);
		/* Three that have nothing to refuse. */
		bool fine = n == 0x14 ? !r : is_known(n) ? r < 0 && r != -ENOTTY : r == -ENOTTY;

		unknown += !is_known(n);
		if (!fine) {
			bad++;
			report(false, "call 0x%x with impossible arguments is refused (%ld)", n, r);
		}
	}
	report(!bad, "%u unknown numbers give -ENOTTY, %lu known ones refuse ~0", unknown, sizeof(known));
	for (n = 0, bad = 0; n < ARRAY_SIZE(outside); n++) {
		int64_t r = hc(outside[n], 0, 0);

		if (r != -ENOTTY) {
			bad++;
			report(false, "number 0x%lx gives -ENOTTY (%ld)", outside[n], r);
		}
	}
	report(!bad, "numbers outside 0x80000000..0x800000ff give -ENOTTY");
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

static void from_ring3(void)
{
	static const uint8_t code[] = { 0x0f, 0x01, 0xc1, 0xcc };	/* vmcall; int3 */
	uint8_t *page = arena_get(1), *stack = arena_get(1);
	void *at = paging_set(0, GPA(page) | PTE_P | PTE_W | PTE_U);

	memcpy(page, code, sizeof(code));
	this_cpu()->tss.rsp[0] = GPA(stack) + PAGE_SIZE;
	trap_set(EXC_GP, leave_user);
	trap_set(EXC_BP, leave_user);
	trap_set(EXC_UD, leave_user);
	user_vector = -1;
	user_call((uint64_t)at, (uint64_t)at + PAGE_SIZE);
	trap_set(EXC_GP, NULL);
	trap_set(EXC_BP, NULL);
	trap_set(EXC_UD, NULL);
	paging_set(0, 0);
	report(user_vector == (int)EXC_GP && !user_error, "VMCALL in ring 3 gives #GP(0) (vector %d, error %lx)", user_vector,
	       user_error);
}

void case_policy(void)
{
	numbers();
	simple_calls();
	registers(HC_GET_API_VERSION, -EFAULT);
	registers(HC_ID(0xff), -ENOTTY);
	registers(HC_PAUSE_VM, -EINVAL);
	from_ring3();
}

void prelaunched_main(void)
{
	uint64_t r8 = HC_GET_API_VERSION;

	ASM_TRY("vmcall", : : "r"(r8) : "rax", "rdi", "rsi", "r8", "memory");
	printf("PRE: VMCALL gives vector %d\n", fault_vector());
	for (;;)
		cpu_sti_hlt_cli();
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Which faults of the hypervisor cost one VM, and which are refused: each condition fails alone. */
/* unit: hypervisor/exit/fault.c tests/fake/vm_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c tests/fake/hv_string.c */
#include <check.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/exception.h"
#include "cpu/percpu.h"
#include "exit/exit.h"
#include "exit/fault.h"
#include "mm/hostmap.h"
#include "vm/run_hook.h"
#include "vm_time.h"
#include "vm_vm.h"
#include "x86/cr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define TEXT	0x1000ul	/* what counts as the hypervisor's code */

static struct vm *vm;
static struct vcpu *vcpu;
static uint64_t stack[2048];
static struct host_frame frame;
static jmp_buf parked;

void vcpu_thread_body(void *arg) { (void)arg; }
bool hostmap_is_text(uint64_t va) { return va >= TEXT && va < 2 * TEXT; }
const char *exception_name(uint64_t vector) { return vector == EXC_PF ? "#PF" : "other"; }
const char *exit_reason_name(uint32_t reason) { return reason == EXIT_IO ? "I/O" : "something"; }
bool exit_is_contained(uint32_t reason) { return reason == EXIT_IO; }

bool thread_owns_stack(const struct thread *t, uint64_t at)
{
	return at - (uint64_t)t->stack <= sizeof(stack) - 8;
}

void vcpu_thread_park(struct vcpu *v)
{
	ck_assert_ptr_eq(v, vcpu);
	longjmp(parked, 1);
}

static void setup(void)
{
	memset(&fake_vmx, 0, sizeof(fake_vmx));
	vm = fake_vm_create(2);
	strcpy(vm->name, "victim");
	vcpu = vm->vcpus[1];
	vcpu->pcpu_id = 3;
	vcpu->where = VCPU_IN_HANDLER;
	vcpu->thread.body = vcpu_thread_body;
	vcpu->thread.arg = vcpu;
	vcpu->thread.stack = stack;
	percpu_area[0].current = &vcpu->thread;
	percpu_area[0].vcpu = vcpu;
	percpu_area[0].critical = 0;
	vmwrite(VMCS_EXIT_REASON, EXIT_IO);
	vmwrite(VMCS_GUEST_RIP, 0x7c00);
	frame = (struct host_frame){ .vector = EXC_PF, .rip = TEXT + 5, .rsp = (uint64_t)&stack[2040], .rbx = 0xb0b };
	fake_vm_nr_crashes = 0;
}

static void teardown(void)
{
	fake_vm_destroy(vm);
}

/* Why not, or NULL when it was contained. */
static const char *fault(void)
{
	return setjmp(parked) ? NULL : fault_contain(&frame);
}

static void refused(void)
{
	uint32_t n = fault_count();
	const char *why = fault();

	ck_assert_msg(why && *why, "contained");
	ck_assert(!fake_vm_nr_crashes && fault_count() == n);
}

START_TEST(costs_the_vm)
{
	const struct fault_dump *d;

	stack[2040] = 0x111;
	stack[2047] = 0x888;
	/* In the midst of a copy from or to a VM. */
	percpu_area[0].memuse = 7;
	ck_assert_ptr_null(fault());
	ck_assert_uint_eq(percpu_area[0].memuse, 8);
	ck_assert_uint_eq(fake_vm_nr_crashes, 1);
	ck_assert_str_eq(vm->crash_reason, "vCPU 1: #PF in the hypervisor at 1005 while it handled I/O");
	ck_assert_uint_eq(fault_count(), 1);
	d = fault_dump(0);
	ck_assert_ptr_nonnull(d);
	ck_assert_str_eq(d->vm_name, "victim");
	ck_assert(d->vcpu_id == 1 && d->pcpu_id == 3 && d->exit_reason == EXIT_IO && d->guest_rip == 0x7c00);
	ck_assert(d->frame.rip == TEXT + 5 && d->frame.rbx == 0xb0b);
	/* No further than the stack goes. */
	ck_assert(d->nr_words == 8 && d->stack[0] == 0x111 && d->stack[7] == 0x888);
	ck_assert_uint_eq(percpu_area[0].critical, 0);
	ck_assert_ptr_null(fault_dump(1));
}
END_TEST

START_TEST(the_last_dumps_are_kept)
{
	uint32_t i;

	for (i = 0; i < NR_FAULT_DUMPS + 2; i++) {
		frame.rbx = i;
		ck_assert_ptr_null(fault());
	}
	ck_assert_ptr_null(fault_dump(1));
	ck_assert_uint_eq(fault_dump(2)->frame.rbx, 2);
	ck_assert_uint_eq(fault_dump(NR_FAULT_DUMPS + 1)->frame.rbx, NR_FAULT_DUMPS + 1);
	ck_assert_uint_eq(fault_dump(2)->nr_words, 8);
}
END_TEST

START_TEST(each_condition)
{
	struct thread manager = { .body = NULL };

	percpu_area[0].current = NULL;
	refused();
	percpu_area[0].current = &manager;
	refused();
	percpu_area[0].current = &vcpu->thread;
	percpu_area[0].critical = 1;
	refused();
	percpu_area[0].critical = 0;
	vcpu->where = VCPU_OUTSIDE;
	refused();
	vcpu->where = VCPU_IN_GUEST;
	refused();
	vcpu->where = VCPU_IN_HANDLER;
	percpu_area[0].vcpu = vm->vcpus[0];
	refused();
	percpu_area[0].vcpu = vcpu;
	frame.rip = 2 * TEXT;
	refused();
	frame.rip = TEXT;
	frame.rsp = (uint64_t)stack - 8;
	refused();
	frame.rsp = (uint64_t)(stack + 2048);
	refused();
	frame.rsp = (uint64_t)stack;
	vmwrite(VMCS_EXIT_REASON, EXIT_VMCALL);
	refused();
	vmwrite(VMCS_EXIT_REASON, 1u << 31 | EXIT_IO);
	refused();
	vmwrite(VMCS_EXIT_REASON, EXIT_IO);
	ck_assert_ptr_null(fault());
}
END_TEST

START_TEST(kinds_of_exception)
{
	static const bool contained[32] = {
		[EXC_DE] = true, [EXC_OF] = true, [EXC_BR] = true, [EXC_UD] = true, [EXC_NP] = true, [EXC_SS] = true,
		[EXC_GP] = true, [EXC_PF] = true, [EXC_AC] = true,
	};
	uint64_t v;

	for (v = 0; v < 70; v++) {
		frame.vector = v;
		if (v < 32 && contained[v])
			ck_assert_ptr_null(fault());
		else
			ck_assert_ptr_nonnull(fault());
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fault");
	TCase *c = tcase_create("contain");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, costs_the_vm);
	tcase_add_test(c, the_last_dumps_are_kept);
	tcase_add_test(c, each_condition);
	tcase_add_test(c, kinds_of_exception);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

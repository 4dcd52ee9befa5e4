/* SPDX-License-Identifier: BSD-3-Clause */
/* What the manager makes of VMs that stop, the rules of severity, and the operator's commands. */
/* unit: hypervisor/boot/manager.c hypervisor/debug/cmd_life.c hypervisor/machine/severity.c hypervisor/machine/machine.c hypervisor/machine/slots.c hypervisor/machine/memory.c hypervisor/mm/e820.c hypervisor/io/ioreq.c hypervisor/io/asyncio.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/hv_machine.c tests/fake/vtd.c tests/fake/hv_string.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "boot/launch.h"
#include "boot/manager.h"
#include "boot/options.h"
#include "debug/cmd.h"
#include "debug/shell.h"
#include "debug/vmcon.h"
#include "hv_machine.h"
#include "hv_vm.h"
#include "hw/power.h"
#include "hypercall/dispatch.h"
#include "lib/printf.h"
#include "log/console.h"
#include "machine/machine.h"
#include "machine/severity.h"
#include "vm_time.h"

#define MS 1000000ul	/* TSC ticks */

enum { BLOCKED = 1, RESET, OFF };

static struct vm *pre, *service, *user;
static struct thread *manager;
static jmp_buf out;
static char said[512];
static unsigned int nr_turns;
static bool in_turn;

/* What the manager and the commands call. */
uint32_t manager_cpu(void) { return 0; }
bool option_set(const char *name) { (void)name; return false; }
void vmcon_drain(void) { }
void console_flush(void) { }
void shell_init(struct thread *server, bool tee, bool debug) { (void)server; (void)tee; (void)debug; }
bool shell_poll(void) { return false; }
static unsigned int nr_rings_taken;
void trace_detach_all(void) { nr_rings_taken++; }
int launch_start(struct vm *vm) { return machine_start(vm); }
void power_reset(void) { longjmp(out, RESET); }
void power_off(void) { longjmp(out, OFF); }
static void blocked(void) { longjmp(out, BLOCKED); }

void console_printf(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

void hypercall_take_turn(void)
{
	ck_assert(!in_turn && vm_table_quiet(NULL));
	in_turn = true;
	nr_turns++;
}

void hypercall_give_turn(void)
{
	ck_assert(in_turn);
	in_turn = false;
}

/* One round of the manager: until it sleeps, or ends the machine. */
static int round_of_manager(void)
{
	int r = setjmp(out);

	if (!r)
		manager->body(NULL);
	return r;
}

static struct scenario_vm *cfg(struct vm *vm) { return (struct scenario_vm *)vm->cfg; }

static struct vm *make(uint16_t vm_id, uint8_t order)
{
	struct vm *vm = hv_vm_create(vm_id, order, 2);

	ck_assert_int_eq(machine_start(vm), 0);
	vm->hooks.stopped = manager_stopped;
	return vm;
}

static void setup(void)
{
	hv_machine_reset();
	fake_time_reset();
	memset(hv_parts, 0, sizeof(hv_parts));
	pre = make(0, SCENARIO_PRE_LAUNCHED);
	service = make(1, SCENARIO_SERVICE);
	hv_threads.on_block = blocked;
	manager_start();
	manager = hv_threads.last;
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	vm_table_enter();
}

/* A command as the shell runs it. */
static const char *type(const char *line)
{
	static char text[64];
	char *argv[4] = { NULL };
	int argc = 0;

	strcpy(text, line);
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	said[0] = 0;
	if (!strcmp(argv[0], "reboot"))
		cmd_reboot(argc, argv);
	else if (!strcmp(argv[0], "poweroff"))
		cmd_poweroff(argc, argv);
	else
		cmd_life(argc, argv);
	/* Back inside the table. */
	ck_assert(!vm_table_quiet(NULL));
	return said;
}

static void says(const char *line, const char *part)
{
	ck_assert_msg(strstr(type(line), part), "'%s' says: %s", line, said);
}

START_TEST(a_crash_stops)
{
	vm_crash(pre, "a reason");
	ck_assert(pre->vcpus[0]->requests & 1ul << REQ_PAUSE);
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert(pre->state == VM_POWERED_OFF && service->state == VM_RUNNING);
	/* It is not handled twice. */
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert_uint_eq(pre->nr_restarts, 0);
	service->hooks.stopped(service, VM_STOP_POWER_OFF);
	ck_assert_int_eq(round_of_manager(), OFF);
}
END_TEST

static void crash_and_wait(uint64_t ms, unsigned int nr_restarts)
{
	vm_crash(pre, "again");
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert_uint_eq(pre->nr_restarts, nr_restarts);
	ck_assert_uint_eq(fake_time_next(), fake_tsc + ms * MS);
	fake_time_pass(ms * MS - 1);
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert_uint_eq(pre->nr_restarts, nr_restarts);
	fake_time_pass(1);
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert_uint_eq(pre->nr_restarts, nr_restarts + 1);
	ck_assert(pre->state == VM_RUNNING && pre->stop == VM_STOP_NONE && !pre->crashed);
	ck_assert_uint_eq(fake_time_next(), 0);
}

START_TEST(restarts_back_off)
{
	unsigned int i;

	cfg(pre)->crash_policy = SCENARIO_CRASH_RESTART;
	for (i = 0; i < 7; i++)
		crash_and_wait(100ul << i, i);
	crash_and_wait(12800, 7);
	crash_and_wait(12800, 8);
	/* It ran for a minute: the count begins again. */
	fake_time_pass(60000 * MS);
	crash_and_wait(100, 9);
	fake_time_pass(59999 * MS);
	crash_and_wait(200, 10);
}
END_TEST

START_TEST(restarts_come_to_an_end)
{
	cfg(pre)->crash_policy = SCENARIO_CRASH_RESTART;
	cfg(pre)->restart_max = 2;
	crash_and_wait(100, 0);
	pre->hooks.stopped(pre, VM_STOP_TRIPLE_FAULT);
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	/* While it waits for that the machine stays on. */
	service->hooks.stopped(service, VM_STOP_POWER_OFF);
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	fake_time_pass(200 * MS);
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert_uint_eq(pre->nr_restarts, 2);
	vm_crash(pre, "for good");
	ck_assert_int_eq(round_of_manager(), OFF);
	ck_assert(pre->state == VM_POWERED_OFF);
}
END_TEST

START_TEST(notify_keeps)
{
	cfg(pre)->crash_policy = SCENARIO_CRASH_NOTIFY;
	vm_crash(pre, "look at me");
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert(pre->state == VM_PAUSED && pre->stop == VM_STOP_CRASH);
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	says("vm_resume 0", "not done");
	ck_assert_int_eq(machine_resume(pre), -22);
	service->hooks.stopped(service, VM_STOP_POWER_OFF);
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	says("vm_reset 0", "told to reset");
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert(pre->state == VM_RUNNING && !pre->crashed);
	vm_crash(pre, "and again");
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	says("vm_off 0", "told to power off");
	ck_assert_int_eq(round_of_manager(), OFF);
}
END_TEST

/* Severities against each other: whose reset is the machine's. */
START_TEST(who_resets_the_machine)
{
	static const struct { uint8_t severity; bool up; int result; } rows[] = {
		{ SCENARIO_SEVERITY_STANDARD, true, RESET }, { SCENARIO_SEVERITY_SERVICE, true, BLOCKED },
		{ SCENARIO_SEVERITY_RT, true, BLOCKED }, { SCENARIO_SEVERITY_SAFETY, true, BLOCKED },
		{ SCENARIO_SEVERITY_SAFETY, false, RESET },
	};

	cfg(pre)->severity = rows[_i].severity;
	if (!rows[_i].up)
		machine_stop(pre);
	service->hooks.stopped(service, VM_STOP_RESET);
	ck_assert_int_eq(round_of_manager(), rows[_i].result);
	if (rows[_i].result == BLOCKED)
		ck_assert(service->state == VM_RUNNING && service->nr_restarts == 1 && pre->nr_restarts == 0);
	/* A pre-launched VM's reset is its own, whatever it is. */
	pre->hooks.stopped(pre, VM_STOP_RESET);
	if (rows[_i].result == BLOCKED) {
		ck_assert_int_eq(round_of_manager(), BLOCKED);
		ck_assert(pre->nr_restarts == 1 && service->nr_restarts == 1);
	}
}
END_TEST

START_TEST(the_service_vm_takes_its_user_vms_along)
{
	static const struct scenario_vm record = { .load_order = SCENARIO_POST_LAUNCHED, .severity = SCENARIO_SEVERITY_STANDARD };
	const struct machine_request req = { .name = "user", .cpu_affinity = 4 };

	ck_assert_int_eq(machine_build(2, &record, &req, &user), 0);
	ck_assert_int_eq(machine_start(user), 0);
	vm_table_leave();
	pre->hooks.stopped(pre, VM_STOP_RESET);
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert_ptr_eq(vm_table[2], user);
	service->hooks.stopped(service, VM_STOP_RESET);
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert_ptr_null(vm_table[2]);
	ck_assert(service->state == VM_RUNNING);
	ck_assert_uint_eq(nr_rings_taken, 1);
}
END_TEST

START_TEST(who_holds_the_machine)
{
	cfg(pre)->severity = SCENARIO_SEVERITY_SAFETY;
	says("poweroff", "of severity safety is up");
	says("reboot", "VM 0 (test)");
	says("reboot now", "VM 0 (test)");
	if (!setjmp(out)) {
		type("reboot force");
		ck_abort();
	}
	cfg(pre)->severity = SCENARIO_SEVERITY_STANDARD;
	if (!setjmp(out)) {
		type("poweroff");
		ck_abort();
	}
	cfg(pre)->severity = SCENARIO_SEVERITY_RT;
	says("poweroff", "of severity rt is up");
	machine_stop(pre);
	if (!setjmp(out)) {
		type("poweroff");
		ck_abort();
	}
	ck_assert(!severity_of(pre)->interruptible && severity_of(service)->interruptible);
}
END_TEST

START_TEST(pause_and_resume)
{
	says("vm_pause 0", "VM 0: paused");
	ck_assert(pre->state == VM_PAUSED && pre->held && pre->vcpus[1]->state == VCPU_PAUSED);
	says("vm_pause 0", "VM 0: paused");
	says("vm_resume 0", "VM 0: resumed");
	ck_assert(pre->state == VM_RUNNING && !pre->held && !(pre->vcpus[1]->requests & 1ul << REQ_PAUSE));
	says("vm_resume 0", "not done: it was not paused here");
	/* Whom somebody else has paused is not the operator's to resume. */
	ck_assert_int_eq(machine_pause(pre), 0);
	says("vm_pause 0", "VM 0: paused");
	says("vm_resume 0", "not done");
	ck_assert_int_eq(machine_resume(pre), 0);
	ck_assert_uint_eq(nr_turns, 0);
}
END_TEST

START_TEST(single_vcpus)
{
	struct vcpu *v = pre->vcpus[1];

	says("vcpu_pause 0 1", "VM 0: paused");
	ck_assert(v->state == VCPU_PAUSED && pre->state == VM_RUNNING && !(pre->vcpus[0]->requests & 1ul << REQ_PAUSE));
	says("vm_pause 0", "paused");
	says("vm_resume 0", "resumed");
	ck_assert(v->requests & 1ul << REQ_PAUSE);
	says("vm_pause 0", "paused");
	says("vcpu_resume 0 1", "resumed");
	ck_assert(v->requests & 1ul << REQ_PAUSE);	/* its VM is paused still */
	says("vm_resume 0", "resumed");
	ck_assert(!(v->requests & 1ul << REQ_PAUSE));
	says("vcpu_resume 0 1", "not done");
	says("vcpu_pause 0 2", "not done: there is no such vCPU");
	says("vcpu_pause 0 99999999999", "not done");
	/* A VM that has stopped is not started through one of its vCPUs. */
	says("vcpu_pause 0 1", "paused");
	pre->crashed = true;
	pre->stop = VM_STOP_CRASH;
	says("vcpu_resume 0 1", "resumed");
	ck_assert(v->requests & 1ul << REQ_PAUSE);
}
END_TEST

START_TEST(reset_forgets_pauses)
{
	says("vcpu_pause 0 1", "paused");
	says("vm_pause 0", "paused");
	says("vm_reset 0", "told to reset");
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert(pre->state == VM_RUNNING && !pre->held && !pre->vcpus[1]->held && !pre->vcpus[1]->requests);
	says("vm_off 0", "told to power off");
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	says("vm_off 0", "not done: it is off");
	says("vm_pause 0", "not done: it is off");
	says("vcpu_pause 0 0", "not done");
	says("vm_reset 0", "told to reset");
	ck_assert_int_eq(round_of_manager(), BLOCKED);
	ck_assert(pre->state == VM_RUNNING);
}
END_TEST

START_TEST(user_vms_in_turn)
{
	user = make(2, SCENARIO_POST_LAUNCHED);
	says("vm_pause 2", "VM 2: paused");
	says("vm_resume 2", "VM 2: resumed");
	ck_assert(nr_turns == 2 && !in_turn);
	machine_stop(user);
	hv_vm_destroy(user);
	says("vm_pause 2", "there is no such VM");
}
END_TEST

START_TEST(nonsense)
{
	says("vm_pause", "needs the number");
	says("vm_pause x", "needs the number");
	says("vm_pause 0 1", "needs the number");
	says("vcpu_pause 0", "that of a vCPU");
	says("vm_pause 16", "there is no such VM");
	says("vm_pause 18446744073709551615", "there is no such VM");
	ck_assert(pre->state == VM_RUNNING);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("life");
	TCase *c = tcase_create("life");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, a_crash_stops);
	tcase_add_test(c, restarts_back_off);
	tcase_add_test(c, restarts_come_to_an_end);
	tcase_add_test(c, notify_keeps);
	tcase_add_loop_test(c, who_resets_the_machine, 0, 5);
	tcase_add_test(c, the_service_vm_takes_its_user_vms_along);
	tcase_add_test(c, who_holds_the_machine);
	tcase_add_test(c, pause_and_resume);
	tcase_add_test(c, single_vcpus);
	tcase_add_test(c, reset_forgets_pauses);
	tcase_add_test(c, user_vms_in_turn);
	tcase_add_test(c, nonsense);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of VMs that stop by themselves: restarts and their delays, power, the machine's reset, user VMs without a Service VM. */
/* unit: hypervisor/boot/manager.c hypervisor/machine/severity.c tests/fake/vm_vm.c tests/fake/vm_time.c tests/fake/vm_mem.c */
#include <check.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "boot/launch.h"
#include "boot/manager.h"
#include "boot/options.h"
#include "debug/shell.h"
#include "debug/vmcon.h"
#include "hw/power.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/console.h"
#include "machine/machine.h"
#include "sched/thread.h"
#include "vm/vm.h"
#include "vm_time.h"
#include "vm_vm.h"

#define MS	1000000ul	/* ticks of the fake TSC */

enum { RT, SERVICE, USER, PRE, NR };
enum { SLEEPS = 1, RESETS, OFF };	/* how a turn of the manager ends */

static struct scenario_vm cfg[NR];
static void (*manager)(void *arg);
static jmp_buf end;
static uint32_t cpu;
static unsigned int nr_resets, nr_starts, nr_stops, nr_destroyed, nr_wakes;
static unsigned int nr_more, nr_given_way;	/* how often the shell still has much to say; turns of others meanwhile */
static bool wanted;
static int start_err, pause_err;

uint32_t manager_cpu(void) { return cpu; }
bool option_set(const char *name) { (void)name; return false; }
void shell_init(struct thread *server, bool tee, bool debug) { (void)server; (void)tee; (void)debug; }
bool shell_poll(void) { return nr_more && nr_more--; }
void trace_detach_all(void) { }
void vmcon_drain(void) { }
void console_flush(void) { }
void vm_table_enter(void) { }
void vm_table_leave(void) { }
void power_reset(void) { longjmp(end, RESETS); }
void power_off(void) { longjmp(end, OFF); }
void thread_block(void) { longjmp(end, SLEEPS); }
void thread_wake(struct thread *t) { (void)t; nr_wakes++; }
void schedule(void) { nr_given_way++; wanted = false; }
void thread_start(struct thread *t) { ck_assert_uint_eq(t->params.priority, 255); }

int thread_create(struct thread *t, const char *name, uint32_t pcpu_id, void (*body)(void *), void *arg)
{
	(void)t; (void)name; (void)arg;
	ck_assert_uint_eq(pcpu_id, cpu);
	manager = body;
	return 0;
}

int launch_start(struct vm *vm)
{
	nr_starts++;
	vm->state = start_err ? VM_CREATED : VM_RUNNING;
	return start_err;
}

int machine_reset(struct vm *vm)
{
	nr_resets++;
	vm->state = VM_CREATED;
	vm->stop = VM_STOP_NONE;
	return 0;
}

int machine_pause(struct vm *vm)
{
	vm->state = pause_err ? vm->state : VM_PAUSED;
	return pause_err;
}

void machine_stop(struct vm *vm)
{
	nr_stops++;
	vm->state = VM_POWERED_OFF;
}

void machine_destroy(struct vm *vm)
{
	nr_destroyed++;
	vm_table[vm->vm_id] = NULL;
	fake_vm_destroy(vm);
}

/* The manager's turn: it sleeps, or ends the machine. */
static int turn(void)
{
	int how = setjmp(end);

	if (!how)
		manager(NULL);
	return how;
}

static void make(unsigned int i, uint8_t load_order, uint8_t severity)
{
	struct vm *vm = fake_vm_create(2);

	cfg[i] = (struct scenario_vm){ .load_order = load_order, .severity = severity, .crash_policy = SCENARIO_CRASH_STOP };
	vm->vm_id = (uint16_t)i;
	vm->cfg = &cfg[i];
	vm->load_order = load_order;
	vm->state = VM_RUNNING;
	vm_table[i] = vm;
	if (load_order == SCENARIO_SERVICE)
		service_vm = vm;
}

static void setup(void)
{
	fake_time_reset();
	fake_tsc_khz = 1000000;
	fake_tsc = 1000 * MS;
	make(RT, SCENARIO_PRE_LAUNCHED, SCENARIO_SEVERITY_RT);
	make(SERVICE, SCENARIO_SERVICE, SCENARIO_SEVERITY_SERVICE);
	make(USER, SCENARIO_POST_LAUNCHED, SCENARIO_SEVERITY_STANDARD);
	make(PRE, SCENARIO_PRE_LAUNCHED, SCENARIO_SEVERITY_STANDARD);
	manager_start();
	ck_assert_int_eq(turn(), SLEEPS);
}

static void teardown(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		if (vm_table[i])
			fake_vm_destroy(vm_table[i]);
}

static void gone(unsigned int i)
{
	vm_table[i]->state = VM_POWERED_OFF;
}

static int stop(unsigned int i, enum vm_stop why)
{
	unsigned int wakes = nr_wakes;

	manager_stopped(vm_table[i], why);
	ck_assert_uint_eq(nr_wakes, wakes + 1);
	ck_assert(fake_vm_take_request(vm_table[i]->vcpus[0], REQ_PAUSE) && fake_vm_take_request(vm_table[i]->vcpus[1], REQ_PAUSE));
	return turn();
}

/* Much to say: the others' turns come between when the policy wants them to, and only then. */
START_TEST(long_words_give_way)
{
	this_cpu()->sched_wanted = &wanted;
	nr_given_way = 0;
	nr_more = 5;
	ck_assert_int_eq(turn(), SLEEPS);
	ck_assert_uint_eq(nr_given_way, 0);
	wanted = true;
	nr_more = 5;
	ck_assert_int_eq(turn(), SLEEPS);
	ck_assert_uint_eq(nr_given_way, 1);
	ck_assert_uint_eq(nr_more, 0);
}
END_TEST

START_TEST(a_reset_restarts_the_vm)
{
	ck_assert_int_eq(stop(PRE, VM_STOP_RESET), SLEEPS);
	ck_assert(nr_resets == 1 && nr_starts == 1 && vm_table[PRE]->nr_restarts == 1);
	ck_assert_uint_eq(vm_table[PRE]->state, VM_RUNNING);
	ck_assert_uint_eq(nr_destroyed, 0);
	/* Again at once, however often: the VM asked for it. */
	ck_assert_int_eq(stop(PRE, VM_STOP_RESET), SLEEPS);
	ck_assert_uint_eq(nr_starts, 2);
}
END_TEST

START_TEST(the_service_vm_takes_its_user_vms_along)
{
	ck_assert_int_eq(stop(SERVICE, VM_STOP_RESET), SLEEPS);
	ck_assert_uint_eq(nr_destroyed, 1);
	ck_assert_ptr_null(vm_table[USER]);
	ck_assert_uint_eq(vm_table[SERVICE]->nr_restarts, 1);
	ck_assert_uint_eq(vm_table[RT]->state, VM_RUNNING);
}
END_TEST

/* Nobody of its severity is up: a reset of the Service VM is the machine's. */
START_TEST(a_reset_of_the_machine)
{
	gone(RT);
	ck_assert_int_eq(stop(SERVICE, VM_STOP_RESET), RESETS);
	ck_assert_uint_eq(nr_starts, 0);
}
END_TEST

START_TEST(off_until_nobody_is_left)
{
	ck_assert_int_eq(stop(PRE, VM_STOP_POWER_OFF), SLEEPS);
	ck_assert_uint_eq(vm_table[PRE]->state, VM_POWERED_OFF);
	ck_assert_int_eq(stop(SERVICE, VM_STOP_POWER_OFF), SLEEPS);
	ck_assert_ptr_null(vm_table[USER]);
	ck_assert_int_eq(stop(RT, VM_STOP_POWER_OFF), OFF);
	ck_assert(nr_stops == 3 && nr_starts == 0);
}
END_TEST

START_TEST(a_crash_stops_by_default)
{
	ck_assert_int_eq(stop(PRE, VM_STOP_CRASH), SLEEPS);
	ck_assert_uint_eq(vm_table[PRE]->state, VM_POWERED_OFF);
	ck_assert_uint_eq(nr_starts, 0);
}
END_TEST

/* When the timer wakes it, and not before. */
static void expect_restart_in(uint64_t ms)
{
	unsigned int starts = nr_starts;
	uint64_t at = fake_tsc + ms * MS;

	ck_assert_uint_eq(fake_time_next(), at);
	fake_time_to(at - 1);
	ck_assert_int_eq(turn(), SLEEPS);
	ck_assert_uint_eq(nr_starts, starts);
	fake_time_to(at);
	ck_assert_int_eq(turn(), SLEEPS);
	ck_assert_uint_eq(nr_starts, starts + 1);
	ck_assert_uint_eq(fake_time_next(), 0);
}

START_TEST(restarts_come_later_each_time)
{
	static const uint64_t ms[] = { 100, 200, 400, 800, 1600, 3200, 6400, 12800, 12800, 12800 };
	unsigned int i;

	cfg[PRE].crash_policy = SCENARIO_CRASH_RESTART;
	for (i = 0; i < ARRAY_SIZE(ms); i++) {
		ck_assert_int_eq(stop(PRE, i % 2 ? VM_STOP_CRASH : VM_STOP_TRIPLE_FAULT), SLEEPS);
		expect_restart_in(ms[i]);
	}
	/* Up for a minute, it has got over it. */
	fake_time_pass(60000 * MS);
	ck_assert_int_eq(stop(PRE, VM_STOP_CRASH), SLEEPS);
	expect_restart_in(100);
}
END_TEST

START_TEST(restarts_have_an_end)
{
	cfg[PRE].crash_policy = SCENARIO_CRASH_RESTART;
	cfg[PRE].restart_max = 2;
	ck_assert_int_eq(stop(PRE, VM_STOP_CRASH), SLEEPS);
	expect_restart_in(100);
	ck_assert_int_eq(stop(PRE, VM_STOP_CRASH), SLEEPS);
	expect_restart_in(200);
	ck_assert_int_eq(stop(PRE, VM_STOP_CRASH), SLEEPS);
	ck_assert_uint_eq(fake_time_next(), 0);
	ck_assert_uint_eq(vm_table[PRE]->state, VM_POWERED_OFF);
}
END_TEST

/* The last VM waits for its restart, or for its owner: the machine stays on. */
START_TEST(who_waits_keeps_the_machine_on)
{
	cfg[PRE].crash_policy = SCENARIO_CRASH_RESTART;
	cfg[RT].crash_policy = SCENARIO_CRASH_NOTIFY;
	ck_assert_int_eq(stop(PRE, VM_STOP_CRASH), SLEEPS);
	ck_assert_int_eq(stop(RT, VM_STOP_CRASH), SLEEPS);
	ck_assert_uint_eq(vm_table[RT]->state, VM_PAUSED);
	ck_assert_int_eq(stop(SERVICE, VM_STOP_POWER_OFF), SLEEPS);
	expect_restart_in(100);
	ck_assert_int_eq(stop(PRE, VM_STOP_POWER_OFF), SLEEPS);
	/* Its owner decides. */
	ck_assert_int_eq(stop(RT, VM_STOP_POWER_OFF), OFF);
}
END_TEST

START_TEST(a_vm_that_cannot_be_restarted)
{
	start_err = -ENOMEM;
	ck_assert_int_eq(stop(PRE, VM_STOP_RESET), SLEEPS);
	ck_assert_uint_eq(vm_table[PRE]->state, VM_CREATED);
	ck_assert_uint_eq(vm_table[RT]->state, VM_RUNNING);
}
END_TEST

/* A VM that was never started, or is being built anew, is left alone. */
START_TEST(a_vm_that_cannot_be_paused)
{
	pause_err = -EINVAL;
	vm_table[PRE]->state = VM_CREATED;
	ck_assert_int_eq(stop(PRE, VM_STOP_RESET), SLEEPS);
	ck_assert(!nr_starts && !nr_stops && !nr_resets);
}
END_TEST

START_TEST(no_cpu_for_a_manager)
{
	cpu = MAX_PCPUS;
	manager = NULL;
	manager_start();
	ck_assert_ptr_null(manager);
	make(PRE, SCENARIO_PRE_LAUNCHED, SCENARIO_SEVERITY_STANDARD);
	manager_stopped(vm_table[PRE], VM_STOP_CRASH);
	ck_assert_uint_eq(nr_wakes, 0);
	ck_assert_uint_eq(vm_table[PRE]->stop, VM_STOP_CRASH);
	ck_assert(fake_vm_take_request(vm_table[PRE]->vcpus[0], REQ_PAUSE));
	fake_vm_destroy(vm_table[PRE]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("manager");
	TCase *t = tcase_create("manager"), *bare = tcase_create("bare");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, long_words_give_way);
	tcase_add_test(t, a_reset_restarts_the_vm);
	tcase_add_test(t, the_service_vm_takes_its_user_vms_along);
	tcase_add_test(t, a_reset_of_the_machine);
	tcase_add_test(t, off_until_nobody_is_left);
	tcase_add_test(t, a_crash_stops_by_default);
	tcase_add_test(t, restarts_come_later_each_time);
	tcase_add_test(t, restarts_have_an_end);
	tcase_add_test(t, who_waits_keeps_the_machine_on);
	tcase_add_test(t, a_vm_that_cannot_be_restarted);
	tcase_add_test(t, a_vm_that_cannot_be_paused);
	tcase_add_test(bare, no_cpu_for_a_manager);
	suite_add_tcase(s, t);
	suite_add_tcase(s, bare);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

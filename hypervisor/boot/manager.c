/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens when a VM stops by itself, and the console's turn. */
#include "boot/manager.h"

#include "boot/launch.h"
#include "boot/options.h"
#include "cpu/trace.h"
#include "cpu/tsc.h"
#include "debug/shell.h"
#include "debug/vmcon.h"
#include "hw/power.h"
#include "irq/timer.h"
#include "lib/util.h"
#include "log/console.h"
#include "log/log.h"
#include "machine/machine.h"
#include "machine/severity.h"
#include "sched/thread.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define MANAGER_PRIORITY 255u
/* Before a restart after a crash: doubled for each crash that follows soon. */
#define BACKOFF_US	100000u
#define BACKOFF_STEPS	7u		/* up to 12.8 s */
#define STABLE_US	60000000u	/* up so long, a VM has got over its crash */

/* What the manager knows of a pre-launched or Service VM. Own thread but for `news`. */
struct charge {
	bool news;			/* atomic: it has stopped, and nobody has looked yet */
	bool waits;			/* crashed and kept: its owner decides */
	uint64_t restart_at;		/* TSC, 0: no restart is due */
	uint64_t started;		/* TSC of the last start */
	unsigned int crashes;		/* in a row */
};

static struct thread manager;
static struct charge charges[MAX_VMS];
static struct timer alarm;		/* the next restart */
static bool running;

void manager_stopped(struct vm *vm, enum vm_stop why)
{
	uint16_t i;

	vm->stop = why;
	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_request(vm->vcpus[i], REQ_PAUSE);
	/* Release: who sees the news sees the reason. */
	__atomic_store_n(&charges[vm->vm_id].news, true, __ATOMIC_RELEASE);
	if (running)
		thread_wake(&manager);
}

/* A VM that is to start again, or whose owner is to decide, keeps the machine on. */
static bool any_left(void)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++)
		if (vm_table[i] && vm_table[i]->load_order != SCENARIO_POST_LAUNCHED &&
		    (severity_is_up(vm_table[i]) || charges[i].waits || charges[i].restart_at))
			return true;
	return false;
}

/* User VMs live by the Service VM: without it nobody answers their I/O. */
static void end_user_vms(void)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++) {
		if (!vm_table[i] || vm_table[i]->load_order != SCENARIO_POST_LAUNCHED)
			continue;
		log_warn("vm %s: ended, as the Service VM stopped", vm_table[i]->name);
		machine_destroy(vm_table[i]);
	}
}

static void restart(struct vm *vm)
{
	struct charge *c = &charges[vm->vm_id];

	log_info("vm %s: restarting", vm->name);
	c->restart_at = 0;
	vm->nr_restarts++;
	if (machine_reset(vm) || launch_start(vm))
		log_err("vm %s: could not be restarted", vm->name);
	c->started = tsc_now();
}

/* What VMs wrote faster than the wire takes it. */
static void last_words(void)
{
	vmcon_drain();
	console_flush();
}

/* A VM that is off for good: its vCPUs end, its memory stays its own. */
static void turn_off(struct vm *vm)
{
	machine_stop(vm);
	log_info("vm %s: off", vm->name);
	if (any_left())
		return;
	log_info("no VM is left: the machine is powered off");
	last_words();
	power_off();
}

/* A restart, later each time: what crashes at once must not keep the machine busy with it. */
static void restart_later(struct vm *vm)
{
	struct charge *c = &charges[vm->vm_id];
	uint64_t now = tsc_now(), wait;

	if (vm->cfg->restart_max && vm->nr_restarts >= vm->cfg->restart_max) {
		log_err("vm %s: has been started %u times, which is all its crash policy allows", vm->name, vm->nr_restarts + 1);
		turn_off(vm);
		return;
	}
	if (now - c->started >= tsc_from_us(STABLE_US))
		c->crashes = 0;
	wait = (uint64_t)BACKOFF_US << MIN(c->crashes, BACKOFF_STEPS);
	c->crashes++;
	c->restart_at = now + tsc_from_us(wait);
	log_info("vm %s: starts again in %lu ms", vm->name, wait / 1000);
}

static void keep(struct vm *vm)
{
	charges[vm->vm_id].waits = true;
	log_warn("vm %s: kept as it is, paused: vm_reset %u or vm_off %u decides", vm->name, vm->vm_id, vm->vm_id);
}

static void crashed(struct vm *vm)
{
	static void (*const policy[SCENARIO_NR_CRASH_POLICIES])(struct vm *vm) = {
		[SCENARIO_CRASH_STOP] = turn_off,
		[SCENARIO_CRASH_RESTART] = restart_later,
		[SCENARIO_CRASH_NOTIFY] = keep,
	};

	policy[vm->cfg->crash_policy](vm);
}

static void reset(struct vm *vm)
{
	if (severity_of(vm)->resets_machine && vm_is_service_order(vm) && !severity_outranked(vm)) {
		log_info("vm %s: resets the machine", vm->name);
		last_words();
		power_reset();
	}
	restart(vm);
}

static void handle_stop(struct vm *vm)
{
	struct charge *c = &charges[vm->vm_id];

	/* Its vCPUs may be in the middle of a hypercall: they finish it and park. What they report meanwhile is the same news. */
	if (machine_pause(vm) && vm->state != VM_POWERED_OFF)
		return;
	__atomic_store_n(&c->news, false, __ATOMIC_RELAXED);
	c->waits = false;
	c->restart_at = 0;
	if (vm_is_service_order(vm)) {
		end_user_vms();
		trace_detach_all();
	}
	switch (vm->stop) {
	case VM_STOP_RESET:
		reset(vm);
		break;
	case VM_STOP_POWER_OFF:
		turn_off(vm);
		break;
	default:
		crashed(vm);
	}
}

static void wake(void *unused __unused)
{
	thread_wake(&manager);
}

/* What has stopped, and whose time to start again has come. */
static void look_at_vms(void)
{
	uint64_t next = 0;
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++) {
		struct charge *c = &charges[i];

		if (__atomic_load_n(&c->news, __ATOMIC_ACQUIRE))
			handle_stop(vm_table[i]);
		if (c->restart_at && tsc_now() >= c->restart_at)
			restart(vm_table[i]);
		if (c->restart_at && (!next || c->restart_at < next))
			next = c->restart_at;
	}
	if (next)
		timer_start(&alarm, next);
	else
		timer_stop(&alarm);
}

static void body(void *arg __unused)
{
	bool more;

	shell_init(&manager, option_set("tee"), option_set("debug-shell"));
	for (;;) {
		look_at_vms();
		vm_table_enter();
		more = shell_poll();
		vm_table_leave();
		/* Under a policy without priorities others' turns come while there is much to say. */
		if (!more)
			thread_block();
		else if (sched_wanted())
			schedule();
	}
}

void manager_start(void)
{
	uint32_t cpu = manager_cpu();

	if (cpu >= MAX_PCPUS || thread_create(&manager, "manager", cpu, body, NULL)) {
		log_warn("no CPU is free for the console: it shows output only");
		return;
	}
	timer_init(&alarm, wake, NULL);
	manager.params.priority = MANAGER_PRIORITY;
	manager.params.weight = 128;
	running = true;
	thread_start(&manager);
}

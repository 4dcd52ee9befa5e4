/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/watch_other.h"

#include <libvirt/libvirt.h>
#include <string.h>
#include <unistd.h>

#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/events.h"
#include "tools/virtacrnd/other.h"
#include "wire.h"

/* In the midst of a start or reset it is still what it was. */
enum phase { OFF, UP, PAUSED, CRASHED };

struct seen {
	char name[PLACE_NAME_MAX + 1];
	enum phase phase;
};

static sd_event *loop;
static sd_event_source *timer;
static struct seen vms[Q_VM_SLOTS];
/* Beside each of vms[] what the hypervisor said last. */
static struct hc_q_vm_info infos[Q_VM_SLOTS];
static size_t nr_vms;

static bool has_crashed(const struct hc_q_vm_info *info)
{
	return info->reason == Q_STOP_CRASHED || info->reason == Q_STOP_TRIPLE_FAULT;
}

/*
 * After a crash the hypervisor pauses it, to start it again, to keep it or to end it: until then it has crashed. One that reset or switched
 * itself off is soon started again or off.
 */
static enum phase phase_of(const struct hc_q_vm_info *info, enum phase before)
{
	switch (info->state) {
	case Q_VM_POWERED_OFF:
		return OFF;
	case Q_VM_RUNNING:
		return UP;
	case Q_VM_PAUSED:
	case Q_VM_STOPPED:
		return has_crashed(info) ? CRASHED : info->reason == Q_STOP_NONE ? PAUSED : before;
	default:
		return before;
	}
}

/* One that a definition hides is not this one to clients. */
static bool dom_of(size_t i, wire_dom *dom)
{
	char path[PLACE_PATH_MAX];

	*dom = (wire_dom){ .name = vms[i].name, .id = vms[i].phase == OFF ? -1 : (int)(OTHER_ID + infos[i].slot) };
	domain_uuid(vms[i].name, 0, (uint8_t *)dom->uuid);
	return access(place_conf(path, vms[i].name, PLACE_LAUNCH), F_OK) != 0;
}

static void tell(size_t i, int event, int detail)
{
	wire_dom dom;

	if (dom_of(i, &dom))
		events_lifecycle(&dom, event, detail);
}

/* It stopped from @from. */
static void stopped(size_t i, enum phase from)
{
	uint32_t reason = infos[i].reason;

	vms[i].phase = OFF;
	if (from != CRASHED && has_crashed(&infos[i]))
		tell(i, VIR_DOMAIN_EVENT_CRASHED, VIR_DOMAIN_EVENT_CRASHED_PANICKED);
	if (from == CRASHED || has_crashed(&infos[i])) {
		tell(i, VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED);
	} else if (reason == Q_STOP_POWEROFF) {
		tell(i, VIR_DOMAIN_EVENT_SHUTDOWN, VIR_DOMAIN_EVENT_SHUTDOWN_FINISHED);
		tell(i, VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN);
	} else {
		tell(i, VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_DESTROYED);
	}
}

static void started(size_t i)
{
	vms[i].phase = UP;
	tell(i, VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_BOOTED);
}

/* It was started again since the last look, up both times: a reset, of its own or the operator's. */
static void restarted(size_t i)
{
	wire_dom dom;

	if (vms[i].phase == CRASHED) {
		stopped(i, CRASHED);
		started(i);
	} else if (vms[i].phase != OFF && dom_of(i, &dom)) {
		events_reboot(&dom);
	}
}

/* What lies between two phases, told in the order in which it must have been. */
static void go(size_t i, enum phase to)
{
	enum phase from = vms[i].phase;

	if (to == from)
		return;
	if (to == OFF) {
		stopped(i, from);
		return;
	}
	if (from == CRASHED)
		stopped(i, from);
	if (vms[i].phase == OFF)
		started(i);
	from = vms[i].phase;
	vms[i].phase = to;
	if (to == CRASHED)
		tell(i, VIR_DOMAIN_EVENT_CRASHED, VIR_DOMAIN_EVENT_CRASHED_PANICKED);
	else if (to == PAUSED)
		tell(i, VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_PAUSED);
	else if (from == PAUSED)
		tell(i, VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_UNPAUSED);
}

/* All there are: their number and slots are the scenario's, from one boot to the next. */
static void find_all(void)
{
	struct domain all[Q_VM_SLOTS];

	nr_vms = other_list(all);
	for (size_t i = 0; i < nr_vms; i++) {
		infos[i] = all[i].seen.info;
		strcpy(vms[i].name, all[i].vm.name);
		vms[i].phase = phase_of(&infos[i], infos[i].state == Q_VM_CREATED ? OFF : UP);
	}
}

static void look_again(void)
{
	uint32_t restarts[Q_VM_SLOTS];

	for (size_t i = 0; i < nr_vms; i++)
		restarts[i] = infos[i].restarts;
	if (hypervisor_look(infos, nr_vms))
		return;
	for (size_t i = 0; i < nr_vms; i++) {
		if (infos[i].restarts != restarts[i])
			restarted(i);
		go(i, phase_of(&infos[i], vms[i].phase));
	}
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)usec, (void)arg;
	if (!events_others_wanted()) {
		timer = sd_event_source_disable_unref(timer);
		return 0;
	}
	look_again();
	if (sd_event_source_set_time_relative(source, WATCH_OTHER_US) < 0 || sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) < 0)
		timer = sd_event_source_disable_unref(timer);
	return 0;
}

void watch_other_look(void)
{
	if (timer || !loop || !events_others_wanted())
		return;
	find_all();
	if (nr_vms && sd_event_add_time_relative(loop, &timer, CLOCK_MONOTONIC, WATCH_OTHER_US, 1000, on_timer, NULL) < 0)
		timer = NULL;
}

void watch_other_begin(sd_event *event)
{
	loop = event;
}

void watch_other_end(void)
{
	timer = sd_event_source_disable_unref(timer);
	loop = NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Figures of the VM: what this program counts itself, and what Linux and the hypervisor count for it. */
#include "core/monitor_stats.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/control.h"
#include "core/monitor_cmd.h"
#include "core/timer.h"
#include "core/vm.h"
#include "public/vm.h"

static json_int_t nanoseconds(const struct timeval *t)
{
	return t->tv_sec * 1000000000ll + t->tv_usec * 1000ll;
}

static json_int_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long long all, resident = 0;

	if (file) {
		if (fscanf(file, "%lld %lld", &all, &resident) != 2)
			resident = 0;
		fclose(file);
	}
	return resident * sysconf(_SC_PAGESIZE);
}

static json_t *process_of_vm(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return json_pack("{s:I, s:I, s:I}", "user_ns", nanoseconds(&use.ru_utime), "system_ns",
			 nanoseconds(&use.ru_stime), "resident_bytes", resident_bytes());
}

static json_t *counters_of(const struct control *c)
{
	json_t *o = json_pack("{s:s, s:o}", "place", c->place, "name", monitor_text(c->name));

	for (unsigned int i = 0; o && i < c->nr_counters; i++)
		json_object_set_new(o, c->counter_name[i], json_integer(control_value(&c->counter[i])));
	return o;
}

/* All devices of one kind. */
static json_t *devices_of_kind(const struct vm *vm, const char *kind)
{
	json_t *list = json_array();

	for (const struct control *c = vm->controls; c; c = c->next)
		if (strcmp(c->kind, kind) == 0)
			json_array_append_new(list, counters_of(c));
	return list;
}

/* Empty if the module does not tell. */
static json_t *vcpus_of(struct vm *vm)
{
	json_t *list = json_array();
	struct hc_q_vcpu_stats s;

	for (unsigned int i = 0; i < vm->nr_vcpus && !hsm_vcpu_stats(&vm->hsm, vm->vmid, i, &s); i++)
		json_array_append_new(list, json_pack("{s:i, s:i, s:I, s:I, s:I}", "vcpu", (int)i, "cpu", (int)s.pcpu_id, "run_ns",
						      (json_int_t)s.run_ns, "wait_ns", (json_int_t)s.wait_ns, "exits",
						      (json_int_t)s.exits));
	return list;
}

json_t *monitor_stats(struct vm *vm)
{
	uint64_t up = vm->created_ns ? clock_ns() - vm->created_ns : 0;

	return json_pack("{s:I, s:i, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "uptime_ns", (json_int_t)up, "vcpus", (int)vm->nr_vcpus,
			 "resets", (json_int_t)vm->nr_resets, "reboots_overdue", (json_int_t)vm->reboot.nr_overdue, "io_requests",
			 (json_int_t)control_value(&vm->nr_requests), "process", process_of_vm(), "vcpu_stats", vcpus_of(vm), "block",
			 devices_of_kind(vm, "block"), "net", devices_of_kind(vm, "net"));
}

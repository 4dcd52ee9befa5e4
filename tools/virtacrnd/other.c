/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/other.h"

#include <jansson.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/uuid.h"

#define CPUS_TEXT	256	/* "0,2,4..." of 64 */

static bool is_up(const struct hypervisor_vm *vm)
{
	return vm->info.state != Q_VM_POWERED_OFF && vm->info.state != Q_VM_STOPPED;
}

/* It is there from one boot to the next, so it counts as defined. */
static void take(struct domain *d, const struct hypervisor_vm *vm)
{
	*d = (struct domain){ .other = true, .seen = *vm, .vm.defined = true };
	snprintf(d->vm.name, sizeof(d->vm.name), "%s", vm->name);
	snprintf(d->vm.state, sizeof(d->vm.state), "%s", is_up(vm) ? hypervisor_state(vm) : "stopped");
	domain_uuid(d->vm.name, 0, d->uuid);
}

size_t other_list(struct domain *out)
{
	struct hypervisor_vm all[Q_VM_SLOTS];
	size_t nr, kept = 0;

	if (hypervisor_vms(all, &nr))
		return 0;
	/* A user VM is its acrn-dm's to show, which makes it before it answers, and ends it after that. */
	for (size_t i = 0; i < nr; i++)
		if (all[i].info.load_order == Q_VM_PRE_LAUNCHED || all[i].info.load_order == Q_VM_SERVICE)
			take(&out[kept++], &all[i]);
	return kept;
}

bool other_find(const char *name, struct domain *out)
{
	struct domain all[Q_VM_SLOTS];
	size_t nr = other_list(all);

	for (size_t i = 0; i < nr; i++) {
		if (strcmp(all[i].vm.name, name) != 0)
			continue;
		*out = all[i];
		return true;
	}
	return false;
}

int other_state(const struct domain *d, int *reason)
{
	bool crashed = d->seen.info.reason == Q_STOP_CRASHED || d->seen.info.reason == Q_STOP_TRIPLE_FAULT;

	switch (d->seen.info.state) {
	case Q_VM_RUNNING:
		*reason = VIR_DOMAIN_RUNNING_BOOTED;
		return VIR_DOMAIN_RUNNING;
	case Q_VM_CREATED:
		*reason = VIR_DOMAIN_PAUSED_STARTING_UP;
		return VIR_DOMAIN_PAUSED;
	case Q_VM_PAUSED:
		*reason = crashed ? VIR_DOMAIN_PAUSED_CRASHED : VIR_DOMAIN_PAUSED_USER;
		return VIR_DOMAIN_PAUSED;
	case Q_VM_STOPPED:
	case Q_VM_POWERED_OFF:
		*reason = crashed ? VIR_DOMAIN_SHUTOFF_CRASHED :
			  d->seen.info.reason == Q_STOP_POWEROFF ? VIR_DOMAIN_SHUTOFF_SHUTDOWN : VIR_DOMAIN_SHUTOFF_UNKNOWN;
		return VIR_DOMAIN_SHUTOFF;
	default:
		*reason = VIR_DOMAIN_NOSTATE_UNKNOWN;
		return VIR_DOMAIN_NOSTATE;
	}
}

static int vcpu_state(uint32_t state)
{
	return state == Q_VCPU_RUNNING ? VIR_VCPU_RUNNING :
	       state == Q_VCPU_HALTED || state == Q_VCPU_IO_WAIT || state == Q_VCPU_PAUSED ? VIR_VCPU_BLOCKED : VIR_VCPU_OFFLINE;
}

static json_t *vcpus_of(const struct hypervisor_vm *vm)
{
	json_t *list = json_array();
	struct hc_q_vcpu_stats s;

	for (unsigned int i = 0; i < vm->info.nr_vcpus && !hypervisor_vcpu(vm->info.slot, i, &s); i++)
		json_array_append_new(list, json_pack("{s:i, s:i, s:i, s:I, s:I, s:I}", "vcpu", (int)i, "cpu", (int)s.pcpu_id,
						      "state", vcpu_state(s.state), "run_ns", (json_int_t)s.run_ns,
						      "wait_ns", (json_int_t)s.wait_ns, "exits", (json_int_t)s.exits));
	return list;
}

json_t *other_ask(const struct domain *d, const char *command)
{
	const struct hypervisor_vm *vm = &d->seen;

	if (!strcmp(command, "query"))
		return json_pack("{s:i, s:I}", "vcpus", (int)vm->info.nr_vcpus, "memory_bytes", (json_int_t)vm->info.memory_bytes);
	if (!strcmp(command, "statistics"))
		return json_pack("{s:o}", "vcpu_stats", vcpus_of(vm));
	return NULL;
}

static const char *cpus_text(uint64_t cpus, char text[CPUS_TEXT])
{
	int n = 0;

	*text = 0;
	for (int i = 0; i < 64; i++)
		if (cpus >> i & 1)
			n += snprintf(text + n, CPUS_TEXT - n, "%s%d", n ? "," : "", i);
	return text;
}

char *other_text(const struct domain *d, bool live)
{
	const struct hc_q_vm_info *info = &d->seen.info;
	unsigned long long kib = info->memory_bytes / 1024;
	char uuid[UUID_TEXT], id[32] = "", cpus[CPUS_TEXT], *text;

	if (live && domain_id(d) > 0)
		snprintf(id, sizeof(id), " id='%d'", domain_id(d));
	/* A scenario's names have letters, digits and "._-" only. */
	if (asprintf(&text,
		     "<domain type='acrn'%s>\n"
		     "  <name>%s</name>\n"
		     "  <uuid>%s</uuid>\n"
		     "  <description>%s, to be looked at only</description>\n"
		     "  <memory unit='KiB'>%llu</memory>\n"
		     "  <currentMemory unit='KiB'>%llu</currentMemory>\n"
		     "  <vcpu cpuset='%s'>%u</vcpu>\n"
		     "  <os>\n"
		     "    <type arch='x86_64'>hvm</type>\n"
		     "  </os>\n"
		     "</domain>\n",
		     id, d->vm.name, uuid_text(d->uuid, uuid),
		     info->load_order == Q_VM_SERVICE ? "The Service VM" : "A VM that the scenario launches before the Service VM",
		     kib, kib, cpus_text(info->cpus, cpus), info->nr_vcpus) < 0)
		return NULL;
	return text;
}

int other_refuse(struct call *call, const struct domain *d)
{
	if (d->seen.info.load_order == Q_VM_SERVICE)
		return call_fail(call, VIR_ERR_OPERATION_INVALID,
				 "domain '%s' is the Service VM and can only be looked at: the scenario says what it is and starts it, shutdown(8) in it ends it",
				 d->vm.name);
	return call_fail(call, VIR_ERR_OPERATION_INVALID,
			 "domain '%s' is a pre-launched VM and can only be looked at: the scenario says what it is and starts it, "
			 "the hypervisor's console manages it (vm_pause, vm_reset, vm_off, vm_console)", d->vm.name);
}

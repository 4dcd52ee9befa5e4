/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/domain.h"

#include <errno.h>
#include <jansson.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "tools/common/monitor.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/host.h"
#include "tools/virtacrnd/other.h"
#include "tools/virtacrnd/store.h"
#include "tools/virtacrnd/uuid.h"
#include "wire.h"

/* Of virtacrnd: so that the ids made from the machine's tell nothing about it (sd_id128_get_machine_app_specific(3)). */
#define OUR_ID SD_ID128_MAKE(6b, 0f, 5d, 2e, 9c, 31, 4a, 77, b0, 44, 1d, e8, 52, 93, c6, 0a)

/* A VM that was defined without a UUID has one all the same, always the same on this machine: FNV-1a of its name, twice. */
static void make_uuid(const char *name, uint8_t *uuid)
{
	uint64_t hash[2] = { 0xcbf29ce484222325ull, 0x84222325cbf29ce4ull };
	sd_id128_t machine = SD_ID128_NULL;

	if (sd_id128_get_machine_app_specific(OUR_ID, &machine) < 0)
		machine = OUR_ID;
	for (const char *c = name; *c; c++)
		for (int i = 0; i < 2; i++)
			hash[i] = (hash[i] ^ (uint8_t)*c) * 0x100000001b3ull;
	for (int i = 0; i < 16; i++)
		uuid[i] = machine.bytes[i] ^ (uint8_t)(hash[i / 8] >> 8 * (i % 8));
	/* RFC 9562, version 8: of one's own making. */
	uuid[6] = (uuid[6] & 0x0F) | 0x80;
	uuid[8] = (uuid[8] & 0x3F) | 0x80;
}

void domain_uuid(const char *name, int pid, uint8_t *uuid)
{
	if (!store_uuid(name, uuid) && !(pid > 0 && (store_once_uuid(name, uuid) || store_live_uuid(name, pid, uuid))))
		make_uuid(name, uuid);
}

static void take(struct domain *d, const struct vm_info *vm)
{
	*d = (struct domain){ .vm = *vm };
	/* One that does not greet us has a process all the same. */
	if (!d->vm.pid && vms_is_up(vm))
		d->vm.pid = monitor_owner(vm->name);
	domain_uuid(vm->name, d->vm.pid, d->uuid);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct domain *)a)->vm.name, ((const struct domain *)b)->vm.name);
}

/* A definition hides another's VM of its name: it is what can be changed. */
static void add_others(struct domain *list, size_t *nr)
{
	struct domain others[Q_VM_SLOTS];
	size_t ours = *nr, nr_others = other_list(others);

	for (size_t i = 0; i < nr_others; i++)
		if (!bsearch(&others[i], list, ours, sizeof(*list), by_name))
			list[(*nr)++] = others[i];
	qsort(list, *nr, sizeof(*list), by_name);
}

int domain_list(struct domain **out, size_t *nr)
{
	struct vm_info *vms;
	int err = vms_list(&vms, nr);

	if (err)
		return err;
	*out = calloc(*nr + Q_VM_SLOTS, sizeof(**out));
	for (size_t i = 0; *out && i < *nr; i++)
		take(&(*out)[i], &vms[i]);
	free(vms);
	if (!*out)
		return -ENOMEM;
	add_others(*out, nr);
	return 0;
}

bool domain_find(const char *name, struct domain *out)
{
	struct vm_info vm;

	if (!vms_find(name, &vm))
		return other_find(name, out);
	take(out, &vm);
	return true;
}

static bool find_wanted(const struct wire_dom *wanted, struct domain *out)
{
	struct domain *all;
	bool found = false;
	size_t nr;

	/* The name is a hint: most often it is still right. */
	if (domain_find(wanted->name, out) && !memcmp(out->uuid, wanted->uuid, 16))
		return true;
	if (domain_list(&all, &nr))
		return false;
	for (size_t i = 0; i < nr && !found; i++) {
		found = !memcmp(all[i].uuid, wanted->uuid, 16);
		*out = found ? all[i] : *out;
	}
	free(all);
	return found;
}

int domain_get(struct call *call, const struct wire_dom *wanted, struct domain *out)
{
	char text[UUID_TEXT];

	if (!find_wanted(wanted, out))
		return call_fail(call, VIR_ERR_NO_DOMAIN, "no domain with matching uuid '%s' (%.60s)",
				 uuid_text((const uint8_t *)wanted->uuid, text), wanted->name);
	return out->other && !(call->row->flags & CALL_READ) ? other_refuse(call, out) : 0;
}

unsigned int domain_affects(struct call *call, const struct domain *d, unsigned int flags)
{
	if (call_check_flags(call, flags, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG))
		return 0;
	if (!flags)
		flags = domain_is_up(d) ? VIR_DOMAIN_AFFECT_LIVE : VIR_DOMAIN_AFFECT_CONFIG;
	if (flags & VIR_DOMAIN_AFFECT_LIVE && !domain_is_up(d))
		call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is not running", d->vm.name);
	else if (flags & VIR_DOMAIN_AFFECT_CONFIG && !d->vm.defined)
		call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' has no definition", d->vm.name);
	return call->code ? 0 : flags;
}

bool domain_is_up(const struct domain *d)
{
	return vms_is_up(&d->vm);
}

int domain_id(const struct domain *d)
{
	if (d->other)
		return domain_is_up(d) ? OTHER_ID + (int)d->seen.info.slot : -1;
	return domain_is_up(d) && d->vm.pid > 0 ? d->vm.pid : -1;
}

json_t *domain_ask(const struct domain *d, const char *command)
{
	json_t *answer = NULL, *result = NULL;
	struct monitor m;

	if (d->other)
		return other_ask(d, command);
	if (monitor_open(&m, d->vm.name, monitor_now_ms() + MONITOR_ANSWER_MS, NULL))
		return NULL;
	if (monitor_ask(&m, command, NULL, &answer) == 0) {
		result = json_incref(json_object_get(answer, "result"));
		json_decref(answer);
	}
	monitor_close(&m);
	return result;
}

char *domain_text(const struct domain *d)
{
	char *text = NULL;

	if (d->other)
		return other_text(d, true);
	if (domain_is_up(d))
		text = store_live(d->vm.name, d->vm.pid);
	return text ? text : store_text(d->vm.name);
}

uint64_t domain_run_ns(const json_t *statistics)
{
	const json_t *list = json_object_get(statistics, "vcpu_stats"), *vcpu;
	uint64_t sum = 0;
	size_t i;

	json_array_foreach(list, i, vcpu)
		sum += json_integer_value(json_object_get(vcpu, "run_ns"));
	return sum;
}

int domain_vcpu_state(const json_t *vcpu)
{
	const json_t *state = json_object_get(vcpu, "state");

	return state ? json_integer_value(state) : VIR_VCPU_RUNNING;
}

uint64_t domain_cpus(const struct domain *d, bool live)
{
	struct domxml_why why;
	uint64_t cpus = 0;
	struct domxml x;
	char *text;

	if (d->other)
		return d->seen.info.cpus;
	text = live ? store_live(d->vm.name, d->vm.pid) : store_text(d->vm.name);
	if (text && domxml_read(text, host_old_xml(), &x, &why)) {
		cpus = x.cpus;
		domxml_free(&x);
	}
	free(text);
	return cpus;
}

static void take_defined(const struct domain *d, struct domain_facts *facts)
{
	char *text = store_text(d->vm.name);
	struct domxml_why why;
	struct domxml x;

	if (text && domxml_read(text, host_old_xml(), &x, &why)) {
		facts->kib = x.kib;
		facts->vcpus = x.vcpus;
		domxml_free(&x);
	}
	free(text);
}

void domain_facts(const struct domain *d, struct domain_facts *facts)
{
	json_t *query, *statistics, *process;

	*facts = (struct domain_facts){ 0 };
	if (!domain_is_up(d) && !d->other) {
		take_defined(d, facts);
		return;
	}
	query = domain_ask(d, "query");
	statistics = domain_ask(d, "statistics");
	process = json_object_get(statistics, "process");
	facts->vcpus = json_integer_value(json_object_get(query, "vcpus"));
	facts->kib = json_integer_value(json_object_get(query, "memory_bytes")) / 1024;
	facts->cpu_ns = domain_run_ns(statistics);
	if (!facts->cpu_ns)
		facts->cpu_ns = json_integer_value(json_object_get(process, "user_ns")) +
				json_integer_value(json_object_get(process, "system_ns"));
	json_decref(query);
	json_decref(statistics);
}

int domain_state(const struct domain *d, int *reason)
{
	static const struct {
		const char *name;
		int state, reason;
	} states[] = {
		{ "running", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNKNOWN },
		{ "resetting", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNKNOWN },
		{ "created", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP },
		{ "paused", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER },
		{ "stopping", VIR_DOMAIN_SHUTDOWN, VIR_DOMAIN_SHUTDOWN_UNKNOWN },
		{ "stopped", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_UNKNOWN },
	};

	if (d->other)
		return other_state(d, reason);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].name, d->vm.state) != 0)
			continue;
		*reason = states[i].reason;
		return states[i].state;
	}
	*reason = VIR_DOMAIN_NOSTATE_UNKNOWN;
	return VIR_DOMAIN_NOSTATE;
}

bool domain_put(const struct domain *d, struct wire_dom *out)
{
	out->name = strdup(d->vm.name);
	memcpy(out->uuid, d->uuid, 16);
	out->id = domain_id(d);
	return out->name;
}

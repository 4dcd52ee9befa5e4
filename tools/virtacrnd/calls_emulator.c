/* SPDX-License-Identifier: BSD-3-Clause */
/* The device model of a domain as a process: on which of the Service VM's CPUs it runs, which are not those of its virtual CPUs. */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/journal.h"
#include "tools/virtacrnd/affinity.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/host.h"
#include "tools/virtacrnd/row.h"
#include "wire.h"

/* The Service VM's CPUs that are online. */
static void online(cpu_set_t *set)
{
	uint8_t map[HOST_CPUS_MAX / 8] = { 0 };
	unsigned int nr = host_cpu_map(map);

	CPU_ZERO(set);
	for (unsigned int i = 0; i < nr && i < CPU_SETSIZE; i++)
		if (map[i / 8] >> i % 8 & 1)
			CPU_SET(i, set);
}

/* Where it may run; one that is started may run everywhere. */
static int where(struct call *call, const struct domain *d, unsigned int affects, cpu_set_t *set)
{
	cpu_set_t its;
	int err;

	online(set);
	if (affects != VIR_DOMAIN_AFFECT_LIVE)
		return 0;
	err = affinity_get(d->vm.pid, &its);
	CPU_AND(set, set, &its);
	return err ? call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': its acrn-dm, process %d: %s", d->vm.name, d->vm.pid, strerror(-err)) : 0;
}

static int get_emulator_pin(struct call *call, void *args, void *ret)
{
	const wire_emulator_ask *in = args;
	wire_pins *out = ret;
	unsigned int affects;
	struct domain d;
	cpu_set_t set;

	if (in->maplen < 0 || in->maplen > WIRE_BYTES_MAX)
		return call_fail(call, VIR_ERR_INVALID_ARG, "a map of %d bytes; up to %d can be asked for", in->maplen, WIRE_BYTES_MAX);
	if (domain_get(call, &in->dom, &d))
		return -1;
	if (d.other)
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' has no device model: the hypervisor itself runs it", d.vm.name);
	if (in->flags == (VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG))
		return call_fail(call, VIR_ERR_INVALID_ARG, "live and config exclude each other");
	affects = domain_affects(call, &d, in->flags);
	if (!affects || where(call, &d, affects, &set))
		return -1;
	out->maps.maps_val = calloc(in->maplen + 1, 1);
	if (!out->maps.maps_val)
		return call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
	out->maps.maps_len = in->maplen;
	for (int i = 0; i < CPU_SETSIZE && i / 8 < in->maplen; i++)
		out->maps.maps_val[i / 8] |= CPU_ISSET(i, &set) ? 1 << i % 8 : 0;
	out->nr = 1;
	return 0;
}

/* Those of a map that there are: clients that mean all name more. */
static int read_map(struct call *call, const wire_emulator_pin *in, cpu_set_t *set)
{
	cpu_set_t there;

	online(&there);
	CPU_ZERO(set);
	for (u_int i = 0; i < in->map.map_len * 8 && i < CPU_SETSIZE; i++)
		if (in->map.map_val[i / 8] >> i % 8 & 1 && CPU_ISSET(i, &there))
			CPU_SET(i, set);
	return CPU_COUNT(set) ? 0 : call_fail(call, VIR_ERR_INVALID_ARG, "none of these CPUs is one of the Service VM's %d that are online", CPU_COUNT(&there));
}

static int pin_emulator(struct call *call, void *args, void *ret)
{
	const wire_emulator_pin *in = args;
	unsigned int affects;
	struct domain d;
	cpu_set_t set;
	int err;

	(void)ret;
	if (domain_get(call, &in->dom, &d))
		return -1;
	affects = domain_affects(call, &d, in->flags);
	if (!affects)
		return -1;
	if (affects & VIR_DOMAIN_AFFECT_CONFIG)
		return call_fail(call, VIR_ERR_CONFIG_UNSUPPORTED,
				 "domain '%s': a definition does not say where its acrn-dm runs; it can be pinned when it runs, until it ends", d.vm.name);
	if (read_map(call, in, &set))
		return -1;
	err = d.vm.pid > 1 ? affinity_set(d.vm.pid, &set) : -ESRCH;
	if (err)
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': its acrn-dm, process %d: %s", d.vm.name, d.vm.pid, strerror(-err));
	journal(LOG_NOTICE, d.vm.name, "its acrn-dm pinned by client %u (user %u)", call->client->number, (unsigned int)call->client->uid);
	return 0;
}

const struct call_row calls_emulator[] = {
	{ 279, "pin_emulator", ROW(wire_emulator_pin), ROW_VOID, 0, pin_emulator },
	{ 280, "get_emulator_pin_info", ROW(wire_emulator_ask), ROW(wire_pins), CALL_READ, get_emulator_pin },
	{ 0 }
};

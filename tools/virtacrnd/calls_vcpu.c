/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual CPUs: where they run, and where they are to. Each has one CPU from the start of its VM to the end. */
#include <errno.h>
#include <jansson.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/define.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/host.h"
#include "tools/virtacrnd/row.h"
#include "tools/virtacrnd/store.h"
#include "wire.h"

#define CPU_UNKNOWN	(-2)	/* of struct wire_vcpu, which clients show as "N/A" */

/* The CPU of virtual CPU @vcpu: the bit with that number. -1: not known. */
static int nth_cpu(uint64_t cpus, unsigned int vcpu)
{
	for (int i = 0; i < 64; i++)
		if (cpus >> i & 1 && !vcpu--)
			return i;
	return -1;
}

/* @nr maps of @maplen bytes, malloc'd; one whose CPU is not known has them all. NULL: no memory. */
static char *make_maps(uint64_t cpus, unsigned int nr, int maplen)
{
	char *maps = calloc(nr * (size_t)maplen + 1, 1);

	for (unsigned int i = 0; maps && i < nr; i++) {
		int cpu = nth_cpu(cpus, i);

		if (cpu < 0)
			memset(maps + i * (size_t)maplen, 0xFF, maplen);
		else if (cpu / 8 < maplen)
			maps[i * (size_t)maplen + cpu / 8] |= 1 << cpu % 8;
	}
	return maps;
}

static int check_sizes(struct call *call, int max, int maplen)
{
	if (max >= 0 && max <= WIRE_LIST_MAX && maplen >= 0 && (uint64_t)max * (uint64_t)maplen <= WIRE_BYTES_MAX)
		return 0;
	return call_fail(call, VIR_ERR_INVALID_ARG, "%d maps of %d bytes; up to %d maps and %d bytes can be asked for", max, maplen, WIRE_LIST_MAX,
			 WIRE_BYTES_MAX);
}

/* Its figures, where they are told. */
static const json_t *figures(const json_t *statistics, unsigned int vcpu)
{
	const json_t *list = json_object_get(statistics, "vcpu_stats"), *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_integer_value(json_object_get(one, "vcpu")) == vcpu)
			return one;
	return NULL;
}

static void fill(wire_vcpus *out, const struct domain *d, uint64_t cpus)
{
	json_t *statistics = domain_ask(d, "statistics");

	for (u_int i = 0; i < out->list.list_len; i++) {
		const json_t *one = figures(statistics, i);
		int cpu = nth_cpu(cpus, i);

		out->list.list_val[i] = (wire_vcpu){ i, domain_vcpu_state(one), json_integer_value(json_object_get(one, "run_ns")),
						     cpu < 0 ? CPU_UNKNOWN : cpu };
	}
	json_decref(statistics);
}

static int get_vcpus(struct call *call, void *args, void *ret)
{
	const wire_vcpus_ask *in = args;
	struct domain_facts facts;
	wire_vcpus *out = ret;
	unsigned int nr;
	struct domain d;
	uint64_t cpus;

	if (check_sizes(call, in->max, in->maplen) || domain_get(call, &in->dom, &d))
		return -1;
	if (!domain_is_up(&d))
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is not running", d.vm.name);
	domain_facts(&d, &facts);
	nr = facts.vcpus < (unsigned int)in->max ? facts.vcpus : (unsigned int)in->max;
	cpus = domain_cpus(&d, true);
	out->list.list_val = calloc(nr + 1, sizeof(wire_vcpu));
	out->maps.maps_val = make_maps(cpus, nr, in->maplen);
	if (!out->list.list_val || !out->maps.maps_val)
		return call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
	out->list.list_len = nr;
	out->maps.maps_len = nr * (u_int)in->maplen;
	fill(out, &d, cpus);
	return 0;
}

/* Whether the run is meant, not the definition. -1 with the call's error. */
static int wants_live(struct call *call, const struct domain *d, unsigned int flags)
{
	if (flags == (VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG))
		return call_fail(call, VIR_ERR_INVALID_ARG, "live and config exclude each other");
	flags = domain_affects(call, d, flags);
	return flags ? flags == VIR_DOMAIN_AFFECT_LIVE : -1;
}

static int get_pins(struct call *call, void *args, void *ret)
{
	const wire_pins_ask *in = args;
	struct domain_facts facts;
	wire_pins *out = ret;
	struct domain d;
	uint64_t cpus;
	int live;

	if (check_sizes(call, in->max, in->maplen) || domain_get(call, &in->dom, &d))
		return -1;
	live = wants_live(call, &d, in->flags);
	if (live < 0)
		return -1;
	cpus = domain_cpus(&d, live);
	domain_facts(&d, &facts);
	out->nr = cpus ? __builtin_popcountll(cpus) : (int)facts.vcpus;
	out->nr = out->nr < in->max ? out->nr : in->max;
	out->maps.maps_val = make_maps(cpus, out->nr, in->maplen);
	if (!out->maps.maps_val)
		return call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
	out->maps.maps_len = out->nr * in->maplen;
	return 0;
}

/* The definition's CPUs with that of @vcpu exchanged for the one in the map; 0 with the call's error. */
static uint64_t exchange(struct call *call, uint64_t cpus, const wire_pin_flags *in)
{
	int old = nth_cpu(cpus, in->vcpu), new = -1, nr = 0;
	uint64_t others;

	if (old < 0) {
		call_fail(call, VIR_ERR_INVALID_ARG, "there is no virtual CPU %u with a CPU of its own in the definition", in->vcpu);
		return 0;
	}
	for (u_int i = 0; i < in->map.map_len * 8; i++)
		if (in->map.map_val[i / 8] >> i % 8 & 1) {
			new = i;
			nr++;
		}
	if (nr != 1 || new > 63) {
		call_fail(call, VIR_ERR_CONFIG_UNSUPPORTED, "%d CPUs for virtual CPU %u: it runs on one, of 0 to 63", nr, in->vcpu);
		return 0;
	}
	others = cpus & ~(1ull << old);
	if (others >> new & 1 || nth_cpu(others | 1ull << new, in->vcpu) != new) {
		call_fail(call, VIR_ERR_CONFIG_UNSUPPORTED,
			  "CPU %d for virtual CPU %u: each has one of its own, in ascending order; <vcpu cpuset=> gives them all anew", new, in->vcpu);
		return 0;
	}
	return others | 1ull << new;
}

/* Write the definition of @d with these CPUs. */
static int redefine(struct call *call, const struct domain *d, uint64_t cpus)
{
	const struct domxml_change change = { domxml_make_cpus, &cpus };
	struct domxml x;
	int result;

	if (define_change(call, d, &change, &x))
		return -1;
	result = define_write(call, &x);
	domxml_free(&x);
	return result;
}

static int pin(struct call *call, const wire_pin_flags *in)
{
	struct domain d;
	uint64_t cpus;
	int result;

	if (domain_get(call, &in->dom, &d))
		return -1;
	result = wants_live(call, &d, in->flags);
	if (result > 0)
		return call_fail(call, VIR_ERR_OPERATION_INVALID,
				 "domain '%s' runs: its CPUs were chosen at its start; --config is for the next one", d.vm.name);
	if (result < 0)
		return -1;
	define_lock();
	cpus = exchange(call, domain_cpus(&d, false), in);
	result = cpus ? redefine(call, &d, cpus) : -1;
	define_unlock();
	return result;
}

static int pin_vcpu(struct call *call, void *args, void *ret)
{
	const wire_pin *in = args;
	wire_pin_flags all = { .dom = in->dom, .vcpu = in->vcpu };

	(void)ret;
	all.map.map_len = in->map.map_len;
	all.map.map_val = in->map.map_val;
	return pin(call, &all);
}

static int pin_vcpu_flags(struct call *call, void *args, void *ret)
{
	(void)ret;
	return pin(call, args);
}

const struct call_row calls_vcpu[] = {
	{ 20, "get_vcpus", ROW(wire_vcpus_ask), ROW(wire_vcpus), CALL_READ, get_vcpus },
	{ 230, "get_vcpu_pin_info", ROW(wire_pins_ask), ROW(wire_pins), CALL_READ, get_pins },
	{ 26, "pin_vcpu", ROW(wire_pin), ROW_VOID, 0, pin_vcpu },
	{ 225, "pin_vcpu_flags", ROW(wire_pin_flags), ROW_VOID, 0, pin_vcpu_flags },
	{ 0 }
};

/* SPDX-License-Identifier: BSD-3-Clause */
/* get_all_domain_stats: figures of acrn-dm's, under libvirt's names. */
#include <jansson.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/row.h"
#include "wire.h"

#define GROUPS	(VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_VCPU | \
		 VIR_DOMAIN_STATS_INTERFACE | VIR_DOMAIN_STATS_BLOCK)
#define PARAMS_STEP	64u

/* Figures of a domain that are being gathered. */
struct gathering {
	wire_stats *out;
	const struct domain *d;
	json_t *statistics;		/* NULL where it does not run */
};

/* Another figure, NULL: no memory, and it is left out. */
static wire_value *add(struct gathering *g, int type, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static wire_value *add(struct gathering *g, int type, const char *fmt, ...)
{
	u_int n = g->out->params.params_len;
	wire_param *bigger = n % PARAMS_STEP ? g->out->params.params_val :
			     realloc(g->out->params.params_val, (n + PARAMS_STEP) * sizeof(*bigger));
	char *field = NULL;
	va_list ap;

	if (!bigger || n == WIRE_PARAMS_MAX)
		return NULL;
	g->out->params.params_val = bigger;
	va_start(ap, fmt);
	if (vasprintf(&field, fmt, ap) < 0)
		field = NULL;
	va_end(ap);
	if (!field)
		return NULL;
	bigger[n] = (wire_param){ .field = field, .value = { .type = type } };
	g->out->params.params_len++;
	return &bigger[n].value;
}

static void put_int(struct gathering *g, const char *name, int number)
{
	wire_value *value = add(g, WIRE_INT, "%s", name);

	if (value)
		value->wire_value_u.i = number;
}

static void put_uint(struct gathering *g, const char *name, unsigned int number)
{
	wire_value *value = add(g, WIRE_UINT, "%s", name);

	if (value)
		value->wire_value_u.ui = number;
}

static void put_big(struct gathering *g, const char *name, uint64_t number)
{
	wire_value *value = add(g, WIRE_UHYPER, "%s", name);

	if (value)
		value->wire_value_u.ul = number;
}

static void put_text(struct gathering *g, const char *kind, size_t i, const char *name, const char *text)
{
	wire_value *value = add(g, WIRE_STRING, "%s.%zu.%s", kind, i, name);

	/* Its field is there already; a text must be, too. */
	if (value && !(value->wire_value_u.s = strdup(text)))
		value->type = WIRE_INT;
}

static void put_state(struct gathering *g)
{
	int reason, state = domain_state(g->d, &reason);

	put_int(g, "state.state", state);
	put_int(g, "state.reason", reason);
}

/* The virtual CPUs' time where it is told; user and system are always acrn-dm's own. */
static void put_cpu(struct gathering *g)
{
	const json_t *process = json_object_get(g->statistics, "process");
	uint64_t run = domain_run_ns(g->statistics), user = json_integer_value(json_object_get(process, "user_ns")),
		 system = json_integer_value(json_object_get(process, "system_ns"));

	if (process || run)
		put_big(g, "cpu.time", run ?: user + system);
	if (!process)
		return;
	put_big(g, "cpu.user", user);
	put_big(g, "cpu.system", system);
}

static void put_memory(struct gathering *g)
{
	const json_t *resident = json_object_get(json_object_get(g->statistics, "process"), "resident_bytes");
	struct domain_facts facts;

	domain_facts(g->d, &facts);
	put_big(g, "balloon.current", facts.kib);
	put_big(g, "balloon.maximum", facts.kib);
	if (resident)
		put_big(g, "balloon.rss", json_integer_value(resident) / 1024);
}

static void put_vcpu(struct gathering *g, size_t i, const json_t *vcpu)
{
	static const struct {
		const char *name, *counter;
	} figures[] = { { "time", "run_ns" }, { "wait", "wait_ns" }, { "exits.sum", "exits" } };
	wire_value *value = add(g, WIRE_INT, "vcpu.%zu.state", i);

	if (value)
		value->wire_value_u.i = domain_vcpu_state(vcpu);
	for (size_t k = 0; k < sizeof(figures) / sizeof(figures[0]); k++) {
		value = add(g, WIRE_UHYPER, "vcpu.%zu.%s", i, figures[k].name);
		if (value)
			value->wire_value_u.ul = json_integer_value(json_object_get(vcpu, figures[k].counter));
	}
}

static void put_vcpus(struct gathering *g)
{
	const json_t *list = json_object_get(g->statistics, "vcpu_stats"), *vcpu;
	struct domain_facts facts;
	size_t i;

	domain_facts(g->d, &facts);
	put_uint(g, "vcpu.current", facts.vcpus);
	put_uint(g, "vcpu.maximum", facts.vcpus);
	json_array_foreach(list, i, vcpu)
		put_vcpu(g, json_integer_value(json_object_get(vcpu, "vcpu")), vcpu);
}

/* A figure of a device's, made of one or several counters. */
struct figure {
	const char *name;
	const char *counter[3];
};

static void put_figures(struct gathering *g, const char *kind, size_t i, const json_t *device, const struct figure *figures)
{
	for (; figures->name; figures++) {
		wire_value *value = add(g, WIRE_UHYPER, "%s.%zu.%s", kind, i, figures->name);

		for (int k = 0; value && k < 3 && figures->counter[k]; k++)
			value->wire_value_u.ul += json_integer_value(json_object_get(device, figures->counter[k]));
	}
}

static void put_nets(struct gathering *g)
{
	static const struct figure figures[] = {
		{ "rx.bytes", { "rx_bytes" } }, { "rx.pkts", { "rx_frames" } }, { "rx.errs", { "rx_errors", "rx_too_long" } },
		{ "rx.drop", { "rx_no_buffer" } }, { "tx.bytes", { "tx_bytes" } }, { "tx.pkts", { "tx_frames" } },
		{ "tx.errs", { "tx_errors" } }, { "tx.drop", { "tx_bad" } }, { 0 }
	};
	const json_t *list = json_object_get(g->statistics, "net"), *device;
	size_t i;

	put_uint(g, "net.count", json_array_size(list));
	json_array_foreach(list, i, device) {
		put_text(g, "net", i, "name", json_string_value(json_object_get(device, "name")) ?: "");
		put_figures(g, "net", i, device, figures);
	}
}

static void put_blocks(struct gathering *g)
{
	static const struct figure figures[] = {
		{ "rd.reqs", { "reads" } }, { "rd.bytes", { "read_bytes" } }, { "wr.reqs", { "writes" } },
		{ "wr.bytes", { "write_bytes" } }, { "fl.reqs", { "flushes" } }, { "errors", { "errors" } }, { 0 }
	};
	const json_t *list = json_object_get(g->statistics, "block"), *device;
	char name[32], *text = domain_text(g->d);
	size_t i;

	put_uint(g, "block.count", json_array_size(list));
	json_array_foreach(list, i, device) {
		const char *path = json_string_value(json_object_get(device, "name")) ?: "";

		if (!text || !domxml_disk_target(text, path, name, sizeof(name)))
			snprintf(name, sizeof(name), "vd%c", (char)('a' + i % 26));
		put_text(g, "block", i, "name", name);
		put_text(g, "block", i, "path", path);
		put_figures(g, "block", i, device, figures);
	}
	free(text);
}

static void gather(const struct domain *d, unsigned int groups, wire_stats *out)
{
	static const struct {
		unsigned int group;
		void (*put)(struct gathering *g);
		bool running;		/* of one that runs only */
	} kinds[] = {
		{ VIR_DOMAIN_STATS_STATE, put_state, false }, { VIR_DOMAIN_STATS_CPU_TOTAL, put_cpu, true },
		{ VIR_DOMAIN_STATS_BALLOON, put_memory, false }, { VIR_DOMAIN_STATS_VCPU, put_vcpus, false },
		{ VIR_DOMAIN_STATS_INTERFACE, put_nets, true }, { VIR_DOMAIN_STATS_BLOCK, put_blocks, true },
	};
	struct gathering g = { .out = out, .d = d };

	if (domain_is_up(d))
		g.statistics = domain_ask(d, "statistics");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (groups & kinds[i].group && (g.statistics || !kinds[i].running))
			kinds[i].put(&g);
	json_decref(g.statistics);
}

/* The domains that were named, or all; -1 with the call's error. */
static int choose(struct call *call, const wire_stats_ask *in, struct domain **all, size_t *nr)
{
	if (!in->doms.doms_len)
		return domain_list(all, nr) ? call_fail(call, VIR_ERR_INTERNAL_ERROR, "the VMs' folders cannot be read") : 0;
	*nr = in->doms.doms_len;
	*all = calloc(*nr, sizeof(**all));
	for (size_t i = 0; *all && i < *nr; i++) {
		if (domain_get(call, &in->doms.doms_val[i], &(*all)[i]) == 0)
			continue;
		free(*all);
		return -1;
	}
	return *all ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

static int get_all_stats(struct call *call, void *args, void *ret)
{
	const wire_stats_ask *in = args;
	unsigned int flags = in->flags & ~VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS & ~VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
	wire_all_stats *out = ret;
	struct domain *all;
	size_t nr;

	if (call_check_flags(call, flags, domain_list_flags() & 0xFF))
		return -1;
	if (in->flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS && in->stats & ~GROUPS)
		return call_fail(call, VIR_ERR_ARGUMENT_UNSUPPORTED, "statistics 0x%x are not there; 0x%x are", in->stats & ~GROUPS, GROUPS);
	if (choose(call, in, &all, &nr))
		return -1;
	out->list.list_val = calloc(nr + 1, sizeof(wire_stats));
	for (size_t i = 0; out->list.list_val && i < nr; i++) {
		wire_stats *one = &out->list.list_val[out->list.list_len];

		if (!domain_is_wanted(&all[i], flags) || !domain_put(&all[i], &one->dom))
			continue;
		out->list.list_len++;
		gather(&all[i], in->stats ? in->stats : GROUPS, one);
	}
	free(all);
	return 0;
}

const struct call_row calls_stats[] = {
	{ 344, "get_all_domain_stats", ROW(wire_stats_ask), ROW(wire_all_stats), CALL_READ, get_all_stats },
	{ 0 }
};

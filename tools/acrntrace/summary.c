/* SPDX-License-Identifier: BSD-3-Clause */
#include "summary.h"

#include <string.h>

#include "tools/common/args.h"

/* Books the time since the last booking to the thread that runs. */
static void thread_charge(struct summary_cpu *c, uint64_t now)
{
	struct summary_thread *t = &c->threads[c->now];

	if (now > c->now_since) {
		t->ticks += now - c->now_since;
		if (!strcmp(t->name, "idle"))
			c->idle += now - c->now_since;
	}
	c->now_since = now;
}

static void thread_switch(struct summary_cpu *c, const struct acrn_trace_entry *e)
{
	char name[17] = { 0 };
	uint32_t i;

	memcpy(name, e->name, sizeof(e->name));
	for (i = 0; i < c->nr_threads; i++)
		if (!strcmp(c->threads[i].name, name))
			break;
	if (i == SUMMARY_THREADS)
		i--;
	if (i == c->nr_threads) {
		memcpy(c->threads[i].name, name, sizeof(name));
		c->nr_threads++;
	}
	c->now = i;
	/* The exit it is in the middle of ends another time. */
	c->in_exit = c->in_guest = false;
}

static void vm_exit(struct summary *s, struct summary_cpu *c, const struct acrn_trace_entry *e)
{
	uint32_t reason = e->e < NR_REASONS ? (uint32_t)e->e : NR_REASONS - 1;

	s->exits[reason].count++;
	if (c->in_guest && e->tsc > c->since)
		c->guest += e->tsc - c->since;
	c->in_guest = false;
	c->in_exit = true;
	c->reason = reason;
	c->since = e->tsc;
}

static void vm_enter(struct summary *s, struct summary_cpu *c, const struct acrn_trace_entry *e)
{
	struct summary_exit *x = &s->exits[c->reason];
	uint64_t ticks = e->tsc - c->since;

	if (c->in_exit && e->tsc >= c->since) {
		x->timed++;
		x->ticks += ticks;
		x->max = ticks > x->max ? ticks : x->max;
	}
	c->in_exit = false;
	c->in_guest = true;
	c->since = e->tsc;
}

static void first_event(struct summary *s, uint32_t cpu, uint64_t tsc)
{
	struct summary_cpu *c = &s->cpus[cpu];

	c->first = c->now_since = tsc;
	c->nr_threads = 1;
	strcpy(c->threads[0].name, "(before)");
	if (cpu >= s->nr_cpus)
		s->nr_cpus = cpu + 1;
}

void summary_put(struct summary *s, uint32_t cpu, const struct acrn_trace_entry *e)
{
	struct summary_cpu *c = &s->cpus[cpu & 255];

	if (!c->events++)
		first_event(s, cpu & 255, e->tsc);
	c->last = e->tsc;
	thread_charge(c, e->tsc);
	switch (TRACE_EVENT(e->what)) {
	case TRACE_VM_EXIT:
		vm_exit(s, c, e);
		break;
	case TRACE_VM_ENTER:
		vm_enter(s, c, e);
		break;
	case TRACE_Q_SWITCH:
		thread_switch(c, e);
		break;
	case TRACE_Q_INTERRUPT:
		s->vectors[e->e & 255]++;
		break;
	case TRACE_Q_HYPERCALL:
		s->hypercalls++;
		break;
	case TRACE_Q_IOREQ:
		s->ioreqs++;
		break;
	case TRACE_TIMER_IRQ:
		s->timers++;
		break;
	}
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static uint64_t mean(const struct summary_exit *x)
{
	return x->timed ? x->ticks / x->timed : 0;
}

static const char *reason_text(uint32_t reason)
{
	return exit_reason_name(reason) ? exit_reason_name(reason) : "unknown reason";
}

/* Time in the hypervisor, idling not counted. */
static uint64_t hypervisor_ticks(const struct summary_cpu *c)
{
	uint64_t others = c->guest + c->idle, total = c->last - c->first;

	return total > others ? total - others : 0;
}

static void print_cpus(const struct summary *s, FILE *out)
{
	fprintf(out, "\n%-4s %10s %8s %7s %7s %11s\n", "CPU", "EVENTS", "LOST", "GUEST%", "IDLE%", "HYPERVISOR%");
	for (uint32_t i = 0; i < s->nr_cpus; i++) {
		const struct summary_cpu *c = &s->cpus[i];
		uint64_t total = c->last - c->first;

		fprintf(out, "%-4u %10llu %8llu %7.2f %7.2f %11.2f\n", i, (unsigned long long)c->events,
			(unsigned long long)c->lost, percent(c->guest, total), percent(c->idle, total),
			percent(hypervisor_ticks(c), total));
		for (uint32_t j = 0; j < c->nr_threads; j++)
			if (c->threads[j].ticks)
				fprintf(out, "     %-16s %7.2f%%\n", c->threads[j].name,
					percent(c->threads[j].ticks, total));
	}
}

void summary_print(const struct summary *s, FILE *out)
{
	uint64_t all = 0;

	fprintf(out, "%-28s %10s %12s %10s\n", "EXIT REASON", "COUNT", "MEAN ticks", "MAX");
	for (uint32_t i = 0; i < NR_REASONS; i++) {
		const struct summary_exit *x = &s->exits[i];

		all += x->count;
		if (x->count)
			fprintf(out, "%-28s %10llu %12llu %10llu\n", reason_text(i), (unsigned long long)x->count,
				(unsigned long long)mean(x), (unsigned long long)x->max);
	}
	fprintf(out, "%-28s %10llu\n\n%-28s %10s\n", "all exits", (unsigned long long)all, "INTERRUPT", "COUNT");
	for (uint32_t i = 0; i < SUMMARY_VECTORS; i++)
		if (s->vectors[i])
			fprintf(out, "vector 0x%02x %28llu\n", i, (unsigned long long)s->vectors[i]);
	fprintf(out, "\nhypercalls %llu, requests to device models %llu, timer interrupts %llu\n",
		(unsigned long long)s->hypercalls, (unsigned long long)s->ioreqs, (unsigned long long)s->timers);
	print_cpus(s, out);
}

static void json_cpu(const struct summary *s, uint32_t cpu, FILE *out)
{
	const struct summary_cpu *c = &s->cpus[cpu];

	fprintf(out, "{\"cpu\":%u,\"events\":%llu,\"lost\":%llu,\"ticks\":%llu,\"guest_ticks\":%llu,"
		"\"idle_ticks\":%llu,\"threads\":[", cpu, (unsigned long long)c->events, (unsigned long long)c->lost,
		(unsigned long long)(c->last - c->first), (unsigned long long)c->guest, (unsigned long long)c->idle);
	for (uint32_t i = 0; i < c->nr_threads; i++) {
		fprintf(out, "%s{\"name\":", i ? "," : "");
		args_json_string(out, c->threads[i].name, strlen(c->threads[i].name));
		fprintf(out, ",\"ticks\":%llu}", (unsigned long long)c->threads[i].ticks);
	}
	fprintf(out, "]}");
}

void summary_json(const struct summary *s, FILE *out)
{
	const char *comma = "";

	fprintf(out, "{\"tsc_khz\":%llu,\"exits\":[", (unsigned long long)s->tsc_khz);
	for (uint32_t i = 0; i < NR_REASONS; i++) {
		const struct summary_exit *x = &s->exits[i];

		if (!x->count)
			continue;
		fprintf(out, "%s{\"reason\":%u,\"name\":\"%s\",\"count\":%llu,\"timed\":%llu,\"ticks\":%llu,\"max\":%llu}",
			comma, i, reason_text(i), (unsigned long long)x->count, (unsigned long long)x->timed,
			(unsigned long long)x->ticks, (unsigned long long)x->max);
		comma = ",";
	}
	fprintf(out, "],\"interrupts\":[");
	comma = "";
	for (uint32_t i = 0; i < SUMMARY_VECTORS; i++) {
		if (!s->vectors[i])
			continue;
		fprintf(out, "%s{\"vector\":%u,\"count\":%llu}", comma, i, (unsigned long long)s->vectors[i]);
		comma = ",";
	}
	fprintf(out, "],\"hypercalls\":%llu,\"ioreqs\":%llu,\"timer_interrupts\":%llu,\"cpus\":[",
		(unsigned long long)s->hypercalls, (unsigned long long)s->ioreqs, (unsigned long long)s->timers);
	for (uint32_t i = 0; i < s->nr_cpus; i++) {
		fprintf(out, "%s", i ? "," : "");
		json_cpu(s, i, out);
	}
	fprintf(out, "]}\n");
}

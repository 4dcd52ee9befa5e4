/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnctl top and events: what running VMs do. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/acrnctl/acrnctl.h"
#include "tools/common/hypervisor.h"
#include "tools/common/vms.h"

#define TOP_VMS_MAX	64

/* What is counted up, in the order of the columns. */
enum { UPTIME, RUN, WAIT, EXITS, CPU, REQUESTS, BLK_READ, BLK_WRITE, NET_RX, NET_TX, NR_COUNTS };

static const char *const count_name[NR_COUNTS] = {
	"uptime_ns", "run_ns", "wait_ns", "exits", "cpu_ns", "io_requests", "block_read_bytes", "block_write_bytes", "net_rx_bytes",
	"net_tx_bytes",
};

struct sample {
	char name[PLACE_NAME_MAX + 1];
	char state[12];
	long long count[NR_COUNTS];
	long long memory;		/* bytes: acrn-dm with the guest, or the VM's */
	bool only_shown;		/* no acrn-dm of ours: uptime is the machine's */
	bool no_vcpus;			/* the module tells nothing of vCPUs */
};

struct samples {
	struct sample vm[TOP_VMS_MAX];
	size_t nr;
};

static long long sum(const json_t *stats, const char *list, const char *counter)
{
	const json_t *device;
	long long n = 0;
	size_t i;

	json_array_foreach(json_object_get(stats, list), i, device)
		n += json_integer_value(json_object_get(device, counter));
	return n;
}

/* False: it is not there any more, or may not be asked. */
static bool take_sample(struct sample *s)
{
	const json_t *stats, *process;
	json_t *answer = NULL;
	struct monitor m;

	if (monitor_open(&m, s->name, monitor_now_ms() + MONITOR_ANSWER_MS, NULL))
		return false;
	if (monitor_ask(&m, "statistics", NULL, &answer))
		answer = NULL;
	monitor_close(&m);
	if (!answer)
		return false;
	stats = json_object_get(answer, "result");
	process = json_object_get(stats, "process");
	s->count[UPTIME] = json_integer_value(json_object_get(stats, "uptime_ns"));
	s->count[CPU] = json_integer_value(json_object_get(process, "user_ns")) +
			json_integer_value(json_object_get(process, "system_ns"));
	s->no_vcpus = !json_array_size(json_object_get(stats, "vcpu_stats"));
	s->count[RUN] = sum(stats, "vcpu_stats", "run_ns");
	s->count[WAIT] = sum(stats, "vcpu_stats", "wait_ns");
	s->count[EXITS] = sum(stats, "vcpu_stats", "exits");
	s->count[REQUESTS] = json_integer_value(json_object_get(stats, "io_requests"));
	s->count[BLK_READ] = sum(stats, "block", "read_bytes");
	s->count[BLK_WRITE] = sum(stats, "block", "write_bytes");
	s->count[NET_RX] = sum(stats, "net", "rx_bytes");
	s->count[NET_TX] = sum(stats, "net", "tx_bytes");
	s->memory = json_integer_value(json_object_get(process, "resident_bytes"));
	json_decref(answer);
	return true;
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 0;
}

static bool is_in(const struct samples *s, const char *name)
{
	for (size_t i = 0; i < s->nr; i++)
		if (!strcmp(s->vm[i].name, name))
			return true;
	return false;
}

/* Those that are only to be looked at. */
static void take_others(struct samples *s, int argc, char **argv)
{
	struct hypervisor_vm all[Q_VM_SLOTS];
	size_t nr;

	(void)hypervisor_vms(all, &nr);
	for (size_t i = 0; i < nr && s->nr < TOP_VMS_MAX; i++) {
		struct sample *one = &s->vm[s->nr];

		if (is_in(s, all[i].name) || !wanted(all[i].name, argc, argv))
			continue;
		*one = (struct sample){ .only_shown = true, .memory = (long long)all[i].info.memory_bytes };
		strcpy(one->name, all[i].name);
		strcpy(one->state, hypervisor_state(&all[i]));
		one->count[UPTIME] = (long long)all[i].time_ns;
		one->count[RUN] = (long long)all[i].run_ns;
		one->count[WAIT] = (long long)all[i].wait_ns;
		one->count[EXITS] = (long long)all[i].exits;
		s->nr++;
	}
}

static int take_all(struct samples *s, int argc, char **argv)
{
	struct vm_info *vms;
	size_t nr;
	int err = vms_list(&vms, &nr);

	s->nr = 0;
	if (err)
		return err;
	for (size_t i = 0; i < nr && s->nr < TOP_VMS_MAX; i++) {
		struct sample *one = &s->vm[s->nr];

		if (!vms[i].pid || !wanted(vms[i].name, argc, argv))
			continue;
		*one = (struct sample){ .only_shown = false };
		strcpy(one->name, vms[i].name);
		strcpy(one->state, vms[i].state);
		s->nr += take_sample(one);
	}
	free(vms);
	take_others(s, argc, argv);
	return 0;
}

static const struct sample *before(const struct samples *old, const struct sample *now)
{
	for (size_t i = 0; i < old->nr; i++)
		if (!strcmp(old->vm[i].name, now->name) && old->vm[i].count[UPTIME] <= now->count[UPTIME])
			return &old->vm[i];
	return NULL;
}

/* Counts a second since @old, or since the VM's creation. */
static double rate(const struct sample *now, const struct sample *old, int which)
{
	double seconds = (now->count[UPTIME] - (old ? old->count[UPTIME] : 0)) / 1e9;

	return seconds > 0 ? (now->count[which] - (old ? old->count[which] : 0)) / seconds : 0;
}

/* Nothing that its kind of VM has not got. */
static bool has(const struct sample *s, int which)
{
	return which >= RUN && which <= EXITS ? !s->no_vcpus : !s->only_shown;
}

static void show_json(const struct sample *now, const struct sample *old)
{
	json_t *o = json_pack("{s:s, s:b, s:I}", "state", now->state, "read_only", (int)now->only_shown,
			      now->only_shown ? "memory_bytes" : "resident_bytes", (json_int_t)now->memory);

	for (int i = 0; i < NR_COUNTS; i++) {
		char name[40];

		if (!has(now, i))
			continue;
		json_object_set_new(o, count_name[i], json_integer(now->count[i]));
		snprintf(name, sizeof(name), "%s_per_s", count_name[i]);
		if (i != UPTIME)
			json_object_set_new(o, name, json_real(rate(now, old, i)));
	}
	ctl_done(now->name, o, "%s", "");
}

struct column {
	int which, width, digits;
	double unit;
};

static void show_cell(const struct sample *now, const struct sample *old, const struct column *c)
{
	if (has(now, c->which))
		printf(" %*.*f", c->width, c->digits, rate(now, old, c->which) / c->unit);
	else
		printf(" %*s", c->width, "-");
}

static void show_line(const struct sample *now, const struct sample *old)
{
	static const struct column columns[] = {
		{ RUN, 7, 1, 1e7 }, { WAIT, 7, 1, 1e7 }, { EXITS, 9, 0, 1 }, { CPU, 7, 1, 1e7 }, { REQUESTS, 9, 0, 1 },
		{ BLK_READ, 10, 1, 1024 }, { BLK_WRITE, 10, 1, 1024 }, { NET_RX, 10, 1, 1024 }, { NET_TX, 10, 1, 1024 },
	};

	printf("%-16s %-9s %8lld", now->name, now->state, now->memory >> 20);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		show_cell(now, old, &columns[i]);
	putchar('\n');
}

static void show(const struct samples *s, const struct samples *old)
{
	if (!ctl.json)
		printf("%-16s %-9s %8s %7s %7s %9s %7s %9s %10s %10s %10s %10s\n", "VM", "STATE", "MEM-MiB", "CPU%", "WAIT%", "EXITS/s",
		       "DM-CPU%", "I/O-REQ/s", "READ-KiB/s", "WRIT-KiB/s", "RX-KiB/s", "TX-KiB/s");
	for (size_t i = 0; i < s->nr; i++) {
		const struct sample *now = &s->vm[i], *then = before(old, now);

		if (ctl.json)
			show_json(now, then);
		else
			show_line(now, then);
	}
}

int cmd_top(int argc, char **argv)
{
	static struct samples now, old;
	struct hypervisor_vm other;
	struct vm_info vm;

	for (int i = 0; i < argc; i++)
		if (!vms_find(argv[i], &vm) && !hypervisor_find(argv[i], &other))
			return ctl_fail(CTL_NO_VM, argv[i], "there is no such VM; \"acrnctl list\" shows all");
	for (unsigned int round = 1; ; round++) {
		int err = take_all(&now, argc, argv);

		if (err)
			return ctl_fail(CTL_FAILED, "top", "%s", strerror(-err));
		if (!ctl.json && isatty(1))
			fputs("\033[H\033[J", stdout);
		show(&now, &old);
		fflush(stdout);
		if (round == ctl.rounds)
			return CTL_OK;
		old = now;
		sleep(ctl.delay_s);
	}
}

/* The line as it came, or its words. */
static void show_event(const char *name, json_t *event)
{
	const char *key, *what = json_string_value(json_object_get(event, "event"));
	json_t *value;

	if (ctl.json) {
		ctl_done(name, json_incref(event), "%s", "");
		return;
	}
	printf("%s %s", name, what);
	json_object_foreach(event, key, value) {
		if (!strcmp(key, "event") || !strcmp(key, "seq") || !strcmp(key, "time_ms"))
			continue;
		if (json_is_string(value))
			printf(" %s=%s", key, json_string_value(value));
		else
			printf(" %s=%lld", key, (long long)json_integer_value(value));
	}
	putchar('\n');
}

int cmd_events(int argc, char **argv)
{
	unsigned int shown = 0;
	struct monitor m;
	int code = ctl_connect(&m, argv[0]), err = 0;

	(void)argc;
	if (code)
		return code;
	code = ctl_ask(&m, argv[0], "subscribe", NULL, NULL);
	while (!code && !err && (!ctl.rounds || shown < ctl.rounds)) {
		json_t *line;

		err = monitor_line(&m, monitor_now_ms() + 60000, &line);
		if (err == -ETIMEDOUT) {
			err = 0;
			continue;
		}
		if (err)
			break;
		if (json_object_get(line, "event")) {
			show_event(argv[0], line);
			shown++;
		}
		json_decref(line);
	}
	monitor_close(&m);
	return code;
}

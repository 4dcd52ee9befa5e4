/* SPDX-License-Identifier: BSD-3-Clause */
/* A ring as the hypervisor writes it, through acrntrace's reader, to a trace that babeltrace2 reads, and to sums. */
/* unit: tools/acrntrace/ring.c tools/acrntrace/ctf.c tools/acrntrace/summary.c tools/acrntrace/names.c */
/* unit: tools/acrntrace/options.c tools/common/args.c */
/* unit-flags: -Itools/acrntrace -D_GNU_SOURCE */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctf.h"
#include "options.h"
#include "ring.h"
#include "summary.h"

#define NR	64u

static struct {
	struct shared_buf head;
	struct acrn_trace_entry entry[NR];
} mem;
static struct ring ring;
static struct summary *sums;
static struct ctf_stream *stream;
static char dir[] = "/tmp/acrntraceXXXXXX";
static uint64_t tsc;

static void setup(void)
{
	memset(&mem, 0, sizeof(mem));
	mem.head = (struct shared_buf){ .magic = SBUF_MAGIC, .ele_num = NR, .ele_size = 32, .size = NR * 32 };
	ck_assert_int_eq(ring_attach(&ring, &mem.head, sizeof(mem), 3), 0);
	sums = calloc(1, sizeof(*sums));
	stream = NULL;
	tsc = 1000;
}

static void teardown(void)
{
	free(sums);
}

static void put(void *arg, const struct acrn_trace_entry *e)
{
	(void)arg;
	summary_put(sums, ring.cpu, e);
	if (stream)
		ctf_put(stream, e);
}

/* The hypervisor's side. */
static struct acrn_trace_entry *event(uint64_t after, uint32_t id, uint64_t e, uint64_t f)
{
	struct acrn_trace_entry *at = &mem.entry[mem.head.tail / 32];

	tsc += after;
	*at = (struct acrn_trace_entry){ .tsc = tsc, .what = TRACE_WHAT(id, 2, 3), .e = e, .f = f };
	mem.head.tail = (mem.head.tail + 32) % mem.head.size;
	return at;
}

static void named(uint64_t after, const char *name)
{
	strncpy(event(after, TRACE_Q_SWITCH, 0, 0)->name, name, 16);
}

static void drain(int expect)
{
	ck_assert_int_eq(ring_drain(&ring, put, NULL), expect);
}

/* Twelve events: the vCPU 5/1 with three exits, then idle. */
static void some_events(void)
{
	named(0, "user/1");
	event(10, TRACE_VM_ENTER, 5, 1);
	event(1000, TRACE_VM_EXIT, 10, 0x401000);
	event(200, TRACE_VM_ENTER, 5, 1);
	event(500, TRACE_VM_EXIT, 10, 0x401002);
	event(400, TRACE_VM_ENTER, 5, 1);
	event(100, TRACE_VM_EXIT, 1, 0xffffffff81000000);
	event(10, TRACE_Q_INTERRUPT, 0xef, 0);
	event(10, TRACE_TIMER_IRQ, 0, 0);
	event(10, TRACE_Q_IOREQ, 0xd0000000, TRACE_Q_IOREQ_F(5, 1, 4, 0, 1));
	named(10, "idle");
	event(3000, 0x12345, 7, 8);
}

START_TEST(sums_of_exits_and_time)
{
	const struct summary_cpu *c = &sums->cpus[3];

	some_events();
	drain(12);
	ck_assert_uint_eq(sums->exits[10].count, 2);
	ck_assert_uint_eq(sums->exits[10].ticks, 600);
	ck_assert_uint_eq(sums->exits[10].max, 400);
	ck_assert_uint_eq(sums->exits[1].count, 1);
	ck_assert_uint_eq(sums->exits[1].timed, 0);	/* the thread left the CPU before it entered again */
	ck_assert_uint_eq(sums->vectors[0xef], 1);
	ck_assert_uint_eq(sums->ioreqs, 1);
	ck_assert_uint_eq(sums->timers, 1);
	ck_assert_uint_eq(c->guest, 1600);
	ck_assert_uint_eq(c->idle, 3000);
	ck_assert_uint_eq(c->last - c->first, 5250);
	ck_assert_uint_eq(sums->nr_cpus, 4);
	ck_assert_str_eq(c->threads[1].name, "user/1");
	ck_assert_uint_eq(c->threads[1].ticks, 2250);
}
END_TEST

static char *run(const char *command)
{
	static char text[65536];
	FILE *f = popen(command, "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	text[n] = 0;
	ck_assert_msg(pclose(f) == 0, "%s: %s", command, text);
	return text;
}

static unsigned int count(const char *text, const char *what)
{
	unsigned int n = 0;

	while ((text = strstr(text, what)))
		n++, text++;
	return n;
}

START_TEST(babeltrace_reads_it)
{
	char command[256];
	const char *text;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(ctf_metadata(dir, 2000000), 0);
	stream = ctf_stream_open(dir, 3);
	ck_assert_ptr_nonnull(stream);
	some_events();
	drain(12);
	/* Over many packets. */
	for (uint32_t i = 0; i < 200; i++) {
		for (uint32_t j = 0; j < 50; j++)
			event(1, TRACE_Q_HYPERCALL, 0x80000031, (uint64_t)-22);
		drain(50);
	}
	ck_assert_int_eq(ctf_stream_close(stream), 0);
	stream = NULL;
	snprintf(command, sizeof(command), "babeltrace2 --clock-cycles --no-delta %s 2>&1 | grep -v hypercall", dir);
	text = run(command);
	ck_assert_uint_eq(count(text, "vm_exit:"), 3);
	ck_assert_uint_eq(count(text, "vm_enter:"), 3);
	ck_assert_uint_eq(count(text, "\"CPUID\" : container = 10"), 2);
	ck_assert_uint_eq(count(text, "rip = 0xFFFFFFFF81000000"), 1);
	ck_assert_uint_eq(count(text, "vm = 5, vcpu = 1"), 4);
	ck_assert_uint_eq(count(text, "thread = \"idle\""), 1);
	ck_assert_uint_eq(count(text, "address = 0xD0000000, vm = 5, vcpu = 1, size = 4, port = 0, write = 1"), 1);
	ck_assert_uint_eq(count(text, "other: { cpu_id = 3 }, { what = 0x302000000012345, e = 0x7, f = 0x8 }"), 1);
	ck_assert_uint_eq(count(text, "[00000000000000001000]"), 1);
	ck_assert_uint_eq(count(text, "rror"), 0);
	snprintf(command, sizeof(command), "babeltrace2 %s 2>&1 | grep -c 'hypercall:.*result = -22'", dir);
	ck_assert_int_eq(atoi(run(command)), 10000);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	run(command);
}
END_TEST

START_TEST(json_is_json)
{
	FILE *f;

	some_events();
	named(1, "a\"b\\\x01");
	drain(13);
	f = popen("python3 -c 'import json,sys; d = json.load(sys.stdin); "
		  "assert d[\"cpus\"][3][\"threads\"][3][\"name\"] == \"a\\\"b\\\\\\x01\"; "
		  "assert [x[\"count\"] for x in d[\"exits\"]] == [1, 2]'", "w");
	summary_json(sums, f);
	ck_assert_int_eq(pclose(f), 0);
}
END_TEST

START_TEST(ring_wraps_and_counts_losses)
{
	for (uint32_t i = 0; i < 10; i++) {
		for (uint32_t j = 0; j < NR - 1; j++)
			event(1, TRACE_VM_EXIT, 12, j);
		drain(NR - 1);
		mem.head.overrun_cnt += 3;
	}
	drain(0);
	ck_assert_uint_eq(ring.lost, 30);
	ck_assert_uint_eq(sums->exits[12].count, 10 * (NR - 1));
	event(1, TRACE_VM_EXIT, 12, 0);
	ring_clear(&ring);
	drain(0);
}
END_TEST

START_TEST(wrong_rings_are_refused)
{
	struct shared_buf good = mem.head;

	mem.head.tail = 33;
	drain(-EPROTO);
	mem.head.tail = NR * 32;
	drain(-EPROTO);
	mem.head.tail = 0;
	mem.head.head = 0xffffffe0;
	drain(-EPROTO);
	mem.head = good;
	mem.head.size += 32;
	ck_assert_int_eq(ring_attach(&ring, &mem.head, sizeof(mem), 0), -EPROTO);
	mem.head = good;
	ck_assert_int_eq(ring_attach(&ring, &mem.head, sizeof(mem) - 1, 0), -EPROTO);
	mem.head.magic = 0;
	ck_assert_int_eq(ring_attach(&ring, &mem.head, sizeof(mem), 0), -EPROTO);
}
END_TEST

static int parse(struct options *o, char *a, char *b)
{
	char *argv[] = { "acrntrace", a, b, NULL };

	return options_parse(o, b ? 3 : a ? 2 : 1, argv);
}

START_TEST(command_lines)
{
	struct options o;

	ck_assert_int_eq(parse(&o, NULL, NULL), 0);
	ck_assert_uint_eq(o.period_ms, 10);
	ck_assert_int_eq(strncmp(o.out, "acrntrace/20", 12), 0);
	ck_assert_int_eq(parse(&o, "-a", "0,2-3"), 0);
	ck_assert(o.cpus[0] && !o.cpus[1] && o.cpus[2] && o.cpus[3] && !o.cpus[4]);
	ck_assert_int_eq(parse(&o, "--summary", NULL), 0);
	ck_assert_ptr_null(o.out);
	ck_assert_int_eq(parse(&o, "-i", "1000"), 2);
	ck_assert_int_eq(parse(&o, "-i", "0"), 2);
	ck_assert_int_eq(parse(&o, "-t", "1x"), 2);
	ck_assert_int_eq(parse(&o, "-a", "3-2"), 2);
	ck_assert_int_eq(parse(&o, "-a", "1,"), 2);
	ck_assert_int_eq(parse(&o, "-a", "256"), 2);
	ck_assert_int_eq(parse(&o, "-a", "99999999999999999999999"), 2);
	ck_assert_int_eq(parse(&o, "extra", NULL), 2);
	ck_assert_int_eq(parse(&o, "--nonsense", NULL), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("acrntrace");
	TCase *t = tcase_create("acrntrace");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, sums_of_exits_and_time);
	tcase_add_test(t, babeltrace_reads_it);
	tcase_add_test(t, json_is_json);
	tcase_add_test(t, ring_wraps_and_counts_losses);
	tcase_add_test(t, wrong_rings_are_refused);
	tcase_add_test(t, command_lines);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

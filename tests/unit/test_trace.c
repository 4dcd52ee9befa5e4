/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared rings: entries, log lines, overrun, headers that lie, readers that tamper. */
/* unit: hypervisor/cpu/trace.c hypervisor/lib/printf.c tests/fake/hv_string.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/percpu.h"
#include "cpu/trace.h"
#include "cpu/tsc.h"
#include "log/log.h"

#define NR	8u

struct percpu percpu_area[MAX_PCPUS];
uint32_t nr_pcpus = 2;
void (*log_sink)(enum log_level level, const char *text, size_t n);

static const char *kept = "";
static struct shared_buf *buf;

uint64_t tsc_to_us(uint64_t ticks) { return ticks; }

size_t log_read(uint64_t *pos, char *to, size_t size)
{
	size_t n = strnlen(kept + *pos, size);

	memcpy(to, kept + *pos, n);
	*pos += n;
	return n;
}

static struct shared_buf head_of(uint32_t ele_size)
{
	return (struct shared_buf){ .magic = SBUF_MAGIC, .ele_num = NR, .ele_size = ele_size, .size = NR * ele_size };
}

/* A ring with a guard behind it. */
static void attach(uint32_t kind, uint32_t ele_size)
{
	struct shared_buf head = head_of(ele_size);

	free(buf);
	buf = malloc(sizeof(head) + head.size);
	*buf = head;
	memset(buf + 1, 0xee, head.size);
	trace_attach(0, kind, buf, &head);
}

static void setup(void)
{
	memset(percpu_area, 0, sizeof(percpu_area));
	kept = "";
}

static void teardown(void)
{
	trace_detach_all();
	free(buf);
	buf = NULL;
}

static struct acrn_trace_entry *entry(uint32_t i) { return (struct acrn_trace_entry *)(buf + 1) + i; }

START_TEST(entries_follow_each_other)
{
	attach(ACRN_SBUF_TRACE, 32);
	ck_assert_uint_eq(percpu_area[0].watch, WATCH_TRACE);
	trace_put(TRACE_VM_EXIT, 10, 0x1234);
	trace_put_name(TRACE_Q_SWITCH, "a-name-longer-than-16");
	ck_assert_uint_eq(buf->tail, 64);
	ck_assert_uint_eq(entry(0)->what, TRACE_WHAT(0x10, 2, 0));
	ck_assert_uint_eq(entry(0)->e, 10);
	ck_assert_uint_eq(entry(0)->f, 0x1234);
	ck_assert_int_eq(memcmp(entry(1)->name, "a-name-longer-th", 16), 0);
	ck_assert_uint_eq(TRACE_EVENT(entry(1)->what), TRACE_Q_SWITCH);
}
END_TEST

START_TEST(full_ring_drops_and_counts)
{
	attach(ACRN_SBUF_TRACE, 32);
	for (uint32_t i = 0; i < NR + 2; i++)
		trace_put(TRACE_VM_EXIT, i, 0);
	ck_assert_uint_eq(buf->tail, (NR - 1) * 32);
	ck_assert_uint_eq(buf->overrun_cnt, 3);
	ck_assert_uint_eq(entry(NR - 2)->e, NR - 2);
	buf->head = 2 * 32;
	trace_put(TRACE_VM_EXIT, 100, 0);
	trace_put(TRACE_VM_EXIT, 101, 0);
	trace_put(TRACE_VM_EXIT, 102, 0);
	ck_assert_uint_eq(buf->tail, 32);
	ck_assert_uint_eq(entry(NR - 1)->e, 100);
	ck_assert_uint_eq(entry(0)->e, 101);
	ck_assert_uint_eq(buf->overrun_cnt, 4);
}
END_TEST

/* Whatever the reader does to the header, writes stay inside (ASan watches) and nothing stops. */
START_TEST(tampered_header_is_harmless)
{
	attach(ACRN_SBUF_TRACE, 32);
	srand(1);
	for (uint32_t i = 0; i < 10000; i++) {
		uint32_t *word = (uint32_t *)buf + (uint32_t)rand() % 16;

		*word = rand() % 2 ? (uint32_t)rand() * 3 : (uint32_t)rand() % 300;
		trace_put(TRACE_VM_EXIT, i, 0);
	}
	buf->head = 7;
	trace_put(TRACE_VM_EXIT, 77, 0);
	ck_assert_uint_eq(buf->tail % 32, 0);
	ck_assert_uint_lt(buf->tail, NR * 32);
}
END_TEST

START_TEST(wrong_headers_are_refused)
{
	struct shared_buf h = head_of(32), bad;

	ck_assert_uint_eq(trace_ring_size(ACRN_SBUF_TRACE, &h), NR * 32);
	ck_assert_uint_eq(trace_ring_size(ACRN_SBUF_LOG, &h), 0);
	ck_assert_uint_eq(trace_ring_size(2, &h), 0);
	ck_assert_uint_eq(trace_ring_size(~0u, &h), 0);
	bad = h, bad.magic++;
	ck_assert_uint_eq(trace_ring_size(ACRN_SBUF_TRACE, &bad), 0);
	bad = h, bad.size += 32;
	ck_assert_uint_eq(trace_ring_size(ACRN_SBUF_TRACE, &bad), 0);
	bad = h, bad.ele_num = 1, bad.size = 32;
	ck_assert_uint_eq(trace_ring_size(ACRN_SBUF_TRACE, &bad), 0);
	bad = h, bad.ele_num = 0x8000000u + NR;	/* the product wraps around in 32 bits to the same size */
	ck_assert_uint_eq(trace_ring_size(ACRN_SBUF_TRACE, &bad), 0);
	bad = h, bad.ele_num = 1u << 20, bad.size = 32u << 20;
	ck_assert_uint_eq(trace_ring_size(ACRN_SBUF_TRACE, &bad), 0);
}
END_TEST

START_TEST(detached_ring_is_left_alone)
{
	attach(ACRN_SBUF_TRACE, 32);
	trace_put(TRACE_VM_EXIT, 1, 0);
	trace_attach(0, ACRN_SBUF_TRACE, NULL, NULL);
	ck_assert_uint_eq(percpu_area[0].watch, 0);
	trace_put(TRACE_VM_EXIT, 2, 0);
	ck_assert_uint_eq(buf->tail, 32);
	ck_assert_uint_eq(entry(1)->e, 0xeeeeeeeeeeeeeeee);
}
END_TEST

START_TEST(attaching_keeps_other_watchers)
{
	percpu_area[0].watch = WATCH_COST;
	attach(ACRN_SBUF_TRACE, 32);
	ck_assert_uint_eq(percpu_area[0].watch, WATCH_COST | WATCH_TRACE);
	ck_assert_uint_eq(percpu_area[1].watch, 0);
	trace_detach_all();
	ck_assert_uint_eq(percpu_area[0].watch, WATCH_COST);
}
END_TEST

START_TEST(log_lines)
{
	const char *at;

	attach(ACRN_SBUF_LOG, 80);
	log_sink(LOG_WARN, "something\n", 10);
	ck_assert_uint_eq(buf->tail, 80);
	at = (const char *)(buf + 1);
	ck_assert_ptr_nonnull(strstr(at, "us][cpu=0][sev=2][seq="));
	ck_assert_ptr_nonnull(strstr(at, "]:something\n"));
	ck_assert_int_eq(at[79], 0);
}
END_TEST

START_TEST(long_log_line_is_cut_and_ends)
{
	char text[400];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	attach(ACRN_SBUF_LOG, 80);
	log_sink(LOG_INFO, text, sizeof(text));
	ck_assert_uint_eq(buf->tail, 320);
	ck_assert_int_eq(((const char *)(buf + 1))[SBUF_LOG_MAX_LINE - 2], '\n');
	/* Three elements are left, one of them unused: a line of four is dropped as a whole. */
	log_sink(LOG_INFO, text, sizeof(text));
	ck_assert_uint_eq(buf->tail, 320);
	ck_assert_uint_eq(buf->overrun_cnt, 4);
}
END_TEST

START_TEST(log_begins_with_what_was_kept)
{
	kept = "[   0.000001] a line of the boot, long enough that it does not fit into one element of 80 bytes\nend\n";
	attach(ACRN_SBUF_LOG, 80);
	ck_assert_uint_eq(buf->tail, 160);
	ck_assert_int_eq(memcmp(buf + 1, kept, strlen(kept)), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trace");
	TCase *t = tcase_create("trace");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, entries_follow_each_other);
	tcase_add_test(t, full_ring_drops_and_counts);
	tcase_add_test(t, tampered_header_is_harmless);
	tcase_add_test(t, wrong_headers_are_refused);
	tcase_add_test(t, detached_ring_is_left_alone);
	tcase_add_test(t, attaching_keeps_other_watchers);
	tcase_add_test(t, log_lines);
	tcase_add_test(t, long_log_line_is_cut_and_ends);
	tcase_add_test(t, log_begins_with_what_was_kept);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

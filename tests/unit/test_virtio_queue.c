/* SPDX-License-Identifier: BSD-3-Clause */
/* The split ring: well-formed chains arrive whole, malformed ones are named and refused, and nobody is told too often or too seldom. */
/* unit: devicemodel/virtio/queue.c devicemodel/virtio/device.c devicemodel/virtio/worker.c devicemodel/core/log.c tests/fake/virtio_driver.c */
/* unit-flags: -Idevicemodel */
#include <check.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <string.h>

#include "virtio/queue.h"
#include "virtio_driver.h"

#define SIZE 8
#define EVENT_IDX (1ULL << VIRTIO_RING_F_EVENT_IDX)
#define INDIRECT (1ULL << VIRTIO_RING_F_INDIRECT_DESC)
#define W VRING_DESC_F_WRITE
#define N VRING_DESC_F_NEXT
#define I VRING_DESC_F_INDIRECT

static struct drv d;
static struct drv_queue q;
static struct virtqueue vq;
static struct queue_chain chain;
static struct queue_mem mem;

static void open_features(uint64_t features)
{
	drv_mem_open(&d);
	mem = drv_mem(&d);
	queue_reset(&vq, SIZE);
	drv_ring(&d, &q, &vq, SIZE);
	ck_assert_int_eq(queue_enable(&vq, &mem, features), 0);
}

static void setup(void)
{
	open_features(INDIRECT);
}

static void teardown(void)
{
	drv_mem_close(&d);
}

START_TEST(empty_and_disabled)
{
	struct virtqueue fresh;

	ck_assert_int_eq(queue_pop(&vq, &chain), 0);
	queue_reset(&fresh, SIZE);
	ck_assert_int_eq(queue_pop(&fresh, &chain), 0);
	ck_assert(!queue_notify_enable(&fresh));
}
END_TEST

START_TEST(direct_chain)
{
	uint64_t a = drv_put(&d, "abcdef", 6), b = drv_put(&d, "ghij", 4), c = drv_alloc(&d, 16, 1);
	struct drv_buf buf[] = { { a, 6, false }, { b, 4, false }, { c, 5, true }, { c + 8, 3, true } };
	uint16_t head = drv_add(&q, buf, 4);
	char text[16] = { 0 };
	uint32_t len;

	ck_assert_int_eq(queue_pop(&vq, &chain), 1);
	ck_assert_uint_eq(chain.head, head);
	ck_assert_uint_eq(chain.nr_out, 2);
	ck_assert_uint_eq(chain.nr_in, 2);
	ck_assert_uint_eq(chain.out_len, 10);
	ck_assert_uint_eq(chain.in_len, 8);
	ck_assert_uint_eq(queue_chain_read(&chain, 4, text, sizeof(text)), 6);
	ck_assert_str_eq(text, "efghij");
	ck_assert_uint_eq(queue_chain_write(&chain, 3, "WXYZ!!", 6), 5);
	ck_assert_mem_eq(drv_ptr(&d, c, 16), "\0\0\0WX\0\0\0YZ!\0\0\0\0", 16);
	ck_assert_int_eq(queue_pop(&vq, &chain), 0);
	queue_push(&vq, head, 8);
	ck_assert_int_eq(drv_used(&q, &len), -1);
	ck_assert(queue_signal(&vq));
	ck_assert_int_eq(drv_used(&q, &len), head);
	ck_assert_uint_eq(len, 8);
	ck_assert(!queue_signal(&vq));
}
END_TEST

START_TEST(indirect_chain)
{
	uint64_t a = drv_put(&d, "hello", 5), b = drv_alloc(&d, 64, 1);
	struct drv_buf buf[] = { { a, 5, false }, { b, 64, true } };
	uint16_t head = drv_add_indirect(&q, buf, 2);

	ck_assert_int_eq(queue_pop(&vq, &chain), 1);
	ck_assert_uint_eq(chain.head, head);
	ck_assert_uint_eq(chain.out_len, 5);
	ck_assert_uint_eq(chain.in_len, 64);
}
END_TEST

/* 2.7.5.3.2: ordinary descriptors may come before the indirect one, whose own WRITE flag means nothing. */
START_TEST(direct_then_indirect)
{
	uint64_t a = drv_put(&d, "ab", 2), t = drv_alloc(&d, 16, 16);
	struct vring_desc *table = drv_ptr(&d, t, 16);

	table[0] = (struct vring_desc){ .addr = a, .len = 2, .flags = W };
	drv_desc(&q, 3, (struct vring_desc){ .addr = a, .len = 2, .flags = N, .next = 5 });
	drv_desc(&q, 5, (struct vring_desc){ .addr = t, .len = 16, .flags = I | W });
	drv_publish(&q, 3);
	ck_assert_int_eq(queue_pop(&vq, &chain), 1);
	ck_assert_uint_eq(chain.nr_out, 1);
	ck_assert_uint_eq(chain.nr_in, 1);
}
END_TEST

START_TEST(unpop_gives_the_same_again)
{
	struct drv_buf buf = { drv_alloc(&d, 4, 1), 4, true };
	uint16_t head = drv_add(&q, &buf, 1);

	ck_assert_int_eq(queue_pop(&vq, &chain), 1);
	queue_unpop(&vq);
	ck_assert_uint_eq(vq.inflight, 0);
	ck_assert_int_eq(queue_pop(&vq, &chain), 1);
	ck_assert_uint_eq(chain.head, head);
	ck_assert_int_eq(queue_pop(&vq, &chain), 0);
}
END_TEST

/* --- malformed chains: each form alone, as descriptors at 0.. of the ring and, for some, of an indirect table --- */

#define DATA (DRV_LOW_GPA + 0x100000)	/* guest memory no test allocates */
#define TABLE (DRV_LOW_GPA + 0x101000)
#define END (DRV_LOW_GPA + DRV_LOW_SIZE)

static const struct hostile {
	const char *why;		/* part of what the queue must answer */
	uint16_t head;
	struct vring_desc ring[3];
	struct vring_desc table[3];
} hostile[] = {
	{ "index outside", SIZE, { { 0 } }, { { 0 } } },
	{ "index outside", 0xffff, { { 0 } }, { { 0 } } },
	{ "index outside", 0, { { DATA, 4, N, SIZE } }, { { 0 } } },
	{ "loop", 0, { { DATA, 4, N, 0 } }, { { 0 } } },
	{ "loop", 0, { { DATA, 4, N, 1 }, { DATA, 4, N, 2 }, { DATA, 4, N, 1 } }, { { 0 } } },
	{ "length 0", 0, { { DATA, 0, 0, 0 } }, { { 0 } } },
	{ "length 0", 0, { { DATA, 4, N, 1 }, { DATA, 0, W, 0 } }, { { 0 } } },
	{ "after a writable", 0, { { DATA, 4, N | W, 1 }, { DATA, 4, 0, 0 } }, { { 0 } } },
	{ "in guest memory", 0, { { 0, 4, 0, 0 } }, { { 0 } } },
	{ "in guest memory", 0, { { END, 1, 0, 0 } }, { { 0 } } },
	{ "in guest memory", 0, { { END - 4, 5, 0, 0 } }, { { 0 } } },
	{ "in guest memory", 0, { { END - 4, 0xffffffff, 0, 0 } }, { { 0 } } },
	{ "in guest memory", 0, { { DRV_LOW_GPA - 1, 2, 0, 0 } }, { { 0 } } },
	{ "in guest memory", 0, { { ~0ULL, 2, 0, 0 } }, { { 0 } } },
	{ "in guest memory", 0, { { DRV_HIGH_GPA + DRV_HIGH_SIZE - 1, 2, W, 0 } }, { { 0 } } },
	{ "with a next", 0, { { TABLE, 16, I | N, 1 }, { DATA, 4, 0, 0 } }, { { DATA, 4, 0, 0 } } },
	{ "multiple of 16", 0, { { TABLE, 0, I, 0 } }, { { DATA, 4, 0, 0 } } },
	{ "multiple of 16", 0, { { TABLE, 17, I, 0 } }, { { DATA, 4, 0, 0 } } },
	{ "multiple of 16", 0, { { TABLE, 0xffffffff, I, 0 } }, { { DATA, 4, 0, 0 } } },
	{ "larger than", 0, { { TABLE, 16 * (SIZE + 1), I, 0 } }, { { DATA, 4, 0, 0 } } },
	{ "larger than", 0, { { TABLE, 0xfffffff0, I, 0 } }, { { DATA, 4, 0, 0 } } },
	{ "table not wholly", 0, { { END - 16, 32, I, 0 } }, { { DATA, 4, 0, 0 } } },
	{ "table not wholly", 0, { { 0, 16, I, 0 } }, { { DATA, 4, 0, 0 } } },
	{ "inside an indirect", 0, { { TABLE, 16, I, 0 } }, { { TABLE, 16, I, 0 } } },
	{ "index outside", 0, { { TABLE, 32, I, 0 } }, { { DATA, 4, N, 2 }, { DATA, 4, 0, 0 } } },
	{ "loop", 0, { { TABLE, 32, I, 0 } }, { { DATA, 4, N, 1 }, { DATA, 4, N, 0 } } },
	{ "length 0", 0, { { TABLE, 16, I, 0 } }, { { DATA, 0, W, 0 } } },
	{ "after a writable", 0, { { DATA, 4, W | N, 1 }, { TABLE, 16, I, 0 } }, { { DATA, 4, 0, 0 } } },
	{ "in guest memory", 0, { { TABLE, 16, I, 0 } }, { { END, 4, 0, 0 } } },
};

static void put_hostile(const struct hostile *h)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		drv_desc(&q, i, h->ring[i]);
	memcpy(drv_ptr(&d, TABLE, sizeof(h->table)), h->table, sizeof(h->table));
	drv_publish(&q, h->head);
}

START_TEST(hostile_chain_is_refused)
{
	const struct hostile *h = &hostile[_i];

	put_hostile(h);
	ck_assert_int_eq(queue_pop(&vq, &chain), -EINVAL);
	ck_assert_msg(strstr(vq.broken, h->why), "row %d: got '%s', expected '%s'", _i, vq.broken, h->why);
	/* It stays refused, and nothing was handed back. */
	ck_assert_int_eq(queue_pop(&vq, &chain), -EINVAL);
	ck_assert(!queue_notify_enable(&vq));
	ck_assert(!queue_signal(&vq));
	ck_assert_uint_eq(q.used->idx, 0);
}
END_TEST

START_TEST(indirect_without_the_feature)
{
	struct drv_buf buf = { DATA, 4, false };

	teardown();
	open_features(0);
	drv_add_indirect(&q, &buf, 1);
	ck_assert_int_eq(queue_pop(&vq, &chain), -EINVAL);
	ck_assert_ptr_nonnull(strstr(vq.broken, "without the feature"));
}
END_TEST

START_TEST(available_index_jump)
{
	q.avail->idx = SIZE + 1;
	ck_assert_int_eq(queue_pop(&vq, &chain), -EINVAL);
	ck_assert_ptr_nonnull(strstr(vq.broken, "available index"));
}
END_TEST

/* The same head again and again without waiting for its return. */
START_TEST(more_outstanding_than_entries)
{
	int i;

	drv_desc(&q, 0, (struct vring_desc){ DATA, 4, 0, 0 });
	for (i = 0; i < SIZE; i++) {
		drv_publish(&q, 0);
		ck_assert_int_eq(queue_pop(&vq, &chain), 1);
	}
	drv_publish(&q, 0);
	ck_assert_int_eq(queue_pop(&vq, &chain), -EINVAL);
	ck_assert_ptr_nonnull(strstr(vq.broken, "outstanding"));
}
END_TEST

static void *all_memory(void *ctx, uint64_t gpa, uint64_t len)
{
	(void)gpa;
	(void)len;
	return ctx;
}

/* A guest with more memory than 32-bit lengths can count: a chain's total must still not wrap. */
START_TEST(total_length_is_capped)
{
	unsigned int i;

	vq.mem.ptr = all_memory;
	vq.mem.ctx = d.low;
	for (i = 0; i < 3; i++)
		drv_desc(&q, i, (struct vring_desc){ DATA, 0x7fffffff, i < 2 ? N : 0, i + 1 });
	drv_publish(&q, 0);
	ck_assert_int_eq(queue_pop(&vq, &chain), -EINVAL);
	ck_assert_ptr_nonnull(strstr(vq.broken, "4 GiB"));
}
END_TEST

/* --- where rings may lie --- */

static const struct place {
	uint16_t size;
	uint64_t desc, avail, used;	/* added to good addresses */
	const char *why;
} places[] = {
	{ 0, 0, 0, 0, "power of two" },
	{ 3, 0, 0, 0, "power of two" },
	{ SIZE * 2, 0, 0, 0, "power of two" },
	{ SIZE, 8, 0, 0, "descriptor table" },
	{ SIZE, DRV_LOW_SIZE, 0, 0, "descriptor table" },
	{ SIZE, 0, 1, 0, "available ring" },
	{ SIZE, 0, 1ULL << 63, 0, "available ring" },
	{ SIZE, 0, 0, 2, "used ring" },
	{ SIZE, 0, 0, -(DRV_LOW_GPA + DRV_LOW_SIZE), "used ring" },
};

START_TEST(bad_place_is_refused)
{
	const struct place *p = &places[_i];
	struct virtqueue bad;
	struct drv_queue ring;

	queue_reset(&bad, SIZE);
	drv_ring(&d, &ring, &bad, SIZE);
	bad.size = p->size;
	bad.desc_gpa += p->desc;
	bad.avail_gpa += p->avail;
	bad.used_gpa += p->used;
	ck_assert_int_eq(queue_enable(&bad, &mem, 0), -EINVAL);
	ck_assert_msg(strstr(bad.broken, p->why), "row %d: %s", _i, bad.broken);
	ck_assert(!bad.enabled);
}
END_TEST

START_TEST(ring_must_fit_to_its_last_byte)
{
	struct virtqueue end;

	queue_reset(&end, SIZE);
	end.desc_gpa = q.desc_gpa;
	end.avail_gpa = q.avail_gpa;
	end.used_gpa = END - (6 + 8 * SIZE) - 2;
	ck_assert_int_eq(queue_enable(&end, &mem, 0), 0);
	end.enabled = false;
	end.used_gpa += 4;
	ck_assert_int_eq(queue_enable(&end, &mem, 0), -EINVAL);
}
END_TEST

/* --- who is told when --- */

static void one_round(void)
{
	drv_desc(&q, 0, (struct vring_desc){ DATA, 4, 0, 0 });
	drv_publish(&q, 0);
	ck_assert_int_eq(queue_pop(&vq, &chain), 1);
	queue_push(&vq, chain.head, 0);
}

START_TEST(flags_suppress)
{
	q.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	one_round();
	ck_assert(!queue_signal(&vq));
	ck_assert_uint_eq(q.used->idx, 1);
	q.avail->flags = 0;
	one_round();
	ck_assert(queue_signal(&vq));
	queue_notify_disable(&vq);
	ck_assert_uint_eq(q.used->flags, VRING_USED_F_NO_NOTIFY);
	ck_assert(!queue_notify_enable(&vq));
	ck_assert_uint_eq(q.used->flags, 0);
}
END_TEST

/* A chain published between the last pop and notify_enable has no kick: enable must report it. */
START_TEST(late_chain_is_seen)
{
	queue_notify_disable(&vq);
	ck_assert_int_eq(queue_pop(&vq, &chain), 0);
	drv_publish(&q, 0);
	ck_assert(queue_notify_enable(&vq));
}
END_TEST

/* used_event says "tell me when you used entry number used_event": with batches and around the wrap of 16 bits. */
static const struct event {
	uint16_t start;		/* used index before the batch */
	uint16_t batch;
	uint16_t event;
	bool wanted;
} events[] = {
	{ 0, 1, 0, true },		{ 0, 1, 1, false },		{ 0, 4, 3, true },
	{ 0, 4, 4, false },		{ 0, 4, 0xffff, false },	{ 5, 1, 4, false },
	{ 5, 3, 5, true },		{ 5, 3, 7, true },		{ 5, 3, 8, false },
	{ 0xfffe, 4, 0xfffd, false },	{ 0xfffe, 4, 0xfffe, true },	{ 0xfffe, 4, 0xffff, true },
	{ 0xfffe, 4, 0, true },		{ 0xfffe, 4, 1, true },		{ 0xfffe, 4, 2, false },
	{ 0xffff, 1, 0xffff, true },	{ 0xffff, 1, 0, false },
};

START_TEST(used_event)
{
	const struct event *e = &events[_i];
	uint16_t i;

	teardown();
	open_features(EVENT_IDX);
	q.avail->idx = e->start;
	vq.last_avail = e->start;
	vq.used_idx = e->start;
	vq.shown_idx = e->start;
	q.avail->ring[SIZE] = e->event;
	for (i = 0; i < e->batch; i++)
		one_round();
	ck_assert_int_eq(queue_signal(&vq), e->wanted);
	ck_assert_uint_eq(q.used->idx, (uint16_t)(e->start + e->batch));
	ck_assert_uint_eq(vq.stats.signals, e->wanted);
	ck_assert_uint_eq(vq.stats.suppressed, !e->wanted);
}
END_TEST

START_TEST(avail_event_follows)
{
	uint16_t *avail_event;

	teardown();
	open_features(EVENT_IDX);
	avail_event = (uint16_t *)&q.used->ring[SIZE];
	one_round();
	one_round();
	queue_notify_disable(&vq);
	ck_assert_uint_eq(q.used->flags, 0);
	ck_assert_uint_eq(*avail_event, 0);
	ck_assert(!queue_notify_enable(&vq));
	ck_assert_uint_eq(*avail_event, 2);
}
END_TEST

/* 200000 chains through a ring of 8: all indices wrap three times. */
START_TEST(indices_wrap)
{
	struct drv_buf buf[] = { { DATA, 4, false }, { DATA + 64, 4, true } };
	uint16_t head;
	int i;

	teardown();
	open_features(EVENT_IDX | INDIRECT);
	for (i = 0; i < 200000; i++) {
		q.avail->ring[SIZE] = q.last_used;
		head = drv_add(&q, buf, 2);
		ck_assert_int_eq(queue_pop(&vq, &chain), 1);
		queue_push(&vq, chain.head, 4);
		ck_assert(queue_signal(&vq));
		ck_assert_int_eq(drv_used(&q, NULL), head);
	}
	ck_assert_uint_eq(vq.stats.chains, 200000);
}
END_TEST

START_TEST(iov_slice)
{
	char a[10], b[20];
	struct iovec iov[] = { { a, 10 }, { b, 20 } }, to[2];

	ck_assert_int_eq(queue_iov_slice(to, iov, 2, 4, 10), 2);
	ck_assert_ptr_eq(to[0].iov_base, a + 4);
	ck_assert_uint_eq(to[0].iov_len, 6);
	ck_assert_ptr_eq(to[1].iov_base, b);
	ck_assert_uint_eq(to[1].iov_len, 4);
	ck_assert_int_eq(queue_iov_slice(to, iov, 2, 10, 20), 1);
	ck_assert_int_eq(queue_iov_slice(to, iov, 2, 10, 21), -EINVAL);
	ck_assert_int_eq(queue_iov_slice(to, iov, 2, 31, 0), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("virtio_queue");
	TCase *t = tcase_create("ring");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, empty_and_disabled);
	tcase_add_test(t, direct_chain);
	tcase_add_test(t, indirect_chain);
	tcase_add_test(t, direct_then_indirect);
	tcase_add_test(t, unpop_gives_the_same_again);
	tcase_add_loop_test(t, hostile_chain_is_refused, 0, sizeof(hostile) / sizeof(hostile[0]));
	tcase_add_test(t, indirect_without_the_feature);
	tcase_add_test(t, available_index_jump);
	tcase_add_test(t, more_outstanding_than_entries);
	tcase_add_test(t, total_length_is_capped);
	tcase_add_loop_test(t, bad_place_is_refused, 0, sizeof(places) / sizeof(places[0]));
	tcase_add_test(t, ring_must_fit_to_its_last_byte);
	tcase_add_test(t, flags_suppress);
	tcase_add_test(t, late_chain_is_seen);
	tcase_add_loop_test(t, used_event, 0, sizeof(events) / sizeof(events[0]));
	tcase_add_test(t, avail_event_follows);
	tcase_add_test(t, indices_wrap);
	tcase_add_test(t, iov_slice);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

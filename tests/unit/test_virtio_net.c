/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-net between a driver and a socket pair for a tap: frames both ways, merged buffers, header checks, flow control, options. */
/* unit: devicemodel/virtio/queue.c devicemodel/virtio/device.c devicemodel/virtio/worker.c devicemodel/virtio/net.c devicemodel/virtio/net_options.c tests/fake/virtio_driver.c tests/fake/virtio_log.c tests/fake/virtio_tap.c */
/* unit-flags: -Idevicemodel */
#include <check.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/vm.h"
#include "virtio/net.h"
#include "virtio/net_options.h"
#include "virtio_driver.h"
#include "virtio_log.h"
#include "virtio_tap.h"

#define BIT(n) (1ULL << (n))
#define BASE (BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_RING_F_INDIRECT_DESC))
#define MRG BIT(VIRTIO_NET_F_MRG_RXBUF)
#define CSUM (BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_GUEST_CSUM))
#define HDR 12

static struct vm vm = { .name = "guest" };
static struct drv d;
static struct drv_queue rx, tx;
static struct virtio_dev *vd;

static int create(const char *opts)
{
	struct virtio_params params = { .vm = &vm, .opts = opts, .place = "3:0" };

	return net_ops.create(&params, &vd);
}

static void open_net(uint64_t features, bool threaded)
{
	virtio_tap.offloads = true;
	virtio_tap.full = false;
	virtio_tap.error = 0;
	ck_assert_int_eq(create("tap=t0,mac=02:11:22:33:44:55"), 0);
	drv_open(&d, vd, threaded);
	ck_assert(drv_negotiate(&d, BASE | features));
	drv_queue_open(&d, &rx, 0, 16);
	drv_queue_open(&d, &tx, 1, 16);
	drv_ok(&d);
}

static void frame(uint8_t *f, uint32_t len, uint8_t seed)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		f[i] = seed + i * 3;
}

/* The network sends one frame of @len bytes. */
static void net_send(uint32_t len, uint8_t seed)
{
	static uint8_t buf[HDR + 65536];

	memset(buf, 0, HDR);
	frame(buf + HDR, len, seed);
	ck_assert_int_eq(send(virtio_tap.fd, buf, HDR + len, 0), HDR + len);
	drv_run(&d);
}

static uint64_t rx_buffer(uint32_t len)
{
	uint64_t gpa = drv_alloc(&d, len, 8);
	struct drv_buf buf = { gpa, len, true };

	drv_add(&rx, &buf, 1);
	return gpa;
}

static void check_frame(uint64_t gpa, uint32_t from, uint32_t len, uint8_t seed)
{
	const uint8_t *p = drv_ptr(&d, gpa, len);
	uint32_t i;

	for (i = 0; i < len; i++)
		ck_assert_uint_eq(p[i], (uint8_t)(seed + (from + i) * 3));
}

static uint16_t nr_buffers(uint64_t gpa)
{
	uint16_t n;

	memcpy(&n, drv_ptr(&d, gpa + 10, 2), 2);
	return n;
}

static uint64_t counter(const char *name)
{
	for (unsigned int i = 0; i < vd->control.nr_counters; i++)
		if (strcmp(vd->control.counter_name[i], name) == 0)
			return control_value(&vd->control.counter[i]);
	ck_abort_msg("no counter %s", name);
}

START_TEST(receive)
{
	uint32_t len;
	uint64_t a, b;

	open_net(MRG, false);
	a = rx_buffer(2048);
	b = rx_buffer(2048);
	drv_kick(&rx);
	net_send(60, 1);
	net_send(1514, 2);
	ck_assert_int_eq(drv_used(&rx, &len), 0);
	ck_assert_uint_eq(len, HDR + 60);
	check_frame(a + HDR, 0, 60, 1);
	ck_assert_uint_eq(nr_buffers(a), 1);
	ck_assert_int_eq(drv_used(&rx, &len), 1);
	ck_assert_uint_eq(len, HDR + 1514);
	check_frame(b + HDR, 0, 1514, 2);
	ck_assert_uint_ge(d.queue_irqs[0], 1);
	ck_assert_uint_eq(counter("rx_frames"), 2);
	ck_assert_uint_eq(counter("rx_bytes"), 60 + 1514);
	drv_close(&d);
}
END_TEST

/* A frame larger than a buffer takes several, and the first says how many. */
START_TEST(receive_merged)
{
	uint64_t buf[4];
	uint32_t len;
	int i;

	open_net(MRG, false);
	for (i = 0; i < 4; i++)
		buf[i] = rx_buffer(512);
	drv_kick(&rx);
	net_send(1300, 9);
	ck_assert_int_eq(drv_used(&rx, &len), 0);
	ck_assert_uint_eq(len, 512);
	ck_assert_uint_eq(nr_buffers(buf[0]), 3);
	ck_assert_int_eq(drv_used(&rx, &len), 1);
	ck_assert_uint_eq(len, 512);
	ck_assert_int_eq(drv_used(&rx, &len), 2);
	ck_assert_uint_eq(len, HDR + 1300 - 1024);
	ck_assert_int_eq(drv_used(&rx, &len), -1);
	check_frame(buf[0] + HDR, 0, 500, 9);
	check_frame(buf[1], 500, 512, 9);
	check_frame(buf[2], 1012, 288, 9);
	/* Two small buffers are left: a frame for three does not fit, the next small one does. */
	rx_buffer(512);
	drv_kick(&rx);
	net_send(1300, 1);
	ck_assert_int_eq(drv_used(&rx, &len), -1);
	net_send(100, 5);
	ck_assert_int_eq(drv_used(&rx, &len), 3);
	check_frame(buf[3] + HDR, 0, 100, 5);
	drv_close(&d);
	ck_assert(virtio_log_has("1 without buffers"));
}
END_TEST

START_TEST(receive_too_long_unmerged)
{
	uint32_t len;

	open_net(0, false);
	rx_buffer(256);
	drv_kick(&rx);
	net_send(1000, 1);
	ck_assert_int_eq(drv_used(&rx, &len), -1);
	net_send(60, 1);
	ck_assert_int_eq(drv_used(&rx, &len), 0);
	ck_assert_uint_eq(len, HDR + 60);
	drv_close(&d);
	ck_assert(virtio_log_has("1 too long"));
}
END_TEST

/* Without buffers frames wait in the tap, and the worker sleeps rather than spin. */
START_TEST(receive_waits_for_buffers)
{
	uint32_t len;
	uint64_t a;

	open_net(MRG, false);
	net_send(60, 1);
	net_send(61, 2);
	ck_assert_int_eq(worker_poll(&vd->worker, 0), 0);
	a = rx_buffer(2048);
	drv_kick(&rx);
	ck_assert_int_eq(drv_used(&rx, &len), 0);
	check_frame(a + HDR, 0, 60, 1);
	ck_assert_int_eq(worker_poll(&vd->worker, 0), 0);
	a = rx_buffer(2048);
	drv_kick(&rx);
	ck_assert_int_eq(drv_used(&rx, &len), 1);
	check_frame(a + HDR, 0, 61, 2);
	drv_close(&d);
	ck_assert(virtio_log_has("2 frames to the guest"));
}
END_TEST

/* Sends header and frame as two descriptors; returns what the network got, or -1. */
static ssize_t send_frame(const struct virtio_net_hdr_v1 *h, uint32_t len, uint8_t *got, size_t size)
{
	static uint8_t f[65536];
	struct drv_buf buf[2] = { { drv_put(&d, h, sizeof(*h)), sizeof(*h), false } };

	frame(f, len, 7);
	buf[1] = (struct drv_buf){ drv_put(&d, f, len), len, false };
	drv_add(&tx, buf, len ? 2 : 1);
	drv_kick(&tx);
	return recv(virtio_tap.fd, got, size, 0);
}

START_TEST(transmit)
{
	struct virtio_net_hdr_v1 h = { 0 };
	uint8_t got[4096];
	uint32_t len = 77;
	int i;

	open_net(MRG, false);
	h.num_buffers = 9;
	h.flags = 0xff;
	ck_assert_int_eq(send_frame(&h, 1514, got, sizeof(got)), HDR + 1514);
	for (i = 0; i < HDR; i++)
		ck_assert_uint_eq(got[i], 0);
	ck_assert_uint_eq(got[HDR + 5], (uint8_t)(7 + 15));
	ck_assert_int_eq(drv_used(&tx, &len), 0);
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(counter("tx_bytes"), 1514);
	drv_close(&d);
}
END_TEST

static const struct {
	struct virtio_net_hdr_v1 h;
	uint32_t len;
	bool good;
} headers[] = {
	{ { .flags = 0 }, 60, true },
	{ { .flags = 0 }, 13, false },
	{ { .flags = 0 }, 0, false },
	{ { .flags = 1, .csum_start = 34, .csum_offset = 16 }, 60, true },
	{ { .flags = 1, .csum_start = 34, .csum_offset = 16 }, 52, true },
	{ { .flags = 1, .csum_start = 34, .csum_offset = 16 }, 51, false },
	{ { .flags = 1, .csum_start = 0xffff, .csum_offset = 0xffff }, 60, false },
	{ { .flags = 2 }, 60, false },
	{ { .flags = 0x81 }, 60, false },
	{ { .flags = 1, .gso_type = 1, .gso_size = 1460, .hdr_len = 54, .csum_start = 34, .csum_offset = 16 }, 9000, true },
	{ { .flags = 0, .gso_type = 1, .gso_size = 1460, .hdr_len = 54 }, 9000, false },
	{ { .flags = 1, .gso_type = 1, .gso_size = 0, .hdr_len = 54 }, 9000, false },
	{ { .flags = 1, .gso_type = 1, .gso_size = 1460, .hdr_len = 9001 }, 9000, false },
	{ { .flags = 1, .gso_type = 4, .gso_size = 1460, .hdr_len = 54 }, 9000, false },	/* TSO6 was not negotiated */
	{ { .flags = 1, .gso_type = 3, .gso_size = 1460, .hdr_len = 54 }, 9000, false },	/* UFO never is */
	{ { .flags = 1, .gso_type = 0x81, .gso_size = 1460, .hdr_len = 54 }, 9000, false },
};

START_TEST(transmit_header)
{
	uint8_t got[16384];
	ssize_t want = headers[_i].good ? (ssize_t)headers[_i].len + HDR : -1;

	open_net(CSUM, false);
	ck_assert(virtio_tap.csum);
	ck_assert(!virtio_tap.tso4);
	ck_assert_int_eq(send_frame(&headers[_i].h, headers[_i].len, got, sizeof(got)), want);
	if (want > 0)
		ck_assert_mem_eq(got, &headers[_i].h, HDR);
	ck_assert_int_eq(drv_used(&tx, NULL), 0);
	ck_assert(!drv_needs_reset(&d));
	drv_close(&d);
	ck_assert(virtio_log_has(want > 0 ? " 0 malformed" : " 1 malformed"));
}
END_TEST

START_TEST(transmit_waits_for_the_tap)
{
	struct virtio_net_hdr_v1 h = { 0 };
	uint8_t got[256];

	open_net(0, false);
	/* The socket stays writable, so the worker tries in vain until the tap takes it: drv_run() would not end. */
	virtio_tap.full = true;
	drv_add(&tx, (struct drv_buf[]){ { drv_put(&d, &h, 12), 12, false }, { drv_alloc(&d, 60, 1), 60, false } }, 2);
	virtio_kick(vd, 1);
	worker_poll(&vd->worker, 0);
	worker_poll(&vd->worker, 0);
	ck_assert_int_eq(recv(virtio_tap.fd, got, sizeof(got), 0), -1);
	ck_assert_int_eq(drv_used(&tx, NULL), -1);
	virtio_tap.full = false;
	drv_run(&d);
	ck_assert_int_eq(recv(virtio_tap.fd, got, sizeof(got), 0), HDR + 60);
	ck_assert_int_eq(drv_used(&tx, NULL), 0);
	ck_assert_int_eq(worker_poll(&vd->worker, 0), 0);
	drv_close(&d);
}
END_TEST

START_TEST(failing_tap_is_counted)
{
	struct virtio_net_hdr_v1 h = { 0 };
	uint8_t got[256];

	open_net(0, false);
	rx_buffer(2048);
	drv_kick(&rx);
	virtio_tap.error = EIO;
	ck_assert_int_eq(send_frame(&h, 60, got, sizeof(got)), -1);
	ck_assert_int_eq(drv_used(&tx, NULL), 0);
	net_send(60, 1);
	ck_assert_int_eq(worker_poll(&vd->worker, 0), 0);
	drv_close(&d);
	ck_assert(virtio_log_has("1 receive errors, 0 malformed, 1 refused"));
}
END_TEST

static const struct {
	int queue;
	struct drv_buf buf[2];
} hostile[] = {
	{ 0, { { DRV_LOW_GPA + 0x100000, 11, true } } },
	{ 0, { { DRV_LOW_GPA + 0x100000, 64, false } } },
	{ 0, { { DRV_LOW_GPA + 0x100000, 64, false }, { DRV_LOW_GPA + 0x100000, 2048, true } } },
	{ 1, { { DRV_LOW_GPA + 0x100000, 11, false } } },
	{ 1, { { DRV_LOW_GPA + 0x100000, 2048, true } } },
	{ 1, { { DRV_LOW_GPA + DRV_LOW_SIZE - 1, 100, false } } },
};

START_TEST(hostile_chain_needs_reset)
{
	struct drv_queue *q = hostile[_i].queue ? &tx : &rx;

	open_net(MRG, false);
	drv_add(q, hostile[_i].buf, hostile[_i].buf[1].len ? 2 : 1);
	drv_kick(q);
	net_send(60, 1);
	ck_assert(drv_needs_reset(&d));
	ck_assert_uint_eq(d.config_irqs, 1);
	ck_assert_int_eq(worker_poll(&vd->worker, 0), 0);
	ck_assert(drv_negotiate(&d, BASE | MRG));
	drv_queue_open(&d, &rx, 0, 16);
	drv_queue_open(&d, &tx, 1, 16);
	drv_ok(&d);
	rx_buffer(2048);
	drv_kick(&rx);
	ck_assert_int_eq(drv_used(&rx, NULL), 0);
	drv_close(&d);
}
END_TEST

/* 2000 frames each way through rings of 16 with a real worker thread. */
START_TEST(stream_with_a_thread)
{
	struct virtio_net_hdr_v1 h = { 0 };
	uint64_t in, out;
	struct drv_buf buf[2];
	uint8_t got[256], one[HDR + 64] = { 0 };
	int i;

	open_net(MRG, true);
	in = drv_alloc(&d, 2048, 8);
	out = drv_put(&d, &h, 12);
	for (i = 0; i < 2000; i++) {
		drv_add(&rx, &(struct drv_buf){ in, 2048, true }, 1);
		drv_kick(&rx);
		one[HDR] = i;
		ck_assert_int_eq(send(virtio_tap.fd, one, sizeof(one), 0), sizeof(one));
		ck_assert_int_ge(drv_used_wait(&rx, NULL), 0);
		ck_assert_uint_eq(*(uint8_t *)drv_ptr(&d, in + HDR, 1), (uint8_t)i);
		buf[0] = (struct drv_buf){ out, 12, false };
		buf[1] = (struct drv_buf){ in, 64, false };
		drv_add(&tx, buf, 2);
		drv_kick(&tx);
		ck_assert_int_ge(drv_used_wait(&tx, NULL), 0);
		ck_assert_int_eq(recv(virtio_tap.fd, got, sizeof(got), 0), HDR + 64);
	}
	drv_close(&d);
}
END_TEST

START_TEST(config_space)
{
	uint8_t c[8];

	open_net(0, false);
	virtio_config_read(vd, 0, c, 8);
	ck_assert_mem_eq(c, "\x02\x11\x22\x33\x44\x55\x01\x00", 8);
	drv_close(&d);
}
END_TEST

START_TEST(good_options)
{
	struct virtio_params p = { .vm = &vm, .opts = "tap=a", .place = "3:0" };
	struct net_options a, b;

	ck_assert_int_eq(net_options_parse(&p, &a), 0);
	ck_assert_int_eq(net_options_parse(&p, &b), 0);
	ck_assert_mem_eq(a.mac, b.mac, 6);
	ck_assert_uint_eq(a.mac[0] & 3, 2);
	p.place = "4:0";
	ck_assert_int_eq(net_options_parse(&p, &b), 0);
	ck_assert_mem_ne(a.mac, b.mac, 6);
	p.opts = "tap=a,mac_seed=x";
	ck_assert_int_eq(net_options_parse(&p, &a), 0);
	ck_assert_mem_ne(a.mac, b.mac, 6);
	p.opts = "tap0,mac=00:16:3E:00:00:01";
	ck_assert_int_eq(net_options_parse(&p, &a), 0);
	ck_assert_str_eq(a.tap, "tap0");
	ck_assert_mem_eq(a.mac, "\x00\x16\x3e\x00\x00\x01", 6);
}
END_TEST

static const struct {
	const char *opts, *why;
} bad[] = {
	{ "", "no interface given" },
	{ "mac=02:00:00:00:00:01", "no interface given" },
	{ "tap=", "bad option \"tap=\"" },
	{ "tap=sixteencharacters", "bad option \"tap=sixteencharacters\"" },
	{ "tap=a,mac=1:2:3", "bad option \"mac=1:2:3\"" },
	{ "tap=a,mac=01:00:00:00:00:01", "bad option" },
	{ "tap=a,mac=00:00:00:00:00:00", "bad option" },
	{ "tap=a,mac=02:00:00:00:00:01:02", "bad option" },
	{ "tap=a,mac_seed=", "bad option" },
	{ "tap=a,vhost", "option \"vhost\" is not supported" },
	{ "tap=a,queues=4", "unknown option \"queues=4\"" },
	{ "tap=a,b", "unknown option \"b\"" },
};

START_TEST(bad_options)
{
	virtio_log_clear();
	ck_assert_int_eq(create(bad[_i].opts), -EINVAL);
	ck_assert_msg(virtio_log_has(bad[_i].why), "'%s' gave: %s", bad[_i].opts, virtio_log_text());
}
END_TEST

START_TEST(missing_tap)
{
	ck_assert_int_eq(create("tap=missing"), -ENODEV);
}
END_TEST

#define ROWS(table) (sizeof(table) / sizeof(table[0]))

int main(void)
{
	Suite *s = suite_create("virtio_net");
	TCase *t = tcase_create("device"), *o = tcase_create("options");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 30);
	tcase_add_test(t, receive);
	tcase_add_test(t, receive_merged);
	tcase_add_test(t, receive_too_long_unmerged);
	tcase_add_test(t, receive_waits_for_buffers);
	tcase_add_test(t, transmit);
	tcase_add_loop_test(t, transmit_header, 0, ROWS(headers));
	tcase_add_test(t, transmit_waits_for_the_tap);
	tcase_add_test(t, failing_tap_is_counted);
	tcase_add_loop_test(t, hostile_chain_needs_reset, 0, ROWS(hostile));
	tcase_add_test(t, stream_with_a_thread);
	tcase_add_test(t, config_space);
	tcase_add_test(o, good_options);
	tcase_add_loop_test(o, bad_options, 0, ROWS(bad));
	tcase_add_test(o, missing_tap);
	suite_add_tcase(s, t);
	suite_add_tcase(s, o);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

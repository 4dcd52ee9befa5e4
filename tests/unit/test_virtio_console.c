/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-console: bytes both ways, back-pressure both ways, several ports, hostile buffers, options. */
/* unit: devicemodel/virtio/queue.c devicemodel/virtio/device.c devicemodel/virtio/worker.c devicemodel/virtio/console.c devicemodel/virtio/console_options.c tests/fake/virtio_driver.c tests/fake/virtio_log.c tests/fake/virtio_chr.c */
/* unit-flags: -Idevicemodel */
#include <check.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <string.h>

#include "virtio/console.h"
#include "virtio/console_options.h"
#include "virtio_chr.h"
#include "virtio_driver.h"
#include "virtio_log.h"

#define BIT(n) (1ULL << (n))
#define BASE (BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_CONSOLE_F_SIZE))
#define MULTI BIT(VIRTIO_CONSOLE_F_MULTIPORT)
#define ROWS(table) (sizeof(table) / sizeof(table[0]))

static struct drv d;
static struct drv_queue q[8];
static struct virtio_dev *vd;

static int create(const char *opts)
{
	struct virtio_params params = { .opts = opts, .place = "2:0" };

	virtio_chr_clear();
	return console_ops.create(&params, &vd);
}

static void start(uint64_t features)
{
	unsigned int i;

	ck_assert(drv_negotiate(&d, features));
	for (i = 0; i < vd->nr_queues; i++)
		drv_queue_open(&d, &q[i], i, 16);
	drv_ok(&d);
}

static void open_console(const char *opts, uint64_t features)
{
	ck_assert_int_eq(create(opts), 0);
	drv_open(&d, vd, false);
	start(features);
}

static uint64_t give(struct drv_queue *queue, uint32_t len)
{
	uint64_t gpa = drv_alloc(&d, len, 1);

	drv_add(queue, &(struct drv_buf){ gpa, len, true }, 1);
	drv_kick(queue);
	return gpa;
}

static void say(struct drv_queue *queue, const char *text)
{
	drv_add(queue, &(struct drv_buf){ drv_put(&d, text, strlen(text)), strlen(text), false }, 1);
	drv_kick(queue);
}

START_TEST(single_port)
{
	uint64_t a;
	uint32_t len;

	open_console("@stdio:con", BASE);
	ck_assert_uint_eq(vd->nr_queues, 2);
	ck_assert(!(vd->offered & MULTI));
	ck_assert_str_eq(virtio_chr[0].spec, "stdio");
	say(&q[1], "hello ");
	say(&q[1], "world");
	ck_assert_uint_eq(virtio_chr[0].out_len, 11);
	ck_assert_mem_eq(virtio_chr[0].out, "hello world", 11);
	ck_assert_int_eq(drv_used(&q[1], &len), 0);
	ck_assert_uint_eq(len, 0);
	a = give(&q[0], 64);
	virtio_chr_type(&virtio_chr[0], "ls\n");
	ck_assert_int_eq(drv_used(&q[0], &len), 0);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(drv_ptr(&d, a, 3), "ls\n", 3);
	ck_assert_uint_eq(d.queue_irqs[0], 1);
	drv_close(&d);
	ck_assert(!virtio_chr[0].open);
}
END_TEST

/* Typed before there are buffers, before the driver, across a reset: nothing is lost. */
START_TEST(input_waits_for_buffers)
{
	uint64_t a, b;
	uint32_t len;

	ck_assert_int_eq(create("@pty"), 0);
	drv_open(&d, vd, false);
	virtio_chr_type(&virtio_chr[0], "ab");
	ck_assert_uint_eq(virtio_chr[0].in_len, 2);
	start(BASE);
	virtio_chr_type(&virtio_chr[0], "cdefg");
	ck_assert_uint_eq(virtio_chr[0].in_len, 7);
	a = give(&q[0], 4);
	ck_assert_int_eq(drv_used(&q[0], &len), 0);
	ck_assert_uint_eq(len, 4);
	ck_assert_mem_eq(drv_ptr(&d, a, 4), "abcd", 4);
	ck_assert_uint_eq(virtio_chr[0].in_len, 3);
	start(BASE);
	b = give(&q[0], 4);
	ck_assert_int_eq(drv_used(&q[0], &len), 0);
	ck_assert_mem_eq(drv_ptr(&d, b, 3), "efg", 3);
	drv_close(&d);
}
END_TEST

START_TEST(output_waits_for_room)
{
	struct drv_buf two[2];
	uint32_t len;

	open_console("@stdio", BASE);
	virtio_chr[0].room = 5;
	two[0] = (struct drv_buf){ drv_put(&d, "abc", 3), 3, false };
	two[1] = (struct drv_buf){ drv_put(&d, "defgh", 5), 5, false };
	drv_add(&q[1], two, 2);
	drv_kick(&q[1]);
	say(&q[1], "XYZ");
	ck_assert_uint_eq(virtio_chr[0].out_len, 5);
	ck_assert_int_eq(drv_used(&q[1], &len), -1);
	virtio_chr_drain(&virtio_chr[0], 1);
	ck_assert_uint_eq(virtio_chr[0].out_len, 6);
	ck_assert_int_eq(drv_used(&q[1], &len), -1);
	virtio_chr_drain(&virtio_chr[0], 100);
	ck_assert_uint_eq(virtio_chr[0].out_len, 11);
	ck_assert_mem_eq(virtio_chr[0].out, "abcdefghXYZ", 11);
	ck_assert_int_eq(drv_used(&q[1], &len), 0);
	ck_assert_int_eq(drv_used(&q[1], &len), 2);
	drv_close(&d);
}
END_TEST

/* A huge buffer is written in turns, and completely. */
START_TEST(output_in_turns)
{
	uint64_t big;
	uint32_t i;

	open_console("@stdio", BASE);
	big = drv_alloc(&d, 200000, 1);
	for (i = 0; i < 200000; i++)
		*(uint8_t *)drv_ptr(&d, big + i, 1) = i * 7;
	drv_add(&q[1], &(struct drv_buf){ big, 200000, false }, 1);
	virtio_kick(vd, 1);
	worker_poll(&vd->worker, 0);
	ck_assert_uint_eq(virtio_chr[0].out_len, 65536);
	drv_run(&d);
	ck_assert_uint_eq(virtio_chr[0].out_len, 200000);
	ck_assert_mem_eq(virtio_chr[0].out, drv_ptr(&d, big, 200000), 200000);
	ck_assert_int_eq(drv_used(&q[1], NULL), 0);
	drv_close(&d);
}
END_TEST

START_TEST(config_space)
{
	struct virtio_console_config c = { 0 };

	open_console("@stdio,pty:p1", BASE | MULTI);
	virtio_config_read(vd, 0, &c, sizeof(c));
	ck_assert_uint_gt(c.cols, 0);
	ck_assert_uint_gt(c.rows, 0);
	ck_assert_uint_eq(c.max_nr_ports, 2);
	drv_close(&d);
}
END_TEST

/* --- several ports --- */

static void control(uint32_t id, uint16_t event, uint16_t value)
{
	struct virtio_console_control m = { .id = id, .event = event, .value = value };

	drv_add(&q[3], &(struct drv_buf){ drv_put(&d, &m, sizeof(m)), sizeof(m), false }, 1);
	drv_kick(&q[3]);
	ck_assert_int_ge(drv_used(&q[3], NULL), 0);
}

/* The next control message is (id, event), with @text behind it. */
static void expect(uint64_t gpa, uint32_t id, uint16_t event, const char *text)
{
	struct virtio_console_control m;
	uint32_t len;

	ck_assert_int_ge(drv_used(&q[2], &len), 0);
	memcpy(&m, drv_ptr(&d, gpa, sizeof(m)), sizeof(m));
	ck_assert_uint_eq(m.id, id);
	ck_assert_uint_eq(m.event, event);
	ck_assert_uint_eq(m.value, 1);
	if (text) {
		ck_assert_uint_eq(len, sizeof(m) + strlen(text));
		ck_assert_mem_eq(drv_ptr(&d, gpa + sizeof(m), strlen(text)), text, strlen(text));
	}
}

START_TEST(ports_are_announced_and_opened)
{
	uint64_t buf[8], in;
	uint32_t len;
	int i;

	open_console("@stdio:first,socket:chan=/tmp/s:server", BASE | MULTI);
	ck_assert_uint_eq(vd->nr_queues, 6);
	ck_assert_str_eq(virtio_chr[1].spec, "socket:/tmp/s:server");
	control(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	/* No buffers yet: the messages wait. */
	ck_assert_int_eq(drv_used(&q[2], NULL), -1);
	for (i = 0; i < 8; i++)
		buf[i] = give(&q[2], 64);
	expect(buf[0], 0, VIRTIO_CONSOLE_PORT_ADD, NULL);
	expect(buf[1], 1, VIRTIO_CONSOLE_PORT_ADD, NULL);
	control(0, VIRTIO_CONSOLE_PORT_READY, 1);
	expect(buf[2], 0, VIRTIO_CONSOLE_CONSOLE_PORT, NULL);
	expect(buf[3], 0, VIRTIO_CONSOLE_RESIZE, NULL);
	expect(buf[4], 0, VIRTIO_CONSOLE_PORT_NAME, "first");
	expect(buf[5], 0, VIRTIO_CONSOLE_PORT_OPEN, NULL);
	control(1, VIRTIO_CONSOLE_PORT_READY, 1);
	expect(buf[6], 1, VIRTIO_CONSOLE_PORT_NAME, "chan");
	expect(buf[7], 1, VIRTIO_CONSOLE_PORT_OPEN, NULL);
	ck_assert_int_eq(drv_used(&q[2], NULL), -1);
	/* Input of a closed port waits until the guest opens it. */
	in = give(&q[4], 16);
	virtio_chr_type(&virtio_chr[1], "data");
	ck_assert_int_eq(drv_used(&q[4], &len), -1);
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	ck_assert_int_eq(drv_used(&q[4], &len), 0);
	ck_assert_mem_eq(drv_ptr(&d, in, 4), "data", 4);
	say(&q[5], "to port 1");
	ck_assert_mem_eq(virtio_chr[1].out, "to port 1", 9);
	ck_assert_uint_eq(virtio_chr[0].out_len, 0);
	drv_close(&d);
}
END_TEST

/* Messages about ports that do not exist, or of unknown kinds, are ignored; a flood of questions is answered from state. */
START_TEST(odd_control_messages)
{
	int i;

	open_console("@stdio,pty", BASE | MULTI);
	control(7, VIRTIO_CONSOLE_PORT_READY, 1);
	control(0xffffffff, VIRTIO_CONSOLE_PORT_OPEN, 1);
	control(0, 999, 1);
	for (i = 0; i < 100; i++)
		control(0, VIRTIO_CONSOLE_PORT_READY, 1);
	for (i = 0; i < 8; i++)
		give(&q[2], 64);
	for (i = 0; drv_used(&q[2], NULL) >= 0; i++)
		;
	/* console, resize, open */
	ck_assert_int_eq(i, 3);
	ck_assert(!drv_needs_reset(&d));
	drv_close(&d);
}
END_TEST

/* A driver without the feature uses port 0 and never sees the others. */
START_TEST(multiport_not_taken)
{
	open_console("@stdio,pty", BASE);
	say(&q[1], "plain");
	ck_assert_mem_eq(virtio_chr[0].out, "plain", 5);
	say(&q[3], "1234567890");
	ck_assert_int_eq(drv_used(&q[3], NULL), -1);
	ck_assert(!drv_needs_reset(&d));
	drv_close(&d);
}
END_TEST

static const struct {
	int queue;
	struct drv_buf buf;
} hostile[] = {
	{ 0, { DRV_LOW_GPA + 0x100000, 8, false } },
	{ 1, { DRV_LOW_GPA + 0x100000, 8, true } },
	{ 2, { DRV_LOW_GPA + 0x100000, 7, true } },
	{ 2, { DRV_LOW_GPA + 0x100000, 64, false } },
	{ 3, { DRV_LOW_GPA + 0x100000, 7, false } },
	{ 3, { DRV_LOW_GPA + 0x100000, 8, true } },
	{ 4, { 0, 8, true } },
	{ 5, { DRV_HIGH_GPA + DRV_HIGH_SIZE, 8, false } },
};

START_TEST(hostile_buffer_needs_reset)
{
	open_console("@stdio,pty", BASE | MULTI);
	control(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	control(0, VIRTIO_CONSOLE_PORT_OPEN, 1);
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	drv_add(&q[hostile[_i].queue], &hostile[_i].buf, 1);
	drv_kick(&q[hostile[_i].queue]);
	virtio_chr_type(&virtio_chr[0], "x");
	virtio_chr_type(&virtio_chr[1], "x");
	ck_assert(drv_needs_reset(&d));
	ck_assert_uint_eq(d.config_irqs, 1);
	start(BASE);
	say(&q[1], "alive");
	ck_assert_mem_eq(virtio_chr[0].out, "alive", 5);
	drv_close(&d);
}
END_TEST

START_TEST(good_options)
{
	struct console_options o;

	ck_assert_int_eq(console_options_parse("@stdio:stdio_port,tty:t=/dev/ttyS1,pty,pty:x=/run/link,"
					       "file:f=/var/log/x,tcp:n=4000:client", &o), 0);
	ck_assert_uint_eq(o.nr_ports, 6);
	ck_assert(o.port[0].console);
	ck_assert(!o.port[1].console);
	ck_assert_str_eq(o.port[0].name, "stdio_port");
	ck_assert_str_eq(o.port[1].spec, "tty:/dev/ttyS1");
	ck_assert_str_eq(o.port[2].spec, "pty");
	ck_assert_str_eq(o.port[2].name, "");
	ck_assert_str_eq(o.port[3].spec, "pty:/run/link");
	ck_assert_str_eq(o.port[4].spec, "file:/var/log/x");
	ck_assert_str_eq(o.port[5].spec, "tcp:4000:client");
}
END_TEST

static const struct {
	const char *opts, *why;
} bad[] = {
	{ "", "unknown kind" },
	{ "@", "unknown kind" },
	{ "vga", "bad port \"vga\": unknown kind" },
	{ "stdio:x=/path", "takes no path" },
	{ "tty:x", "needs a path" },
	{ "file:x=", "needs a path" },
	{ "socket", "needs a path" },
	{ "stdio:a_name_that_is_much_too_long_for_a_port", "more than 31 characters" },
	{ "pty,pty,pty,pty,pty,pty,pty,pty,pty", "more than 8 ports" },
};

START_TEST(bad_options)
{
	virtio_log_clear();
	ck_assert_int_eq(create(bad[_i].opts), -EINVAL);
	ck_assert_msg(virtio_log_has(bad[_i].why), "'%s' gave: %s", bad[_i].opts, virtio_log_text());
}
END_TEST

/* The backend of the second port cannot be opened: the first is closed again. */
START_TEST(failing_backend_unwinds)
{
	ck_assert_int_eq(create("@stdio,file:x=/missing"), -ENOENT);
	ck_assert_uint_eq(virtio_nr_chrs, 1);
	ck_assert(!virtio_chr[0].open);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("virtio_console");
	TCase *t = tcase_create("device"), *o = tcase_create("options");
	SRunner *r;
	int failed;

	tcase_add_test(t, single_port);
	tcase_add_test(t, input_waits_for_buffers);
	tcase_add_test(t, output_waits_for_room);
	tcase_add_test(t, output_in_turns);
	tcase_add_test(t, config_space);
	tcase_add_test(t, ports_are_announced_and_opened);
	tcase_add_test(t, odd_control_messages);
	tcase_add_test(t, multiport_not_taken);
	tcase_add_loop_test(t, hostile_buffer_needs_reset, 0, ROWS(hostile));
	tcase_add_test(o, good_options);
	tcase_add_loop_test(o, bad_options, 0, ROWS(bad));
	tcase_add_test(o, failing_backend_unwinds);
	suite_add_tcase(s, t);
	suite_add_tcase(s, o);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

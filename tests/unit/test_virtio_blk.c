/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-blk on temporary files: data, flush, discard, read-only, bounds, hostile requests, options. */
/* unit: devicemodel/virtio/queue.c devicemodel/virtio/device.c devicemodel/virtio/worker.c devicemodel/virtio/blk.c devicemodel/virtio/blk_options.c devicemodel/backends/block.c devicemodel/backends/block_raw.c devicemodel/backends/block_uring.c tests/fake/virtio_driver.c tests/fake/virtio_log.c */
/* unit-flags: -Idevicemodel */
/* unit-libs: -luring */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "virtio/blk.h"
#include "virtio_driver.h"
#include "virtio_log.h"

#define DISK_SECTORS 256
#define BIT(n) (1ULL << (n))
#define FEATURES                                                                                                       \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_RING_F_INDIRECT_DESC) |                   \
	 BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_CONFIG_WCE))

static char path[64];
static struct drv d;
static struct drv_queue q;
static struct virtio_dev *vd;

static uint8_t pattern(uint64_t at)
{
	return at / 512 * 7 + at;
}

static void make_disk(void)
{
	uint8_t sector[512];
	int fd, i, j;

	strcpy(path, "/tmp/quercus-blk-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	for (i = 0; i < DISK_SECTORS; i++) {
		for (j = 0; j < 512; j++)
			sector[j] = pattern(i * 512 + j);
		ck_assert_int_eq(write(fd, sector, 512), 512);
	}
	close(fd);
}

static int create(const char *opts)
{
	struct virtio_params params = { .opts = opts, .place = "1:0" };

	return blk_ops.create(&params, &vd);
}

/* A running device on the disk with @opts after its path. */
static void open_disk(const char *opts, bool threaded)
{
	char text[128];

	snprintf(text, sizeof(text), "%s%s", path, opts);
	ck_assert_int_eq(create(text), 0);
	drv_open(&d, vd, threaded);
	ck_assert(drv_negotiate(&d, (FEATURES | BIT(VIRTIO_BLK_F_DISCARD)) & vd->offered));
	drv_queue_open(&d, &q, 0, 64);
	drv_ok(&d);
}

static void setup(void)
{
	make_disk();
}

static void teardown(void)
{
	unlink(path);
}

/* One request: header, optional data, status. Returns the status byte. */
static uint8_t request(uint32_t type, uint64_t sector, uint64_t data, uint32_t len)
{
	struct virtio_blk_outhdr hdr = { .type = type, .sector = sector };
	bool in = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
	uint64_t status = drv_put(&d, "\xee", 1);
	struct drv_buf buf[4] = { { drv_put(&d, &hdr, sizeof(hdr)), sizeof(hdr), false } };
	unsigned int n = 1;
	uint32_t used;
	int head;

	if (len)
		buf[n++] = (struct drv_buf){ data, len, in };
	buf[n++] = (struct drv_buf){ status, 1, true };
	head = sector & 1 ? drv_add_indirect(&q, buf, n) : drv_add(&q, buf, n);
	drv_kick(&q);
	ck_assert_int_eq(drv_used_wait(&q, &used), head);
	ck_assert_uint_eq(used, in ? len + 1 : 1);
	return *(uint8_t *)drv_ptr(&d, status, 1);
}

static void check_file(uint64_t at, const void *want, size_t len)
{
	uint8_t *got = malloc(len);
	int fd = open(path, O_RDONLY);

	ck_assert_int_eq(pread(fd, got, len, at), (ssize_t)len);
	ck_assert_mem_eq(got, want, len);
	close(fd);
	free(got);
}

static void round_trip(void)
{
	uint64_t data = drv_alloc(&d, 16 * 512, 512);
	uint8_t *p = drv_ptr(&d, data, 16 * 512);
	int i;

	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 3, data, 16 * 512), VIRTIO_BLK_S_OK);
	for (i = 0; i < 16 * 512; i++)
		ck_assert_uint_eq(p[i], pattern(3 * 512 + i));
	for (i = 0; i < 1024; i++)
		p[i] = 255 - i;
	ck_assert_uint_eq(request(VIRTIO_BLK_T_OUT, 100, data, 1024), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0), VIRTIO_BLK_S_OK);
	check_file(100 * 512, p, 1024);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 101, data + 2048, 512), VIRTIO_BLK_S_OK);
	ck_assert_mem_eq(p + 2048, p + 512, 512);
}

/* The same with every way of doing I/O. */
static const char *const modes[] = { "", ",writethru", ",nocache", ",sectorsize=512/4096", ",aio=threads", ",mq=2" };

START_TEST(data_is_right)
{
	open_disk(modes[_i], false);
	round_trip();
	drv_close(&d);
}
END_TEST

START_TEST(data_is_right_with_a_thread)
{
	open_disk(modes[_i], true);
	round_trip();
	drv_close(&d);
}
END_TEST

START_TEST(data_is_right_with_uring)
{
	char text[128];
	int ret;

	/* Where the kernel or a sandbox has no io_uring the device must say so. */
	snprintf(text, sizeof(text), "%s,aio=io_uring", path);
	ret = create(text);
	if (ret) {
		ck_assert(virtio_log_has("io_uring"));
		return;
	}
	vd->ops->destroy(vd);
	open_disk(",aio=io_uring", true);
	round_trip();
	drv_close(&d);
}
END_TEST

/* Guest buffers that are not aligned, past the page cache. */
START_TEST(unaligned_direct)
{
	uint64_t data;
	uint8_t *p;

	open_disk(",nocache", false);
	data = drv_alloc(&d, 4096, 512) + 3;
	p = drv_ptr(&d, data, 1024);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 2, data, 1024), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(p[0], pattern(1024));
	ck_assert_uint_eq(p[1023], pattern(2047));
	memset(p, 0x5a, 1024);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_OUT, 9, data, 512), VIRTIO_BLK_S_OK);
	check_file(9 * 512, p, 512);
	drv_close(&d);
}
END_TEST

START_TEST(out_of_range)
{
	uint64_t data;

	open_disk("", false);
	data = drv_alloc(&d, 4096, 512);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, DISK_SECTORS - 1, data, 512), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, DISK_SECTORS - 1, data, 1024), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_OUT, DISK_SECTORS, data, 512), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_OUT, ~0ULL, data, 1024), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 1ULL << 55, data, 512), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, data, 511), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, 0, 0), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(request(77, 0, 0, 0), VIRTIO_BLK_S_UNSUPP);
	ck_assert(!drv_needs_reset(&d));
	drv_close(&d);
}
END_TEST

START_TEST(read_only)
{
	uint64_t data;
	struct stat before, after;

	stat(path, &before);
	chmod(path, 0444);
	open_disk(",ro,discard", false);
	ck_assert(vd->offered & BIT(VIRTIO_BLK_F_RO));
	ck_assert(!(vd->offered & (BIT(VIRTIO_BLK_F_DISCARD) | BIT(VIRTIO_BLK_F_WRITE_ZEROES))));
	data = drv_alloc(&d, 512, 512);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 1, data, 512), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_OUT, 1, data, 512), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_WRITE_ZEROES, 0, data, 16), VIRTIO_BLK_S_IOERR);
	drv_close(&d);
	stat(path, &after);
	ck_assert_int_eq(before.st_mtime, after.st_mtime);
}
END_TEST

START_TEST(discard_and_zeroes)
{
	struct virtio_blk_discard_write_zeroes seg[2] = { { .sector = 16, .num_sectors = 8 },
							  { .sector = 32, .num_sectors = 8 } };
	static const uint8_t zero[16 * 512];
	uint64_t data;
	uint8_t first = pattern(24 * 512);

	open_disk(",discard=64:2:8", false);
	data = drv_put(&d, seg, sizeof(seg));
	ck_assert_uint_eq(request(VIRTIO_BLK_T_DISCARD, 0, data, sizeof(seg)), VIRTIO_BLK_S_OK);
	check_file(16 * 512, zero, 8 * 512);
	check_file(24 * 512, &first, 1);
	check_file(32 * 512, zero, 8 * 512);
	/* unmap is not for discard, more segments or sectors than said are refused, and so is what lies outside */
	seg[0].flags = 1;
	ck_assert_uint_eq(request(VIRTIO_BLK_T_DISCARD, 0, drv_put(&d, seg, 16), 16), VIRTIO_BLK_S_UNSUPP);
	seg[0].flags = 0;
	data = drv_alloc(&d, 48, 16);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_DISCARD, 0, data, 48), VIRTIO_BLK_S_IOERR);
	seg[0] = (struct virtio_blk_discard_write_zeroes){ .sector = 0, .num_sectors = 65 };
	ck_assert_uint_eq(request(VIRTIO_BLK_T_DISCARD, 0, drv_put(&d, seg, 16), 16), VIRTIO_BLK_S_IOERR);
	seg[0] = (struct virtio_blk_discard_write_zeroes){ .sector = DISK_SECTORS - 1, .num_sectors = 2 };
	ck_assert_uint_eq(request(VIRTIO_BLK_T_WRITE_ZEROES, 0, drv_put(&d, seg, 16), 16), VIRTIO_BLK_S_IOERR);
	seg[0] = (struct virtio_blk_discard_write_zeroes){ .sector = 50, .num_sectors = 16 };
	ck_assert_uint_eq(request(VIRTIO_BLK_T_WRITE_ZEROES, 0, drv_put(&d, seg, 16), 16), VIRTIO_BLK_S_OK);
	check_file(50 * 512, zero, 16 * 512);
	seg[0].flags = VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;
	seg[0].sector = 70;
	ck_assert_uint_eq(request(VIRTIO_BLK_T_WRITE_ZEROES, 0, drv_put(&d, seg, 16), 16), VIRTIO_BLK_S_OK);
	check_file(70 * 512, zero, 16 * 512);
	drv_close(&d);
}
END_TEST

START_TEST(id_is_the_file_name)
{
	uint64_t data;

	open_disk("", false);
	data = drv_alloc(&d, 20, 1);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_GET_ID, 0, data, 20), VIRTIO_BLK_S_OK);
	ck_assert_int_eq(strncmp(drv_ptr(&d, data, 20), path + strlen("/tmp/"), 20), 0);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_GET_ID, 0, data, 19), VIRTIO_BLK_S_IOERR);
	drv_close(&d);
}
END_TEST

START_TEST(config_space)
{
	struct virtio_blk_config c = { 0 };
	uint8_t wce = 0;

	open_disk(",sectorsize=512/4096,discard", false);
	virtio_config_read(vd, 0, &c, 60);
	ck_assert_uint_eq(c.capacity, DISK_SECTORS);
	ck_assert_uint_eq(c.blk_size, 512);
	ck_assert_uint_eq(c.physical_block_exp, 3);
	ck_assert_uint_eq(c.wce, 1);
	ck_assert_uint_ge(c.seg_max, 1);
	ck_assert_uint_ge(c.max_discard_sectors, 1);
	virtio_config_write(vd, offsetof(struct virtio_blk_config, wce), &wce, 1);
	virtio_config_write(vd, 0, "\0\0\0\0", 4);
	virtio_config_read(vd, 0, &c, 60);
	ck_assert_uint_eq(c.wce, 0);
	ck_assert_uint_eq(c.capacity, DISK_SECTORS);
	virtio_status_write(vd, 0);
	virtio_config_read(vd, 0, &c, 60);
	ck_assert_uint_eq(c.wce, 1);
	drv_close(&d);
}
END_TEST

START_TEST(range_option)
{
	uint64_t data;

	open_disk(",range=16/8", false);
	data = drv_alloc(&d, 512, 512);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, data, 512), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(*(uint8_t *)drv_ptr(&d, data, 1), pattern(16 * 512));
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 7, data, 512), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 8, data, 512), VIRTIO_BLK_S_IOERR);
	drv_close(&d);
}
END_TEST

START_TEST(nodisk)
{
	ck_assert_int_eq(create("nodisk"), 0);
	drv_open(&d, vd, false);
	ck_assert(drv_negotiate(&d, FEATURES));
	drv_queue_open(&d, &q, 0, 64);
	drv_ok(&d);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, drv_alloc(&d, 512, 512), 512), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0), VIRTIO_BLK_S_IOERR);
	drv_close(&d);
}
END_TEST

/* Header and data cut where no driver cuts them (2.7.4.1: no assumptions about framing). */
static uint64_t counter(const char *name)
{
	for (unsigned int i = 0; i < vd->control.nr_counters; i++)
		if (strcmp(vd->control.counter_name[i], name) == 0)
			return control_value(&vd->control.counter[i]);
	ck_abort_msg("no counter %s", name);
}

/* Both when a request is done at once and when the backend's threads do it. */
START_TEST(requests_are_counted)
{
	uint64_t data;

	open_disk(_i ? ",nocache" : "", false);
	data = drv_alloc(&d, 4096, 512);
	ck_assert_str_eq(vd->control.kind, "block");
	ck_assert_str_eq(vd->control.name, path);
	request(VIRTIO_BLK_T_IN, 2, data, 1024);
	request(VIRTIO_BLK_T_IN, 2, data, 512);
	request(VIRTIO_BLK_T_OUT, 9, data, 2048);
	request(VIRTIO_BLK_T_FLUSH, 0, 0, 0);
	request(VIRTIO_BLK_T_IN, DISK_SECTORS, data, 512);
	request(77, 0, 0, 0);
	ck_assert_uint_eq(counter("reads"), 2);
	ck_assert_uint_eq(counter("read_bytes"), 1536);
	ck_assert_uint_eq(counter("writes"), 1);
	ck_assert_uint_eq(counter("write_bytes"), 2048);
	ck_assert_uint_eq(counter("flushes"), 1);
	ck_assert_uint_eq(counter("errors"), 2);
	drv_close(&d);
}
END_TEST

/* A disk that comes later: the guest is told its size and can use it. */
START_TEST(rescan)
{
	const char *why;
	uint64_t capacity, data;
	uint8_t *p;

	ck_assert_int_eq(create("nodisk"), 0);
	drv_open(&d, vd, true);
	ck_assert(drv_negotiate(&d, FEATURES & vd->offered));
	drv_queue_open(&d, &q, 0, 64);
	drv_ok(&d);
	data = drv_alloc(&d, 512, 512);
	p = drv_ptr(&d, data, 512);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 2, data, 512), VIRTIO_BLK_S_IOERR);
	virtio_log_clear();
	ck_assert_int_eq(vd->control.rescan(&vd->control, "/nonexistent/disk.img", &why), -ENOENT);
	ck_assert_ptr_null(why);
	ck_assert_int_eq(vd->control.rescan(&vd->control, path, &why), 0);
	ck_assert_str_eq(vd->control.name, path);
	virtio_config_read(vd, 0, &capacity, sizeof(capacity));
	ck_assert_uint_eq(capacity, DISK_SECTORS);
	ck_assert_uint_eq(d.config_irqs, 1);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 2, data, 512), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(p[0], pattern(1024));
	ck_assert_int_eq(vd->control.rescan(&vd->control, path, &why), -EBUSY);
	ck_assert_ptr_nonnull(strstr(why, "has a disk already"));
	drv_close(&d);
}
END_TEST

START_TEST(odd_framing)
{
	struct virtio_blk_outhdr hdr = { .type = VIRTIO_BLK_T_IN, .sector = 5 };
	uint64_t h, data, i;
	struct drv_buf buf[8];

	open_disk("", false);
	h = drv_put(&d, &hdr, sizeof(hdr));
	data = drv_alloc(&d, 1025, 512);
	buf[0] = (struct drv_buf){ h, 1, false };
	buf[1] = (struct drv_buf){ h + 1, 15, false };
	buf[2] = (struct drv_buf){ data, 3, true };
	buf[3] = (struct drv_buf){ data + 3, 1022, true };
	drv_add(&q, buf, 4);
	drv_kick(&q);
	ck_assert_int_ge(drv_used_wait(&q, NULL), 0);
	for (i = 0; i < 1024; i++)
		ck_assert_uint_eq(((uint8_t *)drv_ptr(&d, data, 1025))[i], pattern(5 * 512 + i));
	ck_assert_uint_eq(((uint8_t *)drv_ptr(&d, data, 1025))[1024], VIRTIO_BLK_S_OK);
	drv_close(&d);
}
END_TEST

/* --- a driver that breaks the rules --- */

static const struct drv_buf hostile[][3] = {
	{ { DRV_LOW_GPA + 0x80000, 8, false }, { DRV_LOW_GPA + 0x80000, 513, true } },	/* short header */
	{ { DRV_LOW_GPA + 0x80000, 512, true } },					/* no header */
	{ { DRV_LOW_GPA + 0x80000, 16, false } },					/* no status */
	{ { DRV_LOW_GPA + 0x80000, 16, false }, { 0, 1, true } },			/* outside memory */
};

START_TEST(hostile_request_needs_reset)
{
	unsigned int n = 0, irqs;

	while (n < 3 && hostile[_i][n].len)
		n++;
	open_disk("", false);
	drv_add(&q, hostile[_i], n);
	drv_kick(&q);
	ck_assert(drv_needs_reset(&d));
	ck_assert_uint_eq(d.config_irqs, 1);
	ck_assert_int_eq(drv_used(&q, NULL), -1);
	/* It stays quiet ... */
	irqs = d.config_irqs;
	drv_kick(&q);
	ck_assert_uint_eq(d.config_irqs, irqs);
	/* ... and works after a reset. */
	ck_assert(drv_negotiate(&d, FEATURES));
	drv_queue_open(&d, &q, 0, 64);
	drv_ok(&d);
	round_trip();
	drv_close(&d);
}
END_TEST

/* Many requests before one kick: all answered, and the driver told once. */
START_TEST(batch_is_one_interrupt)
{
	struct virtio_blk_outhdr hdr = { .type = VIRTIO_BLK_T_IN };
	uint64_t h, data;
	struct drv_buf buf[3];
	int i;

	open_disk("", false);
	data = drv_alloc(&d, 20 * 512, 512);
	/* Into the page cache, so that all can be answered at once. */
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, data, 20 * 512), VIRTIO_BLK_S_OK);
	d.queue_irqs[0] = 0;
	q.avail->ring[64] = q.last_used;
	for (i = 0; i < 20; i++) {
		hdr.sector = i;
		h = drv_put(&d, &hdr, sizeof(hdr));
		buf[0] = (struct drv_buf){ h, 16, false };
		buf[1] = (struct drv_buf){ data + i * 512, 512, true };
		buf[2] = (struct drv_buf){ drv_alloc(&d, 1, 1), 1, true };
		drv_add_indirect(&q, buf, 3);
	}
	drv_kick(&q);
	for (i = 0; i < 20; i++)
		ck_assert_int_ge(drv_used_wait(&q, NULL), 0);
	ck_assert_uint_le(d.queue_irqs[0], 2);
	ck_assert_uint_ge(d.queue_irqs[0], 1);
	drv_close(&d);
}
END_TEST

/* Reset while requests are under way, many times: no late write into the ring, no hang. */
START_TEST(reset_under_load)
{
	struct virtio_blk_outhdr hdr = { .type = VIRTIO_BLK_T_OUT };
	struct drv_buf buf[3];
	uint64_t start;
	int round, i;

	open_disk(",writethru", true);
	start = d.next;
	for (round = 0; round < 20; round++) {
		d.next = start;
		ck_assert(drv_negotiate(&d, FEATURES));
		drv_queue_open(&d, &q, 0, 64);
		drv_ok(&d);
		for (i = 0; i < 16; i++) {
			hdr.sector = i * 8;
			buf[0] = (struct drv_buf){ drv_put(&d, &hdr, sizeof(hdr)), 16, false };
			buf[1] = (struct drv_buf){ drv_alloc(&d, 4096, 512), 4096, false };
			buf[2] = (struct drv_buf){ drv_alloc(&d, 1, 1), 1, true };
			drv_add(&q, buf, 3);
		}
		drv_kick(&q);
		virtio_status_write(vd, 0);
		for (i = 0; i < 5000 && virtio_status_read(vd); i++)
			usleep(1000);
		ck_assert_uint_eq(virtio_status_read(vd), 0);
	}
	drv_close(&d);
}
END_TEST

/* --- options --- */

static const struct {
	const char *opts, *why;
	int err;
} bad[] = {
	{ "", "no disk given", -EINVAL },
	{ "ro", "no disk given", -EINVAL },
	{ "/nonexistent/disk.img", "cannot open /nonexistent/disk.img: No such file", -ENOENT },
	{ "/nonexistent/disk.img,ro", "cannot open /nonexistent/disk.img: No such file", -ENOENT },
	{ "/dev/null", "neither a file nor a block device", -EINVAL },
	{ "/tmp/a,frobnicate", "unknown option \"frobnicate\"", -EINVAL },
	{ "/tmp/a,sectorsize=513", "bad option \"sectorsize=513\"", -EINVAL },
	{ "/tmp/a,sectorsize=4096/512", "bad option \"sectorsize=4096/512\"", -EINVAL },
	{ "/tmp/a,sectorsize", "bad option \"sectorsize\"", -EINVAL },
	{ "/tmp/a,discard=0", "bad option \"discard=0\"", -EINVAL },
	{ "/tmp/a,discard=1:2:3:4", "bad option", -EINVAL },
	{ "/tmp/a,discard=x", "bad option", -EINVAL },
	{ "/tmp/a,aio=posix", "aio=threads or aio=io_uring", -EINVAL },
	{ "/tmp/a,mq=0", "mq=1 to mq=8", -EINVAL },
	{ "/tmp/a,mq=9", "mq=1 to mq=8", -EINVAL },
	{ "/tmp/a,range=1", "range=FIRST_SECTOR/NR_SECTORS", -EINVAL },
	{ "/tmp/a,range=99999999999999999999/1", "range=", -EINVAL },
	{ "/tmp/a,ro=1", "bad option \"ro=1\"", -EINVAL },
};

START_TEST(bad_options)
{
	virtio_log_clear();
	ck_assert_int_eq(create(bad[_i].opts), bad[_i].err);
	ck_assert_msg(virtio_log_has(bad[_i].why), "'%s' gave: %s", bad[_i].opts, virtio_log_text());
}
END_TEST

START_TEST(unusable_files)
{
	char text[128];
	int fd;

	snprintf(text, sizeof(text), "%s,range=300/1", path);
	ck_assert_int_eq(create(text), -EINVAL);
	ck_assert(virtio_log_has("range begins behind its end"));
	snprintf(text, sizeof(text), "%s,range=200/100", path);
	ck_assert_int_eq(create(text), -EINVAL);
	ck_assert(virtio_log_has("range ends behind its end"));
	fd = open(path, O_WRONLY | O_TRUNC);
	close(fd);
	ck_assert_int_eq(create(path), -EINVAL);
	ck_assert(virtio_log_has("it is empty"));
}
END_TEST

START_TEST(second_writer_is_refused)
{
	struct virtio_dev *first;

	ck_assert_int_eq(create(path), 0);
	first = vd;
	ck_assert_int_eq(create(path), -EBUSY);
	ck_assert(virtio_log_has("in use by another VM"));
	first->ops->destroy(first);
	ck_assert_int_eq(create(path), 0);
	vd->ops->destroy(vd);
}
END_TEST

static TCase *case_device(void)
{
	TCase *t = tcase_create("device");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, data_is_right, 0, sizeof(modes) / sizeof(modes[0]));
	tcase_add_loop_test(t, data_is_right_with_a_thread, 0, sizeof(modes) / sizeof(modes[0]));
	tcase_add_test(t, data_is_right_with_uring);
	tcase_add_test(t, unaligned_direct);
	tcase_add_test(t, out_of_range);
	tcase_add_test(t, read_only);
	tcase_add_test(t, discard_and_zeroes);
	tcase_add_test(t, id_is_the_file_name);
	tcase_add_test(t, config_space);
	tcase_add_test(t, range_option);
	tcase_add_test(t, nodisk);
	tcase_add_loop_test(t, requests_are_counted, 0, 2);
	tcase_add_test(t, rescan);
	tcase_add_test(t, odd_framing);
	tcase_add_loop_test(t, hostile_request_needs_reset, 0, sizeof(hostile) / sizeof(hostile[0]));
	tcase_add_test(t, batch_is_one_interrupt);
	tcase_add_test(t, reset_under_load);
	return t;
}

static TCase *case_options(void)
{
	TCase *t = tcase_create("options");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, bad_options, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, unusable_files);
	tcase_add_test(t, second_writer_is_refused);
	return t;
}

int main(void)
{
	Suite *s = suite_create("virtio_blk");
	SRunner *r;
	int failed;

	suite_add_tcase(s, case_device());
	suite_add_tcase(s, case_options());
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

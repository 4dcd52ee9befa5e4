/* SPDX-License-Identifier: BSD-3-Clause */
/* The PCI transport as a driver finds it: capabilities, registers, MSI-X and INTA#, kicks by eventfd, the configuration window. */
/* unit: devicemodel/core/control.c devicemodel/virtio/pci_modern.c devicemodel/virtio/queue.c devicemodel/virtio/device.c devicemodel/virtio/worker.c devicemodel/virtio/rnd.c devicemodel/pci/bus.c devicemodel/pci/cfg.c devicemodel/pci/msix.c devicemodel/core/bus.c tests/fake/virtio_driver.c tests/fake/virtio_log.c tests/fake/virtio_event.c */
/* unit-flags: -Idevicemodel */
#include <check.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/bus.h"
#include "core/ioevent.h"
#include "core/irq.h"
#include "core/mem.h"
#include "core/vm.h"
#include "pci/bus.h"
#include "virtio/blk.h"
#include "virtio/console.h"
#include "virtio/net.h"
#include "virtio/pci_modern.h"
#include "virtio/rnd.h"
#include "virtio_driver.h"
#include "virtio_event.h"
#include "virtio_log.h"

#define SLOT 4
#define VERSION_1_HIGH (1u << (VIRTIO_F_VERSION_1 - 32))
#define NR_EVENTS 4

static struct vm vm;
static struct drv d;
static unsigned int msis, line_high, ioevents;
static uint32_t last_msi;
static struct ioevent events[NR_EVENTS];

/* --- what lies around the transport --- */

void *mem_ptr(struct vm *v, uint64_t gpa, uint64_t len)
{
	ck_assert_ptr_eq(v, &vm);
	return drv_ptr(&d, gpa, len);
}

int irq_msi(struct vm *v, uint64_t addr, uint32_t data)
{
	(void)v;
	ck_assert_uint_eq(addr, 0xfee00000);
	__atomic_fetch_add(&msis, 1, __ATOMIC_RELAXED);
	last_msi = data;
	return 0;
}

void irq_line_set(struct vm *v, unsigned int gsi, bool high)
{
	(void)v;
	(void)gsi;
	line_high = high;
}

int ioevent_register(struct vm *v, const struct ioevent *ev)
{
	(void)v;
	if (ioevents == NR_EVENTS)
		return -ENOSPC;
	events[ioevents++] = *ev;
	return 0;
}

void ioevent_unregister(struct vm *v, const struct ioevent *ev)
{
	unsigned int i;

	(void)v;
	for (i = 0; i < ioevents; i++) {
		if (events[i].addr == ev->addr && events[i].fd == ev->fd) {
			events[i] = events[--ioevents];
			return;
		}
	}
	ck_abort_msg("an ioevent that was not registered");
}

/* A device with a thread and a configuration space of 6 bytes, the last one writable; its queue echoes kicks. */
static unsigned int echo_kicks, echo_starts;

static void echo_notify(struct virtio_dev *vd, unsigned int index)
{
	(void)vd;
	ck_assert_uint_eq(index, 2);
	__atomic_fetch_add(&echo_kicks, 1, __ATOMIC_RELAXED);
}

static void echo_start(struct virtio_dev *vd)
{
	(void)vd;
	__atomic_fetch_add(&echo_starts, 1, __ATOMIC_RELAXED);
}

static bool echo_reset(struct virtio_dev *vd)
{
	(void)vd;
	return true;
}

static void echo_config_write(struct virtio_dev *vd, uint32_t off, const void *data, uint32_t len)
{
	if (off == 5 && len == 1)
		vd->config[5] = *(const uint8_t *)data;
}

static void echo_destroy(struct virtio_dev *vd)
{
	virtio_fini(vd);
	free(vd);
}

static int echo_create(const struct virtio_params *params, struct virtio_dev **out)
{
	struct virtio_dev *vd = calloc(1, sizeof(*vd));

	if (!strcmp(params->opts, "fail")) {
		free(vd);
		return -ENOENT;
	}
	ck_assert_str_eq(params->place, "4:0");
	ck_assert_int_eq(virtio_init(vd, &net_ops, 3, 64), 0);
	memcpy(vd->config, "\1\2\3\4\5\6", 6);
	vd->config_size = 6;
	*out = vd;
	return 0;
}

const struct virtio_ops net_ops = {
	.name = "virtio-echo", .type = 42, .pci_class = 2, .threaded = true, .create = echo_create, .destroy = echo_destroy,
	.start = echo_start, .reset = echo_reset, .notify = echo_notify, .config_write = echo_config_write,
};
const struct virtio_ops blk_ops, console_ops;

/* --- a driver's way to the registers --- */

static uint64_t bar, msix_bar;
static unsigned int cap[8];	/* offset by cfg_type */

static uint32_t cfg_read(unsigned int reg, unsigned int size)
{
	return pci_bus_cfg_read(&vm, &(struct pci_address){ 0, SLOT, 0, reg }, size);
}

static void cfg_write(unsigned int reg, unsigned int size, uint32_t value)
{
	pci_bus_cfg_write(&vm, &(struct pci_address){ 0, SLOT, 0, reg }, size, value);
}

static uint64_t at(unsigned int type)
{
	return bar + cfg_read(cap[type] + 8, 4);
}

static uint32_t get(unsigned int reg, unsigned int size)
{
	return bus_read(&vm.bus, BUS_MMIO, at(VIRTIO_PCI_CAP_COMMON_CFG) + reg, size);
}

static void set(unsigned int reg, unsigned int size, uint32_t value)
{
	bus_write(&vm.bus, BUS_MMIO, at(VIRTIO_PCI_CAP_COMMON_CFG) + reg, size, value);
}

static void find_caps(void)
{
	unsigned int i, where = cfg_read(PCI_REG_CAP_PTR, 1);

	memset(cap, 0, sizeof(cap));
	for (i = 0; where && i < 48; i++, where = cfg_read(where + 1, 1)) {
		if (cfg_read(where, 1) == PCI_CAP_ID_VENDOR)
			cap[cfg_read(where + 3, 1) & 7] = where;
		else
			ck_assert_uint_eq(cfg_read(where, 1), PCI_CAP_ID_MSIX);
	}
	ck_assert_uint_lt(i, 48);
	bar = cfg_read(0x10, 4) & ~15u;
	bar |= (uint64_t)cfg_read(0x14, 4) << 32;
	msix_bar = cfg_read(0x18, 4) & ~15u;
	cfg_write(PCI_REG_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void open_kind(const struct pci_dev_ops *ops, const char *opts)
{
	ck_assert_int_eq(pci_bus_add(&vm, ops, SLOT, 0, opts), 0);
	find_caps();
}

static void setup(void)
{
	memset(&vm, 0, sizeof(vm));
	pthread_mutex_init(&vm.lock, NULL);
	drv_mem_open(&d);
	msis = line_high = ioevents = echo_kicks = echo_starts = 0;
	ck_assert_int_eq(pci_bus_open(&vm), 0);
}

static void teardown(void)
{
	pci_bus_close(&vm);
	bus_fini(&vm.bus);
	drv_mem_close(&d);
	ck_assert_uint_eq(ioevents, 0);
	ck_assert_int_eq(virtio_event_count(), 0);
}

static void negotiate(void)
{
	set(VIRTIO_PCI_COMMON_STATUS, 1, 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 0);
	set(VIRTIO_PCI_COMMON_STATUS, 1, 3);
	set(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	set(VIRTIO_PCI_COMMON_GF, 4, VERSION_1_HIGH);
	set(VIRTIO_PCI_COMMON_STATUS, 1, 11);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 11);
}

/* Sets up queue @index of 16 entries through the registers. */
static void open_queue(struct drv_queue *q, unsigned int index)
{
	struct virtqueue addresses;

	drv_ring(&d, q, &addresses, 16);
	q->index = index;
	set(VIRTIO_PCI_COMMON_Q_SELECT, 2, index);
	set(VIRTIO_PCI_COMMON_Q_SIZE, 2, 16);
	set(VIRTIO_PCI_COMMON_Q_DESCLO, 4, q->desc_gpa);
	set(VIRTIO_PCI_COMMON_Q_DESCHI, 4, q->desc_gpa >> 32);
	set(VIRTIO_PCI_COMMON_Q_AVAILLO, 4, q->avail_gpa);
	set(VIRTIO_PCI_COMMON_Q_AVAILHI, 4, q->avail_gpa >> 32);
	set(VIRTIO_PCI_COMMON_Q_USEDLO, 4, q->used_gpa);
	set(VIRTIO_PCI_COMMON_Q_USEDHI, 4, q->used_gpa >> 32);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCLO, 4), (uint32_t)q->desc_gpa);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_USEDHI, 4), q->used_gpa >> 32);
	set(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
}

/* Table entry @vector sends @data; MSI-X on. */
static void open_msix(unsigned int vector, uint32_t data)
{
	unsigned int where = cfg_read(PCI_REG_CAP_PTR, 1);

	while (cfg_read(where, 1) != PCI_CAP_ID_MSIX)
		where = cfg_read(where + 1, 1);
	cfg_write(where + 2, 2, 0x8000);
	bus_write(&vm.bus, BUS_MMIO, msix_bar + vector * 16, 4, 0xfee00000);
	bus_write(&vm.bus, BUS_MMIO, msix_bar + vector * 16 + 4, 4, 0);
	bus_write(&vm.bus, BUS_MMIO, msix_bar + vector * 16 + 8, 4, data);
	bus_write(&vm.bus, BUS_MMIO, msix_bar + vector * 16 + 12, 4, 0);
}

static void start_rnd(struct drv_queue *q, bool msix)
{
	negotiate();
	if (msix) {
		open_msix(0, 0x40);
		open_msix(1, 0x41);
		set(VIRTIO_PCI_COMMON_MSIX, 2, 0);
		set(VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
		set(VIRTIO_PCI_COMMON_Q_MSIX, 2, 1);
	}
	open_queue(q, 0);
	set(VIRTIO_PCI_COMMON_STATUS, 1, 15);
}

static void kick(unsigned int queue)
{
	set(VIRTIO_PCI_COMMON_Q_SELECT, 2, queue);
	bus_write(&vm.bus, BUS_MMIO, at(VIRTIO_PCI_CAP_NOTIFY_CFG) + get(VIRTIO_PCI_COMMON_Q_NOFF, 2) *
		  cfg_read(cap[VIRTIO_PCI_CAP_NOTIFY_CFG] + 16, 4), 2, queue);
	virtio_event_run(0);
}

static uint64_t want_random(struct drv_queue *q)
{
	uint64_t gpa = drv_alloc(&d, 64, 1);

	drv_add(q, &(struct drv_buf){ gpa, 64, true }, 1);
	return gpa;
}

START_TEST(identity)
{
	open_kind(&virtio_pci_rnd, "");
	ck_assert_uint_eq(cfg_read(0, 4), 0x10441af4);
	ck_assert_uint_ge(cfg_read(PCI_REG_REVISION, 1), 1);
	ck_assert_uint_ge(cfg_read(PCI_REG_SUBDEVICE, 2), 0x40);
	ck_assert_uint_ne(cap[VIRTIO_PCI_CAP_COMMON_CFG], 0);
	ck_assert_uint_ne(cap[VIRTIO_PCI_CAP_NOTIFY_CFG], 0);
	ck_assert_uint_ne(cap[VIRTIO_PCI_CAP_ISR_CFG], 0);
	ck_assert_uint_ne(cap[VIRTIO_PCI_CAP_PCI_CFG], 0);
	ck_assert_uint_eq(cap[VIRTIO_PCI_CAP_DEVICE_CFG], 0);
	ck_assert_uint_ge(cfg_read(cap[VIRTIO_PCI_CAP_COMMON_CFG] + 12, 4), sizeof(struct virtio_pci_common_cfg));
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_NUMQ, 2), 1);
	set(VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DF, 4), VERSION_1_HIGH);
	set(VIRTIO_PCI_COMMON_DFSELECT, 4, 2);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DF, 4), 0);
}
END_TEST

START_TEST(odd_accesses)
{
	unsigned int reg, size;

	open_kind(&virtio_pci_rnd, "");
	set(VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
	set(VIRTIO_PCI_COMMON_Q_SIZE, 2, 16);
	set(VIRTIO_PCI_COMMON_Q_MSIX, 2, 0);
	set(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	/* Each register of the BAR with each size, read and written. */
	for (size = 1; size <= 8; size *= 2) {
		for (reg = 0; reg < 0x4000; reg += size) {
			bus_read(&vm.bus, BUS_MMIO, bar + reg, size);
			bus_write(&vm.bus, BUS_MMIO, bar + reg, size, ~0ULL);
		}
	}
	virtio_event_run(0);
	set(VIRTIO_PCI_COMMON_STATUS, 1, 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 0);
}
END_TEST

START_TEST(random_by_msix)
{
	struct drv_queue q;
	uint64_t a;
	uint32_t len;

	open_kind(&virtio_pci_rnd, "");
	start_rnd(&q, true);
	a = want_random(&q);
	kick(0);
	ck_assert_int_eq(drv_used(&q, &len), 0);
	ck_assert_uint_eq(len, 64);
	ck_assert_mem_ne(drv_ptr(&d, a, 64), "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	ck_assert_uint_eq(msis, 1);
	ck_assert_uint_eq(last_msi, 0x41);
	ck_assert_uint_eq(line_high, 0);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, at(VIRTIO_PCI_CAP_ISR_CFG), 1), 0);
	/* Three before one kick are one interrupt. */
	want_random(&q);
	want_random(&q);
	want_random(&q);
	kick(0);
	ck_assert_uint_eq(msis, 2);
	/* A driver that breaks the rules is told on the configuration vector. */
	drv_add(&q, &(struct drv_buf){ 0, 64, true }, 1);
	kick(0);
	ck_assert_uint_eq(msis, 3);
	ck_assert_uint_eq(last_msi, 0x40);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 15 | VIRTIO_CONFIG_S_NEEDS_RESET);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, at(VIRTIO_PCI_CAP_ISR_CFG), 1), 2);
	start_rnd(&q, true);
	want_random(&q);
	kick(0);
	ck_assert_int_eq(drv_used(&q, &len), 0);
	ck_assert_uint_eq(last_msi, 0x41);
}
END_TEST

START_TEST(random_by_intx)
{
	struct drv_queue q;

	open_kind(&virtio_pci_rnd, "");
	start_rnd(&q, false);
	want_random(&q);
	kick(0);
	virtio_event_run(0);
	ck_assert_uint_eq(msis, 0);
	ck_assert_uint_eq(line_high, 1);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, at(VIRTIO_PCI_CAP_ISR_CFG), 1), 1);
	ck_assert_uint_eq(line_high, 0);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, at(VIRTIO_PCI_CAP_ISR_CFG), 1), 0);
}
END_TEST

START_TEST(vectors)
{
	open_kind(&virtio_pci_rnd, "");
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	set(VIRTIO_PCI_COMMON_MSIX, 2, 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_MSIX, 2), 1);
	/* Two vectors for one queue: 2 does not exist, which reading back shows. */
	set(VIRTIO_PCI_COMMON_MSIX, 2, 2);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	set(VIRTIO_PCI_COMMON_Q_MSIX, 2, 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0);
	set(VIRTIO_PCI_COMMON_STATUS, 1, 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
}
END_TEST

/* A kick is an eventfd where the BAR is, also after it moved, and none when memory decoding is off. */
START_TEST(ioevents_follow_the_bar)
{
	struct drv_queue q;
	uint64_t moved = 0x4000100000ULL;

	open_kind(&virtio_pci_rnd, "");
	ck_assert_uint_eq(ioevents, 1);
	ck_assert_uint_eq(events[0].addr, at(VIRTIO_PCI_CAP_NOTIFY_CFG));
	ck_assert_uint_eq(events[0].len, 2);
	cfg_write(PCI_REG_COMMAND, 2, 0);
	ck_assert_uint_eq(ioevents, 0);
	cfg_write(0x10, 4, moved);
	cfg_write(0x14, 4, moved >> 32);
	cfg_write(PCI_REG_COMMAND, 2, PCI_COMMAND_MEMORY);
	bar = moved;
	ck_assert_uint_eq(ioevents, 1);
	ck_assert_uint_eq(events[0].addr, at(VIRTIO_PCI_CAP_NOTIFY_CFG));
	start_rnd(&q, false);
	want_random(&q);
	ck_assert_int_eq(write(events[0].fd, &(uint64_t){ 1 }, 8), 8);
	virtio_event_run(0);
	ck_assert_int_eq(drv_used(&q, NULL), 0);
}
END_TEST

START_TEST(reset_by_the_machine)
{
	struct drv_queue q;

	open_kind(&virtio_pci_rnd, "");
	start_rnd(&q, false);
	want_random(&q);
	kick(0);
	pci_bus_reset(&vm);
	find_caps();
	ck_assert_uint_eq(line_high, 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	start_rnd(&q, false);
	want_random(&q);
	kick(0);
	ck_assert_int_eq(drv_used(&q, NULL), 0);
}
END_TEST

/* --- status and features (device.c), through the registers --- */

START_TEST(features_are_needed)
{
	open_kind(&virtio_pci_rnd, "");
	set(VIRTIO_PCI_COMMON_STATUS, 1, 3);
	/* No VERSION_1: refused. DRIVER_OK without FEATURES_OK: refused. */
	set(VIRTIO_PCI_COMMON_STATUS, 1, 11);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 3);
	set(VIRTIO_PCI_COMMON_STATUS, 1, 7);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 3);
	/* A feature that was not offered. */
	set(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	set(VIRTIO_PCI_COMMON_GF, 4, VERSION_1_HIGH | 2);
	set(VIRTIO_PCI_COMMON_STATUS, 1, 11);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 3);
	set(VIRTIO_PCI_COMMON_GF, 4, VERSION_1_HIGH);
	set(VIRTIO_PCI_COMMON_STATUS, 1, 11);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 11);
	/* Now they are fixed, and bits are not cleared one by one. */
	set(VIRTIO_PCI_COMMON_GF, 4, 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_GF, 4), VERSION_1_HIGH);
	set(VIRTIO_PCI_COMMON_STATUS, 1, 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 11);
}
END_TEST

START_TEST(bad_ring_needs_reset)
{
	open_kind(&virtio_pci_rnd, "");
	negotiate();
	set(VIRTIO_PCI_COMMON_Q_DESCLO, 4, 8);
	set(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 11 | VIRTIO_CONFIG_S_NEEDS_RESET);
	ck_assert(virtio_log_has("virtio-rnd at 4:0: the guest's driver broke the rules: descriptor table"));
	/* The log does not grow with a guest that goes on like this. */
	for (int i = 0; i < 100; i++) {
		negotiate();
		set(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	}
	ck_assert_uint_lt(strlen(virtio_log_text()), 2000);
	ck_assert(virtio_log_has("later ones are not reported"));
}
END_TEST

START_TEST(queue_before_features)
{
	open_kind(&virtio_pci_rnd, "");
	set(VIRTIO_PCI_COMMON_STATUS, 1, 3);
	set(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 3 | VIRTIO_CONFIG_S_NEEDS_RESET);
}
END_TEST

START_TEST(queues_are_fixed_when_running)
{
	struct drv_queue q;

	open_kind(&virtio_pci_rnd, "");
	start_rnd(&q, false);
	set(VIRTIO_PCI_COMMON_Q_DESCLO, 4, 0);
	set(VIRTIO_PCI_COMMON_Q_SIZE, 2, 2);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCLO, 4), (uint32_t)q.desc_gpa);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 16);
}
END_TEST

/* --- a device with a thread and a configuration space --- */

static void wait_for(const unsigned int *counter, unsigned int n)
{
	int i;

	for (i = 0; i < 5000 && __atomic_load_n(counter, __ATOMIC_RELAXED) < n; i++)
		usleep(1000);
	ck_assert_uint_eq(__atomic_load_n(counter, __ATOMIC_RELAXED), n);
}

START_TEST(threaded_device)
{
	uint64_t config;

	open_kind(&virtio_pci_net, "x");
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_NUMQ, 2), 3);
	config = at(VIRTIO_PCI_CAP_DEVICE_CFG);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, config, 4), 0x04030201);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, config + 4, 4), 0x0605);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, config, 8), 0x060504030201);
	bus_write(&vm.bus, BUS_MMIO, config + 5, 1, 0x77);
	bus_write(&vm.bus, BUS_MMIO, config, 1, 0x77);
	bus_write(&vm.bus, BUS_MMIO, config + 0xff8, 8, ~0ULL);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, config, 8), 0x770504030201);
	/* Kicks count from DRIVER_OK to reset. */
	kick(2);
	negotiate();
	set(VIRTIO_PCI_COMMON_STATUS, 1, 15);
	wait_for(&echo_starts, 1);
	kick(2);
	wait_for(&echo_kicks, 1);
	set(VIRTIO_PCI_COMMON_STATUS, 1, 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 0);
	kick(2);
	negotiate();
	set(VIRTIO_PCI_COMMON_STATUS, 1, 15);
	wait_for(&echo_starts, 2);
	kick(2);
	wait_for(&echo_kicks, 2);
}
END_TEST

START_TEST(configuration_window)
{
	unsigned int window;

	open_kind(&virtio_pci_net, "x");
	window = cap[VIRTIO_PCI_CAP_PCI_CFG];
	cfg_write(window + 4, 1, 0);
	cfg_write(window + 8, 4, cfg_read(cap[VIRTIO_PCI_CAP_DEVICE_CFG] + 8, 4) + 2);
	cfg_write(window + 12, 4, 2);
	ck_assert_uint_eq(cfg_read(window + 16, 2), 0x0403);
	cfg_write(window + 12, 4, 1);
	cfg_write(window + 8, 4, cfg_read(cap[VIRTIO_PCI_CAP_DEVICE_CFG] + 8, 4) + 5);
	cfg_write(window + 16, 1, 0x99);
	ck_assert_uint_eq(bus_read(&vm.bus, BUS_MMIO, at(VIRTIO_PCI_CAP_DEVICE_CFG) + 5, 1), 0x99);
	/* Status by the window. */
	cfg_write(window + 8, 4, VIRTIO_PCI_COMMON_STATUS);
	cfg_write(window + 16, 1, 3);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 3);
	/* Other BARs, places and lengths are refused. */
	cfg_write(window + 4, 1, 2);
	cfg_write(window + 16, 1, 0);
	cfg_write(window + 4, 1, 0);
	cfg_write(window + 12, 4, 3);
	cfg_write(window + 16, 1, 0);
	cfg_write(window + 12, 4, 4);
	cfg_write(window + 8, 4, 0xfffffffc);
	cfg_write(window + 16, 4, 0);
	cfg_read(window + 16, 4);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 3);
}
END_TEST

START_TEST(create_fails)
{
	ck_assert_int_eq(pci_bus_add(&vm, &virtio_pci_net, SLOT, 0, "fail"), -ENOENT);
	ck_assert_int_eq(pci_bus_add(&vm, &virtio_pci_rnd, SLOT, 0, "speed=9"), -EINVAL);
	ck_assert(virtio_log_has("unknown option \"speed=9\""));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("virtio_pci");
	TCase *t = tcase_create("transport");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, identity);
	tcase_add_test(t, odd_accesses);
	tcase_add_test(t, random_by_msix);
	tcase_add_test(t, random_by_intx);
	tcase_add_test(t, vectors);
	tcase_add_test(t, ioevents_follow_the_bar);
	tcase_add_test(t, reset_by_the_machine);
	tcase_add_test(t, features_are_needed);
	tcase_add_test(t, bad_ring_needs_reset);
	tcase_add_test(t, queue_before_features);
	tcase_add_test(t, queues_are_fixed_when_running);
	tcase_add_test(t, threaded_device);
	tcase_add_test(t, configuration_window);
	tcase_add_test(t, create_fails);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

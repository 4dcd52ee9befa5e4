/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtio over PCI (virtio 1.2, 4.1): translates BAR and configuration accesses into the calls of device.h, and the
 * device's interrupts into MSI-X messages or INTA#.
 *
 * Registers are in BAR 0, a page each so that a guest may map them apart:
 *	0x0000 common configuration   0x1000 ISR   0x2000 device configuration   0x3000 notify, 4 bytes a queue
 * BAR 2 holds the MSI-X table: vector 0 .. nr_queues, chosen by the driver.
 */
#include "virtio/pci_modern.h"

#include <errno.h>
#include <linux/virtio_pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/event.h"
#include "core/ioevent.h"
#include "core/mem.h"
#include "core/vm.h"
#include "virtio/blk.h"
#include "virtio/console.h"
#include "virtio/device.h"
#include "virtio/net.h"
#include "virtio/rnd.h"

#define REG_BAR 0
#define MSIX_BAR 2
#define REGION_SIZE 0x1000u
#define COMMON_AT 0x0000u
#define ISR_AT 0x1000u
#define CONFIG_AT 0x2000u
#define NOTIFY_AT 0x3000u
#define REG_BAR_SIZE 0x4000u
#define COMMON_SIZE 56u		/* up to queue_device; what follows belongs to features not offered */
#define NOTIFY_MULTIPLIER 4u
#define NOTIFY_LEN 2u		/* the write drivers use: the queue's number, 16 bits */

#define VIRTIO_VENDOR 0x1AF4
#define VIRTIO_DEVICE_BASE 0x1040
#define VIRTIO_REVISION 1
#define VIRTIO_SUBDEVICE 0x1100	/* 4.1.2: any number from 0x40 up tells it from a transitional device */

#define ISR_QUEUE 1u
#define ISR_CONFIG 2u

struct modern {
	struct pci_dev *pdev;
	struct virtio_dev *vd;
	struct event *worker_event;	/* for a worker without a thread */
	struct event *isr_event;
	int isr_fd;			/* a worker's way to have INTA# driven, which needs the device lock */
	unsigned int isr;		/* atomic */
	unsigned int cfg_cap;		/* offset of the configuration access capability */
	uint32_t offered_select;
	uint32_t acked_select;
	uint16_t queue_select;
	uint16_t config_vector;		/* atomic, like the queues' */
	uint16_t *queue_vector;
};

/* --- interrupts, any thread --- */

static void raise_intx(struct modern *m)
{
	(void)!write(m->isr_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

static void fire(struct modern *m, const uint16_t *vector, unsigned int isr)
{
	uint16_t v = __atomic_load_n(vector, __ATOMIC_RELAXED);
	bool msix = pci_msix_enabled(m->pdev);

	/* 4.1.4.5.1: with MSI-X the queue bit stays 0, the configuration bit is set all the same. */
	if (!msix || isr == ISR_CONFIG)
		__atomic_fetch_or(&m->isr, isr, __ATOMIC_RELEASE);
	if (!msix)
		raise_intx(m);
	else if (v != VIRTIO_MSI_NO_VECTOR)
		pci_msix_fire(m->pdev, v);
}

static void queue_irq(void *ctx, unsigned int index)
{
	struct modern *m = ctx;

	fire(m, &m->queue_vector[index], ISR_QUEUE);
}

static void config_irq(void *ctx)
{
	struct modern *m = ctx;

	fire(m, &m->config_vector, ISR_CONFIG);
}

/* Event thread, device lock held. */
static void isr_changed(void *arg, uint32_t events)
{
	struct modern *m = arg;

	(void)events;
	worker_drain(m->isr_fd);
	pci_intx_set(m->pdev, __atomic_load_n(&m->isr, __ATOMIC_ACQUIRE) && !pci_msix_enabled(m->pdev));
}

/* Reading acknowledges (4.1.4.5). */
static uint32_t isr_read(struct modern *m)
{
	uint32_t isr = __atomic_exchange_n(&m->isr, 0, __ATOMIC_ACQ_REL);

	pci_intx_set(m->pdev, false);
	return isr;
}

/* --- common configuration --- */

/* The width drivers must use for each register (4.1.3.1); 64-bit fields are two of 32 bits. */
static const uint8_t common_width[COMMON_SIZE] = {
	[VIRTIO_PCI_COMMON_DFSELECT] = 4, [VIRTIO_PCI_COMMON_DF] = 4,	  [VIRTIO_PCI_COMMON_GFSELECT] = 4,
	[VIRTIO_PCI_COMMON_GF] = 4,	  [VIRTIO_PCI_COMMON_MSIX] = 2,	  [VIRTIO_PCI_COMMON_NUMQ] = 2,
	[VIRTIO_PCI_COMMON_STATUS] = 1,	  [VIRTIO_PCI_COMMON_CFGGENERATION] = 1,
	[VIRTIO_PCI_COMMON_Q_SELECT] = 2, [VIRTIO_PCI_COMMON_Q_SIZE] = 2, [VIRTIO_PCI_COMMON_Q_MSIX] = 2,
	[VIRTIO_PCI_COMMON_Q_ENABLE] = 2, [VIRTIO_PCI_COMMON_Q_NOFF] = 2, [VIRTIO_PCI_COMMON_Q_DESCLO] = 4,
	[VIRTIO_PCI_COMMON_Q_DESCHI] = 4, [VIRTIO_PCI_COMMON_Q_AVAILLO] = 4, [VIRTIO_PCI_COMMON_Q_AVAILHI] = 4,
	[VIRTIO_PCI_COMMON_Q_USEDLO] = 4, [VIRTIO_PCI_COMMON_Q_USEDHI] = 4,
};

static uint32_t queue_reg_read(struct modern *m, uint32_t reg)
{
	const struct virtqueue *vq;

	/* 4.1.4.3.1: a queue that does not exist has size 0; the rest of its registers read 0 too. */
	if (m->queue_select >= m->vd->nr_queues)
		return 0;
	vq = &m->vd->queues[m->queue_select].vq;
	switch (reg) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		return vq->size;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		return __atomic_load_n(&m->queue_vector[m->queue_select], __ATOMIC_RELAXED);
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		return vq->enabled;
	case VIRTIO_PCI_COMMON_Q_NOFF:
		return m->queue_select;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		return vq->desc_gpa;
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		return vq->desc_gpa >> 32;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		return vq->avail_gpa;
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		return vq->avail_gpa >> 32;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		return vq->used_gpa;
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		return vq->used_gpa >> 32;
	default:
		return 0;
	}
}

static uint32_t common_read(struct modern *m, uint32_t reg)
{
	switch (reg) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		return m->offered_select;
	case VIRTIO_PCI_COMMON_DF:
		return virtio_offered_read(m->vd, m->offered_select);
	case VIRTIO_PCI_COMMON_GFSELECT:
		return m->acked_select;
	case VIRTIO_PCI_COMMON_GF:
		return virtio_acked_read(m->vd, m->acked_select);
	case VIRTIO_PCI_COMMON_MSIX:
		return __atomic_load_n(&m->config_vector, __ATOMIC_RELAXED);
	case VIRTIO_PCI_COMMON_NUMQ:
		return m->vd->nr_queues;
	case VIRTIO_PCI_COMMON_STATUS:
		return virtio_status_read(m->vd);
	case VIRTIO_PCI_COMMON_CFGGENERATION:
		return virtio_generation(m->vd);
	case VIRTIO_PCI_COMMON_Q_SELECT:
		return m->queue_select;
	default:
		return queue_reg_read(m, reg);
	}
}

/* 4.1.5.1.2.1: a vector that does not exist is refused, which the driver sees by reading back. */
static void vector_write(struct modern *m, uint16_t *vector, uint32_t value)
{
	if (value > m->vd->nr_queues)
		value = VIRTIO_MSI_NO_VECTOR;
	__atomic_store_n(vector, value, __ATOMIC_RELAXED);
}

static void set_low(uint64_t *field, uint32_t value)
{
	*field = (*field & ~0xffffffffULL) | value;
}

static void set_high(uint64_t *field, uint32_t value)
{
	*field = (*field & 0xffffffffULL) | (uint64_t)value << 32;
}

static void queue_reg_write(struct modern *m, uint32_t reg, uint32_t value)
{
	struct virtqueue *vq = virtio_queue_setup(m->vd, m->queue_select);

	if (reg == VIRTIO_PCI_COMMON_Q_MSIX) {
		if (m->queue_select < m->vd->nr_queues)
			vector_write(m, &m->queue_vector[m->queue_select], value);
		return;
	}
	if (!vq)
		return;
	switch (reg) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		vq->size = value;
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		/* 4.1.4.3.2: a driver does not write 0 here. */
		if (value == 1)
			virtio_queue_enable(m->vd, m->queue_select);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		set_low(&vq->desc_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		set_high(&vq->desc_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		set_low(&vq->avail_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		set_high(&vq->avail_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		set_low(&vq->used_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		set_high(&vq->used_gpa, value);
		break;
	default:
		break;
	}
}

/* The transport's own registers as after reset. */
static void transport_reset(struct modern *m)
{
	unsigned int i;

	m->offered_select = 0;
	m->acked_select = 0;
	m->queue_select = 0;
	__atomic_store_n(&m->config_vector, VIRTIO_MSI_NO_VECTOR, __ATOMIC_RELAXED);
	for (i = 0; i < m->vd->nr_queues; i++)
		__atomic_store_n(&m->queue_vector[i], VIRTIO_MSI_NO_VECTOR, __ATOMIC_RELAXED);
	isr_read(m);
}

static void status_write(struct modern *m, uint32_t value)
{
	virtio_status_write(m->vd, value);
	if (value == 0)
		transport_reset(m);
}

static void common_write(struct modern *m, uint32_t reg, uint32_t value)
{
	switch (reg) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		m->offered_select = value;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		m->acked_select = value;
		break;
	case VIRTIO_PCI_COMMON_GF:
		virtio_acked_write(m->vd, m->acked_select, value);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		vector_write(m, &m->config_vector, value);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		status_write(m, value);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		m->queue_select = value;
		break;
	default:
		queue_reg_write(m, reg, value);
		break;
	}
}

/* --- the register BAR --- */

static bool common_access_ok(uint32_t reg, unsigned int size)
{
	return reg < COMMON_SIZE && common_width[reg] == size;
}

static uint32_t reg_read(struct modern *m, uint32_t offset, unsigned int size)
{
	uint32_t reg = offset % REGION_SIZE, value = 0;

	switch (offset - reg) {
	case COMMON_AT:
		return common_access_ok(reg, size) ? common_read(m, reg) : 0;
	case ISR_AT:
		return reg == 0 ? isr_read(m) : 0;
	case CONFIG_AT:
		virtio_config_read(m->vd, reg, &value, size);
		return value;
	default:
		return 0;
	}
}

static void reg_write(struct modern *m, uint32_t offset, unsigned int size, uint32_t value)
{
	uint32_t reg = offset % REGION_SIZE;

	switch (offset - reg) {
	case COMMON_AT:
		if (common_access_ok(reg, size))
			common_write(m, reg, value);
		break;
	case CONFIG_AT:
		virtio_config_write(m->vd, reg, &value, size);
		break;
	case NOTIFY_AT:
		virtio_kick(m->vd, reg / NOTIFY_MULTIPLIER);
		break;
	default:
		break;
	}
}

static uint64_t pci_modern_read(struct pci_dev *pdev, unsigned int bar, uint64_t offset, unsigned int size)
{
	struct modern *m = pdev->priv;

	if (bar != REG_BAR)
		return ~0ULL;
	if (size < 8)
		return reg_read(m, offset, size);
	return reg_read(m, offset, 4) | (uint64_t)reg_read(m, offset + 4, 4) << 32;
}

static void pci_modern_write(struct pci_dev *pdev, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	struct modern *m = pdev->priv;

	if (bar != REG_BAR)
		return;
	reg_write(m, offset, size < 8 ? size : 4, value);
	if (size == 8)
		reg_write(m, offset + 4, 4, value >> 32);
}

/* Where BAR 0 is, a kick is an eventfd in the kernel; where that fails, kicks arrive as ordinary writes. */
static void modern_bar_map(struct pci_dev *pdev, unsigned int bar, bool on)
{
	struct modern *m = pdev->priv;
	struct ioevent ev = { .space = BUS_MMIO, .len = NOTIFY_LEN };
	unsigned int i;

	if (bar != REG_BAR || !m)
		return;
	for (i = 0; i < m->vd->nr_queues; i++) {
		ev.addr = pci_bar_base(pdev, REG_BAR) + NOTIFY_AT + i * NOTIFY_MULTIPLIER;
		ev.fd = virtio_kick_fd(m->vd, i);
		if (!on)
			ioevent_unregister(pdev->vm, &ev);
		else if (ioevent_register(pdev->vm, &ev))
			return;
	}
}

/* --- the configuration access capability (4.1.4.9): a window on BAR 0 for firmware that cannot map it --- */

/* The access the window's registers describe, if it is a valid one and @reg..+@size touches the data register. */
static bool window_access(struct modern *m, unsigned int reg, unsigned int size, uint32_t *offset, uint32_t *len)
{
	unsigned int data = m->cfg_cap + offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);

	if (reg + size <= data || reg >= data + 4)
		return false;
	*offset = pci_cfg_get32(m->pdev, m->cfg_cap + offsetof(struct virtio_pci_cap, offset));
	*len = pci_cfg_get32(m->pdev, m->cfg_cap + offsetof(struct virtio_pci_cap, length));
	return pci_cfg_get8(m->pdev, m->cfg_cap + offsetof(struct virtio_pci_cap, bar)) == REG_BAR &&
	       (*len == 1 || *len == 2 || *len == 4) && *offset % *len == 0 && *offset < REG_BAR_SIZE;
}

static void modern_cfg_read(struct pci_dev *pdev, unsigned int reg, unsigned int size)
{
	struct modern *m = pdev->priv;
	uint32_t offset, len;

	if (m && window_access(m, reg, size, &offset, &len))
		pci_cfg_set32(pdev, m->cfg_cap + offsetof(struct virtio_pci_cfg_cap, pci_cfg_data),
			      reg_read(m, offset, len));
}

static void modern_cfg_write(struct pci_dev *pdev, unsigned int reg, unsigned int size)
{
	struct modern *m = pdev->priv;
	uint32_t offset, len, value;

	if (!m || !window_access(m, reg, size, &offset, &len))
		return;
	value = pci_cfg_get32(pdev, m->cfg_cap + offsetof(struct virtio_pci_cfg_cap, pci_cfg_data));
	reg_write(m, offset, len, len == 4 ? value : value & ((1u << (8 * len)) - 1));
}

/* --- making and unmaking --- */

/* One capability: all types begin with the same 16 bytes, two have one more word. */
static int add_cap(struct modern *m, uint8_t type, uint32_t offset, uint32_t length, uint32_t extra)
{
	struct {
		struct virtio_pci_cap cap;
		uint32_t extra;
	} c = { .cap = { .cfg_type = type, .bar = REG_BAR, .offset = offset, .length = length }, .extra = extra };
	bool has_extra = type == VIRTIO_PCI_CAP_NOTIFY_CFG || type == VIRTIO_PCI_CAP_PCI_CFG;

	c.cap.cap_len = has_extra ? sizeof(c) : sizeof(c.cap);
	return pci_cap_add(m->pdev, PCI_CAP_ID_VENDOR, &c.cap.cap_len, c.cap.cap_len);
}

static int add_caps(struct modern *m)
{
	struct virtio_dev *vd = m->vd;
	int ret;

	ret = add_cap(m, VIRTIO_PCI_CAP_COMMON_CFG, COMMON_AT, COMMON_SIZE, 0);
	if (ret >= 0)
		ret = add_cap(m, VIRTIO_PCI_CAP_ISR_CFG, ISR_AT, 1, 0);
	if (ret >= 0 && vd->config_size)
		ret = add_cap(m, VIRTIO_PCI_CAP_DEVICE_CFG, CONFIG_AT, vd->config_size, 0);
	if (ret >= 0)
		ret = add_cap(m, VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY_AT, vd->nr_queues * NOTIFY_MULTIPLIER,
			      NOTIFY_MULTIPLIER);
	if (ret >= 0)
		ret = add_cap(m, VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0);
	if (ret < 0)
		return ret;
	m->cfg_cap = ret;
	pci_cfg_allow32(m->pdev, ret + offsetof(struct virtio_pci_cap, bar), 0xff);
	pci_cfg_allow32(m->pdev, ret + offsetof(struct virtio_pci_cap, offset), ~0u);
	pci_cfg_allow32(m->pdev, ret + offsetof(struct virtio_pci_cap, length), ~0u);
	pci_cfg_allow32(m->pdev, ret + offsetof(struct virtio_pci_cfg_cap, pci_cfg_data), ~0u);
	return 0;
}

static int setup_pci(struct modern *m)
{
	struct pci_dev *pdev = m->pdev;
	int ret;

	pci_cfg_set16(pdev, PCI_REG_VENDOR, VIRTIO_VENDOR);
	pci_cfg_set16(pdev, PCI_REG_DEVICE, VIRTIO_DEVICE_BASE + m->vd->ops->type);
	pci_cfg_set8(pdev, PCI_REG_REVISION, VIRTIO_REVISION);
	pci_cfg_set8(pdev, PCI_REG_CLASS, m->vd->ops->pci_class);
	pci_cfg_set8(pdev, PCI_REG_SUBCLASS, m->vd->ops->pci_subclass);
	pci_cfg_set16(pdev, PCI_REG_SUBVENDOR, VIRTIO_VENDOR);
	pci_cfg_set16(pdev, PCI_REG_SUBDEVICE, VIRTIO_SUBDEVICE);
	pci_intx_init(pdev);
	ret = pci_bar_alloc(pdev, REG_BAR, PCI_BAR_MEM64, REG_BAR_SIZE);
	if (ret)
		return ret;
	ret = pci_msix_init(pdev, MSIX_BAR, m->vd->nr_queues + 1);
	if (ret)
		return ret;
	return add_caps(m);
}

static void worker_ready(void *arg, uint32_t events)
{
	struct modern *m = arg;

	(void)events;
	worker_poll(&m->vd->worker, 0);
}

static void *guest_ptr(void *ctx, uint64_t gpa, uint64_t len)
{
	struct modern *m = ctx;

	return mem_ptr(m->pdev->vm, gpa, len);
}

static int connect_events(struct modern *m)
{
	struct vm *vm = m->pdev->vm;
	struct event_handler isr = { .fn = isr_changed, .arg = m }, worker = { .fn = worker_ready, .arg = m };
	int ret;

	m->isr_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (m->isr_fd < 0)
		return -errno;
	ret = event_add(vm, m->isr_fd, EPOLLIN, isr, &m->isr_event);
	if (ret)
		return ret;
	if (m->vd->ops->threaded)
		return 0;
	return event_add(vm, m->vd->worker.epoll_fd, EPOLLIN, worker, &m->worker_event);
}

static void modern_free(struct modern *m)
{
	event_del(m->worker_event);
	event_del(m->isr_event);
	virtio_destroy(m->vd);
	if (m->isr_fd >= 0)
		close(m->isr_fd);
	free(m->queue_vector);
	m->pdev->priv = NULL;
	free(m);
}

static int modern_init(struct vm *vm, struct pci_dev *pdev, const char *opts, const struct virtio_ops *ops)
{
	char place[sizeof("31:7")];
	struct virtio_params params = { .vm = vm, .opts = opts, .place = place };
	struct virtio_bus bus = { .queue_irq = queue_irq, .config_irq = config_irq };
	struct modern *m;
	int ret;

	snprintf(place, sizeof(place), "%u:%u", pdev->slot & 31, pdev->func & 7);
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	ret = ops->create(&params, &m->vd);
	if (ret) {
		free(m);
		return ret;
	}
	m->pdev = pdev;
	m->isr_fd = -1;
	m->queue_vector = calloc(m->vd->nr_queues, sizeof(*m->queue_vector));
	ret = m->queue_vector ? connect_events(m) : -ENOMEM;
	if (ret)
		goto fail;
	bus.ctx = m;
	bus.mem.ptr = guest_ptr;
	bus.mem.ctx = m;
	ret = setup_pci(m);
	if (ret)
		goto fail;
	transport_reset(m);
	ret = virtio_connect(m->vd, &bus, place);
	if (ret)
		goto fail;
	pdev->priv = m;
	if (m->vd->control.kind) {
		snprintf(m->vd->control.place, sizeof(m->vd->control.place), "%s", place);
		control_add(vm, &m->vd->control);
	}
	return 0;
fail:
	modern_free(m);
	return ret;
}

static void modern_fini(struct pci_dev *pdev)
{
	struct modern *m = pdev->priv;

	control_remove(pdev->vm, &m->vd->control);
	modern_free(m);
}

static void modern_reset(struct pci_dev *pdev)
{
	struct modern *m = pdev->priv;

	virtio_reset(m->vd);
	transport_reset(m);
}

#define VIRTIO_PCI(kind, ops_name)                                                                                     \
	static int kind##_init(struct vm *vm, struct pci_dev *pdev, const char *opts)                                  \
	{                                                                                                              \
		return modern_init(vm, pdev, opts, &kind##_ops);                                                       \
	}                                                                                                              \
	const struct pci_dev_ops virtio_pci_##kind = {                                                                 \
		.name = ops_name,                                                                                      \
		.init = kind##_init,                                                                                   \
		.fini = modern_fini,                                                                                   \
		.reset = modern_reset,                                                                                 \
		.bar_read = pci_modern_read,                                                                           \
		.bar_write = pci_modern_write,                                                                         \
		.bar_map = modern_bar_map,                                                                             \
		.cfg_read = modern_cfg_read,                                                                           \
		.cfg_write = modern_cfg_write,                                                                         \
	}

VIRTIO_PCI(blk, "virtio-blk");
VIRTIO_PCI(net, "virtio-net");
VIRTIO_PCI(console, "virtio-console");
VIRTIO_PCI(rnd, "virtio-rnd");

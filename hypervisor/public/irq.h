/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Interrupts given to a VM from outside, and how many it took. */
#pragma once
#include "types.h"

/* HC_INJECT_MSI and HSM_IOC_INJECT_MSI: an MSI as the device would write it (SDM vol. 3, 11.11). */
struct acrn_msi_entry {
	uint64_t msi_addr;
	uint64_t msi_data;
};
ABI_SIZE(struct acrn_msi_entry, 16);
ABI_AT(struct acrn_msi_entry, msi_data, 8);

/*
 * HC_SET_IRQLINE and HSM_IOC_SET_IRQLINE take one value: GSI in bits 31:0,
 * operation in bits 63:32. A GSI below 16 also drives the two 8259s
 * (GSI 2 is their IRQ 0).
 */
#define IRQLINE_GSI(v)		((uint32_t)(v))
#define IRQLINE_OP(v)		((uint32_t)((uint64_t)(v) >> 32))
#define IRQLINE(gsi, op)	(((uint64_t)(op) << 32) | (uint32_t)(gsi))
#define IRQLINE_SET_HIGH	0u
#define IRQLINE_SET_LOW		1u
#define IRQLINE_RAISING_PULSE	2u	/* low, high, low */
#define IRQLINE_FALLING_PULSE	3u	/* high, low, high */

/* hc_ptdev_irq.type */
#define PTDEV_IRQ_INTX		0u
#define PTDEV_IRQ_MSI		1u
#define PTDEV_IRQ_MSIX		2u

/*
 * HC_SET_PTDEV_INTR, HC_RESET_PTDEV_INTR: a physical INTx pin feeds a virtual
 * one. The hypervisor reads 24 bytes; the ioctl's struct acrn_ptdev_irq is the
 * first 20.
 */
struct hc_ptdev_irq {
	uint32_t type;
	uint16_t virt_bdf;
	uint16_t phys_bdf;
	uint32_t virt_pin;
	uint32_t phys_pin;
	uint32_t pic_pin;	/* virt_pin is 0: an IOAPIC's, 1: an 8259's */
	uint32_t reserved;
};
ABI_SIZE(struct hc_ptdev_irq, 24);
ABI_AT(struct hc_ptdev_irq, virt_bdf, 4);
ABI_AT(struct hc_ptdev_irq, phys_bdf, 6);
ABI_AT(struct hc_ptdev_irq, virt_pin, 8);
ABI_AT(struct hc_ptdev_irq, phys_pin, 12);
ABI_AT(struct hc_ptdev_irq, pic_pin, 16);

/* HSM_IOC_SET_PTDEV_INTR, HSM_IOC_RESET_PTDEV_INTR. */
struct acrn_ptdev_irq {
	uint32_t type;
	uint16_t virt_bdf;
	uint16_t phys_bdf;
	uint32_t virt_pin;
	uint32_t phys_pin;
	uint32_t pic_pin;
};
ABI_SIZE(struct acrn_ptdev_irq, 20);
ABI_AT(struct acrn_ptdev_irq, virt_bdf, 4);
ABI_AT(struct acrn_ptdev_irq, phys_bdf, 6);
ABI_AT(struct acrn_ptdev_irq, virt_pin, 8);
ABI_AT(struct acrn_ptdev_irq, phys_pin, 12);
ABI_AT(struct acrn_ptdev_irq, pic_pin, 16);

/* acrn_intr_monitor.cmd */
#define INTR_MONITOR_GET_DATA	0u	/* fill buffer with pairs (host vector, interrupts so far), one a device interrupt of the VM */
#define INTR_MONITOR_DELAY	1u	/* from now on hold each of these back buffer[0] milliseconds, 0: no longer */

#define INTR_MONITOR_WORDS	48
#define INTR_MONITOR_MAX_DELAY	1000u	/* ms; ours: more is -EINVAL */

/* HC_VM_INTR_MONITOR and HSM_IOC_VM_INTR_MONITOR; lies in one page. */
struct acrn_intr_monitor {
	uint32_t cmd;
	uint32_t buf_cnt;	/* GET_DATA: words of buffer there are, at most INTR_MONITOR_WORDS; answer: words used */
	uint64_t buffer[INTR_MONITOR_WORDS];
};
ABI_SIZE(struct acrn_intr_monitor, 392);
ABI_AT(struct acrn_intr_monitor, buf_cnt, 4);
ABI_AT(struct acrn_intr_monitor, buffer, 8);

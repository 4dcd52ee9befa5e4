/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between the hc_*.c files: every hypercall is a row in dispatch.c. Handlers run
 * in a vCPU thread of the Service VM, may sleep, and return 0 or more, or -errno.
 */
#pragma once

#include "lib/types.h"

struct vcpu;
struct vm;

/* What a handler is called with. */
struct hc_call {
	struct vcpu *vcpu;	/* caller */
	struct vm *target;	/* VM named by p1, for rows that name one; else NULL */
	uint64_t p1, p2;
};

/* Copies a parameter block from the Service VM once, or back. 0 or -EFAULT (-14). */
int hc_get(uint64_t gpa, void *buf, uint64_t size) __must_check;
int hc_put(uint64_t gpa, const void *buf, uint64_t size) __must_check;

/* VM of a relative id: post-launched only, or NULL. */
struct vm *hc_vm_of(uint64_t relative_id);

int64_t hc_api_version(struct hc_call *c);
int64_t hc_callback_vector(struct hc_call *c);
int64_t hc_offline_cpu(struct hc_call *c);
int64_t hc_vm_create(struct hc_call *c);
int64_t hc_vm_destroy(struct hc_call *c);
int64_t hc_vm_start(struct hc_call *c);
int64_t hc_vm_pause(struct hc_call *c);
int64_t hc_vm_reset(struct hc_call *c);
int64_t hc_vm_regs(struct hc_call *c);
int64_t hc_vm_state(struct hc_call *c);
int64_t hc_vcpu_create(struct hc_call *c);
/* A VM's state and why it stopped, as Q_VM_* and Q_STOP_*. */
uint32_t hc_state_of(const struct vm *vm);
uint32_t hc_reason_of(const struct vm *vm);

int64_t hc_vm_info(struct hc_call *c);
int64_t hc_vcpu_stats(struct hc_call *c);
int64_t hc_cpus(struct hc_call *c);

int64_t hc_mem_regions(struct hc_call *c);
int64_t hc_mem_protect(struct hc_call *c);
int64_t hc_mem_gpa2hpa(struct hc_call *c);

int64_t hc_trace_ring(struct hc_call *c);

int64_t hc_ioreq_buffer(struct hc_call *c);
int64_t hc_ioreq_done(struct hc_call *c);
int64_t hc_asyncio_assign(struct hc_call *c);
int64_t hc_asyncio_deassign(struct hc_call *c);
/* HC_SETUP_SBUF of ring ACRN_SBUF_ASYNCIO. */
int64_t hc_asyncio_ring(struct hc_call *c, uint64_t at);

int64_t hc_vdev_add(struct hc_call *c);
int64_t hc_vdev_remove(struct hc_call *c);

int64_t hc_irq_msi(struct hc_call *c);
int64_t hc_irq_line(struct hc_call *c);
int64_t hc_irq_monitor(struct hc_call *c);
int64_t hc_pm_state(struct hc_call *c);
int64_t hc_hw_info(struct hc_call *c);

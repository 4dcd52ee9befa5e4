/* SPDX-License-Identifier: BSD-3-Clause */
/* The HSM, /dev/acrn_hsm: one open file is one VM. core/hsm.c is the only file with an ioctl. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct acrn_vcpu_regs;
struct ioevent;

struct hsm {
	int fd;				/* -1 when closed */
};

struct hsm_vm_params {
	const char *name;		/* at most 15 characters */
	uint64_t flags;			/* GUEST_FLAG_* of public/vm.h */
	uint64_t cpu_affinity;		/* bit = pCPU; 0 = all that the scenario allows */
	void *ioreq_page;		/* page aligned, zeroed; stays pinned until close */
	uint16_t vmid;			/* out */
	uint16_t nr_vcpus;		/* out */
};

/* How SET_IRQLINE drives a line (abi.md section 2, call 25). */
enum hsm_irq_op { HSM_IRQ_HIGH = 0, HSM_IRQ_LOW = 1, HSM_IRQ_RAISE_PULSE = 2, HSM_IRQ_FALL_PULSE = 3 };

/* All return 0 or -errno; none prints. Any thread. */
int hsm_open(struct hsm *hsm);
void hsm_close(struct hsm *hsm);
int hsm_vm_create(struct hsm *hsm, struct hsm_vm_params *params);
int hsm_vm_start(struct hsm *hsm);
int hsm_vm_pause(struct hsm *hsm);
int hsm_vm_reset(struct hsm *hsm);
int hsm_vm_destroy(struct hsm *hsm);
int hsm_vcpu_set_regs(struct hsm *hsm, const struct acrn_vcpu_regs *regs);

/* Map [hva, hva + size) at @gpa as RAM with all rights. Page aligned. */
int hsm_mem_map(struct hsm *hsm, uint64_t gpa, void *hva, uint64_t size);

int hsm_irq_line(struct hsm *hsm, unsigned int gsi, enum hsm_irq_op op);
int hsm_irq_msi(struct hsm *hsm, uint64_t addr, uint32_t data);

/* The default IOREQ client: make it, wait for a request (-EINTR, -ENODEV when it is gone), remove it. */
int hsm_ioreq_open(struct hsm *hsm);
int hsm_ioreq_wait(struct hsm *hsm);
void hsm_ioreq_close(struct hsm *hsm);
/* Drop every request in flight (before a reset). */
int hsm_ioreq_clear(struct hsm *hsm);
/* The request of @vcpu_id is complete: let it run on. */
int hsm_ioreq_done(struct hsm *hsm, uint16_t vmid, uint32_t vcpu_id);

/* See core/ioevent.h. */
int hsm_ioeventfd(struct hsm *hsm, const struct ioevent *ev, bool assign);
/* Writes to eventfd @fd send this MSI from the kernel (used by vhost). */
int hsm_irqfd(struct hsm *hsm, int fd, uint64_t addr, uint32_t data, bool assign);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The HSM, /dev/acrn_hsm: one open file is one VM. core/hsm.c is the only file with an ioctl. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct acrn_vcpu_regs;
struct acrn_vdev;
struct hc_q_cpus;
struct hc_q_vcpu_stats;
struct hc_q_vm_state;
struct ioevent;

struct hsm {
	int fd;				/* -1 when closed */
	bool no_combined_wait;		/* the module lacks HSM_IOC_Q_FINISH_AND_WAIT */
};

struct hsm_vm_params {
	const char *name;		/* at most 15 characters */
	uint64_t flags;			/* VM_FLAG_* of public/vm.h */
	uint64_t cpu_affinity;		/* bit = pCPU; 0 = all that the scenario allows */
	void *ioreq_page;		/* page aligned, zeroed; stays pinned until close */
	uint16_t vmid;			/* out */
	uint16_t nr_vcpus;		/* out */
};

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

/* Take back what hsm_mem_map() gave, whole. */
int hsm_mem_unmap(struct hsm *hsm, uint64_t gpa, uint64_t size);

/* A device inside the hypervisor (public/dev.h); the VM does not run. */
int hsm_vdev_create(struct hsm *hsm, const struct acrn_vdev *vdev);
int hsm_vdev_destroy(struct hsm *hsm, const struct acrn_vdev *vdev);

/* @op is one of IRQLINE_* of public/irq.h. */
int hsm_irq_line(struct hsm *hsm, unsigned int gsi, unsigned int op);
int hsm_irq_msi(struct hsm *hsm, uint64_t addr, uint32_t data);

/* The default IOREQ client: make it, remove it, drop every request in flight (before a reset). */
int hsm_ioreq_open(struct hsm *hsm);
void hsm_ioreq_close(struct hsm *hsm);
int hsm_ioreq_clear(struct hsm *hsm);

/*
 * Report the requests of the vCPUs in @done as complete, then sleep until there is work. *@ready gets
 * the slots to look at (bit = vCPU), all ones when the module cannot tell, 0 when only the VM's state
 * changed. -EINTR: the reports are made, only wait again. -ENODEV: the client is gone.
 */
int hsm_ioreq_next(struct hsm *hsm, uint16_t vmid, uint32_t done, uint32_t *ready);

/* What the VM does and why it stopped; -ENOTTY from a module without the call. */
int hsm_vm_state(struct hsm *hsm, struct hc_q_vm_state *state);

/* The machine's CPUs; an error from a module or hypervisor without the call. */
int hsm_cpus(struct hsm *hsm, struct hc_q_cpus *cpus);

/* What a vCPU of VM @vmid has used; -ENOTTY from a module without the call. */
int hsm_vcpu_stats(struct hsm *hsm, uint16_t vmid, uint32_t vcpu_id, struct hc_q_vcpu_stats *stats);

/* See core/ioevent.h. */
int hsm_ioeventfd(struct hsm *hsm, const struct ioevent *ev, bool assign);
/* Writes to eventfd @fd send this MSI from the kernel (used by vhost). */
int hsm_irqfd(struct hsm *hsm, int fd, uint64_t addr, uint32_t data, bool assign);

/* Pairs (interrupt, how many so far) of the VM's passed-through devices into @words[INTR_MONITOR_WORDS]; *@nr words. */
int hsm_intr_counts(struct hsm *hsm, uint64_t *words, unsigned int *nr);
/* Hold each of these interrupts back @ms milliseconds from now on; 0: no longer. */
int hsm_intr_delay(struct hsm *hsm, uint64_t ms);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The one way to build, start, pause, reset and destroy any VM. vCPU thread or boot CPU; may sleep. */
#pragma once

#include "lib/addr.h"
#include "public/scenario.h"

struct vm;

/* What is wanted of a new VM beyond its scenario record. */
struct machine_request {
	const char *name;	/* at most 15 characters */
	uint64_t cpu_affinity;	/* one vCPU a bit, in order; not 0 */
	uint64_t flags;		/* SCENARIO_FLAG_ */
	hpa_t ram;		/* pre-launched: its RAM, cfg->memory_size bytes */
};

/*
 * Builds vm_table[vm_id] in state CREATED: every part of the list in machine.c, or
 * none. 0, -EINVAL, -ENOMEM, -EBUSY (a CPU is taken), -EEXIST (vm_id is in use).
 */
int machine_build(uint16_t vm_id, const struct scenario_vm *cfg, const struct machine_request *req,
		  struct vm **out) __must_check;

/* Stops its vCPUs and gives everything back. Any state. */
void machine_destroy(struct vm *vm);

/* CREATED -> RUNNING. -EINVAL in another state. */
int machine_start(struct vm *vm) __must_check;
/* RUNNING -> PAUSED: returns when no vCPU of it runs any more. 0 when it is paused already; -EINVAL when off. */
int machine_pause(struct vm *vm) __must_check;
/* PAUSED -> RUNNING; vCPUs that were paused alone stay so. -EINVAL when it is not paused, or has stopped by itself. */
int machine_resume(struct vm *vm) __must_check;
/*
 * One vCPU of a VM that runs or is paused: parked when it returns, until machine_resume_vcpu() or a reset of
 * the VM, whatever is done to the VM in between. -EINVAL: no such vCPU, the VM is off, or it was not paused.
 */
int machine_pause_vcpu(struct vm *vm, uint16_t vcpu_id) __must_check;
int machine_resume_vcpu(struct vm *vm, uint16_t vcpu_id) __must_check;
/* Ends all vCPUs; the VM keeps its memory and devices in state POWERED_OFF. */
void machine_stop(struct vm *vm);
/* Any state -> CREATED: cold reset, memory kept, devices and vCPUs as after machine_build(). */
int machine_reset(struct vm *vm) __must_check;


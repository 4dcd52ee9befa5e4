/* SPDX-License-Identifier: BSD-3-Clause */
/* The VMs that the hypervisor has, whoever launched them: to be looked at, by who may open /dev/acrn_hsm. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "public/vm.h"

struct hypervisor_vm {
	struct hc_q_vm_info info;
	char name[ACRN_VM_NAME_LEN];
	/* Of all its vCPUs together; time_ns: the hypervisor's clock, for rates */
	uint64_t time_ns, run_ns, wait_ns, exits;
};

/*
 * All VMs, in the order of their slots, into @vms[Q_VM_SLOTS]; *@nr are there. 0 or -errno: -ENOENT no device, -ENOTTY a module
 * or hypervisor without these calls (-EINVAL of mainline Linux's, which first wants a VM), -EACCES not allowed. Then *@nr is 0: a caller that can do without shows fewer VMs.
 */
int hypervisor_vms(struct hypervisor_vm *vms, size_t *nr);

/*
 * Ask anew about the VMs whose slots @infos have, without their vCPUs: @nr calls of the hypervisor, which disturb no VM. One that is no longer
 * there is off. 0, or -errno as above with @infos as they were.
 */
int hypervisor_look(struct hc_q_vm_info *infos, size_t nr);

/* The VM of that name. False: there is none, or nobody tells. */
bool hypervisor_find(const char *name, struct hypervisor_vm *vm);

/* Figures of one vCPU of slot @slot: 0 or -errno, -ENOENT also for a vCPU that is not there. */
int hypervisor_vcpu(unsigned int slot, unsigned int vcpu_id, struct hc_q_vcpu_stats *out);

/* "pre-launched", "service" or "post-launched"; "created", "running", "paused", "stopped" or "off". */
const char *hypervisor_kind(const struct hypervisor_vm *vm);
const char *hypervisor_state(const struct hypervisor_vm *vm);

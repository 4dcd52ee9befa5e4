/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake VM: vCPUs without threads, whose requests the test looks at. */
#pragma once

#include "vm/vcpu.h"
#include "vm/vm.h"

/* A zeroed VM with nr_vcpus vCPUs on pCPU 0, vapic_id = vcpu_id; no vLAPICs, no devices. Freed by fake_vm_destroy(). */
struct vm *fake_vm_create(uint16_t nr_vcpus);
void fake_vm_destroy(struct vm *vm);

/* True when the request is there; takes it away. */
bool fake_vm_take_request(struct vcpu *vcpu, enum vcpu_request r);

extern unsigned int fake_vm_nr_requests;	/* calls of vcpu_request() */
extern unsigned int fake_vm_nr_crashes;		/* calls of vm_crash() */

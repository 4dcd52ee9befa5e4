/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake VM, see vm_vm.h. */
#include "vm_vm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/bits.h"

struct vm *vm_table[MAX_VMS];
struct vm *service_vm;
unsigned int fake_vm_nr_requests, fake_vm_nr_crashes;

struct vm *fake_vm_create(uint16_t nr_vcpus)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	uint16_t i;

	vm->nr_vcpus = nr_vcpus;
	for (i = 0; i < nr_vcpus; i++) {
		vm->vcpus[i] = calloc(1, sizeof(*vm->vcpus[i]));
		vm->vcpus[i]->vm = vm;
		vm->vcpus[i]->vcpu_id = i;
		vm->vcpus[i]->vapic_id = i;
	}
	return vm;
}

void fake_vm_destroy(struct vm *vm)
{
	uint16_t i;

	for (i = 0; i < vm->nr_vcpus; i++)
		free(vm->vcpus[i]);
	free(vm);
}

void vcpu_request(struct vcpu *vcpu, enum vcpu_request r)
{
	fake_vm_nr_requests++;
	atomic_set_bit(&vcpu->requests, r);
}

void vcpu_request_event(struct vcpu *vcpu)
{
	vcpu_request(vcpu, REQ_EVENT);
}

bool fake_vm_take_request(struct vcpu *vcpu, enum vcpu_request r)
{
	return atomic_test_and_clear_bit(&vcpu->requests, r);
}

void vm_crash(struct vm *vm, const char *why, ...)
{
	va_list ap;

	va_start(ap, why);
	vsnprintf(vm->crash_reason, sizeof(vm->crash_reason), why, ap);
	va_end(ap);
	fake_vm_nr_crashes++;
}

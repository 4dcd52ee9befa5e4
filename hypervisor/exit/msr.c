/* SPDX-License-Identifier: BSD-3-Clause */
/* RDMSR and WRMSR exits. */
#include "exit/exit.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "vm/vmsr.h"

int exit_rdmsr(struct vcpu *vcpu)
{
	uint64_t v;

	if (vmsr_read(vcpu, (uint32_t)vcpu->gpr[GPR_RCX], &v)) {
		virq_exception_error(vcpu, VEC_GP, 0);
		return 0;
	}
	vcpu->gpr[GPR_RAX] = (uint32_t)v;
	vcpu->gpr[GPR_RDX] = v >> 32;
	vcpu_skip(vcpu);
	return 0;
}

int exit_wrmsr(struct vcpu *vcpu)
{
	uint64_t v = vcpu->gpr[GPR_RDX] << 32 | (vcpu->gpr[GPR_RAX] & 0xffffffffu);

	if (vmsr_write(vcpu, (uint32_t)vcpu->gpr[GPR_RCX], v)) {
		virq_exception_error(vcpu, VEC_GP, 0);
		return 0;
	}
	vcpu_skip(vcpu);
	return 0;
}

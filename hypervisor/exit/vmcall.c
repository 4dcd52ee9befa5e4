/* SPDX-License-Identifier: BSD-3-Clause */
/* VMCALL: who may call, then hypercall/dispatch.c. */
#include "cpu/trace.h"
#include "exit/exit.h"
#include "hypercall/dispatch.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "vm/vm.h"

int exit_vmcall(struct vcpu *vcpu)
{
	if (!vm_is_service(vcpu->vm)) {
		virq_exception(vcpu, VEC_UD);
		return 0;
	}
	if (vcpu_cpl(vcpu)) {
		virq_exception_error(vcpu, VEC_GP, 0);
		return 0;
	}
	vcpu->gpr[GPR_RAX] = (uint64_t)hypercall(vcpu, vcpu->gpr[GPR_R8], vcpu->gpr[GPR_RDI], vcpu->gpr[GPR_RSI]);
	trace(TRACE_Q_HYPERCALL, vcpu->gpr[GPR_R8], vcpu->gpr[GPR_RAX]);
	vcpu_skip(vcpu);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Control-register exits (SDM vol 3, table 27-3). */
#include "exit/exit.h"
#include "lib/errno.h"
#include "log/log.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/virq.h"
#include "vm/vlapic.h"
#include "x86/cr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define QUAL_CR(q)	((q) & 0xf)
#define QUAL_TYPE(q)	((q) >> 4 & 3)
#define QUAL_REG(q)	((enum gpr)((q) >> 8 & 0xf))
#define QUAL_LMSW(q)	((q) >> 16 & 0xffff)

enum { MOV_TO_CR, MOV_FROM_CR, CLTS, LMSW };

static int write_cr8(struct vcpu *vcpu, uint64_t v)
{
	if (v >> 4)
		return 1;
	vlapic_set_cr8(vcpu, v);
	vcpu->event_check = true;
	return 0;
}

static int write_cr(struct vcpu *vcpu, unsigned int cr, uint64_t v)
{
	switch (cr) {
	case 0:
		return vcpu_write_cr0(vcpu, v);
	case 4:
		return vcpu_write_cr4(vcpu, v);
	case 8:
		return write_cr8(vcpu, v);
	default:
		return 1;
	}
}

int exit_cr(struct vcpu *vcpu)
{
	uint64_t q = vmread(VMCS_EXIT_QUALIFICATION);
	uint64_t v = vcpu_gpr(vcpu, QUAL_REG(q));
	int fault = 0;

	switch (QUAL_TYPE(q)) {
	case MOV_TO_CR:
		if (vcpu_mode_bytes(vcpu) != 8)
			v &= 0xffffffffu;
		fault = write_cr(vcpu, QUAL_CR(q), v);
		break;
	case MOV_FROM_CR:
		if (QUAL_CR(q) != 8)
			return ERR(-ENOSYS);
		vcpu_set_gpr(vcpu, QUAL_REG(q), vlapic_tpr(vcpu) >> 4);
		break;
	case CLTS:
		fault = vcpu_write_cr0(vcpu, vcpu_cr0(vcpu) & ~CR0_TS);
		break;
	case LMSW:
		/* Sets PE but never clears it. */
		v = vcpu_cr0(vcpu);
		fault = vcpu_write_cr0(vcpu, (v & ~0xeul) | (QUAL_LMSW(q) & 0xf));
		break;
	}
	if (fault)
		virq_exception_error(vcpu, VEC_GP, 0);
	else
		vcpu_skip(vcpu);
	return 0;
}

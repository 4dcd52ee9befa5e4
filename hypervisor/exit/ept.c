/* SPDX-License-Identifier: BSD-3-Clause */
/* Accesses that the guest's EPT does not allow, and port instructions: both end in io_submit(). */
#include "exit/exit.h"
#include "io/decode.h"
#include "io/io.h"
#include "io/pio.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/pgtable.h"
#include "vm/gpa.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "vm/vm.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

int exit_io(struct vcpu *vcpu)
{
	int r = pio_decode(vcpu, vmread(VMCS_EXIT_QUALIFICATION));

	if (r == DECODE_OK)
		return io_submit(vcpu);
	return r < 0 ? r : 0;
}

/* The CPU itself, not an instruction's operand, touched device memory: nothing to emulate. */
static int not_an_operand(struct vcpu *vcpu, uint64_t at, uint64_t q)
{
	if (q & EPT_FETCH)
		log_err("vm %s: vCPU %u runs code at %lx, where there is no memory\n", vcpu->vm->name,
			vcpu->vcpu_id, at);
	else if (vcpu->inject.info)
		log_err("vm %s: vCPU %u: an event's stack or table lies at %lx, where there is no memory\n",
			vcpu->vm->name, vcpu->vcpu_id, at);
	else if ((q & (EPT_LINEAR_VALID | EPT_OPERAND)) != (EPT_LINEAR_VALID | EPT_OPERAND))
		log_err("vm %s: vCPU %u: a page table lies at %lx, where there is no memory\n", vcpu->vm->name,
			vcpu->vcpu_id, at);
	else
		return 0;
	return ERR(-EFAULT);
}

enum mapping { MISSING, DENIED, ALLOWED };

/* What the tables say now: the mapping may have come, or got its rights, between the access and now. */
static enum mapping look_again(struct vcpu *vcpu, uint64_t at, uint64_t q)
{
	const struct pgtable *ept = &vcpu->vm->ept;
	uint64_t changes = pgtable_changes(ept), page = at / PAGE_SIZE;
	uint32_t attr, want = 0;

	if (likely(vcpu->hole.page == page && vcpu->hole.changes == changes))
		return MISSING;
	if (pgtable_lookup(ept, at, NULL, &attr, NULL)) {
		vcpu->hole.page = page;
		vcpu->hole.changes = changes;
		return MISSING;
	}
	want |= q & EPT_READ ? PG_R : 0;
	want |= q & EPT_WRITE ? PG_W : 0;
	want |= q & EPT_FETCH ? PG_X : 0;
	return (attr & want) == want ? ALLOWED : DENIED;
}

int exit_ept_violation(struct vcpu *vcpu)
{
	uint64_t at = vmread_known(VMCS_GUEST_PHYS), q = vmread_known(VMCS_EXIT_QUALIFICATION);
	enum mapping mapping;
	int r;

	/* Not an event delivery: an IRET that was unblocking NMIs starts again (27.2.3). */
	if ((q & EPT_NMI_UNBLOCK) && !vcpu->inject.info)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, vmread(VMCS_GUEST_INTERRUPTIBILITY) | BLOCK_NMI);
	mapping = look_again(vcpu, at, q);
	if (mapping == ALLOWED)
		return 0;
	if (vcpu->vm->hooks.touch && vcpu->vm->hooks.touch(vcpu->vm, at))
		return 0;
	r = not_an_operand(vcpu, at, q);
	if (r)
		return r;
	r = io_decode(vcpu, gpa(at), q & EPT_WRITE);
	/* Readable but not writable: the device model protected the page and wants to see the write. */
	vcpu->io.protected = (q & EPT_WRITE) && mapping == DENIED;
	if (r == DECODE_OK)
		return io_submit(vcpu);
	return r < 0 ? r : 0;
}

/* Our own tables are wrong: nothing the guest did. It is stopped all the same, as its memory is in doubt. */
int exit_ept_misconfig(struct vcpu *vcpu)
{
	log_err("vm %s: EPT entry for %lx is malformed\n", vcpu->vm->name, vmread(VMCS_GUEST_PHYS));
	return ERR(-EIO);
}

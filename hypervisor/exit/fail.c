/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports for a VM that cannot go on. The hypervisor itself always can. */
#include "exit/exit.h"
#include "io/decode.h"
#include "lib/printf.h"
#include "log/log.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/vm.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

static void report_registers(const struct vcpu *vcpu)
{
	static const char *const names[NR_GPRS] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8 ", "r9 ", "r10", "r11", "r12", "r13", "r14", "r15"
	};
	unsigned int i;

	for (i = 0; i < NR_GPRS; i += 4)
		log_err("  %s %016lx  %s %016lx  %s %016lx  %s %016lx\n",
			names[i], vcpu_gpr(vcpu, i), names[i + 1], vcpu_gpr(vcpu, i + 1),
			names[i + 2], vcpu_gpr(vcpu, i + 2), names[i + 3], vcpu_gpr(vcpu, i + 3));
	log_err("  rip %016lx  flags %lx  cr0 %lx  cr3 %lx  cr4 %lx  efer %lx\n", vcpu_rip(vcpu), vcpu_rflags(vcpu),
		vcpu_cr0(vcpu), vcpu_cr3(vcpu), vcpu_cr4(vcpu), vcpu_efer(vcpu));
	log_err("  cs %lx base %lx limit %lx rights %lx\n", vmread(VMCS_GUEST_CS), vmread(VMCS_GUEST_CS_BASE),
		vmread(VMCS_GUEST_CS_LIMIT), vmread(VMCS_GUEST_CS_AR));
}

void exit_report(struct vcpu *vcpu, const char *why)
{
	char text[64] = " unknown";
	uint8_t bytes[15];
	unsigned int i, n = io_decode_bytes(vcpu, bytes);

	log_err("vm %s vCPU %u on CPU %u: %s\n", vcpu->vm->name, vcpu->vcpu_id, vcpu->pcpu_id, why);
	log_err("  exit reason %lx qualification %lx guest-physical %lx\n", vmread(VMCS_EXIT_REASON),
		vmread(VMCS_EXIT_QUALIFICATION), vmread(VMCS_GUEST_PHYS));
	report_registers(vcpu);
	for (i = 0; i < n; i++)
		snprintf(text + 3 * i, sizeof(text) - 3 * i, " %02x", bytes[i]);
	log_err("  instruction bytes%s\n", text);
}

void exit_entry_failed(struct vcpu *vcpu, uint32_t reason)
{
	uint32_t basic = reason & 0xffff;

	if (!reason)
		log_err("vm %s: VM entry refused, VM-instruction error %lu\n", vcpu->vm->name, vmread(VMCS_INSN_ERROR));
	else
		log_err("vm %s: VM entry failed: %s\n", vcpu->vm->name,
			basic == EXIT_BAD_STATE ? "invalid guest state" :
			basic == EXIT_BAD_MSR ? "MSR loading" : "machine check");
	if (reason && basic == EXIT_MACHINE_CHECK && exit_machine_check(vcpu))
		log_err("vm %s: the machine check could not be judged\n", vcpu->vm->name);
	exit_report(vcpu, "state at the failed entry");
	vm_crash(vcpu->vm, "vCPU %u: VM entry failed (reason %x)", vcpu->vcpu_id, reason);
}

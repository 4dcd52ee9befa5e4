/* SPDX-License-Identifier: BSD-3-Clause */
/* VMXON with the CPU's region; the fixed CR0/CR4 bits are set first. */
#include "vmx/vmxon.h"

#include "cpu/percpu.h"
#include "lib/addr.h"
#include "lib/errno.h"
#include "log/log.h"
#include "mm/frame.h"
#include "vmx/caps.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmx_insn.h"

/* Firmware that left the register open leaves enabling VMX to us. */
static void feature_control_lock(void)
{
	uint64_t v = rdmsr(MSR_FEATURE_CONTROL);

	if (!(v & 1))
		wrmsr(MSR_FEATURE_CONTROL, v | 1 | 1ul << 2);
}

int vmxon_enable(void)
{
	uint32_t *region = frame_get(1);
	uint64_t pa;

	if (!region)
		return ERR(-ENOMEM);
	*region = vmx_caps.basic_revision;
	feature_control_lock();
	write_cr0((read_cr0() | vmx_caps.cr0_set) & vmx_caps.cr0_may);
	write_cr4((read_cr4() | vmx_caps.cr4_set) & vmx_caps.cr4_may);
	pa = hva_to_hpa(region).v;
	if (vmxon(&pa)) {
		log_err("CPU %u: VMXON refused; is VT-x taken by other software or disabled in the firmware?\n",
			this_pcpu_id());
		frame_put(region, 1);
		return ERR(-ENODEV);
	}
	invept(INVEPT_ALL, 0);
	invvpid(INVVPID_ALL, 0);
	return 0;
}

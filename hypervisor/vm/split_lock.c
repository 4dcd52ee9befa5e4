/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm/split_lock.h"

#include "cpu/percpu.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "vm/vcpu_arch.h"
#include "vm/virq.h"
#include "vm/vm.h"
#include "x86/cpuid.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

static enum split_lock policy;
static bool can;
static bool on[MAX_PCPUS];	/* own CPU: the register's bit */

static bool detected(void)
{
	uint64_t v;

	return cpuid(0, 0).eax >= 7 && (cpuid(7, 0).edx & CPUID_7_EDX_CORE_CAP) && !rdmsr_safe(MSR_CORE_CAPABILITIES, &v) &&
	       (v & CORE_CAP_SPLIT_LOCK);
}

void split_lock_init(const char *option)
{
	static const char *const words[NR_SPLIT_LOCK] = { "ignore", "report", "fault" };
	unsigned int i = 0;

	policy = SPLIT_LOCK_IGNORE;
	can = detected();
	if (!option)
		return;
	while (i < NR_SPLIT_LOCK && strcmp(option, words[i]))
		i++;
	if (i == NR_SPLIT_LOCK)
		log_warn("option split_lock: \"%.16s\" is not ignore, report or fault; they are ignored", option);
	else if (i && !can)
		log_warn("option split_lock: this CPU cannot tell (MSR 0xCF bit 5); they are ignored");
	else
		policy = (enum split_lock)i;
}

static void detect(bool enable)
{
	uint64_t v;

	if (!can || rdmsr_safe(MSR_TEST_CTRL, &v))
		return;
	v = enable ? v | TEST_CTRL_SPLIT_LOCK : v & ~TEST_CTRL_SPLIT_LOCK;
	if (!wrmsr_safe(MSR_TEST_CTRL, v))
		on[this_pcpu_id()] = enable;
}

void split_lock_init_cpu(void)
{
	detect(policy != SPLIT_LOCK_IGNORE);
}

uint32_t split_lock_exceptions(void)
{
	return policy == SPLIT_LOCK_IGNORE ? 0 : 1u << VEC_AC;
}

void split_lock_switch(const struct vcpu *vcpu)
{
	if (policy == SPLIT_LOCK_REPORT && on[this_pcpu_id()] == vcpu->arch->split_locks)
		detect(!vcpu->arch->split_locks);
}

/* What the guest itself asked for (SDM vol 3, 6.15, interrupt 17). */
static bool alignment_check(const struct vcpu *vcpu)
{
	return vcpu_cpl(vcpu) == 3 && (vcpu_cr0(vcpu) & CR0_AM) && (vcpu_rflags(vcpu) & RFLAGS_AC);
}

bool split_lock_passes(struct vcpu *vcpu)
{
	if (alignment_check(vcpu) || policy != SPLIT_LOCK_REPORT)
		return false;
	/* One report a vCPU: from then on its split locks run. */
	log_warn("vm %s: vCPU %u makes split locks, the first at %lx", vcpu->vm->name, vcpu->vcpu_id, vcpu_rip(vcpu));
	vcpu->arch->split_locks = true;
	split_lock_switch(vcpu);
	return true;
}

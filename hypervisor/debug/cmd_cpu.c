/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about a CPU: CPUID and MSRs. */
#include "cpu/percpu.h"
#include "debug/cmd.h"
#include "debug/peek.h"
#include "irq/ipi.h"
#include "lib/string.h"
#include "log/console.h"
#include "x86/insn.h"
#include "x86/msr.h"

struct msr_access {
	uint64_t msr, value;
	bool write;
	int err;
};

void cmd_cpuid(int argc, char **argv)
{
	uint64_t leaf, sub = 0;
	struct cpuid_regs r;

	if (argc < 2 || argc > 3 || str_to_u64(argv[1], &leaf) || leaf >> 32 ||
	    (argc == 3 && (str_to_u64(argv[2], &sub) || sub >> 32))) {
		console_printf("cpuid LEAF [SUBLEAF]\n");
		return;
	}
	r = cpuid((uint32_t)leaf, (uint32_t)sub);
	console_printf("eax %08x  ebx %08x  ecx %08x  edx %08x\n", r.eax, r.ebx, r.ecx, r.edx);
}

static void msr_do(void *arg)
{
	struct msr_access *a = arg;

	a->err = a->write ? wrmsr_safe((uint32_t)a->msr, a->value) : rdmsr_safe((uint32_t)a->msr, &a->value);
}

/* What the hypervisor itself stands on. */
static bool msr_is_ours(uint64_t msr)
{
	return msr == MSR_GS_BASE || msr == MSR_FS_BASE || msr == MSR_EFER || msr == MSR_APIC_BASE || msr == MSR_PAT;
}

static bool msr_parse(int argc, char **argv, struct msr_access *a, uint64_t *pcpu)
{
	*pcpu = this_pcpu_id();
	if (argc > 1 && argv[1][0] == '-' && argv[1][1] == 'p') {
		if (str_to_u64(argv[1] + 2, pcpu) || *pcpu >= nr_pcpus)
			return false;
		argv++;
		argc--;
	}
	return argc == 2 + a->write && !str_to_u64(argv[1], &a->msr) && !(a->msr >> 32) &&
	       (!a->write || !str_to_u64(argv[2], &a->value));
}

static void msr_command(int argc, char **argv, bool write)
{
	struct msr_access a = { .write = write };
	uint64_t pcpu;

	if (!msr_parse(argc, argv, &a, &pcpu)) {
		console_printf("%s [-pCPU] MSR%s, numbers in decimal or with 0x\n", argv[0], write ? " VALUE" : "");
		return;
	}
	if (peek_disturbs((uint32_t)pcpu)) {
		console_printf("CPU %lu is a real-time VM's: this would cause a VM exit\n", pcpu);
		return;
	}
	if (write && msr_is_ours(a.msr)) {
		console_printf("MSR 0x%lx is the hypervisor's own\n", a.msr);
		return;
	}
	ipi_call((uint32_t)pcpu, msr_do, &a);
	if (a.err)
		console_printf("CPU %lu refuses MSR 0x%lx%s\n", pcpu, a.msr, write ? " or this value" : "");
	else
		console_printf("CPU %lu  MSR 0x%lx  0x%lx\n", pcpu, a.msr, a.value);
}

void cmd_rdmsr(int argc, char **argv)
{
	msr_command(argc, argv, false);
}

void cmd_wrmsr(int argc, char **argv)
{
	msr_command(argc, argv, true);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hypercall itself, and what CPUID says about the hypervisor
 * (public/hypercall.h has the convention).
 */
#pragma once
#include <linux/errno.h>
#include <linux/err.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include "public/hypercall.h"

/* hc_call() - one VMCALL; any context. Structures are passed as physical addresses. */
static inline long hc_call(u32 id, u64 param1, u64 param2)
{
	register u64 r8 asm("r8") = id;
	long ret;

	asm volatile("vmcall"
		     : "=a" (ret)
		     : "r" (r8), "D" (param1), "S" (param2)
		     : "memory");
	return ret;
}

/*
 * hc() - a hypercall answered as 0 or -errno. Answers outside the range of
 * error numbers, which no sane hypervisor gives, become -EIO.
 */
static inline int hc(u32 id, u64 param1, u64 param2)
{
	long ret = hc_call(id, param1, param2);

	if (ret >= 0)
		return 0;
	return ret >= -MAX_ERRNO ? (int)ret : -EIO;
}

/* hc_present() - whether the CPU runs under an ACRN-compatible hypervisor. */
static inline bool hc_present(void)
{
	u32 eax, ebx, ecx, edx;

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return false;
	cpuid(HV_CPUID_BASE, &eax, &ebx, &ecx, &edx);
	return eax >= HV_CPUID_FEATURES && ebx == HV_CPUID_SIGNATURE &&
	       ecx == HV_CPUID_SIGNATURE && edx == HV_CPUID_SIGNATURE;
}

/* hc_privileged() - whether this is the Service VM. Only after hc_present(). */
static inline bool hc_privileged(void)
{
	return cpuid_eax(HV_CPUID_FEATURES) & HV_FEATURE_PRIVILEGED;
}

/* hc_extensions() - HV_EXT_* bits. Only after hc_present(). */
static inline u32 hc_extensions(void)
{
	return cpuid_eax(HV_CPUID_BASE) >= HV_CPUID_EXTENSIONS ?
	       cpuid_eax(HV_CPUID_EXTENSIONS) : 0;
}

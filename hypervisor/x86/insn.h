/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Single x86 instructions as functions (SDM volume 2); with vmx_insn.h the only
 * inline assembly there is. Unit tests shadow this file by tests/fake/x86/insn.h.
 */
#pragma once

#include "lib/errno.h"
#include "lib/types.h"
#include "x86/fixup.h"

/* Ports. */
static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

/* Device memory: one access of exactly this width, in program order with other ones. */
static inline uint8_t mmio_read8(const volatile void *p)
{
	uint8_t v;

	__asm__ volatile("movb %1, %0" : "=q"(v) : "m"(*(const volatile uint8_t *)p) : "memory");
	return v;
}

static inline uint16_t mmio_read16(const volatile void *p)
{
	uint16_t v;

	__asm__ volatile("movw %1, %0" : "=r"(v) : "m"(*(const volatile uint16_t *)p) : "memory");
	return v;
}

static inline uint32_t mmio_read32(const volatile void *p)
{
	uint32_t v;

	__asm__ volatile("movl %1, %0" : "=r"(v) : "m"(*(const volatile uint32_t *)p) : "memory");
	return v;
}

static inline uint64_t mmio_read64(const volatile void *p)
{
	uint64_t v;

	__asm__ volatile("movq %1, %0" : "=r"(v) : "m"(*(const volatile uint64_t *)p) : "memory");
	return v;
}

static inline void mmio_write8(volatile void *p, uint8_t v)
{
	__asm__ volatile("movb %1, %0" : "=m"(*(volatile uint8_t *)p) : "q"(v) : "memory");
}

static inline void mmio_write16(volatile void *p, uint16_t v)
{
	__asm__ volatile("movw %1, %0" : "=m"(*(volatile uint16_t *)p) : "r"(v) : "memory");
}

static inline void mmio_write32(volatile void *p, uint32_t v)
{
	__asm__ volatile("movl %1, %0" : "=m"(*(volatile uint32_t *)p) : "r"(v) : "memory");
}

static inline void mmio_write64(volatile void *p, uint64_t v)
{
	__asm__ volatile("movq %1, %0" : "=m"(*(volatile uint64_t *)p) : "r"(v) : "memory");
}

/* Model-specific registers; #GP (panic) when there is no such register. */
static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

/* As rdmsr(), but 0 with *v, or -EFAULT (*v 0) when the CPU refuses. */
static inline int __must_check rdmsr_safe(uint32_t msr, uint64_t *v)
{
	uint32_t lo = 0, hi = 0;
	int err = -EFAULT;

	__asm__ volatile("1: rdmsr\n\t"
			 "xorl %[err], %[err]\n\t"
			 "2:\n\t"
			 FIXUP("1b", "2b")
			 : "+a"(lo), "+d"(hi), [err] "+r"(err) : "c"(msr));
	*v = err ? 0 : (uint64_t)hi << 32 | lo;
	return err;
}

/* As wrmsr(), but 0 or -EFAULT when the CPU refuses. */
static inline int __must_check wrmsr_safe(uint32_t msr, uint64_t v)
{
	int err = -EFAULT;

	__asm__ volatile("1: wrmsr\n\t"
			 "xorl %[err], %[err]\n\t"
			 "2:\n\t"
			 FIXUP("1b", "2b")
			 : [err] "+r"(err)
			 : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
	return err;
}

/* A byte of memory that may not be there: 0 or -EFAULT. */
static inline int __must_check load8_safe(const uint8_t *p, uint8_t *v)
{
	int err = -EFAULT;

	*v = 0;
	__asm__ volatile("1: movb %[p], %[v]\n\t"
			 "xorl %[err], %[err]\n\t"
			 "2:\n\t"
			 FIXUP("1b", "2b")
			 : [v] "+q"(*v), [err] "+r"(err) : [p] "m"(*p));
	return err;
}

/* Identification. */
struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "0"(leaf), "2"(subleaf));
	return r;
}

/* Time stamp counter; not ordered with other instructions. */
static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

/* Control and debug registers. */
#define X86_REG(name, reg)						\
	static inline uint64_t read_##name(void)			\
	{								\
		uint64_t v;						\
									\
		__asm__ volatile("movq %%" reg ", %0" : "=r"(v) : : "memory"); \
		return v;						\
	}								\
	static inline void write_##name(uint64_t v)			\
	{								\
		__asm__ volatile("movq %0, %%" reg : : "r"(v) : "memory"); \
	}

X86_REG(cr0, "cr0")
X86_REG(cr2, "cr2")
X86_REG(cr3, "cr3")
X86_REG(cr4, "cr4")
X86_REG(dr0, "dr0")
X86_REG(dr1, "dr1")
X86_REG(dr2, "dr2")
X86_REG(dr3, "dr3")
X86_REG(dr6, "dr6")
X86_REG(dr7, "dr7")
#undef X86_REG

static inline uint64_t read_rflags(void)
{
	uint64_t v;

	__asm__ volatile("pushfq; popq %0" : "=r"(v));
	return v;
}

static inline uint64_t read_rsp(void)
{
	uint64_t v;

	__asm__ volatile("movq %%rsp, %0" : "=r"(v));
	return v;
}

/* Extended state: needs CR4.OSXSAVE. */
static inline uint64_t xgetbv(uint32_t reg)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(reg));
	return (uint64_t)hi << 32 | lo;
}

/* Caller has checked the value against CPUID leaf 0xD, else #GP. */
static inline void xsetbv(uint32_t reg, uint64_t v)
{
	__asm__ volatile("xsetbv" : : "c"(reg), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

/* `area` 64-byte aligned, big enough for `mask`. */
static inline void xsave(void *area, uint64_t mask)
{
	__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32)) : "memory");
}

/* 0, or -EFAULT when the area's header is not acceptable. */
static inline int __must_check xrstor(const void *area, uint64_t mask)
{
	int err = -EFAULT;

	__asm__ volatile("1: xrstor64 (%[area])\n\t"
			 "xorl %[err], %[err]\n\t"
			 "2:\n\t"
			 FIXUP("1b", "2b")
			 : [err] "+r"(err)
			 : [area] "r"(area), "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32)) : "memory");
	return err;
}

static inline void xsaves(void *area, uint64_t mask)
{
	__asm__ volatile("xsaves64 (%0)" : : "r"(area), "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32)) : "memory");
}

/* As xrstor(), for areas xsaves() wrote. */
static inline int __must_check xrstors(const void *area, uint64_t mask)
{
	int err = -EFAULT;

	__asm__ volatile("1: xrstors64 (%[area])\n\t"
			 "xorl %[err], %[err]\n\t"
			 "2:\n\t"
			 FIXUP("1b", "2b")
			 : [err] "+r"(err)
			 : [area] "r"(area), "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32)) : "memory");
	return err;
}

/* The 512-byte legacy area, 16-byte aligned, for CPUs without XSAVE. */
static inline void fxsave(void *area)
{
	__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static inline void fxrstor(const void *area)
{
	__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

/* Descriptor tables. */
struct desc_ptr {
	uint16_t limit;
	uint64_t base;
} __packed;

static inline void lgdt(const struct desc_ptr *p)
{
	__asm__ volatile("lgdt %0" : : "m"(*p) : "memory");
}

static inline void lidt(const struct desc_ptr *p)
{
	__asm__ volatile("lidt %0" : : "m"(*p) : "memory");
}

static inline void sgdt(struct desc_ptr *p)
{
	__asm__ volatile("sgdt %0" : "=m"(*p) : : "memory");
}

static inline void sidt(struct desc_ptr *p)
{
	__asm__ volatile("sidt %0" : "=m"(*p) : : "memory");
}

static inline void ltr(uint16_t sel)
{
	__asm__ volatile("ltr %0" : : "r"(sel) : "memory");
}

static inline void lldt(uint16_t sel)
{
	__asm__ volatile("lldt %0" : : "r"(sel) : "memory");
}

/* Loads DS, ES and SS; and, with a far return, CS. FS and GS keep their bases. */
static inline void load_segments(uint16_t cs, uint16_t ds)
{
	__asm__ volatile("movl %1, %%ds\n\t"
			 "movl %1, %%es\n\t"
			 "movl %1, %%ss\n\t"
			 "pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n\t"
			 "1:"
			 : : "r"((uint64_t)cs), "r"((uint32_t)ds) : "rax", "memory");
}

/* Interrupts and waiting. */
static inline void cpu_cli(void) { __asm__ volatile("cli" : : : "memory"); }
static inline void cpu_sti(void) { __asm__ volatile("sti" : : : "memory"); }
static inline void cpu_hlt(void) { __asm__ volatile("hlt" : : : "memory"); }
static inline void cpu_pause(void) { __asm__ volatile("pause"); }

/* Waits with interrupts on, without a window between STI and HLT, and returns with them off. */
static inline void cpu_sti_hlt_cli(void) { __asm__ volatile("sti; hlt; cli" : : : "memory"); }

/* One instruction in which pending interrupts are taken. */
static inline void cpu_sti_nop_cli(void) { __asm__ volatile("sti; nop; cli" : : : "memory"); }

/* After an NMI VM exit: runs the NMI handler, whose IRET ends the blocking of NMIs (SDM volume 3, 27.5.5). */
static inline void cpu_int_nmi(void) { __asm__ volatile("int $2" : : : "memory"); }

/* Caches and ordering. */
static inline void invlpg(uint64_t va) { __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory"); }
static inline void wbinvd(void) { __asm__ volatile("wbinvd" : : : "memory"); }
static inline void clflush(const void *p) { __asm__ volatile("clflush (%0)" : : "r"(p) : "memory"); }
static inline void cpu_mfence(void) { __asm__ volatile("mfence" : : : "memory"); }
static inline void cpu_lfence(void) { __asm__ volatile("lfence" : : : "memory"); }

/* Keeps the compiler from moving memory accesses across. */
static inline void compiler_barrier(void) { __asm__ volatile("" : : : "memory"); }

/* Block moves, forwards: counts of 8-byte words and of bytes; both pointers advance. */
static inline void rep_movs(void *dst, const void *src, size_t words, size_t bytes)
{
	__asm__ volatile("rep movsq\n\t"
			 "movq %3, %%rcx\n\t"
			 "rep movsb"
			 : "+D"(dst), "+S"(src), "+c"(words) : "r"(bytes) : "memory");
}

static inline void rep_stos(void *dst, uint64_t v, size_t words, size_t bytes)
{
	__asm__ volatile("rep stosq\n\t"
			 "movq %2, %%rcx\n\t"
			 "rep stosb"
			 : "+D"(dst), "+c"(words) : "r"(bytes), "a"(v) : "memory");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unit tests' stand-in for hypervisor/x86/insn.h: MSRs, CPUID leaves, ports and
 * registers are arrays a test fills and looks at. Nothing needs to be linked:
 * the arrays are weak definitions.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "lib/types.h"
#include "x86/fixup.h"

#define FAKE_MAX_MSRS	256u
#define FAKE_MAX_LEAVES	64u
#define FAKE_MAX_LOG	4096u

struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

struct desc_ptr {
	uint16_t limit;
	uint64_t base;
} __packed;

/* One port write, in order. */
struct fake_port_write {
	uint16_t port;
	uint8_t size;
	uint32_t value;
};

struct fake_cpu {
	struct { uint32_t msr; uint64_t value; } msr[FAKE_MAX_MSRS];
	uint32_t nr_msrs;
	struct { uint32_t leaf, subleaf; struct cpuid_regs regs; } leaf[FAKE_MAX_LEAVES];
	uint32_t nr_leaves;
	uint32_t port[65536];		/* what reads return and writes set */
	/* When set: asked first; true with *value when it answers the read or has taken the write. */
	bool (*port_read)(uint16_t port, uint8_t size, uint32_t *value);
	bool (*port_written)(uint16_t port, uint8_t size, uint32_t value);
	struct fake_port_write log[FAKE_MAX_LOG];
	uint32_t nr_log;
	void (*msr_written)(uint32_t msr, uint64_t value);	/* told of each write that did not fault, afterwards */
	uint64_t tsc, tsc_step;		/* each rdtsc() adds the step */
	uint64_t cr0, cr2, cr3, cr4, dr0, dr1, dr2, dr3, dr6, dr7, rflags, xcr0;
	uint32_t nr_hlt, nr_pause, nr_invlpg, nr_wbinvd, nr_clflush, nr_int_nmi;
	void (*on_hlt)(void), (*on_pause)(void), (*on_sti)(void);
};

__attribute__((weak)) struct fake_cpu fake_cpu;

static inline void fake_cpu_reset(void)
{
	memset(&fake_cpu, 0, sizeof(fake_cpu));
	fake_cpu.tsc_step = 1;
}

/* MSRs: those never set do not exist (rdmsr_safe() fails, rdmsr() aborts). */
static inline uint64_t *fake_msr_find(uint32_t msr)
{
	for (uint32_t i = 0; i < fake_cpu.nr_msrs; i++)
		if (fake_cpu.msr[i].msr == msr)
			return &fake_cpu.msr[i].value;
	return NULL;
}

static inline void fake_msr_set(uint32_t msr, uint64_t value)
{
	uint64_t *p = fake_msr_find(msr);

	if (!p) {
		if (fake_cpu.nr_msrs == FAKE_MAX_MSRS)
			abort();
		fake_cpu.msr[fake_cpu.nr_msrs].msr = msr;
		p = &fake_cpu.msr[fake_cpu.nr_msrs++].value;
	}
	*p = value;
}

static inline int __must_check rdmsr_safe(uint32_t msr, uint64_t *v)
{
	uint64_t *p = fake_msr_find(msr);

	*v = p ? *p : 0;
	return p ? 0 : -EFAULT;
}

static inline int __must_check wrmsr_safe(uint32_t msr, uint64_t v)
{
	uint64_t *p = fake_msr_find(msr);

	if (!p)
		return -EFAULT;
	*p = v;
	if (fake_cpu.msr_written)
		fake_cpu.msr_written(msr, v);
	return 0;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint64_t v;

	if (rdmsr_safe(msr, &v))
		abort();
	return v;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	if (wrmsr_safe(msr, v))
		abort();
}

/* CPUID: leaves never set read as zeros. */
static inline void fake_cpuid_set(uint32_t leaf, uint32_t subleaf, struct cpuid_regs regs)
{
	uint32_t i = 0;

	while (i < fake_cpu.nr_leaves && (fake_cpu.leaf[i].leaf != leaf || fake_cpu.leaf[i].subleaf != subleaf))
		i++;
	if (i == FAKE_MAX_LEAVES)
		abort();
	if (i == fake_cpu.nr_leaves)
		fake_cpu.nr_leaves++;
	fake_cpu.leaf[i].leaf = leaf;
	fake_cpu.leaf[i].subleaf = subleaf;
	fake_cpu.leaf[i].regs = regs;
}

static inline struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf)
{
	for (uint32_t i = 0; i < fake_cpu.nr_leaves; i++)
		if (fake_cpu.leaf[i].leaf == leaf && fake_cpu.leaf[i].subleaf == subleaf)
			return fake_cpu.leaf[i].regs;
	return (struct cpuid_regs){ 0, 0, 0, 0 };
}

/* Ports. */
static inline uint32_t fake_port_in(uint16_t port, uint8_t size)
{
	uint32_t v;

	if (fake_cpu.port_read && fake_cpu.port_read(port, size, &v))
		return v;
	return fake_cpu.port[port];
}

static inline void fake_port_out(uint16_t port, uint8_t size, uint32_t v)
{
	if (fake_cpu.nr_log < FAKE_MAX_LOG)
		fake_cpu.log[fake_cpu.nr_log++] = (struct fake_port_write){ port, size, v };
	if (!fake_cpu.port_written || !fake_cpu.port_written(port, size, v))
		fake_cpu.port[port] = v;
}

static inline uint8_t inb(uint16_t port) { return (uint8_t)fake_port_in(port, 1); }
static inline uint16_t inw(uint16_t port) { return (uint16_t)fake_port_in(port, 2); }
static inline uint32_t inl(uint16_t port) { return fake_port_in(port, 4); }
static inline void outb(uint16_t port, uint8_t v) { fake_port_out(port, 1, v); }
static inline void outw(uint16_t port, uint16_t v) { fake_port_out(port, 2, v); }
static inline void outl(uint16_t port, uint32_t v) { fake_port_out(port, 4, v); }

/* Device memory is the test's memory. */
static inline uint8_t mmio_read8(const volatile void *p) { return *(const volatile uint8_t *)p; }
static inline uint16_t mmio_read16(const volatile void *p) { return *(const volatile uint16_t *)p; }
static inline uint32_t mmio_read32(const volatile void *p) { return *(const volatile uint32_t *)p; }
static inline uint64_t mmio_read64(const volatile void *p) { return *(const volatile uint64_t *)p; }
static inline void mmio_write8(volatile void *p, uint8_t v) { *(volatile uint8_t *)p = v; }
static inline void mmio_write16(volatile void *p, uint16_t v) { *(volatile uint16_t *)p = v; }
static inline void mmio_write32(volatile void *p, uint32_t v) { *(volatile uint32_t *)p = v; }
static inline void mmio_write64(volatile void *p, uint64_t v) { *(volatile uint64_t *)p = v; }

static inline uint64_t rdtsc(void)
{
	return fake_cpu.tsc += fake_cpu.tsc_step;
}

#define FAKE_REG(name)							\
	static inline uint64_t read_##name(void) { return fake_cpu.name; } \
	static inline void write_##name(uint64_t v) { fake_cpu.name = v; }

FAKE_REG(cr0)
FAKE_REG(cr2)
FAKE_REG(cr3)
FAKE_REG(cr4)
FAKE_REG(dr0)
FAKE_REG(dr1)
FAKE_REG(dr2)
FAKE_REG(dr3)
FAKE_REG(dr6)
FAKE_REG(dr7)
#undef FAKE_REG

static inline uint64_t read_rflags(void) { return fake_cpu.rflags; }
static inline uint64_t read_rsp(void) { return 0; }
static inline uint64_t xgetbv(uint32_t reg) { (void)reg; return fake_cpu.xcr0; }
static inline void xsetbv(uint32_t reg, uint64_t v) { (void)reg; fake_cpu.xcr0 = v; }

/* Extended state is not modelled. */
static inline void xsave(void *area, uint64_t mask) { (void)area; (void)mask; }
static inline void xsaves(void *area, uint64_t mask) { (void)area; (void)mask; }
static inline int __must_check xrstor(const void *area, uint64_t mask) { (void)area; (void)mask; return 0; }
static inline int __must_check xrstors(const void *area, uint64_t mask) { (void)area; (void)mask; return 0; }
static inline void fxsave(void *area) { (void)area; }
static inline void fxrstor(const void *area) { (void)area; }

static inline void lgdt(const struct desc_ptr *p) { (void)p; }
static inline void lidt(const struct desc_ptr *p) { (void)p; }
static inline void ltr(uint16_t sel) { (void)sel; }
static inline void lldt(uint16_t sel) { (void)sel; }
static inline void load_segments(uint16_t cs, uint16_t ds) { (void)cs; (void)ds; }

/* Interrupt flag: bit 9 of fake_cpu.rflags. */
static inline void cpu_cli(void) { fake_cpu.rflags &= ~(1ul << 9); }
static inline void cpu_sti(void) { fake_cpu.rflags |= 1ul << 9; }

static inline void cpu_hlt(void)
{
	fake_cpu.nr_hlt++;
	if (fake_cpu.on_hlt)
		fake_cpu.on_hlt();
}

static inline void cpu_pause(void)
{
	fake_cpu.nr_pause++;
	if (fake_cpu.on_pause)
		fake_cpu.on_pause();
}

static inline void cpu_sti_hlt_cli(void) { cpu_hlt(); }
static inline void cpu_sti_nop_cli(void)
{
	if (fake_cpu.on_sti)
		fake_cpu.on_sti();
}
static inline void invlpg(uint64_t va) { (void)va; fake_cpu.nr_invlpg++; }
static inline void cpu_int_nmi(void) { fake_cpu.nr_int_nmi++; }
static inline void wbinvd(void) { fake_cpu.nr_wbinvd++; }
static inline void clflush(const void *p) { (void)p; fake_cpu.nr_clflush++; }
static inline void cpu_mfence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void cpu_lfence(void) { }
static inline void compiler_barrier(void) { __asm__ volatile("" : : : "memory"); }

static inline void rep_movs(void *dst, const void *src, size_t words, size_t bytes)
{
	volatile uint8_t *d = dst;
	const volatile uint8_t *s = src;

	for (size_t n = words * 8 + bytes; n; n--)
		*d++ = *s++;
}

static inline void rep_stos(void *dst, uint64_t v, size_t words, size_t bytes)
{
	volatile uint8_t *d = dst;

	for (size_t n = words * 8 + bytes; n; n--)
		*d++ = (uint8_t)v;
}

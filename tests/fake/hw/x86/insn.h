/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports, device memory and CPUID for unit tests of hypervisor/irq and
 * hypervisor/hw: only declared here, each test defines the machine it needs.
 * Use with -iquote tests/fake/hw, which comes before every -I.
 */
#pragma once

#include "lib/types.h"

struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf);

uint8_t inb(uint16_t port);
uint16_t inw(uint16_t port);
uint32_t inl(uint16_t port);
void outb(uint16_t port, uint8_t v);
void outw(uint16_t port, uint16_t v);
void outl(uint16_t port, uint32_t v);

uint8_t mmio_read8(const volatile void *p);
uint16_t mmio_read16(const volatile void *p);
uint32_t mmio_read32(const volatile void *p);
uint64_t mmio_read64(const volatile void *p);
void mmio_write8(volatile void *p, uint8_t v);
void mmio_write16(volatile void *p, uint16_t v);
void mmio_write32(volatile void *p, uint32_t v);
void mmio_write64(volatile void *p, uint64_t v);

void clflush(const void *p);
void cpu_pause(void);
static inline void compiler_barrier(void) { __asm__ volatile("" : : : "memory"); }

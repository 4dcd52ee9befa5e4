/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/apic.h"

#include "lib/cpu.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define SPURIOUS	0xffu
#define PIC1_MASK	0x21u
#define PIC2_MASK	0xa1u

bool apic_is_x2(void)
{
	return this_cpu()->x2apic;
}

static void find_mode(void)
{
	this_cpu()->x2apic = rdmsr(MSR_APIC_BASE) & APIC_BASE_EXTD;
}

bool apic_has_x2(void)
{
	return cpuid(1, 0).ecx & 1u << 21;
}

bool apic_use_x2(bool on)
{
	uint64_t v = rdmsr(MSR_APIC_BASE);

	if (on == !!(v & APIC_BASE_EXTD))
		return true;
	if (on ? !apic_has_x2() : !platform_is_vm())
		return false;
	if (on) {
		wrmsr(MSR_APIC_BASE, v | APIC_BASE_EN | APIC_BASE_EXTD);
	} else {
		v &= ~(APIC_BASE_EN | APIC_BASE_EXTD);
		wrmsr(MSR_APIC_BASE, v);
		wrmsr(MSR_APIC_BASE, v | APIC_BASE_EN);
	}
	apic_setup();
	return true;
}

static void run_in(bool x2, void (*fn)(void))
{
	report_push(x2 ? "x2APIC" : "xAPIC");
	fn();
	report_pop();
}

void apic_each_mode(void (*fn)(void))
{
	if (!platform_is_vm()) {
		run_in(apic_is_x2(), fn);
		return;
	}
	apic_use_x2(false);
	run_in(false, fn);
	if (!apic_use_x2(true))
		return;
	run_in(true, fn);
	apic_use_x2(false);
}

static volatile void *page(uint32_t reg)
{
	return (volatile void *)(APIC_BASE_DEFAULT + reg);
}

uint32_t apic_read(uint32_t reg)
{
	return apic_is_x2() ? (uint32_t)rdmsr(X2APIC_MSR(reg)) : mmio_read32(page(reg));
}

void apic_write(uint32_t reg, uint32_t v)
{
	if (apic_is_x2())
		wrmsr(X2APIC_MSR(reg), v);
	else
		mmio_write32(page(reg), v);
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

uint32_t apic_id(void)
{
	uint32_t v = apic_read(APIC_ID);

	return apic_is_x2() ? v : v >> XAPIC_ID_SHIFT;
}

void apic_icr(uint32_t dest, uint32_t low)
{
	if (apic_is_x2()) {
		wrmsr(MSR_X2APIC_ICR, (uint64_t)dest << X2APIC_ICR_DEST_SHIFT | low);
		return;
	}
	mmio_write32(page(APIC_ICR_HIGH), dest << XAPIC_ICR_DEST_SHIFT);
	mmio_write32(page(APIC_ICR_LOW), low);
	while (mmio_read32(page(APIC_ICR_LOW)) & APIC_ICR_BUSY)
		cpu_pause();
}

bool apic_bit(uint32_t reg0, uint8_t vector)
{
	return apic_read(reg0 + 16u * (vector / 32u)) >> vector % 32 & 1;
}

/* Firmware leaves the PIC on vectors that belong to exceptions. */
void apic_mask_pic(void)
{
	outb(PIC1_MASK, 0xff);
	outb(PIC2_MASK, 0xff);
}

void apic_setup(void)
{
	static const uint32_t lvts[] = { APIC_LVT_TIMER, APIC_LVT_LINT0, APIC_LVT_LINT1, APIC_LVT_ERROR };
	unsigned int i;

	find_mode();
	apic_write(APIC_SVR, APIC_SVR_ENABLE | SPURIOUS);
	for (i = 0; i < sizeof(lvts) / sizeof(lvts[0]); i++)
		apic_write(lvts[i], APIC_LVT_MASKED);
	apic_write(APIC_TPR, 0);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm/hyperv.h"

#include "cpu/tsc.h"
#include "lib/util.h"
#include "public/hypercall.h"
#include "vm/gpa.h"
#include "vm/vcpu.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "x86/cr.h"
#include "x86/insn.h"

#define INTERFACE	0x31237648u	/* "Hv#1" */
#define MAY_COUNTER	(1u << 1)
#define MAY_HYPERCALL	(1u << 5)
#define MAY_VP_INDEX	(1u << 6)
#define MAY_TSC_PAGE	(1u << 9)
#define MAY_FREQUENCY	(1u << 11)
#define HAS_FREQUENCY	(1u << 8)	/* EDX */
#define RELAXED_TIMING	(1u << 5)	/* recommended: no watchdog on late timers */
#define NEVER_NOTIFY	0xffffffffu	/* spinlock retries before telling the hypervisor */

#define ENABLE		1ul
#define LOCKED		2ul
#define PAGE(v)		((v) & ~(PAGE_SIZE - 1))
#define HZ		10000000u	/* reference time: 100 ns */

enum { OS_ID = 0x40000000, HYPERCALL, VP_INDEX, COUNTER = 0x40000020, TSC_PAGE, TSC_HZ, APIC_HZ };

/* Reference TSC page: time = (TSC * scale >> 64) + offset; sequence 0 = not valid, ask the counter. */
struct tsc_page {
	uint32_t sequence, reserved;
	uint64_t scale;
	int64_t offset;
};

bool hyperv_is_shown(const struct vm *vm)
{
	return vm->options & SCENARIO_OPT_HYPERV_LEAVES;
}

struct cpuid_regs hyperv_cpuid(const struct vm *vm, uint32_t leaf)
{
	switch (leaf) {
	case HV_CPUID_BASE + 1:
		return (struct cpuid_regs){ .eax = INTERFACE };
	case HV_CPUID_BASE + 3:
		return (struct cpuid_regs){ .eax = MAY_COUNTER | MAY_HYPERCALL | MAY_VP_INDEX | MAY_TSC_PAGE | MAY_FREQUENCY,
					    .edx = HAS_FREQUENCY };
	case HV_CPUID_BASE + 4:
		return (struct cpuid_regs){ .eax = RELAXED_TIMING, .ebx = NEVER_NOTIFY };
	case HV_CPUID_BASE + 5:
		return (struct cpuid_regs){ .eax = vm->nr_vcpus, .ebx = vm->nr_vcpus };
	default:	/* 2: no version; 6: no hardware assist is told of */
		return (struct cpuid_regs){ 0 };
	}
}

/* a * b >> 64 */
static uint64_t multiply_high(uint64_t a, uint64_t b)
{
	return (uint64_t)((unsigned __int128)a * b >> 64);
}

/* The guest's TSC without its vCPUs' offsets, which differ. */
static uint64_t vm_tsc(const struct vm *vm)
{
	return vtsc_from_host(&vm->tsc, tsc_now());
}

static uint64_t counter(const struct vm *vm)
{
	return multiply_high(vm_tsc(vm) - vm->hyperv.start, vm->hyperv.scale);
}

/*
 * What hypercalls get: VMCALL is not this VM's, so each is answered HV_STATUS_INVALID_HYPERCALL_CODE in RAX, or in EDX:EAX
 * outside 64-bit mode.
 */
static int write_hypercall_page(struct vcpu *vcpu, gpa_t at)
{
	static const uint8_t code_64[] = { 0xb8, 2, 0, 0, 0, 0xc3 };			/* mov $2, %eax; ret */
	static const uint8_t code_32[] = { 0x31, 0xd2, 0xb8, 2, 0, 0, 0, 0xc3 };	/* xor %edx, %edx; the same */
	bool wide = vcpu_efer(vcpu) & EFER_LMA;

	return gpa_write(vcpu->vm, at, wide ? code_64 : code_32, wide ? sizeof(code_64) : sizeof(code_32));
}

static int write_tsc_page(struct vcpu *vcpu, gpa_t at, uint32_t sequence)
{
	const struct hyperv *h = &vcpu->vm->hyperv;
	int64_t start = (int64_t)(h->start + vcpu->tsc_offset);
	uint64_t past = multiply_high(start < 0 ? -(uint64_t)start : (uint64_t)start, h->scale);
	const struct tsc_page p = {
		.sequence = sequence, .scale = h->scale, .offset = start < 0 ? (int64_t)past : -(int64_t)past,
	};

	return gpa_write(vcpu->vm, at, &p, sizeof(p));
}

static int set_hypercall(struct vcpu *vcpu, uint64_t v)
{
	struct hyperv *h = &vcpu->vm->hyperv;

	if (h->hypercall & LOCKED)
		return 0;
	/* Without an identity the page cannot be enabled (3.13). */
	if (!h->os_id)
		v &= ~ENABLE;
	if ((v & ENABLE) && write_hypercall_page(vcpu, gpa(PAGE(v))))
		return 1;
	h->hypercall = v;
	return 0;
}

static int set_tsc_page(struct vcpu *vcpu, uint64_t v)
{
	if ((v & ENABLE) && write_tsc_page(vcpu, gpa(PAGE(v)), 1))
		return 1;
	vcpu->vm->hyperv.tsc_page = v;
	return 0;
}

int hyperv_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	const struct hyperv *h = &vcpu->vm->hyperv;

	if (!hyperv_is_shown(vcpu->vm))
		return 1;
	switch (msr) {
	case OS_ID:	*value = h->os_id; return 0;
	case HYPERCALL:	*value = h->hypercall; return 0;
	case VP_INDEX:	*value = vcpu->vcpu_id; return 0;
	case COUNTER:	*value = counter(vcpu->vm); return 0;
	case TSC_PAGE:	*value = h->tsc_page; return 0;
	case TSC_HZ:	*value = vtsc_khz(&vcpu->vm->tsc) * 1000; return 0;
	case APIC_HZ:	*value = vlapic_timer_hz(vcpu); return 0;
	default:	return 1;
	}
}

int hyperv_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	struct hyperv *h = &vcpu->vm->hyperv;

	if (!hyperv_is_shown(vcpu->vm))
		return 1;
	switch (msr) {
	case OS_ID:
		h->os_id = value;
		if (!value)
			h->hypercall &= ~ENABLE;
		return 0;
	case HYPERCALL:
		return set_hypercall(vcpu, value);
	case TSC_PAGE:
		return set_tsc_page(vcpu, value);
	default:
		return 1;
	}
}

void hyperv_reset(struct vm *vm)
{
	/* 2^64 * 10^7 / TSC frequency: it fits, as no TSC is slower than 10 MHz. */
	vm->hyperv = (struct hyperv){ .start = vm_tsc(vm), .scale = vtsc_ratio(HZ, vtsc_khz(&vm->tsc) * 1000, 64) };
}

void hyperv_tsc_changed(struct vcpu *vcpu)
{
	uint64_t page = vcpu->vm->hyperv.tsc_page;

	/* A page that is no RAM any more has no readers. */
	if ((page & ENABLE) && write_tsc_page(vcpu, gpa(PAGE(page)), 0))
		vcpu->vm->hyperv.tsc_page = page & ~ENABLE;
}

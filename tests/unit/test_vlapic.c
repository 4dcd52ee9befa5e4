/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual local APIC: priorities, EOI, registers of both modes, IA32_APIC_BASE, errors. */
/* unit: hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c tests/fake/vm_vm.c tests/fake/vm_time.c tests/fake/vm_mem.c tests/fake/vm_virq.c */
#include <check.h>
#include <stdlib.h>

#include "vm_mem.h"
#include "vm_time.h"
#include "vm_virq.h"
#include "vm_vm.h"
#include "vm/vlapic.h"
#include "vm/virq.h"
#include "x86/apicreg.h"
#include "x86/msr.h"

static struct vm *vm;
static struct vcpu *v;
static uint8_t ended[16];
static unsigned int nr_ended;

static void note_eoi(struct vm *who, uint8_t vector)
{
	ck_assert_ptr_eq(who, vm);
	ended[nr_ended++ % 16] = vector;
}

static void setup(void)
{
	vm = fake_vm_create(2);
	vm->hooks.eoi = note_eoi;
	nr_ended = 0;
	fake_time_reset();
	fake_virq = (struct fake_virq){ .post = vlapic_post };
	ck_assert_int_eq(vlapic_create(vm->vcpus[0]), 0);
	ck_assert_int_eq(vlapic_create(vm->vcpus[1]), 0);
	v = vm->vcpus[0];
}

static void teardown(void)
{
	vlapic_destroy(vm->vcpus[0]);
	vlapic_destroy(vm->vcpus[1]);
	fake_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static void wr(uint32_t offset, uint32_t value)
{
	ck_assert_int_eq(vlapic_mmio_write(v, offset, value), 0);
}

static uint32_t rd(uint32_t offset)
{
	uint32_t value;

	ck_assert_int_eq(vlapic_mmio_read(v, offset, &value), 0);
	return value;
}

static void enable(void)
{
	wr(APIC_SVR, APIC_SVR_ENABLE | 0xff);
}

static uint64_t msr(uint32_t n)
{
	uint64_t value;

	ck_assert_int_eq(vlapic_msr_read(v, n, &value), 0);
	return value;
}

static int set_base(uint64_t mode)
{
	return vlapic_msr_write(v, MSR_APIC_BASE, APIC_BASE_DEFAULT | mode);
}

static void to_x2apic(void)
{
	ck_assert_int_eq(set_base(APIC_BASE_EN | APIC_BASE_EXTD), 0);
}

/* Posts, merges, and takes the highest deliverable vector; -1 when none gets in. */
static int take(void)
{
	int vector;

	vlapic_sync(v);
	vector = vlapic_pending(v);
	if (vector >= 0)
		vlapic_accept(v, (uint8_t)vector);
	return vector;
}

START_TEST(power_up_state)
{
	ck_assert_uint_eq(msr(MSR_APIC_BASE), APIC_BASE_DEFAULT | APIC_BASE_EN | APIC_BASE_BSP);
	ck_assert_uint_eq(rd(APIC_ID), 0);
	ck_assert_uint_eq(rd(APIC_VERSION), 0x50014);
	ck_assert_uint_eq(rd(APIC_SVR), 0xff);
	ck_assert_uint_eq(rd(APIC_DFR), 0xffffffff);
	ck_assert_uint_eq(rd(APIC_LVT_TIMER), APIC_LVT_MASKED);
	ck_assert_uint_eq(rd(APIC_LVT_LINT1), APIC_LVT_MASKED);
	ck_assert_uint_eq(rd(APIC_LVT_LINT0), APIC_LVT_DM_EXTINT);
	ck_assert(!vlapic_is_enabled(v));
	v = vm->vcpus[1];
	ck_assert_uint_eq(msr(MSR_APIC_BASE), APIC_BASE_DEFAULT | APIC_BASE_EN);
	ck_assert_uint_eq(rd(APIC_ID), 1u << 24);
	ck_assert_uint_eq(rd(APIC_LVT_LINT0), APIC_LVT_MASKED);
}
END_TEST

START_TEST(no_memory_is_an_error)
{
	struct vm *other = fake_vm_create(1);

	fake_mem_empty = true;
	ck_assert_int_lt(vlapic_create(other->vcpus[0]), 0);
	fake_mem_empty = false;
	vlapic_destroy(other->vcpus[0]);
	fake_vm_destroy(other);
}
END_TEST

START_TEST(higher_class_first_and_nests)
{
	enable();
	vlapic_post(v, 0x41, false);
	vlapic_post(v, 0x93, false);
	ck_assert(fake_vm_take_request(v, REQ_EVENT));
	ck_assert_int_eq(take(), 0x93);
	ck_assert_uint_eq(rd(APIC_ISR0 + 0x40), 1u << 0x13);
	ck_assert_uint_eq(rd(APIC_IRR0 + 0x40), 0);
	ck_assert_uint_eq(rd(APIC_IRR0 + 0x20), 1u << 1);
	ck_assert_uint_eq(rd(APIC_PPR), 0x90);
	ck_assert_int_eq(take(), -1);
	/* Same class does not interrupt, a higher one does. */
	vlapic_post(v, 0x9f, false);
	ck_assert_int_eq(take(), -1);
	vlapic_post(v, 0xa0, false);
	ck_assert_int_eq(take(), 0xa0);
	ck_assert_int_eq(vlapic_isr_top(v), 0xa0);
	wr(APIC_EOI, 0);
	ck_assert_int_eq(vlapic_isr_top(v), 0x93);
	wr(APIC_EOI, 0);
	ck_assert_int_eq(vlapic_isr_top(v), -1);
	ck_assert_int_eq(take(), 0x9f);
	wr(APIC_EOI, 0);
	ck_assert_int_eq(take(), 0x41);
	wr(APIC_EOI, 0);
	ck_assert_int_eq(take(), -1);
	ck_assert_uint_eq(nr_ended, 0);
}
END_TEST

START_TEST(tpr_holds_back)
{
	enable();
	vlapic_post(v, 0x52, false);
	wr(APIC_TPR, 0x50);
	ck_assert_int_eq(take(), -1);
	ck_assert_uint_eq(vlapic_tpr_threshold(v), 5);
	ck_assert_uint_eq(rd(APIC_PPR), 0x50);
	wr(APIC_TPR, 0x4f);
	ck_assert_uint_eq(rd(APIC_PPR), 0x4f);
	ck_assert_uint_eq(vlapic_tpr_threshold(v), 0);
	ck_assert(v->event_check);
	ck_assert_int_eq(take(), 0x52);
	ck_assert_uint_eq(rd(APIC_PPR), 0x50);
	/* Held back by what is in service: no TPR write helps. */
	vlapic_post(v, 0x51, false);
	vlapic_sync(v);
	ck_assert_uint_eq(vlapic_tpr_threshold(v), 0);
	vlapic_set_cr8(v, 0xe);
	ck_assert_uint_eq(vlapic_tpr(v), 0xe0);
	ck_assert_uint_eq(rd(APIC_PPR), 0xe0);
}
END_TEST

START_TEST(same_vector_twice)
{
	enable();
	vlapic_post(v, 0x61, false);
	fake_vm_nr_requests = 0;
	vlapic_post(v, 0x61, false);
	ck_assert_uint_eq(fake_vm_nr_requests, 0);	/* still in pir: no second request */
	ck_assert_int_eq(take(), 0x61);
	vlapic_post(v, 0x61, false);			/* one more can wait while one is in service */
	ck_assert_uint_eq(fake_vm_nr_requests, 1);
	ck_assert_int_eq(take(), -1);
	wr(APIC_EOI, 0);
	ck_assert_int_eq(take(), 0x61);
	wr(APIC_EOI, 0);
	ck_assert_int_eq(take(), -1);
}
END_TEST

START_TEST(level_is_told_at_eoi)
{
	uint64_t exits[4];

	enable();
	vlapic_post(v, 0x71, true);
	ck_assert_int_eq(take(), 0x71);
	ck_assert_uint_eq(rd(APIC_TMR0 + 0x30), 1u << 0x11);
	vlapic_eoi_exits(v, exits);
	ck_assert_uint_eq(exits[1], 1ul << (0x71 - 64));
	ck_assert_uint_eq(exits[0] | exits[2] | exits[3], 0);
	wr(APIC_EOI, 0);
	ck_assert_uint_eq(nr_ended, 1);
	ck_assert_uint_eq(ended[0], 0x71);
	/* The same vector edge triggered afterwards: TMR follows. */
	vlapic_post(v, 0x71, false);
	ck_assert_int_eq(take(), 0x71);
	ck_assert_uint_eq(rd(APIC_TMR0 + 0x30), 0);
	wr(APIC_EOI, 0);
	ck_assert_uint_eq(nr_ended, 1);
	wr(APIC_EOI, 0);	/* nothing in service */
	ck_assert_uint_eq(nr_ended, 1);
}
END_TEST

/* Hardware delivers from the page: the functions must look at the page, not at caches. */
START_TEST(hardware_delivery)
{
	enable();
	v->vlapic->hw_vid = true;
	vlapic_post(v, 0x80, true);
	ck_assert(vlapic_sync(v));
	ck_assert(fake_vm_take_request(v, REQ_EOI_EXITS));
	ck_assert_int_eq(vlapic_irr_top(v), 0x80);
	vlapic_accept(v, 0x80);		/* as hardware does to the page */
	v->vlapic->irr_words = v->vlapic->isr_words = 0;
	ck_assert_int_eq(vlapic_irr_top(v), -1);
	ck_assert_int_eq(vlapic_isr_top(v), 0x80);
	ck_assert_uint_eq(rd(APIC_PPR), 0x80);
	vlapic_post(v, 0x80, true);
	vlapic_sync(v);
	ck_assert(!fake_vm_take_request(v, REQ_EOI_EXITS));
	vlapic_eoi_done(v, 0x80);
	ck_assert_uint_eq(nr_ended, 1);
	/* APIC-write exits: the value is in the page already. */
	*(uint32_t *)(void *)(v->vlapic->page + APIC_LVT_LINT1) = 0xffffffff;
	vlapic_apic_write(v, APIC_LVT_LINT1);
	ck_assert_uint_eq(rd(APIC_LVT_LINT1), 0x1a7ff);
	*(uint32_t *)(void *)(v->vlapic->page + APIC_SVR) = 0x2f;
	vlapic_apic_write(v, APIC_SVR);
	ck_assert(!vlapic_is_enabled(v));
	ck_assert_uint_eq(rd(APIC_LVT_LINT0) & APIC_LVT_MASKED, APIC_LVT_MASKED);
	*(uint32_t *)(void *)(v->vlapic->page + APIC_ID) = 0x55;
	vlapic_apic_write(v, APIC_ID);
	ck_assert_uint_eq(rd(APIC_ID), 0);
	vlapic_apic_write(v, 0x7fff0);
}
END_TEST

START_TEST(disabled_apic_takes_nothing)
{
	enable();
	vlapic_post(v, 0x33, false);
	wr(APIC_SVR, 0xff);		/* what came before stays, what comes later is lost */
	ck_assert_uint_eq(rd(APIC_IRR0 + 0x10), 1u << 0x13);
	vlapic_post(v, 0x44, false);
	ck_assert(!vlapic_sync(v));
	ck_assert_int_eq(take(), 0x33);
	wr(APIC_LVT_ERROR, 0x40);
	ck_assert_uint_eq(rd(APIC_LVT_ERROR), APIC_LVT_MASKED | 0x40);
	enable();
	wr(APIC_LVT_ERROR, 0x40);
	ck_assert_uint_eq(rd(APIC_LVT_ERROR), 0x40);
	wr(APIC_SVR, 0xff);
	ck_assert_uint_eq(rd(APIC_LVT_ERROR), APIC_LVT_MASKED | 0x40);
}
END_TEST

START_TEST(reserved_bits_of_the_page)
{
	static const struct { uint32_t offset, want; } t[] = {
		{ APIC_TPR, 0xff }, { APIC_LDR, 0xff000000 }, { APIC_DFR, 0xffffffff }, { APIC_SVR, 0x3ff },
		{ APIC_LVT_TIMER, 0x300ff }, { APIC_LVT_THERMAL, 0x107ff }, { APIC_LVT_PMI, 0x107ff },
		{ APIC_LVT_LINT0, 0x1a7ff }, { APIC_LVT_LINT1, 0x1a7ff }, { APIC_LVT_ERROR, 0x100ff },
		{ APIC_TDCR, 0xb }, { APIC_ICR_HIGH, 0xff000000 }, { APIC_ID, 0 }, { APIC_VERSION, 0x50014 },
		{ APIC_EOI, 0 }, { APIC_PPR, 0xff },
	};
	unsigned int i;

	enable();
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		wr(t[i].offset, 0xffffffff);
		ck_assert_msg(rd(t[i].offset) == t[i].want, "register %x: %x", t[i].offset, rd(t[i].offset));
	}
	wr(APIC_DFR, 0);
	ck_assert_uint_eq(rd(APIC_DFR), 0x0fffffff);
}
END_TEST

START_TEST(every_offset_is_safe)
{
	uint32_t offset, value;
	unsigned int good = 0;

	enable();
	for (offset = 0; offset < 0x1010; offset++) {
		good += vlapic_mmio_read(v, offset, &value) == 0;
		vlapic_mmio_write(v, offset, 0x000c00ff);
		vlapic_apic_write(v, offset);
	}
	/* ID, version, TPR, APR, PPR, EOI, RRD, LDR, DFR, SVR; 24 of ISR, TMR, IRR; ESR; ICR; 6 LVT; 3 of the timer. */
	ck_assert_uint_eq(good, 10 + 24 + 1 + 2 + 6 + 3);
	vlapic_mmio_write(v, APIC_ESR, 0);
	ck_assert_uint_eq(rd(APIC_ESR) & APIC_ESR_REGISTER, APIC_ESR_REGISTER);
}
END_TEST

START_TEST(esr_latches)
{
	enable();
	wr(APIC_LVT_ERROR, 0xfe);
	vlapic_post(v, 15, false);
	ck_assert_uint_eq(rd(APIC_ESR), 0);
	ck_assert_int_eq(take(), 0xfe);
	wr(APIC_ESR, 0);
	ck_assert_uint_eq(rd(APIC_ESR), APIC_ESR_RECV_VECTOR);
	wr(APIC_ESR, 0);
	ck_assert_uint_eq(rd(APIC_ESR), 0);
	/* An illegal vector in the error entry itself must not recurse. */
	wr(APIC_LVT_ERROR, 3);
	vlapic_post(v, 1, false);
	wr(APIC_ICR_LOW, 5 | APIC_ICR_SH_SELF);
	wr(APIC_ESR, 0);
	ck_assert_uint_eq(rd(APIC_ESR), APIC_ESR_RECV_VECTOR | APIC_ESR_SEND_VECTOR);
}
END_TEST

START_TEST(local_sources)
{
	enable();
	wr(APIC_LVT_LINT1, APIC_LVT_DM_NMI);
	vlapic_local(v, APIC_LVT_LINT1);
	ck_assert(fake_vm_take_request(v, REQ_NMI));
	wr(APIC_LVT_PMI, 0x99);
	vlapic_local(v, APIC_LVT_PMI);
	vlapic_local(v, APIC_LVT_PMI);
	ck_assert_int_eq(take(), 0x99);
	ck_assert_uint_eq(rd(APIC_LVT_PMI), APIC_LVT_MASKED | 0x99);
	wr(APIC_LVT_THERMAL, APIC_LVT_DM_INIT);
	vlapic_local(v, APIC_LVT_THERMAL);
	ck_assert(fake_vm_take_request(v, REQ_INIT));
	wr(APIC_LVT_THERMAL, 7);
	vlapic_local(v, APIC_LVT_THERMAL);
	wr(APIC_ESR, 0);
	ck_assert_uint_eq(rd(APIC_ESR), APIC_ESR_RECV_VECTOR);
	wr(APIC_LVT_THERMAL, APIC_LVT_DM_SMI);
	vlapic_local(v, APIC_LVT_THERMAL);
	ck_assert_int_eq(take(), -1);
}
END_TEST

START_TEST(extint_through_lint0)
{
	ck_assert(vlapic_accepts_extint(v));
	ck_assert(!vlapic_accepts_extint(vm->vcpus[1]));
	enable();
	wr(APIC_LVT_LINT0, APIC_LVT_MASKED | APIC_LVT_DM_EXTINT);
	ck_assert(!vlapic_accepts_extint(v));
	wr(APIC_LVT_LINT0, APIC_LVT_DM_FIXED | 0x30);
	ck_assert(!vlapic_accepts_extint(v));
	v->event_check = false;
	wr(APIC_LVT_LINT0, APIC_LVT_DM_EXTINT);
	ck_assert(vlapic_accepts_extint(v));
	ck_assert(v->event_check);
	wr(APIC_LVT_LINT0, APIC_LVT_MASKED);
	ck_assert_int_eq(set_base(0), 0);
	ck_assert(vlapic_accepts_extint(v));
}
END_TEST

/* Every mode to every mode (11.12.5): 1 = allowed. Index: EN | EXTD << 1. */
START_TEST(apic_base_transitions)
{
	static const uint8_t allowed[4][4] = {
		[0] = { 1, 1, 0, 0 },
		[1] = { 1, 1, 0, 1 },
		[3] = { 1, 0, 0, 1 },
	};
	unsigned int from, to;

	for (from = 0; from < 4; from++) {
		if (from == 2)
			continue;
		for (to = 0; to < 4; to++) {
			uint64_t want = (to & 1 ? APIC_BASE_EN : 0) | (to & 2 ? APIC_BASE_EXTD : 0);

			vlapic_reset(v, false);
			if (from == 3)
				to_x2apic();
			if (from == 0)
				ck_assert_int_eq(set_base(0), 0);
			ck_assert_msg(set_base(want) == !allowed[from][to], "%u -> %u", from, to);
			if (allowed[from][to])
				ck_assert_uint_eq(msr(MSR_APIC_BASE), APIC_BASE_DEFAULT | want | APIC_BASE_BSP);
		}
	}
}
END_TEST

START_TEST(apic_base_other_bits)
{
	ck_assert_int_eq(vlapic_msr_write(v, MSR_APIC_BASE, 0xfed00000 | APIC_BASE_EN), 1);
	ck_assert_int_eq(set_base(APIC_BASE_EN | 1), 1);
	ck_assert_int_eq(set_base(APIC_BASE_EN | 1ul << 9), 1);
	ck_assert_int_eq(set_base(APIC_BASE_EN | 1ul << 52), 1);
	ck_assert_int_eq(set_base(APIC_BASE_EN), 0);	/* the BSP bit cannot be cleared */
	ck_assert_uint_eq(msr(MSR_APIC_BASE) & APIC_BASE_BSP, APIC_BASE_BSP);
	vm->options = SCENARIO_OPT_NO_X2APIC;
	ck_assert_int_eq(set_base(APIC_BASE_EN | APIC_BASE_EXTD), 1);
	ck_assert_int_eq(set_base(APIC_BASE_EN), 0);
}
END_TEST

START_TEST(disable_forgets_state)
{
	enable();
	wr(APIC_TPR, 0x30);
	vlapic_post(v, 0x90, false);
	vlapic_sync(v);
	ck_assert_int_eq(set_base(0), 0);
	ck_assert_int_eq(vlapic_pending(v), -1);
	ck_assert_int_eq(vlapic_mmio_write(v, APIC_TPR, 1), -22);
	ck_assert_int_eq(set_base(APIC_BASE_EN), 0);
	ck_assert_uint_eq(rd(APIC_TPR), 0);
	ck_assert_uint_eq(rd(APIC_IRR0 + 0x40), 0);
}
END_TEST

START_TEST(x2apic_registers)
{
	uint64_t value;
	uint32_t n, value32;
	unsigned int readable = 0;

	ck_assert_int_eq(vlapic_msr_read(v, MSR_X2APIC_ID, &value), 1);
	v->vapic_id = 0x123;
	enable();
	wr(APIC_TPR, 0x20);
	to_x2apic();
	ck_assert_uint_eq(msr(MSR_X2APIC_ID), 0x123);
	ck_assert_uint_eq(msr(MSR_X2APIC_LDR), 0x120008);
	ck_assert_uint_eq(msr(MSR_X2APIC_TPR), 0x20);
	ck_assert_uint_eq(msr(MSR_X2APIC_SVR), 0x1ff);
	ck_assert_int_eq(vlapic_mmio_read(v, APIC_ID, &value32), -22);
	ck_assert_uint_eq(value32, 0);
	for (n = 0x800; n <= 0x8ff; n++)
		readable += vlapic_msr_read(v, n, &value) == 0;
	/* ID, version, TPR, PPR, LDR, SVR, 24, ESR, ICR, 6 LVT, 3 timer. */
	ck_assert_uint_eq(readable, 6 + 24 + 1 + 1 + 6 + 3);
	ck_assert_int_eq(vlapic_msr_read(v, MSR_X2APIC_EOI, &value), 1);
	ck_assert_int_eq(vlapic_msr_read(v, MSR_X2APIC_SELF_IPI, &value), 1);
	ck_assert_int_eq(vlapic_msr_read(v, 0x80e, &value), 1);
	ck_assert_int_eq(vlapic_msr_read(v, MSR_X2APIC_LVT_CMCI, &value), 1);
	ck_assert_int_eq(vlapic_msr_read(v, 0x831, &value), 1);
}
END_TEST

START_TEST(x2apic_reserved_bits_fault)
{
	static const struct { uint32_t msr; uint64_t value; int result; } t[] = {
		{ MSR_X2APIC_ID, 0, 1 }, { MSR_X2APIC_LDR, 0, 1 }, { MSR_X2APIC_VERSION, 0, 1 },
		{ MSR_X2APIC_PPR, 0, 1 }, { MSR_X2APIC_ISR0, 0, 1 }, { MSR_X2APIC_TMCCT, 0, 1 },
		{ MSR_X2APIC_TPR, 0xff, 0 }, { MSR_X2APIC_TPR, 0x100, 1 }, { MSR_X2APIC_TPR, 1ul << 32, 1 },
		{ MSR_X2APIC_EOI, 0, 0 }, { MSR_X2APIC_EOI, 1, 1 }, { MSR_X2APIC_EOI, 1ul << 40, 1 },
		{ MSR_X2APIC_ESR, 0, 0 }, { MSR_X2APIC_ESR, 1, 1 },
		{ MSR_X2APIC_SVR, 0x3ff, 0 }, { MSR_X2APIC_SVR, 0x1100, 1 },
		{ MSR_X2APIC_LVT_TIMER, 0x410fd, 0 }, { MSR_X2APIC_LVT_TIMER, 0x600fd, 1 }, { MSR_X2APIC_LVT_TIMER, 0x80000, 1 },
		{ MSR_X2APIC_LVT_LINT0, 0x1f7ff, 0 }, { MSR_X2APIC_LVT_LINT0, 0x800, 1 },
		{ MSR_X2APIC_LVT_ERROR, 0x11011, 0 }, { MSR_X2APIC_LVT_ERROR, 0x100 | 0x20, 1 },
		{ MSR_X2APIC_TMICT, 0xffffffff, 0 }, { MSR_X2APIC_TMICT, 1ul << 32, 1 },
		{ MSR_X2APIC_TDCR, 0xb, 0 }, { MSR_X2APIC_TDCR, 4, 1 },
		{ MSR_X2APIC_ICR, 0x500000040, 0 }, { MSR_X2APIC_ICR, 0x2040, 1 }, { MSR_X2APIC_ICR, 0x10040, 1 },
		{ MSR_X2APIC_ICR, 0x100040, 1 }, { MSR_X2APIC_SELF_IPI, 0x40, 0 }, { MSR_X2APIC_SELF_IPI, 0x140, 1 },
		{ 0x80e, 0, 1 }, { 0x831, 0, 1 }, { MSR_X2APIC_LVT_CMCI, 0, 1 }, { 0x8ff, 0, 1 }, { 0x900, 0, 1 }, { 0x7ff, 0, 1 },
	};
	unsigned int i;

	enable();
	to_x2apic();
	for (i = 0; i < ARRAY_SIZE(t); i++)
		ck_assert_msg(vlapic_msr_write(v, t[i].msr, t[i].value) == t[i].result, "%x <- %lx", t[i].msr, t[i].value);
	ck_assert_uint_eq(msr(MSR_X2APIC_ICR), 0x500000040);
}
END_TEST

START_TEST(x2apic_delivery)
{
	enable();
	to_x2apic();
	ck_assert_int_eq(vlapic_msr_write(v, MSR_X2APIC_SELF_IPI, 0x77), 0);
	ck_assert_int_eq(take(), 0x77);
	ck_assert_int_eq(vlapic_msr_write(v, MSR_X2APIC_EOI, 0), 0);
	ck_assert_int_eq(vlapic_isr_top(v), -1);
	ck_assert_int_eq(vlapic_msr_write(v, MSR_X2APIC_SELF_IPI, 7), 0);
	ck_assert_int_eq(vlapic_msr_write(v, MSR_X2APIC_ESR, 0), 0);
	ck_assert_uint_eq(msr(MSR_X2APIC_ESR), APIC_ESR_SEND_VECTOR);
}
END_TEST

START_TEST(init_keeps_mode_and_identity)
{
	v = vm->vcpus[1];
	enable();
	to_x2apic();
	ck_assert_int_eq(vlapic_msr_write(v, MSR_X2APIC_TPR, 0x20), 0);
	vlapic_post(v, 0x50, false);
	vlapic_reset(v, true);
	ck_assert(vlapic_is_x2apic(v));
	ck_assert(!vlapic_is_enabled(v));
	ck_assert_uint_eq(msr(MSR_X2APIC_ID), 1);
	ck_assert_uint_eq(msr(MSR_X2APIC_LDR), 2);
	ck_assert_uint_eq(msr(MSR_X2APIC_TPR), 0);
	ck_assert(!vlapic_sync(v));
	vlapic_reset(v, false);
	ck_assert(!vlapic_is_x2apic(v));
	ck_assert_uint_eq(rd(APIC_ID), 1u << 24);
	ck_assert_uint_eq(rd(APIC_LDR), 0);
}
END_TEST

START_TEST(init_masks_lint0)
{
	vlapic_reset(v, true);
	ck_assert_uint_eq(rd(APIC_LVT_LINT0), APIC_LVT_MASKED);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vlapic");
	TCase *c = tcase_create("vlapic");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, power_up_state);
	tcase_add_test(c, no_memory_is_an_error);
	tcase_add_test(c, higher_class_first_and_nests);
	tcase_add_test(c, tpr_holds_back);
	tcase_add_test(c, same_vector_twice);
	tcase_add_test(c, level_is_told_at_eoi);
	tcase_add_test(c, hardware_delivery);
	tcase_add_test(c, disabled_apic_takes_nothing);
	tcase_add_test(c, reserved_bits_of_the_page);
	tcase_add_test(c, every_offset_is_safe);
	tcase_add_test(c, esr_latches);
	tcase_add_test(c, local_sources);
	tcase_add_test(c, extint_through_lint0);
	tcase_add_test(c, apic_base_transitions);
	tcase_add_test(c, apic_base_other_bits);
	tcase_add_test(c, disable_forgets_state);
	tcase_add_test(c, x2apic_registers);
	tcase_add_test(c, x2apic_reserved_bits_fault);
	tcase_add_test(c, x2apic_delivery);
	tcase_add_test(c, init_keeps_mode_and_identity);
	tcase_add_test(c, init_masks_lint0);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

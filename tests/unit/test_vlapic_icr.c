/* SPDX-License-Identifier: BSD-3-Clause */
/* Destinations and delivery modes: ICR of both modes, MSI-like deliveries, lowest priority. */
/* unit: hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c tests/fake/vm_vm.c tests/fake/vm_time.c tests/fake/vm_mem.c tests/fake/vm_virq.c */
#include <check.h>
#include <stdlib.h>

#include "vm_mem.h"
#include "vm_time.h"
#include "vm_virq.h"
#include "vm_vm.h"
#include "vm/vlapic.h"
#include "x86/apicreg.h"
#include "x86/msr.h"

#define NR	6u
#define VECTOR	0x55u

enum { FIXED, LOWEST, SMI, RESERVED, NMI, INIT, STARTUP, EXTINT };

static struct vm *vm;

static void wr(unsigned int n, uint32_t offset, uint32_t value)
{
	ck_assert_int_eq(vlapic_mmio_write(vm->vcpus[n], offset, value), 0);
}

static void setup(void)
{
	unsigned int i;

	vm = fake_vm_create(NR);
	fake_time_reset();
	fake_virq = (struct fake_virq){ .post = vlapic_post };
	for (i = 0; i < NR; i++) {
		ck_assert_int_eq(vlapic_create(vm->vcpus[i]), 0);
		wr(i, APIC_SVR, APIC_SVR_ENABLE | 0xff);
		wr(i, APIC_LDR, 1u << (24 + i));
	}
}

static void teardown(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		vlapic_destroy(vm->vcpus[i]);
	fake_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

/* Bit n: vCPU n has VECTOR pending; takes it away. */
static unsigned int got(void)
{
	unsigned int i, set = 0;

	for (i = 0; i < NR; i++) {
		struct vcpu *v = vm->vcpus[i];

		vlapic_sync(v);
		if (vlapic_irr_top(v) < 0)
			continue;
		ck_assert_int_eq(vlapic_irr_top(v), VECTOR);
		vlapic_accept(v, VECTOR);
		ck_assert_int_eq(vlapic_is_x2apic(v) ? vlapic_msr_write(v, MSR_X2APIC_EOI, 0) :
				 vlapic_mmio_write(v, APIC_EOI, 0), 0);
		set |= 1u << i;
	}
	return set;
}

static unsigned int requested(enum vcpu_request r)
{
	unsigned int i, set = 0;

	for (i = 0; i < NR; i++)
		set |= fake_vm_take_request(vm->vcpus[i], r) ? 1u << i : 0;
	return set;
}

static unsigned int deliver(uint32_t dest, bool logical)
{
	(void)vlapic_deliver(vm, &(struct lapic_message){ dest, logical, FIXED, VECTOR, false });
	return got();
}

static void cluster_mode(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		wr(i, APIC_DFR, APIC_DFR_CLUSTER);
		wr(i, APIC_LDR, ((i / 4) << 4 | 1u << (i % 4)) << 24);	/* four to a cluster */
	}
}

static void to_x2apic(unsigned int n)
{
	ck_assert_int_eq(vlapic_msr_write(vm->vcpus[n], MSR_APIC_BASE, APIC_BASE_DEFAULT | APIC_BASE_EN | APIC_BASE_EXTD), 0);
}

static void icr(unsigned int n, uint32_t dest, uint32_t low)
{
	wr(n, APIC_ICR_HIGH, dest << 24);
	wr(n, APIC_ICR_LOW, low);
}

static void icr_x2(unsigned int n, uint64_t dest, uint32_t low)
{
	ck_assert_int_eq(vlapic_msr_write(vm->vcpus[n], MSR_X2APIC_ICR, dest << 32 | low), 0);
}

START_TEST(physical)
{
	ck_assert_uint_eq(deliver(0, false), 1);
	ck_assert_uint_eq(deliver(5, false), 1u << 5);
	ck_assert_uint_eq(deliver(6, false), 0);
	ck_assert_uint_eq(deliver(0xff, false), 0x3f);
	ck_assert_uint_eq(deliver(0xffffffff, false), 0x3f);
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 6, false, FIXED, VECTOR, false }), -22);
	/* IDs that are not the vCPU numbers. */
	vm->vcpus[0]->vapic_id = 4;
	vm->vcpus[4]->vapic_id = 0x20;
	ck_assert_uint_eq(deliver(4, false), 1);
	ck_assert_uint_eq(deliver(0x20, false), 1u << 4);
	ck_assert_uint_eq(deliver(0, false), 0);
}
END_TEST

START_TEST(logical_flat)
{
	ck_assert_uint_eq(deliver(0x01, true), 1);
	ck_assert_uint_eq(deliver(0x2a, true), 0x2a);
	ck_assert_uint_eq(deliver(0xff, true), 0x3f);
	ck_assert_uint_eq(deliver(0xc0, true), 0);
	ck_assert_uint_eq(deliver(0x101, true), 0);
}
END_TEST

START_TEST(logical_cluster)
{
	cluster_mode();
	ck_assert_uint_eq(deliver(0x03, true), 0x03);
	ck_assert_uint_eq(deliver(0x08, true), 0x08);
	ck_assert_uint_eq(deliver(0x13, true), 0x30);
	ck_assert_uint_eq(deliver(0x1f, true), 0x30);
	ck_assert_uint_eq(deliver(0x21, true), 0);
	ck_assert_uint_eq(deliver(0xf1, true), 0x11);	/* all clusters, member 0 */
	ck_assert_uint_eq(deliver(0xff, true), 0x3f);
}
END_TEST

START_TEST(logical_x2apic)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		to_x2apic(i);
	vm->vcpus[5]->vapic_id = 0x12;
	ck_assert_uint_eq(deliver(0x0005, true), 0x05);
	ck_assert_uint_eq(deliver(0x10004, true), 1u << 5);
	ck_assert_uint_eq(deliver(0x1ffff, true), 1u << 5);
	ck_assert_uint_eq(deliver(0x20001, true), 0);
	ck_assert_uint_eq(deliver(0xffffffff, true), 0x3f);
}
END_TEST

START_TEST(modes_may_be_mixed)
{
	to_x2apic(1);
	ck_assert_uint_eq(deliver(1, false), 2);
	ck_assert_uint_eq(deliver(0x02, true), 2);	/* cluster 0, member 1, and flat bit 1 */
	ck_assert_uint_eq(deliver(0x01, true), 1);
	ck_assert_uint_eq(deliver(0xff, false), 0x3f);
	/* A globally disabled APIC hears nothing. */
	ck_assert_int_eq(vlapic_msr_write(vm->vcpus[2], MSR_APIC_BASE, APIC_BASE_DEFAULT), 0);
	ck_assert_uint_eq(deliver(0xff, false), 0x3b);
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 2, false, NMI, 0, false }), -22);
}
END_TEST

static void collect(struct vcpu *vcpu, void *arg)
{
	*(unsigned int *)arg |= 1u << vcpu->vcpu_id;
}

START_TEST(for_dest)
{
	unsigned int set = 0;

	vlapic_for_dest(vm, 0x0c, true, collect, &set);
	ck_assert_uint_eq(set, 0x0c);
	set = 0;
	vlapic_for_dest(vm, 4, false, collect, &set);
	ck_assert_uint_eq(set, 0x10);
	vlapic_for_dest(vm, 0xff, false, collect, &set);
	ck_assert_uint_eq(set, 0x3f);
}
END_TEST

START_TEST(lowest_priority)
{
	unsigned int i, set, all = 0;

	for (i = 0; i < NR; i++)
		wr(i, APIC_TPR, 0x30);
	wr(3, APIC_TPR, 0x1f);
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 0x3f, true, LOWEST, VECTOR, false }), 0);
	ck_assert_uint_eq(got(), 1u << 3);
	/* Among equals exactly one, always the same for a vector, all of them over the vectors. */
	wr(3, APIC_TPR, 0x30);
	for (i = 0x40; i < 0x40 + NR; i++) {
		fake_virq.post = NULL;
		ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 0xff, false, LOWEST, (uint8_t)i, false }), 0);
		set = 1u << fake_virq.post_vcpu->vcpu_id;
		all |= set;
		ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 0xff, false, LOWEST, (uint8_t)i, false }), 0);
		ck_assert_uint_eq(set, 1u << fake_virq.post_vcpu->vcpu_id);
	}
	ck_assert_uint_eq(all, 0x3f);
	ck_assert_uint_eq(fake_virq.nr_posts, 1 + 2 * NR);
	/* Software-disabled APICs do not take part. */
	for (i = 0; i < NR; i++)
		wr(i, APIC_SVR, i == 2 ? 0x1ff : 0xff);
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 0x3f, true, LOWEST, VECTOR, false }), 0);
	ck_assert_ptr_eq(fake_virq.post_vcpu, vm->vcpus[2]);
	wr(2, APIC_SVR, 0xff);
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 0x3f, true, LOWEST, VECTOR, false }), -22);
	/* ... but with LAPIC passthrough the page is not what the guest uses. */
	vm->vcpus[4]->lapic_pt = true;
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 0x3f, true, LOWEST, VECTOR, false }), 0);
	ck_assert_ptr_eq(fake_virq.post_vcpu, vm->vcpus[4]);
}
END_TEST

START_TEST(other_modes)
{
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 2, false, NMI, 0, false }), 0);
	ck_assert_uint_eq(requested(REQ_NMI), 4);
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 0x0a, true, INIT, 0, false }), 0);
	ck_assert_uint_eq(requested(REQ_INIT), 0x0a);
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 1, false, STARTUP, 0x9a, false }), 0);
	ck_assert_uint_eq(requested(REQ_SIPI), 2);
	ck_assert_uint_eq(vm->vcpus[1]->sipi_vector, 0x9a);
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 1, false, SMI, 0, false }), 0);
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 1, false, RESERVED, VECTOR, false }), -22);
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 1, false, EXTINT, VECTOR, false }), -22);
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 1, false, 8, VECTOR, false }), -22);
	ck_assert_uint_eq(got(), 0);
}
END_TEST

START_TEST(level_is_kept)
{
	ck_assert_int_eq(vlapic_deliver(vm, &(struct lapic_message){ 1, false, FIXED, VECTOR, true }), 0);
	ck_assert(fake_virq.post_level);
}
END_TEST

START_TEST(icr_shorthands)
{
	icr(2, 0, VECTOR);
	ck_assert_uint_eq(got(), 1);
	icr(2, 0x30, VECTOR | APIC_ICR_LOGICAL);
	ck_assert_uint_eq(got(), 0x30);
	icr(2, 0, VECTOR | APIC_ICR_SH_SELF);
	ck_assert_uint_eq(got(), 4);
	icr(2, 0, VECTOR | APIC_ICR_SH_ALL);
	ck_assert_uint_eq(got(), 0x3f);
	icr(2, 0, VECTOR | APIC_ICR_SH_OTHERS);
	ck_assert_uint_eq(got(), 0x3b);
	icr(0, 0, APIC_ICR_DM_INIT | APIC_ICR_ASSERT | APIC_ICR_SH_OTHERS);
	ck_assert_uint_eq(requested(REQ_INIT), 0x3e);
	icr(0, 0, APIC_ICR_DM_INIT | APIC_ICR_LEVEL | APIC_ICR_SH_OTHERS);	/* de-assert */
	ck_assert_uint_eq(requested(REQ_INIT), 0);
	icr(0, 3, APIC_ICR_DM_STARTUP | 0x08);
	ck_assert_uint_eq(requested(REQ_SIPI), 8);
	ck_assert_uint_eq(vm->vcpus[3]->sipi_vector, 8);
	/* Invalid with these shorthands (table 11-3). */
	icr(0, 0, APIC_ICR_DM_NMI | APIC_ICR_SH_ALL);
	icr(0, 0, APIC_ICR_DM_NMI | APIC_ICR_SH_SELF);
	icr(0, 0, APIC_ICR_DM_INIT | APIC_ICR_ASSERT | APIC_ICR_SH_ALL);
	ck_assert_uint_eq(requested(REQ_NMI) | requested(REQ_INIT), 0);
	icr(0, 9, APIC_ICR_DM_NMI);	/* nobody there */
	icr(0, 1, (7u << 8) | VECTOR);
	icr(0, 1, (3u << 8) | VECTOR);
	ck_assert_uint_eq(requested(REQ_NMI) | got(), 0);
}
END_TEST

START_TEST(icr_register)
{
	uint32_t value;

	icr(0, 5, 0xfff01000 | VECTOR);
	ck_assert_int_eq(vlapic_mmio_read(vm->vcpus[0], APIC_ICR_LOW, &value), 0);
	ck_assert_uint_eq(value, VECTOR);	/* delivery status reads idle, reserved bits 0 */
	ck_assert_uint_eq(got(), 1u << 5);
	ck_assert_int_eq(vlapic_mmio_read(vm->vcpus[0], APIC_ICR_HIGH, &value), 0);
	ck_assert_uint_eq(value, 5u << 24);
	to_x2apic(0);
	{
		uint64_t both;

		ck_assert_int_eq(vlapic_msr_read(vm->vcpus[0], MSR_X2APIC_ICR, &both), 0);
		ck_assert_uint_eq(both, 5ul << 32 | VECTOR);
	}
}
END_TEST

START_TEST(icr_x2apic)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		to_x2apic(i);
	vm->vcpus[4]->vapic_id = 0xff;
	icr_x2(0, 3, VECTOR);
	ck_assert_uint_eq(got(), 8);
	icr_x2(0, 0xff, VECTOR);		/* an ID like any other */
	ck_assert_uint_eq(got(), 0x10);
	icr_x2(0, 0xffffffff, VECTOR);
	ck_assert_uint_eq(got(), 0x3f);
	icr_x2(0, 0x0000000b, VECTOR | APIC_ICR_LOGICAL);
	ck_assert_uint_eq(got(), 0x0b);
	icr_x2(0, 0xf8000, VECTOR | APIC_ICR_LOGICAL);	/* cluster 15, member 15: ID 0xff */
	ck_assert_uint_eq(got(), 0x10);
	icr_x2(1, 0, VECTOR | APIC_ICR_SH_OTHERS);
	ck_assert_uint_eq(got(), 0x3d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vlapic_icr");
	TCase *c = tcase_create("vlapic_icr");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, physical);
	tcase_add_test(c, logical_flat);
	tcase_add_test(c, logical_cluster);
	tcase_add_test(c, logical_x2apic);
	tcase_add_test(c, modes_may_be_mixed);
	tcase_add_test(c, for_dest);
	tcase_add_test(c, lowest_priority);
	tcase_add_test(c, other_modes);
	tcase_add_test(c, level_is_kept);
	tcase_add_test(c, icr_shorthands);
	tcase_add_test(c, icr_register);
	tcase_add_test(c, icr_x2apic);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

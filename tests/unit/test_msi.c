/* SPDX-License-Identifier: BSD-3-Clause */
/* Host vectors behind a guest's messages. */
/* unit: hypervisor/assign/msi.c hypervisor/assign/damper.c tests/fake/vm_time.c tests/fake/vpci_bus.c tests/fake/vm_vm.c tests/fake/vm_mem.c tests/fake/vm_virq.c tests/fake/vtd.c */
#include <check.h>
#include <stdlib.h>

#include "vm_time.h"
#include "vm_virq.h"
#include "vm_vm.h"
#include "vpci_bus.h"
#include "vtd.h"
#include "assign/msi.h"
#include "cpu/percpu.h"
#include "lib/errno.h"

static struct vm *vm;

static void setup(void)
{
	bus_reset();
	fake_time_reset();
	fake_virq = (struct fake_virq){ 0 };
	fake_vtd = (struct fake_vtd){ 0 };
	vm = fake_vm_create(2);
	vm->state = VM_RUNNING;
	vm->vcpus[0]->pcpu_id = 2;
	vm->vcpus[1]->pcpu_id = 3;
	percpu_area[2].apic_id = 4;
	percpu_area[3].apic_id = 6;
}

static void teardown(void)
{
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	fake_vm_destroy(vm);
}

static const struct msi_message to_vcpu0 = { 0xfee00000, 0x4041 }, to_vcpu1 = { 0xfee01000, 0x4042 };

START_TEST(delivers_the_guests_message)
{
	struct msi_message host;
	int v = msi_get(vm, 0x0310);

	ck_assert_int_gt(v, 0);
	/* Before the guest said where to, nothing arrives. */
	bus_fire(0xfee04000, (uint32_t)v);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);
	ck_assert_int_eq(msi_route((uint8_t)v, &to_vcpu1, &host), 0);
	ck_assert_uint_eq(host.addr, 0xfee06000);
	ck_assert_uint_eq(host.data, (uint32_t)v);
	bus_fire(host.addr, host.data);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	ck_assert_uint_eq(fake_virq.msi_addr, 0xfee01000);
	ck_assert_uint_eq(fake_virq.msi_data, 0x4042);
	msi_put((uint8_t)v);
}
END_TEST

START_TEST(moving_changes_the_address_only)
{
	struct msi_message a, b;
	int v = msi_get(vm, 0x0310);

	ck_assert_int_eq(msi_route((uint8_t)v, &to_vcpu0, &a), 0);
	ck_assert_int_eq(msi_route((uint8_t)v, &to_vcpu1, &b), 0);
	ck_assert_uint_eq(a.addr, 0xfee04000);
	ck_assert_uint_eq(b.addr, 0xfee06000);
	ck_assert_uint_eq(a.data, b.data);
	ck_assert_uint_eq(b.addr >> 32, 0);
	msi_put((uint8_t)v);
}
END_TEST

START_TEST(nobody_named_is_vcpu_0)
{
	struct msi_message host, guest = { 0xfee77000, 0x41 };
	int v = msi_get(vm, 0x0310);

	ck_assert_int_eq(msi_route((uint8_t)v, &guest, &host), 0);
	ck_assert_uint_eq(host.addr, 0xfee04000);
	msi_put((uint8_t)v);
}
END_TEST

START_TEST(cpus_a_message_cannot_name)
{
	struct msi_message host;
	int v = msi_get(vm, 0x0310);

	percpu_area[2].apic_id = 0x100;
	ck_assert_int_eq(msi_route((uint8_t)v, &to_vcpu0, &host), 0);
	ck_assert_uint_eq(host.addr, 0xfee06000);
	percpu_area[3].apic_id = 0xff;
	ck_assert_int_eq(msi_route((uint8_t)v, &to_vcpu0, &host), -ENODEV);
	msi_put((uint8_t)v);
}
END_TEST

START_TEST(late_interrupts_find_nobody)
{
	struct msi_message host;
	int v = msi_get(vm, 0x0310);

	ck_assert_int_eq(msi_route((uint8_t)v, &to_vcpu0, &host), 0);
	vm->state = VM_POWERED_OFF;
	bus_fire(host.addr, host.data);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);
	vm->state = VM_RUNNING;
	msi_put((uint8_t)v);
	bus_fire(host.addr, host.data);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);
	/* The next owner of the vector does not inherit the message. */
	ck_assert_int_eq(msi_get(vm, 0x0310), v);
	bus_fire(host.addr, host.data);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);
	msi_put((uint8_t)v);
}
END_TEST

START_TEST(counts_and_damping)
{
	struct msi_message host;
	int v = msi_get(vm, 0x0310), i;
	uint64_t w[4];

	ck_assert_int_eq(msi_route((uint8_t)v, &to_vcpu0, &host), 0);
	vm->intr_delay = 1000;
	for (i = 0; i < 50; i++) {
		bus_fire(host.addr, host.data);
		fake_time_pass(200);
	}
	ck_assert_uint_eq(fake_virq.nr_msis, 10);
	ck_assert_uint_eq(msi_counts(vm, w, 4), 2);
	ck_assert(w[0] == (uint64_t)v && w[1] == 50);
	ck_assert_uint_eq(msi_counts(vm, w, 1), 0);
	/* Off, ended or given back: what waits goes nowhere. */
	bus_fire(host.addr, host.data);
	vm->state = VM_POWERED_OFF;
	fake_time_pass(1000);
	vm->state = VM_RUNNING;
	bus_fire(host.addr, host.data);
	msi_put((uint8_t)v);
	ck_assert_int_eq(msi_get(vm, 0x0310), v);
	fake_time_pass(1000);
	ck_assert_uint_eq(fake_virq.nr_msis, 10);
	ck_assert(msi_counts(vm, w, 4) == 2 && w[1] == 0);
	msi_put((uint8_t)v);
	ck_assert_uint_eq(msi_counts(vm, w, 4), 0);
}
END_TEST

START_TEST(remapped_messages_name_an_entry)
{
	struct msi_message a, b;
	int v = msi_get(vm, 0x0310);
	const struct fake_vtd_entry *e = &fake_vtd.entry[v];

	fake_vtd.ir = true;
	percpu_area[3].apic_id = 0x12345;	/* more than a message can hold */
	ck_assert_int_eq(msi_route((uint8_t)v, &to_vcpu0, &a), 0);
	ck_assert(e->present && !e->level && e->bdf == 0x0310 && e->apic_id == 4);
	ck_assert_int_eq(msi_route((uint8_t)v, &to_vcpu1, &b), 0);
	ck_assert_uint_eq(e->apic_id, 0x12345);
	/* Remappable format, index = vector, no subhandle; the device needs no new one. */
	ck_assert_uint_eq(a.addr, 0xfee00010u | (uint32_t)v << 5);
	ck_assert(b.addr == a.addr && b.data == a.data);
	bus_fire(0xfee00000, (uint32_t)v);
	ck_assert_uint_eq(fake_virq.msi_data, 0x4042);
	msi_put((uint8_t)v);
}
END_TEST

START_TEST(an_iommu_that_does_not_answer)
{
	struct msi_message host;
	int v = msi_get(vm, 0x0310);

	fake_vtd.ir = fake_vtd.fails = true;
	ck_assert_int_eq(msi_route((uint8_t)v, &to_vcpu0, &host), -ENODEV);
	bus_fire(0xfee00000, (uint32_t)v);
	ck_assert_uint_eq(fake_virq.nr_msis, 0);
	msi_put((uint8_t)v);
}
END_TEST

START_TEST(vectors_run_out)
{
	fake_bus.max_vectors = 0;
	ck_assert_int_eq(msi_get(vm, 0x0310), -ENOSPC);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("msi");
	TCase *c = tcase_create("route");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, delivers_the_guests_message);
	tcase_add_test(c, moving_changes_the_address_only);
	tcase_add_test(c, nobody_named_is_vcpu_0);
	tcase_add_test(c, cpus_a_message_cannot_name);
	tcase_add_test(c, late_interrupts_find_nobody);
	tcase_add_test(c, counts_and_damping);
	tcase_add_test(c, remapped_messages_name_an_entry);
	tcase_add_test(c, an_iommu_that_does_not_answer);
	tcase_add_test(c, vectors_run_out);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

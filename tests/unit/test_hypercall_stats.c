/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls that look at any VM: which VMs they find, what they say, and that they change nothing. */
/* unit: hypervisor/hypercall/dispatch.c hypervisor/hypercall/hc_vm.c hypervisor/hypercall/hc_mem.c hypervisor/hypercall/hc_io.c hypervisor/hypercall/hc_dev.c hypervisor/hypercall/hc_trace.c hypervisor/hypercall/hc_stats.c hypervisor/cpu/trace.c hypervisor/machine/machine.c hypervisor/machine/memory.c hypervisor/machine/slots.c hypervisor/machine/severity.c hypervisor/mm/e820.c hypervisor/io/ioreq.c hypervisor/io/asyncio.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/hv_machine.c tests/fake/vtd.c tests/fake/hv_string.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "test_hypercall_setup.h"
#include "assign/intx.h"
#include "assign/msi.h"
#include "lib/errno.h"
#include "vm/vcpu_arch.h"
#include "vm_time.h"
#include "x86/vmcs_field.h"

/* No interrupts are counted here. */
uint32_t intx_counts(const struct vm *vm, uint64_t *words, uint32_t max) { return (void)vm, (void)words, (void)max, 0; }
uint32_t msi_counts(const struct vm *vm, uint64_t *words, uint32_t max) { return (void)vm, (void)words, (void)max, 0; }

static struct hc_q_vm_info *info(void) { return arg(); }
static struct hc_q_vcpu_stats *stats(void) { return arg(); }

static int64_t ask(uint32_t which)
{
	memset(arg(), 0xa5, 256);
	return hc(HC_Q_VM_INFO, which, ARG);
}

static int64_t ask_vcpu(uint32_t which, uint64_t vcpu_id)
{
	memset(arg(), 0xa5, 256);
	return hc(HC_Q_VCPU_STATS, which | vcpu_id << 32, ARG);
}

START_TEST(every_cpu_by_its_number)
{
	const struct hc_q_cpus *cpus = arg();
	uint32_t i;

	make_user();
	nr_pcpus = 3;
	for (i = 0; i < 3; i++)
		percpu_area[i].apic_id = 2 * i;
	memset(arg(), 0xa5, sizeof(*cpus));
	ck_assert_int_eq(hc(HC_Q_CPUS, ARG, 0), 0);
	ck_assert(cpus->nr == 3 && !cpus->reserved && cpus->apic_id[2] == 4 && !cpus->apic_id[3] && !cpus->apic_id[63]);
	ck_assert_int_eq(hc(HC_Q_CPUS, HV_RAM_SIZE - 8, 0), -EFAULT);
}
END_TEST

/* Pre-launched VM "rt" in slot 0, the Service VM in 1, user VM "user" in 2. */
START_TEST(every_vm_by_its_slot)
{
	struct vm *rt = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 2);
	unsigned int slot, nr = 0;

	make_user();
	strcpy(rt->name, "rt");
	rt->flags = SCENARIO_FLAG_RT;
	rt->affinity = 0xc;
	for (slot = 0; slot < Q_VM_SLOTS; slot++) {
		int64_t r = ask(Q_VM_SLOT(slot));

		ck_assert_int_eq(r, vm_table[slot] ? 0 : -ENOENT);
		nr += !r;
		if (!r)
			ck_assert(info()->slot == slot && info()->which == Q_VM_SLOT(slot) && !info()->reserved);
	}
	ck_assert_uint_eq(nr, 3);
	ck_assert_int_eq(ask(Q_VM_SLOT(0)), 0);
	ck_assert_str_eq((char *)info()->name, "rt");
	ck_assert_uint_eq(info()->vmid, Q_VM_NO_ID);
	ck_assert_uint_eq(info()->load_order, Q_VM_PRE_LAUNCHED);
	ck_assert_uint_eq(info()->nr_vcpus, 2);
	ck_assert_uint_eq(info()->flags, VM_FLAG_RT);
	ck_assert_uint_eq(info()->cpus, 0xc);
	ck_assert_uint_eq(info()->memory_bytes, HV_RAM_SIZE);
	ck_assert_uint_eq(((uint8_t *)arg())[sizeof(struct hc_q_vm_info)], 0xa5);
	hv_vm_destroy(rt);
}
END_TEST

START_TEST(relative_ids)
{
	make_user();
	ck_assert_int_eq(ask(0), 0);
	ck_assert(info()->load_order == Q_VM_SERVICE && info()->slot == 1 && !info()->vmid);
	ck_assert_int_eq(ask(1), 0);
	ck_assert_str_eq((char *)info()->name, "user");
	ck_assert(info()->load_order == Q_VM_POST_LAUNCHED && info()->slot == 2 && info()->vmid == 1);
	ck_assert_uint_eq(info()->severity, SCENARIO_SEVERITY_STANDARD);
	ck_assert_uint_eq(info()->state, Q_VM_CREATED);
	ck_assert_uint_eq(info()->memory_bytes, 0);
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_ADD, RAM, 0x100000, 0x40000, 0x3000 }), 0);
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_DEL, 0, 0x102000, 0, 0x5000 }), 0);
	ck_assert_int_eq(ask(1), 0);
	ck_assert_uint_eq(info()->memory_bytes, 0x2000);
	ck_assert_int_eq(ask(2), -ENOENT);
}
END_TEST

/* Nothing is written, and nothing looked at that is not there. */
START_TEST(hostile)
{
	static const uint64_t never[] = { 15, 16, 0xffff, 0x10010, 0x1ffff, 0x20000, ~0u, 1ul << 31 };
	unsigned int i;

	make_user();
	for (i = 0; i < ARRAY_SIZE(never); i++) {
		ck_assert_int_eq(ask((uint32_t)never[i]), -EINVAL);
		ck_assert_int_eq(ask_vcpu((uint32_t)never[i], 0), -EINVAL);
		ck_assert_uint_eq(*(uint8_t *)arg(), 0xa5);
	}
	ck_assert_int_eq(hc(HC_Q_VM_INFO, 1ul << 32, ARG), -EINVAL);
	ck_assert_int_eq(hc(HC_Q_VM_INFO, ~0ul, ARG), -EINVAL);
	ck_assert_int_eq(ask_vcpu(1, 2), -ENOENT);
	ck_assert_int_eq(ask_vcpu(1, MAX_VCPUS_PER_VM - 1), -ENOENT);
	ck_assert_int_eq(ask_vcpu(1, MAX_VCPUS_PER_VM), -EINVAL);
	ck_assert_int_eq(ask_vcpu(1, UINT32_MAX), -EINVAL);
	ck_assert_int_eq(ask_vcpu(Q_VM_SLOT(0), 0), -ENOENT);
	ck_assert_int_eq(hc(HC_Q_VM_INFO, 1, HV_RAM_SIZE - 8), -EFAULT);
	ck_assert_int_eq(hc(HC_Q_VCPU_STATS, 1, HV_RAM_SIZE - 8), -EFAULT);
}
END_TEST

START_TEST(what_a_vcpu_used)
{
	struct vcpu *vcpu = make_user()->vcpus[1];
	uint64_t sum = 0, requests = vcpu->requests;
	unsigned int i;

	for (i = 0; i < NR_EXIT_REASONS; i++)
		vcpu->exits[i] = 1;
	vcpu->exits[EXIT_HLT] = 1000;
	vcpu->thread.run_ticks = 5000000000;
	vcpu->thread.wait_ticks = 7;
	vcpu->state = VCPU_HALTED;
	fake_tsc = 9000000000;
	ck_assert_int_eq(ask_vcpu(1, 1), 0);
	ck_assert(stats()->which == 1 && stats()->vcpu_id == 1);
	ck_assert_uint_eq(stats()->pcpu_id, vcpu->pcpu_id);
	ck_assert_uint_eq(stats()->state, Q_VCPU_HALTED);
	ck_assert_uint_eq(stats()->time_ns, 9000000000);
	ck_assert_uint_eq(stats()->run_ns, 5000000000);
	ck_assert_uint_eq(stats()->wait_ns, 7);
	ck_assert_uint_eq(stats()->exits, NR_EXIT_REASONS + 999);
	ck_assert_uint_eq(stats()->exits_by[Q_EXIT_HALT], 1001);
	ck_assert_uint_eq(stats()->exits_by[Q_EXIT_PORT], 1);
	ck_assert_uint_eq(stats()->exits_by[Q_EXIT_MSR], 2);
	for (i = 0; i < Q_NR_EXITS; i++)
		sum += stats()->exits_by[i];
	ck_assert_uint_eq(sum, stats()->exits);
	ck_assert_uint_eq(vcpu->requests, requests);
	ck_assert_uint_eq(((uint8_t *)arg())[sizeof(struct hc_q_vcpu_stats)], 0xa5);
}
END_TEST

/* A reset gives the vCPU another thread; what it used stays used. */
START_TEST(reset_keeps_the_counts)
{
	struct vcpu *vcpu = make_user()->vcpus[0];

	vcpu->thread.run_ticks = 4000;
	vcpu->thread.wait_ticks = 300;
	vcpu->exits[EXIT_CPUID] = 5;
	ck_assert_int_eq(vcpu_renew(vcpu), 0);
	ck_assert_int_eq(ask_vcpu(1, 0), 0);
	ck_assert(stats()->run_ns == 4000 && stats()->wait_ns == 300 && stats()->exits_by[Q_EXIT_CPUID] == 5);
	ck_assert_int_eq(ask(1), 0);
	ck_assert_uint_eq(info()->restarts, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hypercall_stats");
	TCase *c = tcase_create("hypercall_stats");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, every_cpu_by_its_number);
	tcase_add_test(c, every_vm_by_its_slot);
	tcase_add_test(c, relative_ids);
	tcase_add_test(c, hostile);
	tcase_add_test(c, what_a_vcpu_used);
	tcase_add_test(c, reset_keeps_the_counts);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Machine checks with fake banks: what is read and cleared, the verdict, and who has to stop for it. */
/* unit: hypervisor/cpu/mce.c hypervisor/exit/mce.c hypervisor/vm/hyperv.c hypervisor/vm/mtrr.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/mce.h"
#include "cpu/percpu.h"
#include "exit/exit.h"
#include "hv_vm.h"
#include "log/log.h"
#include "log/panic.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "vm/gpa.h"
#include "vm_mem.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define NR_BANKS	4u
#define POOL		0x7f000000000ul
#define LOST		(MC_STATUS_VAL | MC_STATUS_UC | MC_STATUS_AR | MC_STATUS_ADDRV | MC_STATUS_MISCV)
#define PAGE_MISC	(MC_MISC_PHYSICAL << 6 | 12u)

static struct vm *service, *user, *pre;
static struct vcpu *vcpu;
static char said[4096];
static jmp_buf panicked;
static char panic_text[512];

void log_printf(enum log_level level, const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(panic_text, sizeof(panic_text), fmt, ap);
	va_end(ap);
	longjmp(panicked, 1);
}

void frame_pool(hpa_t *start, uint64_t *size)
{
	*start = hpa(POOL);
	*size = 0x200000;
}

void hostmap_image(hpa_t *start, uint64_t *size)
{
	*start = hpa(0x200000);
	*size = 0x100000;
}

static void setup(void)
{
	unsigned int i;

	hv_machine_reset();
	pre = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 1);
	service = hv_vm_create(1, SCENARIO_SERVICE, 1);
	user = hv_vm_create(2, SCENARIO_POST_LAUNCHED, 1);
	/* the user VM's memory is mapped in the Service VM, too */
	ck_assert_int_eq(gpa_map(service, gpa(1ul << 40), hpa(user->ram_hpa), HV_RAM_SIZE, PG_R | PG_W | PG_WB), 0);
	vcpu = pre->vcpus[0];
	fake_msr_set(MSR_MCG_CAP, NR_BANKS | MCG_CAP_CTL | MCG_CAP_CMCI | MCG_CAP_SER);
	fake_msr_set(MSR_MCG_STATUS, MCG_STATUS_RIPV | MCG_STATUS_EIPV | 4);
	fake_msr_set(MSR_MCG_CTL, 0);
	for (i = 0; i < NR_BANKS; i++) {
		fake_msr_set(MSR_MC_CTL(i), 0);
		fake_msr_set(MSR_MC_STATUS(i), 0);
		fake_msr_set(MSR_MC_ADDR(i), 0);
		fake_msr_set(MSR_MC_MISC(i), 0);
		if (i)	/* the first has no CMCI */
			fake_msr_set(MSR_MC_CTL2(i), MC_CTL2_CMCI | 0x55);
	}
	said[0] = panic_text[0] = 0;
}

static void teardown(void)
{
	hv_vm_destroy(user);
	hv_vm_destroy(service);
	hv_vm_destroy(pre);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static void bank(unsigned int n, uint64_t status, uint64_t addr, uint64_t misc)
{
	fake_msr_set(MSR_MC_STATUS(n), status);
	fake_msr_set(MSR_MC_ADDR(n), addr);
	fake_msr_set(MSR_MC_MISC(n), misc);
}

/* A machine check while vcpu ran; true when it was a panic. */
static bool check(void)
{
	if (setjmp(panicked))
		return true;
	ck_assert_int_eq(exit_machine_check(vcpu), 0);
	return false;
}

static bool host_check(void)
{
	if (setjmp(panicked))
		return true;
	exit_host_machine_check();
	return false;
}

static void crashed(bool p, bool s, bool u)
{
	ck_assert_msg(pre->crashed == p && service->crashed == s && user->crashed == u, "crashed: pre %d, service %d, user %d",
		      pre->crashed, service->crashed, user->crashed);
}

START_TEST(set_up)
{
	unsigned int i;

	bank(2, MC_STATUS_VAL | 0x1234, 0, 0);
	mce_init_cpu();
	ck_assert_ptr_nonnull(strstr(said, "bank 2 status 8000000000001234"));
	ck_assert_uint_eq(rdmsr(MSR_MCG_CTL), ~0ul);
	for (i = 0; i < NR_BANKS; i++) {
		ck_assert_uint_eq(rdmsr(MSR_MC_CTL(i)), ~0ul);
		ck_assert_uint_eq(rdmsr(MSR_MC_STATUS(i)), 0);
		if (i)
			ck_assert_uint_eq(rdmsr(MSR_MC_CTL2(i)), 0x55);
	}
}
END_TEST

START_TEST(no_banks)
{
	struct mce_report r;

	fake_cpu.nr_msrs = 0;
	mce_init_cpu();
	mce_read(&r);
	ck_assert_uint_eq(r.nr_events, 0);
	fake_msr_set(MSR_MCG_CAP, 0);
	mce_init_cpu();
}
END_TEST

START_TEST(verdicts)
{
	static const struct { uint64_t cap, mcg, status, misc; enum mce_verdict want; } rows[] = {
		{ MCG_CAP_SER, 1, 0, 0, MCE_NOTHING },
		{ MCG_CAP_SER, 1, LOST & ~MC_STATUS_VAL, PAGE_MISC, MCE_NOTHING },
		{ MCG_CAP_SER, 0, 0, 0, MCE_CONTEXT },
		{ MCG_CAP_SER, 3, MC_STATUS_VAL, 0, MCE_LOGGED },
		{ MCG_CAP_SER, 2, MC_STATUS_VAL, 0, MCE_CONTEXT },
		{ MCG_CAP_SER, 3, LOST, PAGE_MISC, MCE_MEMORY },
		{ MCG_CAP_SER, 2, LOST, PAGE_MISC, MCE_MEMORY },
		{ MCG_CAP_SER, 1, LOST, PAGE_MISC, MCE_LOGGED },	/* another CPU met it */
		{ MCG_CAP_SER, 3, LOST & ~MC_STATUS_AR, PAGE_MISC, MCE_LOGGED },
		{ MCG_CAP_SER, 3, LOST & ~MC_STATUS_ADDRV, PAGE_MISC, MCE_CONTEXT },
		{ MCG_CAP_SER, 3, LOST, 3 << 6 | 12, MCE_CONTEXT },	/* no physical address */
		{ MCG_CAP_SER, 3, LOST & ~MC_STATUS_MISCV, PAGE_MISC, MCE_CONTEXT },
		{ MCG_CAP_SER, 3, LOST | MC_STATUS_PCC, PAGE_MISC, MCE_FATAL },
		{ MCG_CAP_SER, 3, LOST | MC_STATUS_OVER, PAGE_MISC, MCE_FATAL },
		{ 0, 3, LOST, PAGE_MISC, MCE_FATAL },
		{ 0, 3, MC_STATUS_VAL | MC_STATUS_OVER, 0, MCE_LOGGED },
	};
	struct mce_report r;

	fake_msr_set(MSR_MCG_CAP, NR_BANKS | rows[_i].cap);
	fake_msr_set(MSR_MCG_STATUS, rows[_i].mcg | 4);
	bank(3, rows[_i].status, 0x12345678, rows[_i].misc);
	mce_read(&r);
	ck_assert_msg(r.verdict == rows[_i].want, "row %d: %d", _i, r.verdict);
	if (r.verdict == MCE_MEMORY)
		ck_assert_uint_eq(r.addr, 0x12345000);
	ck_assert_uint_eq(rdmsr(MSR_MCG_STATUS), 0);
	if (rows[_i].status & MC_STATUS_VAL)
		ck_assert_uint_eq(rdmsr(MSR_MC_STATUS(3)), 0);
}
END_TEST

START_TEST(worst_bank_counts)
{
	struct mce_report r;

	bank(0, LOST | MC_STATUS_PCC, 0, 0);
	bank(1, LOST, 0x5000, PAGE_MISC);
	bank(3, MC_STATUS_VAL, 0, 0);
	mce_read(&r);
	ck_assert_int_eq(r.verdict, MCE_FATAL);
	ck_assert_uint_eq(r.nr_events, 3);
}
END_TEST

/* Only heard, or corrected: everybody goes on. */
START_TEST(bystander)
{
	fake_msr_set(MSR_MCG_STATUS, MCG_STATUS_RIPV | 4);
	ck_assert(!check());
	bank(1, MC_STATUS_VAL | 0x99, 0, 0);
	fake_msr_set(MSR_MCG_STATUS, MCG_STATUS_RIPV | 4);
	ck_assert(!check());
	crashed(false, false, false);
	ck_assert_ptr_nonnull(strstr(said, "bank 1 status 8000000000000099"));
}
END_TEST

START_TEST(own_memory)
{
	bank(0, LOST, pre->ram_hpa + 0x123456, PAGE_MISC);
	ck_assert(!check());
	crashed(true, false, false);
	ck_assert_ptr_nonnull(strstr(pre->crash_reason, "lost"));
}
END_TEST

/* The Service VM met it in a user VM's memory: neither can go on, the third does. */
START_TEST(lent_memory)
{
	vcpu = service->vcpus[0];
	bank(0, LOST, user->ram_hpa + 0x3000, PAGE_MISC);
	ck_assert(!check());
	crashed(false, true, true);
	ck_assert_ptr_nonnull(strstr(user->crash_reason, "at 3000"));
}
END_TEST

START_TEST(nobodys_memory)
{
	bank(0, LOST, 0x123000, PAGE_MISC);
	ck_assert(!check());
	crashed(true, false, false);
}
END_TEST

START_TEST(context_lost)
{
	vcpu = user->vcpus[0];
	bank(0, LOST & ~MC_STATUS_ADDRV, 0, 0);
	ck_assert(!check());
	crashed(false, false, true);
}
END_TEST

START_TEST(hypervisors_memory)
{
	static const uint64_t at[] = { POOL, POOL + 0x1ff000, 0x200000, 0x2ff000 };

	bank(0, LOST, at[_i], PAGE_MISC);
	ck_assert(check());
	ck_assert_ptr_nonnull(strstr(panic_text, "memory of the hypervisor"));
}
END_TEST

START_TEST(cpu_in_doubt)
{
	bank(0, LOST | MC_STATUS_PCC, pre->ram_hpa, PAGE_MISC);
	ck_assert(check());
	ck_assert_ptr_nonnull(strstr(panic_text, "in doubt"));
}
END_TEST

/* In the hypervisor: nothing is said there, but before the vCPU's next entry; what is needed ends all. */
START_TEST(host)
{
	this_cpu()->vcpu = vcpu;
	vcpu->requests = 0;
	bank(1, MC_STATUS_VAL | 0x77, 0, 0);
	ck_assert(!host_check());
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(vcpu->requests, 1ul << REQ_MACHINE_CHECK);
	exit_log_machine_check(vcpu);
	ck_assert_ptr_nonnull(strstr(said, "bank 1 status 8000000000000077"));
	fake_msr_set(MSR_MCG_STATUS, MCG_STATUS_RIPV | MCG_STATUS_EIPV | 4);
	bank(2, LOST, pre->ram_hpa, PAGE_MISC);
	ck_assert(host_check());
	ck_assert_ptr_nonnull(strstr(panic_text, "in the hypervisor on CPU 0: 1 banks, the first 2"));
	crashed(false, false, false);
	this_cpu()->vcpu = NULL;
	fake_msr_set(MSR_MCG_STATUS, MCG_STATUS_RIPV | 4);
	ck_assert(!host_check());
}
END_TEST

/* A CPU that runs no VM says it from its idle loop, once. */
START_TEST(host_idle)
{
	this_cpu()->vcpu = NULL;
	bank(1, MC_STATUS_VAL | 0x77, 0, 0);
	ck_assert(!host_check());
	ck_assert_str_eq(said, "");
	this_cpu()->idle_work();
	ck_assert_ptr_nonnull(strstr(said, "bank 1 status 8000000000000077"));
	said[0] = 0;
	this_cpu()->idle_work();
	exit_log_machine_check(vcpu);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(reverse_lookup)
{
	uint64_t at;

	ck_assert_int_eq(pgtable_find(&service->ept, hpa(user->ram_hpa + 0x234567), &at), 0);
	ck_assert_uint_eq(at, (1ul << 40) + 0x234567);
	ck_assert_int_eq(pgtable_find(&pre->ept, hpa(pre->ram_hpa + HV_RAM_SIZE - 1), &at), 0);
	ck_assert_uint_eq(at, HV_RAM_SIZE - 1);
	ck_assert_int_ne(pgtable_find(&pre->ept, hpa(pre->ram_hpa + HV_RAM_SIZE), &at), 0);
	ck_assert_int_ne(pgtable_find(&pre->ept, hpa(pre->ram_hpa - 1), &at), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mce");
	TCase *t = tcase_create("mce");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, set_up);
	tcase_add_test(t, no_banks);
	tcase_add_loop_test(t, verdicts, 0, 16);
	tcase_add_test(t, worst_bank_counts);
	tcase_add_test(t, bystander);
	tcase_add_test(t, own_memory);
	tcase_add_test(t, lent_memory);
	tcase_add_test(t, nobodys_memory);
	tcase_add_test(t, context_lost);
	tcase_add_loop_test(t, hypervisors_memory, 0, 4);
	tcase_add_test(t, cpu_in_doubt);
	tcase_add_test(t, host);
	tcase_add_test(t, host_idle);
	tcase_add_test(t, reverse_lookup);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Microcode: who may bring an update, what is one, and that all CPUs or none take it, once. */
/* unit: hypervisor/vm/vcpuid.c hypervisor/vm/lapic_pt.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/microcode.h"
#include "cpu/percpu.h"
#include "hv_vm.h"
#include "lib/errno.h"
#include "vm/gpa.h"
#include "vm/lapic_pt.h"
#include "vm/vmsr.h"
#include "vm_mem.h"
#include "vm_time.h"
#include "x86/apicreg.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define APIC_BASE_X2	(APIC_BASE_DEFAULT | 1u << 11 | 1u << 10)
#define AT		0x100000ul	/* of the header; the guest is in real mode, its addresses are physical */
#define DATA		(AT + 48)
#define SIGNATURE	0x806ecu
#define PLATFORM	7u
#define SIZE		(5 * 1024u)	/* more than a page */
#define OLD		0xd0u
#define NEW		0xf4u

static struct vm *vm;
static struct vcpu *vcpu;
static uint32_t revision[4];		/* of each CPU */
static unsigned int nr_written, stubborn;	/* CPUs, as bits, that take nothing */
static uint8_t taken[SIZE];		/* what the last CPU was given */

/* The processor: CPUID puts its revision where 0 was written; an update is taken from any address but the guest's. */
static void msr_written(uint32_t msr, uint64_t value)
{
	uint64_t *sign = fake_msr_find(MSR_BIOS_SIGN_ID);

	if (msr == MSR_BIOS_SIGN_ID)
		*sign = (uint64_t)revision[fake_call_pcpu] << 32;
	if (msr != MSR_BIOS_UPDT_TRIG)
		return;
	nr_written++;
	ck_assert_uint_eq(value % 16, 0);
	ck_assert(value < (uint64_t)hv_vm_ram(vm) || value >= (uint64_t)hv_vm_ram(vm) + HV_RAM_SIZE);
	memcpy(taken, (const uint8_t *)value - 48, SIZE);
	if (!(stubborn >> fake_call_pcpu & 1))
		memcpy(&revision[fake_call_pcpu], taken + 4, 4);
}

static struct microcode_header *header(void) { return (struct microcode_header *)(hv_vm_ram(vm) + AT); }

static void seal(void *update, uint32_t size, uint32_t *checksum)
{
	const uint32_t *w = update;
	uint32_t i, s = 0;

	*checksum = 0;
	for (i = 0; i < size / 4; i++)
		s += w[i];
	*checksum = -s;
}

static void resealed(void) { seal(header(), SIZE, &header()->checksum); }

static void setup(void)
{
	unsigned int i;

	hv_machine_reset();
	fake_msr_set(MSR_BIOS_SIGN_ID, 0);
	fake_msr_set(MSR_BIOS_UPDT_TRIG, 0);
	fake_msr_set(MSR_PLATFORM_ID, (uint64_t)PLATFORM << 50);
	fake_cpuid_set(1, 0, (struct cpuid_regs){ SIGNATURE, 0, 0, 0 });
	fake_cpu.msr_written = msr_written;
	vm = hv_vm_create(0, SCENARIO_SERVICE, 1);
	vm->options = SCENARIO_OPT_MICROCODE;
	vcpu = vm->vcpus[0];
	for (i = 0; i < 4; i++)
		revision[i] = OLD;
	for (i = 48; i < SIZE; i++)
		hv_vm_ram(vm)[AT + i] = (uint8_t)(i * 7);
	*header() = (struct microcode_header){
		.header_version = 1, .revision = NEW, .date = 0x11262026, .signature = SIGNATURE, .loader_revision = 1,
		.platforms = 1u << PLATFORM, .data_size = SIZE - 48, .total_size = SIZE,
	};
	resealed();
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static void bring(uint64_t at) { ck_assert_int_eq(vmsr_write(vcpu, MSR_BIOS_UPDT_TRIG, at), 0); }

static uint64_t seen(void)
{
	uint64_t v;

	ck_assert_int_eq(vmsr_read(vcpu, MSR_BIOS_SIGN_ID, &v), 0);
	return v;
}

static void all_have(uint32_t want)
{
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_uint_eq(revision[i], want);
}

START_TEST(all_cpus_once)
{
	ck_assert_uint_eq(seen(), (uint64_t)OLD << 32);
	bring(DATA);
	all_have(NEW);
	ck_assert_uint_eq(nr_written, 4);
	ck_assert_int_eq(memcmp(taken, header(), SIZE), 0);
	ck_assert_uint_eq(seen(), (uint64_t)NEW << 32);
	/* Not again, even if it is newer still. */
	header()->revision = NEW + 1;
	resealed();
	bring(DATA);
	all_have(NEW);
	ck_assert_uint_eq(nr_written, 4);
}
END_TEST

static void from_other_vm(void) { vm->options = 0; }
static void not_service(void) { service_vm = NULL; }
static void wrong_version(void) { header()->header_version = 2; }
static void wrong_loader(void) { header()->loader_revision = 0; }
static void odd_total(void) { header()->total_size = SIZE + 4; }
static void short_total(void) { header()->total_size = 1024; }
static void huge(void) { header()->total_size = MICROCODE_MAX_SIZE + 1024; }
static void odd_data(void) { header()->data_size = SIZE - 50; }
static void wrapping(void) { header()->data_size = 0xfffffffcu; }
static void other_signature(void) { header()->signature = SIGNATURE + 1; }
static void other_platform(void) { header()->platforms = 1; }
static void no_platform(void) { header()->platforms = 0; }
static void same_revision(void) { header()->revision = OLD; }
static void older(void) { header()->revision = 1; }
static void no_memory(void) { fake_mem_fail_at = 1; }

static void second_page_gone(void)
{
	ck_assert_int_eq(gpa_unmap(vm, gpa(AT + 4096), 4096), 0);
}

static void (*const faults[])(void) = {
	from_other_vm, not_service, wrong_version, wrong_loader, odd_total, short_total, huge, odd_data, wrapping, other_signature,
	other_platform, no_platform, same_revision, older, no_memory, second_page_gone,
};

/* Each refused: no CPU is given anything, no page is lost, and no fault in the guest. */
START_TEST(refused)
{
	faults[_i]();
	resealed();
	bring(DATA);
	ck_assert_uint_eq(nr_written, 0);
	all_have(OLD);
	fake_mem_fail_at = 0;
}
END_TEST

START_TEST(damaged)
{
	uint32_t bit;

	for (bit = 0; bit < SIZE * 8; bit += 61) {
		hv_vm_ram(vm)[AT + bit / 8] ^= (uint8_t)(1u << bit % 8);
		bring(DATA);
		hv_vm_ram(vm)[AT + bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_uint_eq(nr_written, 0);
}
END_TEST

START_TEST(bad_addresses)
{
	static const uint64_t at[] = { 0, 47, 48, HV_RAM_SIZE, HV_RAM_SIZE + 47, ~0ul, 0x8000000000000000ul };
	unsigned int i;

	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		bring(at[i]);
	ck_assert_uint_eq(nr_written, 0);
}
END_TEST

/* For several processors: ours stands in the table behind the data. */
START_TEST(extended_table)
{
	struct { uint32_t count, checksum, reserved[3]; struct { uint32_t signature, platforms, checksum; } e[2]; } *t;

	header()->signature = 0x12345;
	header()->data_size = 4096 - 48;
	t = (void *)(hv_vm_ram(vm) + AT + 4096);
	memset(t, 0, 1024);
	t->count = 2;
	t->e[0].signature = 0x777;
	t->e[1].signature = SIGNATURE;
	t->e[1].platforms = 1u << PLATFORM;
	seal(t, sizeof(*t), &t->checksum);
	t->checksum++;
	resealed();
	bring(DATA);
	t->checksum--;
	t->count = 1u << 30;
	resealed();
	bring(DATA);
	t->count = 1;
	seal(t, sizeof(*t) - sizeof(t->e[0]), &t->checksum);
	resealed();
	bring(DATA);
	ck_assert_uint_eq(nr_written, 0);
	t->count = 2;
	seal(t, sizeof(*t), &t->checksum);
	resealed();
	bring(DATA);
	all_have(NEW);
}
END_TEST

/* Taken by none it does not count as the one; by some it does, and the log tells. */
START_TEST(stubborn_cpus)
{
	stubborn = 0xf;
	bring(DATA);
	ck_assert_uint_eq(nr_written, 4);
	all_have(OLD);
	stubborn = 0x4;
	bring(DATA);
	ck_assert_uint_eq(nr_written, 8);
	ck_assert(revision[0] == NEW && revision[2] == OLD && revision[3] == NEW);
	stubborn = 0;
	bring(DATA);
	ck_assert_uint_eq(nr_written, 8);
}
END_TEST

/* A CPU whose local APIC is a guest's cannot be called: refused, until it is ours again. */
START_TEST(lapic_is_a_guests)
{
	struct vm *rt;
	uint32_t msr;

	for (msr = 0x800; msr < 0x840; msr++)
		fake_msr_set(msr, 0);
	rt = hv_vm_create(1, SCENARIO_PRE_LAUNCHED, 1);
	rt->lapic_pt = true;
	hv_vcpu_start(rt->vcpus[0]);
	ck_assert_int_eq(vmsr_write(rt->vcpus[0], MSR_APIC_BASE, APIC_BASE_X2), 0);
	ck_assert(rt->vcpus[0]->lapic_pt);
	ck_assert_int_eq(lapic_pt_hold(), -EPERM);
	bring(DATA);
	ck_assert_uint_eq(nr_written, 0);
	lapic_pt_disable(rt->vcpus[0]);
	/* Nor while somebody else is at it. */
	ck_assert_int_eq(lapic_pt_hold(), 0);
	ck_assert_int_eq(lapic_pt_hold(), -EBUSY);
	bring(DATA);
	ck_assert_uint_eq(nr_written, 0);
	lapic_pt_release();
	bring(DATA);
	all_have(NEW);
	hv_vm_destroy(rt);
}
END_TEST

/* Who may not update sees a revision that Linux trusts. */
START_TEST(shown_to_others)
{
	vm->options = 0;
	*fake_msr_find(MSR_BIOS_SIGN_ID) = 0;
	ck_assert_uint_eq(seen(), 0x100ul << 32);
	*fake_msr_find(MSR_BIOS_SIGN_ID) = 0xabcul << 32;
	ck_assert_uint_eq(seen(), 0xabcul << 32);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("microcode");
	TCase *c = tcase_create("microcode");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, all_cpus_once);
	tcase_add_loop_test(c, refused, 0, sizeof(faults) / sizeof(faults[0]));
	tcase_add_test(c, damaged);
	tcase_add_test(c, bad_addresses);
	tcase_add_test(c, extended_table);
	tcase_add_test(c, stubborn_cpus);
	tcase_add_test(c, lapic_is_a_guests);
	tcase_add_test(c, shown_to_others);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

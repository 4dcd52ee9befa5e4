/* SPDX-License-Identifier: BSD-3-Clause */
/* A scenario against the machine: CPUs, memory, features and boot modules that are not there. */
/* unit: hypervisor/config/scenario.c hypervisor/config/scenario_vm.c hypervisor/config/scenario_set.c hypervisor/config/scenario_machine.c hypervisor/config/scenario_names.c hypervisor/lib/crc.c */
#include <check.h>

#include "lib/errno.h"
#include "test_scenario_sample.h"

#define ALL_TAGS "RT_vmlinux RT_initrd Safety_bzImage ACPI_VM1 Linux_bzImage Linux_initrd "

static bool has_module(const char *tag, void *arg)
{
	const char *tags = arg, *at = strstr(tags, tag);

	return at && at[strlen(tag)] == ' ';
}

static bool below_768m(uint64_t hpa, uint64_t size, void *arg)
{
	(void)arg;
	return hpa + size <= 768ull << 20;
}

static struct scenario_machine machine(const char *tags)
{
	return (struct scenario_machine){
		.nr_pcpus = 4, .ram_size = 1ull << 30, .guest_flags = SCENARIO_FLAG_LAPIC_PT | SCENARIO_FLAG_RT,
		.options = SCENARIO_OPTS_ALL, .policies = 0x7f, .has_module = has_module, .arg = (void *)tags,
	};
}

static void refused(const struct scenario_machine *m, int rc, int vm_id, const char *field, const char *text)
{
	struct scenario *s = sample_scenario();
	struct scenario_error e = { .text = "" };

	ck_assert_int_eq(scenario_check_machine(s, m, &e), rc);
	ck_assert_str_eq(e.text, text);
	ck_assert_str_eq(e.field, field);
	ck_assert_int_eq(e.vm_id, vm_id);
	free(s);
}

START_TEST(fitting_machine)
{
	struct scenario_machine m = machine(ALL_TAGS);
	struct scenario *s = sample_scenario();
	struct scenario_error e = { .text = "" };

	ck_assert_msg(scenario_check_machine(s, &m, &e) == 0, "%s", e.text);
	m.nr_pcpus = 64;
	ck_assert_msg(scenario_check_machine(s, &m, &e) == 0, "%s", e.text);
	m.ram_size = (256 + 64) << 20;
	ck_assert_msg(scenario_check_machine(s, &m, &e) == 0, "%s", e.text);
	free(s);
}
END_TEST

START_TEST(missing_cpu)
{
	struct scenario_machine m = machine(ALL_TAGS);

	m.nr_pcpus = 3;
	refused(&m, -ENODEV, 0, "cpu_affinity", "vm \"rt\": pCPU 3 does not exist; this machine has 3, numbered from 0");
}
END_TEST

static void count(const struct scenario_error *e, void *arg)
{
	ck_assert_uint_gt(strlen(e->text), 0);
	++*(unsigned int *)arg;
}

START_TEST(all_that_is_missing)
{
	struct scenario_machine m = machine("Linux_bzImage Linux_initrd ");
	struct scenario *s = sample_scenario();
	unsigned int nr = 0;

	ck_assert(!scenario_list_machine(s, &m, count, &nr));
	ck_assert_uint_eq(nr, 4);	/* two modules each of two VMs */
	m.nr_pcpus = 2;
	m.guest_flags = 0;
	nr = 0;
	ck_assert(!scenario_list_machine(s, &m, count, &nr));
	ck_assert_uint_gt(nr, 6);
	m = machine(ALL_TAGS);
	ck_assert(scenario_list_machine(s, &m, count, &nr));
	free(s);
}
END_TEST

START_TEST(fields_not_served)
{
	struct scenario *s = sample_scenario();

	ck_assert_str_eq(scenario_unserved(&s->vms[SAMPLE_RT]), "io_range");
	s->vms[SAMPLE_RT].nr_io_ranges = 0;
	ck_assert_str_eq(scenario_unserved(&s->vms[SAMPLE_RT]), "pci_dev");
	ck_assert_str_eq(scenario_unserved(&s->vms[SAMPLE_SAFETY]), "acpi_tag");
	ck_assert_ptr_null(scenario_unserved(&s->vms[SAMPLE_SERVICE]));
	s->vms[SAMPLE_USER].vuarts[0].type = SCENARIO_VUART_CONSOLE;
	ck_assert_str_eq(scenario_unserved(&s->vms[SAMPLE_USER]), "console vuart of a post-launched VM");
	free(s);
}
END_TEST

/* Of the CPUs a user VM may choose from, one is enough; none at all is refused. */
START_TEST(missing_cpu_of_slot)
{
	struct scenario_machine m = machine(ALL_TAGS);
	struct scenario *s = sample_scenario();
	struct scenario_error e = { .text = "" };

	s->vms[SAMPLE_USER].cpu_affinity = 0x31;
	ck_assert_int_eq(scenario_check_machine(s, &m, &e), 0);
	s->vms[SAMPLE_USER].cpu_affinity = 0x30;
	ck_assert_int_eq(scenario_check_machine(s, &m, &e), -ENODEV);
	ck_assert_str_eq(e.text, "vm \"user\": pCPU 4 does not exist; this machine has 4, numbered from 0");
	free(s);
}
END_TEST

START_TEST(missing_modules)
{
	struct scenario_machine m = machine("RT_vmlinux2 RT_initrd ");

	refused(&m, -ENOENT, 0, "tag", "vm \"rt\": kernel module \"RT_vmlinux\" is missing; load a boot module whose string begins with RT_vmlinux");
	m = machine("RT_vmlinux RT_initrd Safety_bzImage Linux_bzImage Linux_initrd ");
	refused(&m, -ENOENT, 1, "acpi_tag", "vm \"safety\": ACPI module \"ACPI_VM1\" is missing; load a boot module whose string begins with ACPI_VM1");
	m = machine("RT_vmlinux RT_initrd Safety_bzImage ACPI_VM1 Linux_bzImage ");
	refused(&m, -ENOENT, 2, "ramdisk_tag", "vm \"service\": ramdisk module \"Linux_initrd\" is missing; load a boot module whose string "
		"begins with Linux_initrd");
}
END_TEST

START_TEST(missing_features)
{
	struct scenario_machine m = machine(ALL_TAGS);

	m.guest_flags = SCENARIO_FLAG_RT;
	refused(&m, -ENOSYS, 0, "guest_flags", "vm \"rt\": guest flag lapic_pt is not offered by this hypervisor on this machine; drop it");
	m = machine(ALL_TAGS);
	m.options = SCENARIO_OPT_KVM_LEAF;
	refused(&m, -ENOSYS, 3, "options", "vm \"user\": option testdev is not offered by this hypervisor on this machine; drop it");
	m = machine(ALL_TAGS);
	m.policies = 1 << SCENARIO_POLICY_NOOP;
	refused(&m, -ENOSYS, 1, "cpu_affinity", "vm \"safety\": pCPU 2 has policy sporadic, which this hypervisor does not offer; take another");
}
END_TEST

/* Another frequency than the machine's needs scaling; the machine's own does not. */
START_TEST(missing_tsc_scaling)
{
	struct scenario_machine m = machine(ALL_TAGS);
	struct scenario *s = sample_scenario();
	struct scenario_error e = { .text = "" };

	m.tsc_khz = 2500000;
	s->vms[SAMPLE_SAFETY].tsc_khz = 2000000;
	ck_assert_int_eq(scenario_check_machine(s, &m, &e), -ENOSYS);
	ck_assert_str_eq(e.text, "vm \"safety\": tsc_khz is 2000000, but this machine's TSC runs at 2500000 kHz and its processors cannot scale "
			 "it (or option mask= hides that); leave tsc_khz out");
	ck_assert_str_eq(e.field, "tsc_khz");
	s->vms[SAMPLE_SAFETY].tsc_khz = 2500000;
	ck_assert_int_eq(scenario_check_machine(s, &m, &e), 0);
	s->vms[SAMPLE_SAFETY].tsc_khz = 2000000;
	m.tsc_scaling = true;
	ck_assert_int_eq(scenario_check_machine(s, &m, &e), 0);
	free(s);
}
END_TEST

START_TEST(missing_memory)
{
	struct scenario_machine m = machine(ALL_TAGS);

	m.ram_size = (256 + 63) << 20;
	refused(&m, -ENOMEM, 1, "memory_size", "vm \"safety\": memory_size is 64 MB, but 63 of 319 MB are left for it; make VMs smaller");
	m = machine(ALL_TAGS);
	m.is_ram = below_768m;
	refused(&m, -ENOMEM, 1, "memory_hpa", "vm \"safety\": memory 0x30000000 to 0x33ffffff is not all free RAM of this machine; choose another "
		"memory_hpa or leave it out");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario_machine");
	TCase *tc = tcase_create("machine");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, fitting_machine);
	tcase_add_test(tc, all_that_is_missing);
	tcase_add_test(tc, fields_not_served);
	tcase_add_test(tc, missing_cpu);
	tcase_add_test(tc, missing_cpu_of_slot);
	tcase_add_test(tc, missing_modules);
	tcase_add_test(tc, missing_features);
	tcase_add_test(tc, missing_tsc_scaling);
	tcase_add_test(tc, missing_memory);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

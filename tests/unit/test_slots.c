/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers and records of post-launched VMs. */
/* unit: hypervisor/machine/slots.c tests/fake/vm_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c tests/fake/hv_string.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/percpu.h"
#include "io/ioreq.h"
#include "lib/errno.h"
#include "machine/slots.h"
#include "vm/vm.h"
#include "vm_vm.h"

static struct scenario *s;
static struct vm *told;
static const struct scenario_vm *cfg;

void ioreq_state_changed(struct vm *vm) { told = vm; }

static void setup(void)
{
	memset(vm_table, 0, sizeof(vm_table));
	nr_pcpus = 8;
	s = calloc(1, sizeof(*s) + 4 * sizeof(s->vms[0]));
	s->nr_vms = 4;
	s->vms[0] = (struct scenario_vm){ .load_order = SCENARIO_PRE_LAUNCHED, .name = "rt", .cpu_affinity = 0x80 };
	s->vms[1] = (struct scenario_vm){ .load_order = SCENARIO_SERVICE, .name = "service", .cpu_affinity = 0x03 };
	s->vms[2] = (struct scenario_vm){ .load_order = SCENARIO_POST_LAUNCHED, .name = "user", .cpu_affinity = 0x0c };
	s->vms[3] = (struct scenario_vm){ .load_order = SCENARIO_PRE_LAUNCHED, .name = "rt2", .cpu_affinity = 0x40 };
	slots_init(s);
	cfg = NULL;
	told = NULL;
}

static void teardown(void)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++)
		if (vm_table[i])
			fake_vm_destroy(vm_table[i]);
	free(s);
}

static void occupy(int vm_id, const char *name)
{
	vm_table[vm_id] = fake_vm_create(2);
	strcpy(vm_table[vm_id]->name, name);
}

START_TEST(a_named_slot_is_the_scenarios)
{
	ck_assert_int_eq(slots_find("user", &cfg), 2);
	ck_assert_ptr_eq(cfg, &s->vms[2]);
	ck_assert_ptr_eq(slots_scenario(), s);
}
END_TEST

/* Names of other kinds of VM are no slots. */
START_TEST(other_names_get_free_numbers)
{
	ck_assert_int_eq(slots_find("rt", &cfg), 4);
	ck_assert_int_eq(slots_find("other", &cfg), 4);
	ck_assert_uint_eq(cfg->load_order, SCENARIO_POST_LAUNCHED);
	ck_assert_uint_eq(cfg->severity, SCENARIO_SEVERITY_STANDARD);
	ck_assert_uint_eq(cfg->console, SCENARIO_NO_CONSOLE);
	occupy(4, "other");
	ck_assert_int_eq(slots_find("third", &cfg), 5);
	fake_vm_destroy(vm_table[4]);
	vm_table[4] = NULL;
	occupy(5, "third");
	ck_assert_int_eq(slots_find("fourth", &cfg), 4);
}
END_TEST

/* A name runs once, whatever kind of VM has it. */
START_TEST(a_name_that_runs)
{
	occupy(2, "user");
	occupy(0, "rt");
	occupy(4, "other");
	ck_assert_int_eq(slots_find("user", &cfg), -EEXIST);
	ck_assert_int_eq(slots_find("rt", &cfg), -EEXIST);
	ck_assert_int_eq(slots_find("other", &cfg), -EEXIST);
	ck_assert_ptr_null(cfg);
}
END_TEST

/* No more numbers for the unnamed; the named slot is kept for its name. */
START_TEST(all_numbers_taken)
{
	char name[] = "a";
	int i;

	for (i = 4; i < (int)MAX_VMS; i++, name[0]++) {
		ck_assert_int_eq(slots_find(name, &cfg), i);
		occupy(i, name);
	}
	ck_assert_int_eq(slots_find("more", &cfg), -ENOSPC);
	ck_assert_int_eq(slots_find("user", &cfg), 2);
}
END_TEST

START_TEST(cpus_of_the_unnamed)
{
	ck_assert_int_eq(slots_find("other", &cfg), 4);
	ck_assert_uint_eq(cfg->cpu_affinity, 0x3f);
	nr_pcpus = 64;
	slots_init(s);
	ck_assert_int_eq(slots_find("other", &cfg), 4);
	ck_assert_uint_eq(cfg->cpu_affinity, ~0xc0ul);
	nr_pcpus = 1;
	slots_init(s);
	ck_assert_int_eq(slots_find("other", &cfg), 4);
	ck_assert_uint_eq(cfg->cpu_affinity, 1);
}
END_TEST

START_TEST(stopped_vms_are_parked_and_told)
{
	unsigned int i;

	occupy(2, "user");
	slots_stopped(vm_table[2], VM_STOP_TRIPLE_FAULT);
	ck_assert_uint_eq(vm_table[2]->stop, VM_STOP_TRIPLE_FAULT);
	ck_assert_ptr_eq(told, vm_table[2]);
	for (i = 0; i < 2; i++)
		ck_assert(fake_vm_take_request(vm_table[2]->vcpus[i], REQ_PAUSE));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slots");
	TCase *t = tcase_create("slots");
	SRunner *r = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_named_slot_is_the_scenarios);
	tcase_add_test(t, other_names_get_free_numbers);
	tcase_add_test(t, a_name_that_runs);
	tcase_add_test(t, all_numbers_taken);
	tcase_add_test(t, cpus_of_the_unnamed);
	tcase_add_test(t, stopped_vms_are_parked_and_told);
	suite_add_tcase(suite, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

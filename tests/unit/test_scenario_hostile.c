/* SPDX-License-Identifier: BSD-3-Clause */
/* Damaged and malicious modules: the reader must refuse or accept them without ever leaving them; what it accepts must keep its promises. */
/* unit: hypervisor/config/scenario.c hypervisor/config/scenario_vm.c hypervisor/config/scenario_set.c hypervisor/config/scenario_machine.c hypervisor/config/scenario_names.c hypervisor/lib/crc.c */
#include <check.h>

#include "test_scenario_sample.h"

#define ROUNDS 20000

static uint32_t seed;

/* Numerical Recipes' linear congruential generator: the same numbers on every machine. */
static uint32_t next(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static bool any_module(const char *tag, void *arg)
{
	(void)arg;
	return strlen(tag) < SCENARIO_TAG_SIZE;
}

/* What users of an accepted scenario rely on without looking again. */
static void keeps_promises(const struct scenario *s, uint32_t size)
{
	unsigned int nr_service = 0;

	ck_assert_uint_le(s->total_size, size);
	ck_assert_uint_ge(s->nr_vms, 1);
	ck_assert_uint_le(s->nr_vms, SCENARIO_MAX_VMS);
	for (unsigned int i = 0; i < s->nr_vms; i++) {
		const struct scenario_vm *vm = &s->vms[i];

		ck_assert_uint_lt(strnlen(vm->name, sizeof(vm->name)), sizeof(vm->name));
		ck_assert_uint_lt(strnlen(vm->kernel.tag, SCENARIO_TAG_SIZE), SCENARIO_TAG_SIZE);
		ck_assert_uint_lt(strnlen(vm->kernel.bootargs, SCENARIO_BOOTARGS_SIZE), SCENARIO_BOOTARGS_SIZE);
		ck_assert_uint_le(vm->load_order, SCENARIO_POST_LAUNCHED);
		ck_assert_uint_le(vm->nr_pci_devs, SCENARIO_MAX_PCI_DEVS);
		ck_assert_uint_le(vm->nr_io_ranges, SCENARIO_MAX_IO_RANGES);
		ck_assert(vm->console < SCENARIO_MAX_VUARTS || vm->console == SCENARIO_NO_CONSOLE);
		ck_assert(vm->cpu_affinity != 0);
		ck_assert_uint_ge(vm->memory_hpa + vm->memory_size, vm->memory_hpa);
		nr_service += vm->load_order == SCENARIO_SERVICE;
		for (unsigned int j = 0; j < SCENARIO_MAX_VUARTS; j++) {
			ck_assert_uint_lt(vm->vuarts[j].peer_vm, s->nr_vms);
			ck_assert_uint_lt(vm->vuarts[j].peer_vuart, SCENARIO_MAX_VUARTS);
		}
	}
	ck_assert_uint_le(nr_service, 1);
}

/* Reads a copy of exactly `size` bytes, so that ASan sees one byte too many. True when accepted. */
static bool read_copy(const void *blob, uint32_t size)
{
	const struct scenario_machine m = { .nr_pcpus = 4, .ram_size = 1ull << 30, .guest_flags = SCENARIO_FLAGS_ALL,
					    .options = SCENARIO_OPTS_ALL, .policies = 0x7f, .has_module = any_module };
	const struct scenario *out = NULL;
	struct scenario_error e = { .text = "" };
	void *copy = malloc(size ? size : 1);
	bool accepted;

	memcpy(copy, blob, size);
	accepted = scenario_read(copy, size, &out, &e) == 0;
	if (accepted) {
		keeps_promises(out, size);
		if (scenario_check_machine(out, &m, &e))
			ck_assert_uint_gt(strlen(e.text), 10);
	} else {
		ck_assert_ptr_null(out);
		ck_assert_ptr_nonnull(e.field);
		ck_assert_uint_lt(strlen(e.text), sizeof(e.text));
		ck_assert_uint_gt(strlen(e.text), 10);
		for (const char *p = e.text; *p; p++)	/* nothing of the file may reach a terminal unseen */
			ck_assert(*p >= ' ' && *p <= '~');
	}
	free(copy);
	return accepted;
}

/* The checksum is made right again, so that the checks behind it are met; total_size may have been hit. */
static void seal(struct scenario *s)
{
	uint32_t total = s->total_size;

	if (total >= sizeof(*s) && total <= SAMPLE_SIZE)
		sample_seal(s);
}

START_TEST(any_byte_changed)
{
	struct scenario *s = sample_scenario();
	uint8_t *bytes = (uint8_t *)s;
	unsigned int refused = 0;

	for (size_t i = 0; i < SAMPLE_SIZE; i++) {
		static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };

		for (unsigned int v = 0; v < sizeof(values); v++) {
			uint32_t crc = s->crc32;
			uint8_t before = bytes[i];

			bytes[i] = values[v];
			seal(s);
			refused += !read_copy(s, SAMPLE_SIZE);
			bytes[i] = before;
			s->crc32 = crc;
		}
	}
	ck_assert_uint_gt(refused, 1000);
	ck_assert(read_copy(s, SAMPLE_SIZE));
	free(s);
}
END_TEST

START_TEST(many_bytes_changed)
{
	struct scenario *good = sample_scenario(), *s = malloc(SAMPLE_SIZE);
	unsigned int accepted = 0;

	seed = 20230407;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int nr = 1 + next(6);

		memcpy(s, good, SAMPLE_SIZE);
		while (nr--) {
			/* half of the changes into headers, where the counts and kinds are */
			uint32_t at = next(2) ? next(SAMPLE_SIZE) : (next(2) ? next(128) : 512 + next(4) * 1312 + next(176));

			((uint8_t *)s)[at] = (uint8_t)(next(4) ? next(20) : next(256));
		}
		seal(s);
		accepted += read_copy(s, SAMPLE_SIZE);
	}
	ck_assert_uint_gt(accepted, 10);
	ck_assert_uint_lt(accepted, ROUNDS / 2);
	free(good);
	free(s);
}
END_TEST

START_TEST(every_truncation)
{
	struct scenario *s = sample_scenario();

	for (uint32_t size = 0; size < SAMPLE_SIZE; size++)
		ck_assert(!read_copy(s, size));
	free(s);
}
END_TEST

START_TEST(unsealed_changes)
{
	struct scenario *s = sample_scenario();

	for (size_t i = 0; i < SAMPLE_SIZE * 8; i += 7) {
		((uint8_t *)s)[i / 8] ^= (uint8_t)(1u << i % 8);
		ck_assert_msg(!read_copy(s, SAMPLE_SIZE), "a changed bit at byte %zu passed the checksum", i / 8);
		((uint8_t *)s)[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario_hostile");
	TCase *tc = tcase_create("hostile");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, any_byte_changed);
	tcase_add_test(tc, many_bytes_changed);
	tcase_add_test(tc, every_truncation);
	tcase_add_test(tc, unsealed_changes);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

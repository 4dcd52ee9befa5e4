/* SPDX-License-Identifier: BSD-3-Clause */
/* Damaged and malicious modules: the reader must refuse or accept them without ever leaving them; what it accepts must keep its promises. */
/* unit: hypervisor/config/scenario.c hypervisor/config/scenario_vm.c hypervisor/config/scenario_set.c hypervisor/config/scenario_machine.c hypervisor/config/scenario_names.c hypervisor/lib/crc.c */
#include <check.h>

#include "test_scenario_sample.h"

#define ROUNDS 10000

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

/* What users of an accepted scenario rely on without looking again. (libcheck notes each of its assertions in a file: plain C is fast.) */
static bool vm_keeps_promises(const struct scenario *s, const struct scenario_vm *vm)
{
	for (unsigned int i = 0; i < SCENARIO_MAX_VUARTS; i++)
		if (vm->vuarts[i].peer_vm >= s->nr_vms || vm->vuarts[i].peer_vuart >= SCENARIO_MAX_VUARTS)
			return false;
	return strnlen(vm->name, sizeof(vm->name)) < sizeof(vm->name) &&
	       strnlen(vm->kernel.tag, SCENARIO_TAG_SIZE) < SCENARIO_TAG_SIZE &&
	       strnlen(vm->kernel.bootargs, SCENARIO_BOOTARGS_SIZE) < SCENARIO_BOOTARGS_SIZE &&
	       vm->load_order <= SCENARIO_POST_LAUNCHED && vm->nr_pci_devs <= SCENARIO_MAX_PCI_DEVS &&
	       vm->nr_io_ranges <= SCENARIO_MAX_IO_RANGES &&
	       (vm->console < SCENARIO_MAX_VUARTS || vm->console == SCENARIO_NO_CONSOLE) &&
	       vm->cpu_affinity != 0 && vm->memory_hpa + vm->memory_size >= vm->memory_hpa;
}

static bool keeps_promises(const struct scenario *s, uint32_t size)
{
	unsigned int nr_service = 0;

	if (s->total_size > size || s->nr_vms < 1 || s->nr_vms > SCENARIO_MAX_VMS || s->nr_ivshmem > SCENARIO_MAX_IVSHMEM)
		return false;
	for (unsigned int i = 0; i < s->nr_vms; i++) {
		if (!vm_keeps_promises(s, &s->vms[i]))
			return false;
		nr_service += s->vms[i].load_order == SCENARIO_SERVICE;
	}
	return nr_service <= 1;
}

/* A sentence, and nothing of the file reaches a terminal unseen. */
static bool is_sentence(const struct scenario_error *e)
{
	size_t len = strnlen(e->text, sizeof(e->text));

	for (size_t i = 0; i < len; i++)
		if (e->text[i] < ' ' || e->text[i] > '~')
			return false;
	return len > 10 && len < sizeof(e->text) && e->field;
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
	if (accepted && !keeps_promises(out, size))
		ck_abort_msg("accepted, but it breaks a promise");
	if ((!accepted || scenario_check_machine(out, &m, &e)) && !is_sentence(&e))
		ck_abort_msg("refused with \"%s\"", e.text);
	if (!accepted && out)
		ck_abort_msg("refused, but handed out");
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
		static const uint8_t values[] = { 0x00, 0x01, 0x80, 0xff };

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
			uint32_t at = next(2) ? next(SAMPLE_SIZE) : (next(2) ? next(128) : 512 + next(4) * 1328 + next(176));

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
		if (read_copy(s, size))
			ck_abort_msg("accepted with %u bytes", size);
	free(s);
}
END_TEST

START_TEST(unsealed_changes)
{
	struct scenario *s = sample_scenario();

	for (size_t i = 0; i < SAMPLE_SIZE * 8; i += 7) {
		((uint8_t *)s)[i / 8] ^= (uint8_t)(1u << i % 8);
		if (read_copy(s, SAMPLE_SIZE))
			ck_abort_msg("a changed bit at byte %zu passed the checksum", i / 8);
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

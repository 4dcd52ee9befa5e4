/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzz target for the scenario reader (libFuzzer's entry point). The checksum is made right, else nothing behind it would be reached. */
/* fuzz: hypervisor/config/scenario.c hypervisor/config/scenario_vm.c hypervisor/config/scenario_set.c hypervisor/config/scenario_machine.c hypervisor/config/scenario_names.c hypervisor/lib/crc.c */
#include <stdlib.h>
#include <string.h>

#include "config/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool some_modules(const char *tag, void *arg)
{
	(void)arg;
	return strlen(tag) % 2;
}

static void found(const struct scenario_error *e, void *arg)
{
	(void)e, (void)arg;
	abort();	/* hvconfig would refuse what the hypervisor takes */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct scenario_machine m = { .nr_pcpus = 4, .ram_size = 1ull << 30, .policies = 0x7f, .has_module = some_modules };
	struct scenario_error e;
	const struct scenario *out;
	struct scenario *s;

	if (size > 1 << 16)
		return 0;
	s = malloc(size ? size : 1);
	if (!s)
		return 0;
	if (size)
		memcpy(s, data, size);
	if (size >= sizeof(*s) && s->total_size >= sizeof(*s) && s->total_size <= size)
		s->crc32 = scenario_crc(s);
	if (scenario_read(s, (uint32_t)size, &out, &e) == 0) {
		scenario_list(out, found, NULL);
		if (scenario_check_machine(out, &m, &e) && !e.text[0])
			abort();	/* refused without a word */
	}
	free(s);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the scenario allows a VM. The hypervisor tells nobody, so the file is read that it was booted with: where that was exchanged since,
 * the hypervisor's own word at the start of a VM is still the last.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define LIMITS_PATH_MAX	256

struct limits {
	bool known;			/* false: nothing says any */
	bool foreign;			/* the name is that of a VM that is not acrn-dm's */
	uint64_t cpus;			/* bit n = CPU n: of these it may choose, one each for its virtual CPUs */
	uint64_t kib;			/* of memory at most, 0: not limited */
	char path[LIMITS_PATH_MAX];	/* who says so */
};

/* The scenario module; "" means the one that /etc/default/quercus names. */
void limits_set_scenario(const char *path);

/* Those of VM @name. */
void limits_get(const char *name, struct limits *out);

/* CPUs of any VM, bit n = CPU n; 0: not known. */
uint64_t limits_all_cpus(void);

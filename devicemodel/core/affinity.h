/* SPDX-License-Identifier: BSD-3-Clause */
/* On which of the machine's CPUs a VM's vCPUs run, as --cpu_affinity or --pcpus says. */
#pragma once

#include <stdint.h>

struct config;
struct hsm;

#define AFFINITY_MAX	64u

/* The numbers of a list such as "1,2" in @out[AFFINITY_MAX]: how many; 0: it is none, or has a number twice. */
unsigned int affinity_parse(const char *text, uint32_t *out);

/*
 * The mask of the CPUs that @cfg names, 0: none. Local APIC ids are looked up in what the hypervisor says of its CPUs;
 * where it does not tell, an id is taken for a CPU's number. 0, or -EINVAL with a message.
 */
int affinity_mask(struct hsm *hsm, const struct config *cfg, uint64_t *mask);

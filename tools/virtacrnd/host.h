/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine as the Service VM sees it: its CPUs and its memory, not those that the scenario keeps for others. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define HOST_CPUS_MAX	4096u

struct host {
	unsigned int cpus, mhz;			/* online */
	unsigned int sockets, cores, threads;	/* whose product is at least cpus */
	uint64_t memory_kib, free_bytes;
	uint8_t uuid[16];
};

void host_get(struct host *host);

/* A bit for each CPU that is online into map[HOST_CPUS_MAX / 8]; the number of CPUs there can be. */
unsigned int host_cpu_map(uint8_t *map);

/* Path of acrn-dm, and the version that it says of itself as libvirt counts (1000000 * major + 1000 * minor), 0: it says none. */
void host_set_dm(const char *path);
const char *host_dm(void);
uint64_t host_dm_version(void);

/* What XML of clients is held against, and XML that was checked before. */
struct domxml_host;
const struct domxml_host *host_new_xml(void);
const struct domxml_host *host_old_xml(void);

/* SPDX-License-Identifier: BSD-3-Clause */
/* A Service VM of two vCPUs that calls, and a scenario with a user VM "user": for the tests of hypercalls. */
#pragma once

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hv_machine.h"
#include "hv_vm.h"
#include "hypercall/dispatch.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/slots.h"
#include "public/hypercall.h"
#include "public/mem.h"
#include "public/vm.h"
#include "vm_mem.h"

#define ARG	0x10000ul	/* where arguments lie in the Service VM */
#define PAGE_AT	0x20000ul	/* IOREQ page */
#define NOWHERE	0x40000000ul
#define BIG	(1ul << 46)
#define RAM (MEM_ACCESS_RWX | MEM_TYPE_WB)

void (*log_sink)(enum log_level level, const char *text, size_t n);

size_t log_read(uint64_t *pos, char *buf, size_t size)
{
	(void)pos, (void)buf, (void)size;
	return 0;
}

static struct vm *service;
static struct scenario *scenario;
static unsigned int pages;

static inline void *arg(void) { return hv_vm_ram(service) + ARG; }
static inline int64_t hc(uint64_t id, uint64_t p1, uint64_t p2) { return hypercall(service->vcpus[0], id, p1, p2); }

static inline void setup(void)
{
	hv_machine_reset();
	memset(hv_parts, 0, sizeof(hv_parts));
	memset(&hv_vdev, 0, sizeof(hv_vdev));
	scenario = calloc(1, sizeof(*scenario) + 3 * sizeof(scenario->vms[0]));
	scenario->nr_vms = 3;
	scenario->vms[0] = (struct scenario_vm){ .load_order = SCENARIO_PRE_LAUNCHED, .name = "rt", .cpu_affinity = 8 };
	scenario->vms[1] = (struct scenario_vm){ .load_order = SCENARIO_SERVICE, .name = "service", .cpu_affinity = 3 };
	scenario->vms[2] = (struct scenario_vm){ .load_order = SCENARIO_POST_LAUNCHED, .name = "user", .cpu_affinity = 6,
						.severity = SCENARIO_SEVERITY_STANDARD };
	service = hv_vm_create(1, SCENARIO_SERVICE, 2);
	service->affinity = 3;
	slots_init(scenario);
	pages = fake_mem_pages;
}

static inline void teardown(void)
{
	uint64_t i;

	for (i = 1; i < MAX_VMS - 1; i++) {
		if (!vm_table[i + 1])
			continue;
		(void)hc(HC_PAUSE_VM, i, 0);
		ck_assert_int_eq(hc(HC_DESTROY_VM, i, 0), 0);
	}
	ck_assert_uint_eq(fake_mem_pages, pages);
	ck_assert_uint_eq(hv_parts[0].nr_made, 0);
	ck_assert_uint_eq(hv_parts[2].nr_made, 0);
	hv_vm_destroy(service);
	free(scenario);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static inline int64_t create(const char *name, uint64_t affinity, uint64_t flags)
{
	struct acrn_vm_creation *v = arg();

	memset(v, 0, sizeof(*v));
	/* A name that fills the field has no end there. */
	memcpy(v->name, name, MIN(strlen(name), sizeof(v->name)));
	v->cpu_affinity = affinity;
	v->vm_flag = flags;
	return hc(HC_CREATE_VM, ARG, 0);
}

/* A VM "user", its relative id 1. */
static inline struct vm *make_user(void)
{
	ck_assert_int_eq(create("user", 0, 0), 0);
	ck_assert_uint_eq(((struct acrn_vm_creation *)arg())->vmid, 1);
	return vm_table[2];
}

static inline int64_t attach(uint64_t vm, uint64_t page)
{
	memcpy(arg(), &page, 8);
	return hc(HC_SET_IOREQ_BUFFER, vm, ARG);
}

static inline int64_t region(uint64_t vm, struct vm_memory_region r)
{
	struct set_regions s = { .vmid = (uint16_t)vm, .mr_num = 1, .regions_gpa = ARG + 64 };

	memcpy(arg(), &s, sizeof(s));
	memcpy((uint8_t *)arg() + 64, &r, sizeof(r));
	return hc(HC_VM_SET_MEMORY_REGIONS, ARG, 0);
}

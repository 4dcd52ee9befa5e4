/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypervisor's page pool and its table of VMs, used up from here. */
#include "service/service.h"

#include "lib/console.h"
#include "lib/errno.h"
#include "lib/report.h"
#include "lib/printf.h"
#include "lib/util.h"
#include "public/mem.h"
#include "service/hc.h"
#include "service/payload.h"
#include "service/uservm.h"

#define WB_RWX	(MEM_ACCESS_RWX | MEM_TYPE_WB)
#define MOST_VMS 16u
#define STEPS	65536u

static struct uservm vms[MOST_VMS], hog;

static void table(void)
{
	char name[16];
	unsigned int n, i, bad = 0;
	int64_t err = 0;

	for (n = 0; n < MOST_VMS; n++) {
		vms[n].affinity = 2;
		snprintf(name, sizeof(name), "many%u", n);
		err = uvm_create(&vms[n], name);
		if (err)
			break;
	}
	/* MAX_VMS of 16, less the Service VM and what the scenario names. */
	report(err == -ENOSPC && n == MOST_VMS - 2, "%u VMs can be made, then there are no more (%ld)", n, err);
	for (i = 0; i < n; i++)
		bad += uvm_destroy(&vms[i]) != 0;
	report_eq(bad, 0, "all are destroyed");
	report(!uvm_create(&vms[0], "one") && !uvm_destroy(&vms[0]), "and there is room again");
}

/* Page tables for one page in each GiB, until no page is left. */
static void pool(void)
{
	struct uservm other = { .affinity = 2 };
	uint64_t i;
	int64_t err = 0;

	if (uvm_create(&hog, "hog") || !uvm_prepare(&hog, payload_spin)) {
		report(false, "VM hog is made");
		return;
	}
	for (i = 1; i < STEPS && !err; i++)
		err = uvm_region(&hog, (struct vm_memory_region){ MR_ADD, WB_RWX, i << 30, GPA(hog.ram), PAGE_SIZE });
	report(err == -ENOMEM, "the page pool has an end, at %lu GiB (%ld)", i - 1, err);
	err = uvm_create(&other, "other");
	report(err == -ENOMEM, "then there is no other VM (%ld)", err);
	err = uvm_start(&hog);
	report(!err && uvm_wait_box(&hog, MB_DONE, 1), "VMs that are there run on (%ld)", err);
	report(!uvm_pause(&hog), "can be paused");
	err = uvm_reset(&hog);
	report(!err || err == -ENOMEM, "reset, or refuse it (%ld)", err);
	report(!uvm_destroy(&hog), "and destroyed");
	report(!uvm_create(&other, "other") && !uvm_destroy(&other), "which gives all back");
}

void case_full(void)
{
	unsigned int round;

	uvm_init(&hog, 2);
	table();
	for (round = 0; round < 2; round++)
		pool();
	if (uvm_boot(&hog, "after", payload_spin)) {
		report(uvm_wait_box(&hog, MB_DONE, 1), "after all that a VM runs");
		uvm_end(&hog);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* See hv_machine.h. */
#include "hv_machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "emul/vpci/vpci.h"
#include "hw/acpi.h"
#include "io/ioreq.h"
#include "irq/ioapic.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "machine/ownership.h"
#include "machine/parts.h"
#include "machine/wait.h"
#include "vm/vm.h"

#define PATIENCE 3000000u	/* looks until a wait is taken for a deadlock */

struct acpi_info acpi = { .lapic_base = 0xfee00000 };
struct hv_part hv_parts[HV_NR_PARTS];
unsigned int hv_memory_events;

void ownership_event(const char *what)
{
	(void)what;
	hv_memory_events++;
}

uint32_t ioapic_count(void) { return 0; }

void ioapic_info(uint32_t i, uint64_t *base, uint32_t *gsi_base, uint32_t *nr_pins, uint32_t *id)
{
	(void)i;
	*base = *gsi_base = *nr_pins = *id = 0;
}

/* There is no IOMMU. */
int dma_create(struct vm *vm, const struct machine_request *r) { (void)vm; (void)r; return 0; }
void dma_destroy(struct vm *vm) { (void)vm; }

struct hv_vdev hv_vdev;

int vpci_add_ivshmem(struct vm *vm, const struct ivshmem_request *r)
{
	(void)vm;
	hv_vdev.nr_added++;
	hv_vdev.request = *r;
	snprintf(hv_vdev.region, sizeof(hv_vdev.region), "%s", r->region);
	return 0;
}

int ivshmem_remove(struct vm *vm, uint16_t bdf)
{
	(void)vm;
	hv_vdev.removed = bdf;
	return 0;
}

bool ivshmem_is_shared(hpa_t at, uint64_t size)
{
	return hv_vdev.shared_size && ranges_overlap(at.v, size, hv_vdev.shared, hv_vdev.shared_size);
}

bool vpci_lock_range(struct vm *vm, uint64_t at, uint64_t size)
{
	(void)vm;
	if (hv_vdev.size && at < hv_vdev.at + hv_vdev.size && hv_vdev.at < at + size)
		return false;
	hv_vdev.nr_locks++;
	return true;
}

void vpci_unlock_range(struct vm *vm)
{
	(void)vm;
	hv_vdev.nr_locks--;
}

void machine_link(struct vm *vm) { (void)vm; }
void machine_unlink(struct vm *vm) { (void)vm; }

static int make(unsigned int n)
{
	if (hv_parts[n].fails)
		return -ENOSPC;
	hv_parts[n].nr_made++;
	return 0;
}

#define PART(n)											\
	static int create##n(struct vm *vm, const struct machine_request *r) { (void)vm; (void)r; return make(n); } \
	static void destroy##n(struct vm *vm) { (void)vm; hv_parts[n].nr_made--; }		\
	static void reset##n(struct vm *vm) { (void)vm; hv_parts[n].nr_reset++; }

PART(0)
PART(1)
PART(2)
PART(3)

static int ioreq_part(struct vm *vm, const struct machine_request *r)
{
	(void)vm;
	(void)r;
	return 0;
}

const struct machine_part machine_devices[] = {
	{ "all", FOR_ALL, create0, destroy0, reset0 },
	{ "ioreq", FOR_POST, ioreq_part, ioreq_detach, NULL },
	{ "no post", FOR_PRE | FOR_SERVICE, create1, destroy1, reset1 },
	{ "only post", FOR_POST, create2, destroy2, reset2 },
	{ "last", FOR_ALL, create3, destroy3, reset3 },
};
const unsigned int machine_nr_devices = sizeof(machine_devices) / sizeof(machine_devices[0]);

static void obey(struct vcpu *vcpu)
{
	if (vcpu->requests & 1ul << REQ_EXIT && vcpu->thread.state != THREAD_NEW) {
		vcpu->state = VCPU_OFFLINE;
		vcpu->thread.state = THREAD_DEAD;
	} else if (vcpu->requests & 1ul << REQ_PAUSE) {
		vcpu->state = VCPU_PAUSED;
	}
}

void wait_until(bool (*done)(void *arg), void *arg)
{
	unsigned int i, j, n;

	for (n = 0; !done(arg); n++) {
		if (n == PATIENCE)
			abort();
		for (i = 0; i < MAX_VMS; i++)
			for (j = 0; vm_table[i] && j < vm_table[i]->nr_vcpus; j++)
				obey(vm_table[i]->vcpus[j]);
		sched_yield();
	}
}

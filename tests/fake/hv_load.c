/* SPDX-License-Identifier: BSD-3-Clause */
/* See hv_load.h. */
#include "hv_load.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/features.h"
#include "emul/vpci/ivshmem.h"
#include "lib/util.h"
#include "mm/pgtable.h"
#include "vm/gpa.h"
#include "vm_mem.h"

struct hv_load hv_load;

bool feature_has(enum feature f) { (void)f; return false; }

bool ivshmem_memory_range(const struct vm *vm, uint64_t *first, uint64_t *last)
{
	(void)vm;
	(void)first;
	(void)last;
	return false;
}

uint64_t service_acpi_build(struct load_job *job) { (void)job; return 0x2000; }

int vcpu_set_regs(struct vcpu *vcpu, const struct acrn_regs *regs)
{
	if (vcpu != hv_load.vm->vcpus[0])
		abort();
	hv_load.regs = *regs;
	hv_load.nr_regs++;
	return 0;
}

void hv_load_make(void)
{
	struct vm *vm = fake_vm_create(1);

	memset(&hv_load, 0, sizeof(hv_load));
	hv_load.vm = vm;
	hv_load.ram = aligned_alloc(SIZE_2M, HV_LOAD_RAM);
	memset(hv_load.ram, 0xa5, HV_LOAD_RAM);
	vm->cfg = &hv_load.cfg;
	vm->load_order = SCENARIO_PRE_LAUNCHED;
	vm->ram_hpa = (uint64_t)hv_load.ram;
	vm->ram_size = HV_LOAD_RAM;
	pgtable_set_caps(2, 2, true);
	if (gpa_create(vm) || gpa_map(vm, gpa(0), hpa(vm->ram_hpa), HV_LOAD_RAM, PG_R | PG_W | PG_X | PG_WB))
		abort();
}

void hv_load_free(void)
{
	gpa_destroy(hv_load.vm);
	fake_vm_destroy(hv_load.vm);
	free(hv_load.ram);
	if (fake_mem_pages)
		abort();
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target for hypercalls (libFuzzer's entry point): a list of calls with numbers, arguments and parameter blocks. Whatever
 * the Service VM asks for, a user VM has only pages of the Service VM's, and when all are destroyed no page of the pool is lost.
 */
/* fuzz: hypervisor/hypercall/dispatch.c hypervisor/hypercall/hc_vm.c hypervisor/hypercall/hc_mem.c hypervisor/hypercall/hc_io.c hypervisor/hypercall/hc_dev.c hypervisor/hypercall/hc_trace.c hypervisor/hypercall/hc_stats.c hypervisor/cpu/trace.c hypervisor/machine/machine.c hypervisor/machine/memory.c hypervisor/machine/slots.c hypervisor/machine/severity.c hypervisor/mm/e820.c hypervisor/io/ioreq.c hypervisor/io/asyncio.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/hv_machine.c tests/fake/vtd.c tests/fake/hv_string.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* fuzz-flags: -DHOST_DIRECT_BASE=0ul */
#include <stdlib.h>
#include <string.h>

#include "assign/intx.h"
#include "assign/msi.h"
#include "hv_machine.h"
#include "hv_vm.h"
#include "hypercall/dispatch.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/slots.h"
#include "mm/pgtable.h"
#include "public/hypercall.h"
#include "public/irq.h"
#include "public/mem.h"
#include "public/vm.h"
#include "vm_mem.h"

/* The log that a trace ring would get. */
void (*log_sink)(enum log_level level, const char *text, size_t n);
size_t log_read(uint64_t *pos, char *buf, size_t size) { (void)pos; (void)buf; (void)size; return 0; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARG		0x10000ul	/* where parameter blocks lie in the Service VM; more at ARG + 4096 */
#define NR_CALLS	32u

/* A call: its number, who and where, and what the first bytes of its block differ in from a good one. */
struct step {
	uint8_t number, kind;
	uint8_t p1[8], p2[8];
	uint8_t nr_bytes;
};

#define P1_IS_ANY	0x80u	/* of kind: p1 is the eight bytes, else a small number, or the block's address */
#define P2_IS_ANY	0x20u	/* p2 is the eight bytes, else the block's address */
#define IS_RANGE	0x10u	/* the bytes change the list at ARG + 4096 */

static struct vm *service;

/* Device interrupts: there are none. */
uint32_t intx_counts(const struct vm *vm, uint64_t *words, uint32_t max)
{
	(void)vm; (void)words; (void)max;
	return 0;
}

uint32_t msi_counts(const struct vm *vm, uint64_t *words, uint32_t max)
{
	(void)vm; (void)words; (void)max;
	return 0;
}

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void make(void)
{
	static union { struct scenario s; uint8_t room[sizeof(struct scenario) + 2 * sizeof(struct scenario_vm)]; } u;

	hv_machine_reset();
	u.s.nr_vms = 2;
	u.s.vms[0] = (struct scenario_vm){ .load_order = SCENARIO_SERVICE, .name = "service", .cpu_affinity = 3 };
	u.s.vms[1] = (struct scenario_vm){ .load_order = SCENARIO_POST_LAUNCHED, .name = "user", .cpu_affinity = 6,
					   .severity = SCENARIO_SEVERITY_STANDARD };
	service = hv_vm_create(0, SCENARIO_SERVICE, 2);
	service->affinity = 3;
	slots_init(&u.s);
}

static int64_t call(uint64_t id, uint64_t p1, uint64_t p2)
{
	return hypercall(service->vcpus[0], id, p1, p2);
}

/* A block that the call would take, but that memory regions are anywhere. */
static void good_block(uint8_t number, uint8_t *block, const struct step *s)
{
	const struct vm_memory_region region = { MR_ADD, MEM_ACCESS_RWX | MEM_TYPE_WB, (uint64_t)s->p1[1] << PAGE_SHIFT,
						 (uint64_t)(s->p2[0] | s->p2[1] << 8) << PAGE_SHIFT,
						 (1ul + s->p1[2] % 4) << PAGE_SHIFT };
	const uint64_t page = 0x20000;

	memset(block, 0, 2 * PAGE_SIZE);
	memcpy(block + PAGE_SIZE, &region, sizeof(region));
	if (HC_ID(number) == HC_CREATE_VM)
		*(struct acrn_vm_creation *)block = (struct acrn_vm_creation){ .name = "other", .cpu_affinity = 2 };
	else if (HC_ID(number) == HC_VM_SET_MEMORY_REGIONS)
		*(struct set_regions *)block = (struct set_regions){ .vmid = 1, .mr_num = 1, .regions_gpa = ARG + PAGE_SIZE };
	else if (HC_ID(number) == HC_INJECT_MSI)
		*(struct acrn_msi_entry *)block = (struct acrn_msi_entry){ 0xfee00000, 0x41 };
	else if (HC_ID(number) == HC_SET_IOREQ_BUFFER)
		memcpy(block, &page, sizeof(page));
}

/* The calls there are, and now and then any number. */
static uint8_t number_of(const struct step *s)
{
	static const uint8_t known[] = {
		0x00, 0x01, 0x02, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x23, 0x24, 0x25, 0x30, 0x31, 0x41, 0x42, 0x43,
		0x63, 0x80, 0xc0, 0xc1, 0xc2,
	};

	return s->kind & 8 ? s->number : known[s->number % ARRAY_SIZE(known)];
}

/* Calls whose first argument is the block's address. */
static bool takes_place(uint8_t number)
{
	return HC_ID(number) == HC_CREATE_VM || HC_ID(number) == HC_VM_SET_MEMORY_REGIONS ||
	       HC_ID(number) == HC_GET_API_VERSION || HC_ID(number) == HC_GET_HW_INFO;
}

static void one(const struct step *s, const uint8_t *bytes)
{
	uint8_t *block = hv_vm_ram(service) + ARG, number = number_of(s);
	uint64_t p1, p2;
	unsigned int i;

	good_block(number, block, s);
	for (i = 0; i < s->nr_bytes; i++)
		block[(s->kind & IS_RANGE ? PAGE_SIZE : 0) + i] ^= bytes[i];
	memcpy(&p1, s->p1, 8);
	memcpy(&p2, s->p2, 8);
	if (!(s->kind & P1_IS_ANY))
		p1 = takes_place(number) ? ARG : 1 + s->p1[0] % 3;
	p2 = s->kind & P2_IS_ANY ? p2 : ARG;
	(void)call(HC_ID(number), p1, p2);
}

/* What a user VM maps is the Service VM's. */
static void span(void *arg, const struct pgtable_span *s)
{
	(void)arg;
	expect(s->pa.v >= service->ram_hpa && range_fits(s->pa.v - service->ram_hpa, s->size, HV_RAM_SIZE));
}

static void end(void)
{
	uint64_t id;

	for (id = 1; id < MAX_VMS; id++) {
		if (!vm_table[id])
			continue;
		pgtable_for_each(&vm_table[id]->ept, span, NULL);
		(void)call(HC_PAUSE_VM, id, 0);
		expect(!call(HC_DESTROY_VM, id, 0) && !vm_table[id]);
	}
}

/* Each input begins with one VM. */
static int64_t create_user(void)
{
	*(struct acrn_vm_creation *)(hv_vm_ram(service) + ARG) = (struct acrn_vm_creation){ .name = "user" };
	return call(HC_CREATE_VM, ARG, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int before, i;
	struct step s;

	if (!service)
		make();
	before = fake_mem_pages;
	expect(!create_user());
	for (i = 0; i < NR_CALLS && size >= sizeof(s); i++) {
		memcpy(&s, data, sizeof(s));
		data += sizeof(s);
		size -= sizeof(s);
		s.nr_bytes = (uint8_t)MIN(s.nr_bytes, size);
		one(&s, data);
		data += s.nr_bytes;
		size -= s.nr_bytes;
	}
	end();
	expect(fake_mem_pages == before && !hv_parts[0].nr_made && !hv_parts[2].nr_made && !hv_parts[3].nr_made);
	for (i = 0; i < service->nr_vcpus; i++)
		service->vcpus[i]->requests = 0;
	return 0;
}

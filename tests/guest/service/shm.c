/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared memory of a user VM: HC_ADD_VDEV, good and wrong, and what the VM does with it. */
#include "service/service.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/errno.h"
#include "lib/report.h"
#include "lib/shm.h"
#include "lib/string.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "public/dev.h"
#include "service/hc.h"
#include "service/payload.h"
#include "service/uservm.h"
#include "x86/insn.h"

#define OTHER_CPU	2u
#define VECTOR		0x52u
#define USER		1u	/* its number in the scenario */
#define LINE		0x2f8u	/* this end of the serial line */
#define BDF(address)	((address) >> 8 & 0xffff)

static struct uservm vm;
static struct shm work, look;

/* What reaches the device model: addresses, which it must know, and what is not the hypervisor's. */
static const struct { bool read; uint32_t port, value; } requests[] = {
	{ false, 0xcf8, SHM_ADDRESS }, { false, 0xcf8, SHM_ADDRESS + 4 }, { false, 0xcf8, SHM_LOOK + 4 },
	{ false, 0xcf8, SHM_ADDRESS + 0x40 }, { false, 0xcf8, SHM_NOBODY }, { true, 0xcfc, 0x12345678 },
};

static void on_doorbell(struct trap_frame *frame __unused)
{
	apic_eoi();
}

static int64_t vdev(uint64_t call, const char *region, uint32_t address, uint32_t memory, uint32_t size)
{
	struct acrn_vdev *v = arena_get(1);

	v->id.value = VDEV_ID_IVSHMEM;
	v->slot = BDF(address);
	v->io_addr[0] = SHM_TABLE - 0x1000 + (memory - SHM_WORK_AT);
	v->io_addr[1] = v->io_addr[0] + 0x1000;
	v->io_addr[2] = memory;
	v->io_addr[4] = SHM_PORTS + 16 * (memory != SHM_WORK_AT);
	v->io_size[2] = size;
	memcpy(v->args, region, strnlen(region, sizeof(v->args) - 1));
	return hc(call, vm.id, GPA(v));
}

static void wrong_calls(void)
{
	report_eq((uint64_t)vdev(HC_ADD_VDEV, "hv:/none", SHM_ADDRESS, SHM_WORK_AT, 0), (uint64_t)-ENOENT, "no such region");
	report_eq((uint64_t)vdev(HC_ADD_VDEV, "private", SHM_ADDRESS, SHM_WORK_AT, 0), (uint64_t)-EPERM, "a region it is not given");
	report_eq((uint64_t)vdev(HC_ADD_VDEV, "work", SHM_ADDRESS, SHM_WORK_AT, 4096), (uint64_t)-EINVAL, "another size");
	report_eq((uint64_t)vdev(HC_ADD_VDEV, "work", 0x80000000, SHM_WORK_AT, 0), (uint64_t)-EINVAL, "the bus's own place");
	report_eq((uint64_t)vdev(HC_REMOVE_VDEV, "work", SHM_ADDRESS, SHM_WORK_AT, 0), (uint64_t)-ENODEV, "nothing to remove yet");
}

static bool answered(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		struct acrn_pio_request *r = &vm.io->req_slot[0].reqs.pio_request;

		if (!uvm_wait_ioreq(&vm))
			return report(false, "request %u comes", i);
		if (r->address != requests[i].port || r->direction != (requests[i].read ? IOREQ_READ : IOREQ_WRITE) ||
		    (!requests[i].read && r->value != requests[i].value))
			return report(false, "request %u is port %lx direction %u value %x", i, r->address, r->direction, r->value);
		if (uvm_answer(&vm, requests[i].value))
			return report(false, "request %u is answered", i);
	}
	return true;
}

static void both_ways(void)
{
	volatile uint32_t *w = (volatile uint32_t *)work.memory, *l = (volatile uint32_t *)look.memory;
	uint32_t before = this_cpu()->nr_traps[VECTOR];

	w[0] = 0x11223344;
	outb(LINE, 0x52);
	l[0] = 0x77;
	cpu_sti();
	report(uvm_start(&vm) == 0 && answered() && uvm_wait_box(&vm, MB_DONE, 1), "the user VM drives the function");
	report(clock_wait_change(&this_cpu()->nr_traps[VECTOR], before, UVM_WAIT_US), "its doorbell arrives");
	cpu_cli();
	report_eq(*uvm_box(&vm, MB_READ), 0x11101af4, "identity");
	report_eq(*uvm_box(&vm, MB_READ + 1), USER, "IVPosition");
	report_eq(*uvm_box(&vm, MB_READ + 2), 0x11223344, "it reads what is written here");
	report_eq(w[1], 0x600dcafe, "and the other way round");
	report(*uvm_box(&vm, MB_READ + 3) == 0x77 && l[0] == 0x77, "what it may only read it does not change");
	report_eq(*uvm_box(&vm, MB_READ + 4), 0x12345678, "other functions are the device model's");
	report(*uvm_box(&vm, MB_READ + 5) & 1 && *uvm_box(&vm, MB_READ + 6) == 0x52, "a byte for it waits on the serial line");
	report(inb(LINE + 5) & 1 && inb(LINE) == 0x51, "and one of its own comes");
	report_eq(shm_read(&work, SHM_PEERS) >> USER & 1, 1, "it is a peer");
	shm_ring(&work, USER, 0);
	report(uvm_wait_box(&vm, MB_MSI, 1), "a doorbell reaches it");
}

static void rights_stay(void)
{
	const struct vm_memory_region more = { MR_MODIFY, MEM_ACCESS_RWX | MEM_TYPE_WB, SHM_LOOK_AT, 0, 4096 };
	const struct vm_memory_region over = { MR_ADD, MEM_ACCESS_RWX | MEM_TYPE_WB, SHM_LOOK_AT, GPA(vm.ram), 4096 };

	const struct vm_memory_region lent = { MR_ADD, MEM_ACCESS_RWX | MEM_TYPE_WB, 0x400000, work.base, 4096 };

	report_eq((uint64_t)uvm_region(&vm, lent), (uint64_t)-EINVAL, "its creator cannot lend shared memory");
	report_eq((uint64_t)uvm_region(&vm, more), (uint64_t)-EINVAL, "its creator cannot give it more rights");
	report_eq((uint64_t)uvm_region(&vm, over), (uint64_t)-EINVAL, "nor put memory over it");
	report_eq((uint64_t)vdev(HC_REMOVE_VDEV, "work", SHM_ADDRESS, SHM_WORK_AT, 0), (uint64_t)-EINVAL, "a running VM keeps the function");
}

static void it_goes(void)
{
	volatile uint32_t *w = (volatile uint32_t *)work.memory;

	report_eq((uint64_t)uvm_pause(&vm), 0, "pause");
	report_eq((uint64_t)vdev(HC_REMOVE_VDEV, "look", SHM_LOOK, SHM_LOOK_AT, 0), 0, "a paused one can lose it");
	uvm_end(&vm);
	report_eq(shm_read(&work, SHM_PEERS) >> USER & 1, 0, "a VM that has gone is no peer");
	shm_ring(&work, USER, 0);
	outb(LINE, 0x53);
	report(!(inb(LINE + 6) & 0xb0), "nobody is at the other end of the serial line");
	report_eq(w[1], 0x600dcafe, "what it wrote stays");
}

void case_shm(void)
{
	if (!report(shm_open(0, &work) && shm_open(1, &look), "the Service VM has functions of its own"))
		return;
	trap_set(VECTOR, on_doorbell);
	shm_take(&work, SHM_RING, VECTOR);
	uvm_init(&vm, OTHER_CPU);
	if (!report(uvm_create(&vm, "user") == 0 && uvm_prepare(&vm, payload_shm), "a user VM"))
		return;
	wrong_calls();
	report_eq((uint64_t)vdev(HC_ADD_VDEV, "hv:/work", SHM_ADDRESS, SHM_WORK_AT, 65536), 0, "the region to work with");
	report_eq((uint64_t)vdev(HC_ADD_VDEV, "work", SHM_NOBODY, SHM_WORK_AT, 0), (uint64_t)-EEXIST, "not twice");
	report_eq((uint64_t)vdev(HC_ADD_VDEV, "/look", SHM_LOOK, SHM_LOOK_AT, 0), 0, "the region to look at");
	both_ways();
	rights_stay();
	it_goes();
}

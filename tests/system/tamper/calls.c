/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls with bad numbers, pointers, reserved fields and random content. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "victim.h"

#define RANDOM_CALLS	400

static const struct {
	const char *name;
	unsigned long request;
	bool pointer;		/* its argument is an address */
} calls[] = {
	{ "SET_VCPU_REGS", HSM_IOC_SET_VCPU_REGS, true },
	{ "PM_GET_CPU_STATE", HSM_IOC_PM_GET_CPU_STATE, true },
	{ "INJECT_MSI", HSM_IOC_INJECT_MSI, true },
	{ "VM_INTR_MONITOR", HSM_IOC_VM_INTR_MONITOR, true },
	{ "NOTIFY_REQUEST_FINISH", HSM_IOC_NOTIFY_REQUEST_FINISH, true },
	{ "SET_MEMSEG", HSM_IOC_SET_MEMSEG, true },
	{ "UNSET_MEMSEG", HSM_IOC_UNSET_MEMSEG, true },
	{ "SET_PTDEV_INTR", HSM_IOC_SET_PTDEV_INTR, true },
	{ "RESET_PTDEV_INTR", HSM_IOC_RESET_PTDEV_INTR, true },
	{ "ASSIGN_PCIDEV", HSM_IOC_ASSIGN_PCIDEV, true },
	{ "DEASSIGN_PCIDEV", HSM_IOC_DEASSIGN_PCIDEV, true },
	{ "ASSIGN_MMIODEV", HSM_IOC_ASSIGN_MMIODEV, true },
	{ "DEASSIGN_MMIODEV", HSM_IOC_DEASSIGN_MMIODEV, true },
	{ "CREATE_VDEV", HSM_IOC_CREATE_VDEV, true },
	{ "DESTROY_VDEV", HSM_IOC_DESTROY_VDEV, true },
	{ "IOEVENTFD", HSM_IOC_IOEVENTFD, true },
	{ "IRQFD", HSM_IOC_IRQFD, true },
	{ "Q_VM_STATE", HSM_IOC_Q_VM_STATE, true },
	{ "START_VM", HSM_IOC_START_VM, false },
	{ "PAUSE_VM", HSM_IOC_PAUSE_VM, false },
	{ "RESET_VM", HSM_IOC_RESET_VM, false },
	{ "DESTROY_VM", HSM_IOC_DESTROY_VM, false },
	{ "SET_IRQLINE", HSM_IOC_SET_IRQLINE, false },
	{ "CREATE_IOREQ_CLIENT", HSM_IOC_CREATE_IOREQ_CLIENT, false },
	{ "ATTACH_IOREQ_CLIENT", HSM_IOC_ATTACH_IOREQ_CLIENT, false },
	{ "CLEAR_VM_IOREQ", HSM_IOC_CLEAR_VM_IOREQ, false },
	{ "Q_FINISH_AND_WAIT", HSM_IOC_Q_FINISH_AND_WAIT, false },
};

#define NR_CALLS (sizeof(calls) / sizeof(calls[0]))

static void without_vm(struct victim *v)
{
	uint64_t zeros[64] = { 0 };
	size_t i;

	for (i = 0; i < NR_CALLS; i++)
		refused(calls[i].name, hsm_call(v, calls[i].request, calls[i].pointer ? (uintptr_t)zeros : 0), 0);
}

/* The number must fit in every bit: direction, size, type. */
static void wrong_numbers(struct victim *v)
{
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		refused("wrong size", hsm_call(v, calls[i].request ^ 0x00400000u, 0), ENOTTY);
		refused("wrong direction", hsm_call(v, calls[i].request ^ 0x80000000u, 0), ENOTTY);
		refused("wrong type", hsm_call(v, calls[i].request ^ 0x00000100u, 0), ENOTTY);
	}
	refused("unknown call", hsm_call(v, 0xa2ff, 0), ENOTTY);
}

static void bad_pointers(struct victim *v)
{
	static const uintptr_t bad[] = { 0, NOWHERE, KERNEL_ADDRESS, NOT_CANONICAL, ~0ul };
	size_t i, j;

	for (i = 0; i < NR_CALLS; i++)
		for (j = 0; calls[i].pointer && j < sizeof(bad) / sizeof(bad[0]); j++)
			refused(calls[i].name, hsm_call(v, calls[i].request, bad[j]), 0);
}

static void create_with(struct victim *v, const char *what, const struct acrn_vm_creation *wrong)
{
	struct acrn_vm_creation c = *wrong;

	refused(what, hsm_call(v, HSM_IOC_CREATE_VM, (uintptr_t)&c), 0);
	/* Nothing is left behind if a correct one works. */
	granted("create after a refused one", victim_create(v));
	granted("destroy after a refused one", hsm_call(v, HSM_IOC_DESTROY_VM, 0));
}

static void bad_creations(struct victim *v)
{
	const struct acrn_vm_creation good = victim_creation(v);
	struct acrn_vm_creation c = good;
	struct acrn_vm_creation *fixed = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
					      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	refused("create from NULL", hsm_call(v, HSM_IOC_CREATE_VM, 0), EFAULT);
	refused("create from kernel memory", hsm_call(v, HSM_IOC_CREATE_VM, KERNEL_ADDRESS), EFAULT);
	c.reserved0 = 1;
	create_with(v, "reserved field", &c);
	c = good;
	memset(c.name, 'x', sizeof(c.name));
	create_with(v, "name without end", &c);
	memset(c.name, 0, sizeof(c.name));
	create_with(v, "no name", &c);
	c = good;
	c.cpu_affinity = 1ull << 40;
	create_with(v, "CPU that does not exist", &c);
	c = good;
	c.vm_flag = VM_FLAG_LAPIC_PT;
	create_with(v, "LAPIC passthrough without real time", &c);
	c = good;
	c.ioreq_buf = 0;
	create_with(v, "no IOREQ page", &c);
	c.ioreq_buf = (uintptr_t)v->ram + 8;
	create_with(v, "IOREQ page not aligned", &c);
	c.ioreq_buf = NOWHERE;
	create_with(v, "IOREQ page not mapped", &c);
	c.ioreq_buf = KERNEL_ADDRESS;
	create_with(v, "IOREQ page of the kernel", &c);
	/* The answer cannot be written back: the VM must not stay. */
	*fixed = good;
	mprotect(fixed, PAGE_BYTES, PROT_READ);
	refused("answer to read-only memory", hsm_call(v, HSM_IOC_CREATE_VM, (uintptr_t)fixed), EFAULT);
	c = good;
	c.ioreq_buf = (uintptr_t)fixed;
	create_with(v, "read-only IOREQ page", &c);
	munmap(fixed, PAGE_BYTES);
}

/* Any content: what happens is no matter as long as everybody stays alive. */
static void random_content(struct victim *v)
{
	uint64_t data[64];
	unsigned int i;
	size_t j;

	for (i = 0; i < RANDOM_CALLS; i++) {
		size_t n = random_u64() % NR_CALLS;
		uint64_t mask = random_u64() & random_u64() & random_u64();

		for (j = 0; j < 64; j++)
			data[j] = random_u64() & (i % 3 ? mask : ~0ull);
		/* Those that wait for ever are right to do so; a destroyed VM would end the game. */
		if (calls[n].request == HSM_IOC_ATTACH_IOREQ_CLIENT || calls[n].request == HSM_IOC_DESTROY_VM ||
		    calls[n].request == HSM_IOC_Q_FINISH_AND_WAIT)
			continue;
		hsm_call(v, calls[n].request, calls[n].pointer ? (uintptr_t)data : data[0]);
	}
}

void case_calls(void)
{
	struct victim v;

	victim_open(&v);
	without_vm(&v);
	wrong_numbers(&v);
	bad_creations(&v);
	granted("create", victim_create(&v));
	bad_pointers(&v);
	wrong_numbers(&v);
	granted("memory", victim_set_ram(&v));
	random_content(&v);
	granted("destroy", hsm_call(&v, HSM_IOC_DESTROY_VM, 0));
	victim_close(&v);
}

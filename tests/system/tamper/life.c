/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM's life in the wrong order, and its end at the wrong moment. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "victim.h"

#define ROUNDS	5

static void bad_registers(struct victim *v)
{
	struct acrn_vcpu_regs good = { .vcpu_regs = { .cr0 = 0x31, .rflags = 2 } }, r = good;
	unsigned int i, j;

	r.vcpu_id = 1;
	refused("registers of vCPU 1 of 1", hsm_call(v, HSM_IOC_SET_VCPU_REGS, (uintptr_t)&r), EINVAL);
	r.vcpu_id = 0xffff;
	refused("registers of vCPU 65535", hsm_call(v, HSM_IOC_SET_VCPU_REGS, (uintptr_t)&r), EINVAL);
	r = good;
	r.reserved[1] = 1;
	refused("reserved field", hsm_call(v, HSM_IOC_SET_VCPU_REGS, (uintptr_t)&r), EINVAL);
	r = good;
	r.vcpu_regs.cr0 = ~0ull;
	refused("CR0 of ones", hsm_call(v, HSM_IOC_SET_VCPU_REGS, (uintptr_t)&r), EINVAL);
	r = good;
	r.vcpu_regs.cr4 = ~0ull;
	refused("CR4 of ones", hsm_call(v, HSM_IOC_SET_VCPU_REGS, (uintptr_t)&r), EINVAL);
	/* Any accepted values may let the guest fail, never the hypervisor. */
	for (i = 0; i < ROUNDS; i++) {
		uint8_t *bytes = (uint8_t *)&r;

		memset(&r, 0, sizeof(r));
		for (j = 8; j < sizeof(r); j++)
			bytes[j] = (uint8_t)random_u64();
		memset(r.vcpu_regs.gdt.reserved, 0, sizeof(r.vcpu_regs.gdt.reserved));
		memset(r.vcpu_regs.idt.reserved, 0, sizeof(r.vcpu_regs.idt.reserved));
		memset(r.vcpu_regs.reserved_64, 0, sizeof(r.vcpu_regs.reserved_64));
		memset(r.vcpu_regs.reserved_32, 0, sizeof(r.vcpu_regs.reserved_32));
		r.vcpu_regs.cr0 = 0x31;
		r.vcpu_regs.cr4 = r.vcpu_regs.ia32_efer = 0;
		if (hsm_call(v, HSM_IOC_SET_VCPU_REGS, (uintptr_t)&r) == 0)
			hsm_call(v, HSM_IOC_START_VM, 0);
		hsm_call(v, HSM_IOC_PAUSE_VM, 0);
		granted("reset", hsm_call(v, HSM_IOC_RESET_VM, 0));
	}
}

static void wrong_order(void)
{
	struct victim v, other;

	victim_open(&v);
	victim_open(&other);
	granted("create", victim_create(&v));
	refused("create twice", victim_create(&v), EBUSY);
	refused("a second VM of one name", victim_create(&other), EEXIST);
	bad_registers(&v);
	granted("memory", victim_set_ram(&v));
	granted("registers", victim_set_regs(&v));
	granted("client", hsm_call(&v, HSM_IOC_CREATE_IOREQ_CLIENT, 0));
	refused("second client", hsm_call(&v, HSM_IOC_CREATE_IOREQ_CLIENT, 0), EEXIST);
	granted("start", hsm_call(&v, HSM_IOC_START_VM, 0));
	refused("start twice", hsm_call(&v, HSM_IOC_START_VM, 0), EINVAL);
	refused("reset while it runs", hsm_call(&v, HSM_IOC_RESET_VM, 0), EINVAL);
	refused("registers while it runs", victim_set_regs(&v), EINVAL);
	refused("create while it runs", victim_create(&v), EBUSY);
	granted("pause", hsm_call(&v, HSM_IOC_PAUSE_VM, 0));
	granted("pause twice", hsm_call(&v, HSM_IOC_PAUSE_VM, 0));
	granted("a paused VM goes on", hsm_call(&v, HSM_IOC_START_VM, 0));
	refused("start while it goes on", hsm_call(&v, HSM_IOC_START_VM, 0), EINVAL);
	granted("pause again", hsm_call(&v, HSM_IOC_PAUSE_VM, 0));
	granted("reset", hsm_call(&v, HSM_IOC_RESET_VM, 0));
	granted("registers", victim_set_regs(&v));
	granted("start again", hsm_call(&v, HSM_IOC_START_VM, 0));
	granted("destroy while it runs", hsm_call(&v, HSM_IOC_DESTROY_VM, 0));
	refused("destroy twice", hsm_call(&v, HSM_IOC_DESTROY_VM, 0), EINVAL);
	refused("start of nothing", hsm_call(&v, HSM_IOC_START_VM, 0), EINVAL);
	granted("the other one now", victim_create(&other));
	victim_close(&other);
	victim_close(&v);
}

/* A VM without memory, and one that was never given registers, fail by themselves. */
static void started_bare(void)
{
	struct victim v;

	victim_open(&v);
	granted("create", victim_create(&v));
	granted("client", hsm_call(&v, HSM_IOC_CREATE_IOREQ_CLIENT, 0));
	if (hsm_call(&v, HSM_IOC_START_VM, 0) == 0)
		usleep(20000);
	granted("destroy of a VM without memory", hsm_call(&v, HSM_IOC_DESTROY_VM, 0));
	granted("create", victim_create(&v));
	granted("memory", victim_set_ram(&v));
	if (hsm_call(&v, HSM_IOC_START_VM, 0) == 0)
		usleep(20000);
	granted("destroy of a VM without registers", hsm_call(&v, HSM_IOC_DESTROY_VM, 0));
	victim_close(&v);
}

/* The file is closed, or its process killed, while the VM runs and waits for an answer. */
static void ended_running(bool killed)
{
	struct victim v;
	pid_t child;
	int status;

	child = fork();
	if (child == 0) {
		victim_open(&v);
		victim_run(&v);
		check(victim_wait_slot(&v, IOREQ_PROCESSING), "the VM makes no request");
		if (killed)
			kill(getpid(), SIGKILL);
		victim_close(&v);
		_exit(all_checked_ok() ? 0 : 1);
	}
	check(child > 0 && waitpid(child, &status, 0) == child, "fork or wait failed");
	check(killed ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0,
	      "the VM's process ended with status 0x%x", status);
}

void case_life(void)
{
	wrong_order();
	started_bare();
	victim_proves_itself("bare starts");
	ended_running(false);
	victim_proves_itself("a close while running");
	ended_running(true);
}

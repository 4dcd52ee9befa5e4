/* SPDX-License-Identifier: BSD-3-Clause */
/* The IOREQ page written at the wrong time, and answers that nobody asked for. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "public/vm.h"
#include "victim.h"

#define SCRIBBLES	20000u
#define ROUND		1000u	/* scribbles, then the VM starts anew */
#define WORDS		(PAGE_BYTES / sizeof(uint32_t))

static long notify(const struct victim *v, uint32_t vcpu, uint16_t reserved)
{
	struct acrn_ioreq_notify n = { .vmid = 0xffff, .reserved = reserved, .vcpu = vcpu };

	return hsm_call(v, HSM_IOC_NOTIFY_REQUEST_FINISH, (uintptr_t)&n);
}

static void bad_notifies(struct victim *v)
{
	static const uint32_t vcpus[] = { 1, 15, 16, 31, 32, 63, 64, 0x7fffffff, 0xffffffff };
	size_t i;

	refused("answer without request", notify(v, 0, 0), EINVAL);
	for (i = 0; i < sizeof(vcpus) / sizeof(vcpus[0]); i++)
		refused("answer for a vCPU that does not exist", notify(v, vcpus[i], 0), EINVAL);
	refused("reserved field", notify(v, 0, 1), EINVAL);
	refused("set of slots that do not exist", hsm_call(v, HSM_IOC_Q_FINISH_AND_WAIT, 1ul << 16), EINVAL);
	refused("set of vCPUs that do not exist", hsm_call(v, HSM_IOC_Q_FINISH_AND_WAIT, 0xfffe), EINVAL);
	refused("all ones", hsm_call(v, HSM_IOC_Q_FINISH_AND_WAIT, ~0ul), EINVAL);
}

/* Completes a request and leaves `state` where the next one should find FREE. */
static void forged(uint32_t state)
{
	struct acrn_io_request *slot;
	struct victim v;
	int i;

	victim_open(&v);
	slot = &v.page->req_slot[0];
	granted("create", victim_create(&v));
	granted("memory", victim_set_ram(&v));
	granted("registers", victim_set_regs(&v));
	__atomic_store_n(&slot->processed, state, __ATOMIC_SEQ_CST);
	granted("start", hsm_call(&v, HSM_IOC_START_VM, 0));
	for (i = 0; i < 2000 && victim_state(&v) == Q_VM_RUNNING; i++)
		usleep(50);
	check(victim_state(&v) == Q_VM_STOPPED, "slot state %u forged: the VM is in state %u, expected %u",
	      state, victim_state(&v), Q_VM_STOPPED);
	granted("pause of a stopped VM", hsm_call(&v, HSM_IOC_PAUSE_VM, 0));
	granted("destroy of a stopped VM", hsm_call(&v, HSM_IOC_DESTROY_VM, 0));
	victim_close(&v);
}

/* The page goes away while the VM uses it: it stays pinned until the VM is gone. */
static void page_lost(void)
{
	struct victim v;

	victim_open(&v);
	victim_run(&v);
	check(victim_wait_slot(&v, IOREQ_PROCESSING), "the VM makes no request");
	madvise(v.page, PAGE_BYTES, MADV_DONTNEED);
	granted("clear", hsm_call(&v, HSM_IOC_CLEAR_VM_IOREQ, 0));
	munmap(v.page, PAGE_BYTES);
	hsm_call(&v, HSM_IOC_ATTACH_IOREQ_CLIENT, 0);
	granted("destroy without page", hsm_call(&v, HSM_IOC_DESTROY_VM, 0));
	victim_close(&v);
}

void case_ioreq(void)
{
	struct victim v;

	victim_open(&v);
	granted("create", victim_create(&v));
	granted("client", hsm_call(&v, HSM_IOC_CREATE_IOREQ_CLIENT, 0));
	bad_notifies(&v);
	/* All of the page is garbage before the VM starts. */
	memset(v.page, 0x5a, PAGE_BYTES);
	granted("clear", hsm_call(&v, HSM_IOC_CLEAR_VM_IOREQ, 0));
	granted("destroy", hsm_call(&v, HSM_IOC_DESTROY_VM, 0));
	victim_close(&v);
	forged(IOREQ_PENDING);
	forged(IOREQ_COMPLETE);
	forged(IOREQ_PROCESSING);
	forged(0xdeadbeef);
	page_lost();
}

/* Answers whatever looks like a request, in one of the two ways, until there is no client. */
static void *serve(void *arg)
{
	const struct victim *v = arg;
	struct acrn_io_request *slot = &v->page->req_slot[0];
	unsigned long nr = 0;
	long r;

	do {
		r = nr++ % 3 ? hsm_call(v, HSM_IOC_ATTACH_IOREQ_CLIENT, 0) :
			       hsm_call(v, HSM_IOC_Q_FINISH_AND_WAIT, 0);
		__atomic_store_n(&slot->processed, IOREQ_COMPLETE, __ATOMIC_RELEASE);
		notify(v, 0, 0);
	} while (r != -ENODEV && r != -EINVAL);
	return NULL;
}

/* Returns whether the hypervisor had stopped the VM. */
static bool start_over(struct victim *v)
{
	struct hc_q_vm_state state = { 0 };

	granted("pause", hsm_call(v, HSM_IOC_PAUSE_VM, 0));
	granted("state", hsm_call(v, HSM_IOC_Q_VM_STATE, (uintptr_t)&state));
	granted("reset", hsm_call(v, HSM_IOC_RESET_VM, 0));
	__atomic_store_n(&v->page->req_slot[0].processed, IOREQ_FREE, __ATOMIC_SEQ_CST);
	granted("registers", victim_set_regs(v));
	granted("start again", hsm_call(v, HSM_IOC_START_VM, 0));
	return state.reason == Q_STOP_CRASHED;
}

/* One random harm: mostly a word of the page, most of these in the slot that is in use. */
static void harm(struct victim *v, uint64_t r)
{
	volatile uint32_t *words = (uint32_t *)v->page;
	uint32_t value = (r >> 16) & 1 ? (uint32_t)random_u64() : (uint32_t)random_u64() % 5;

	switch (r % 64) {
	case 0:
		notify(v, (uint32_t)random_u64() % 40, 0);
		break;
	case 1:
		hsm_call(v, HSM_IOC_CLEAR_VM_IOREQ, 0);
		break;
	case 2:
		hsm_call(v, HSM_IOC_SET_IRQLINE, random_u64() & 0x3000000ffull);
		break;
	case 3:
		usleep(100);
		break;
	default:
		words[(r >> 17) & 3 ? (r >> 20) % 64 : (r >> 20) % WORDS] = value;
		break;
	}
}

void case_scribble(void)
{
	unsigned int i, nr_stopped = 0;
	pthread_t server;
	struct victim v;

	victim_open(&v);
	victim_run(&v);
	if (pthread_create(&server, NULL, serve, &v)) {
		check(false, "pthread_create failed");
		return;
	}
	for (i = 0; i < SCRIBBLES; i++) {
		harm(&v, random_u64());
		if (i % ROUND == ROUND - 1)
			nr_stopped += start_over(&v);
	}
	granted("no more client", hsm_call(&v, HSM_IOC_DESTROY_IOREQ_CLIENT, 0));
	pthread_join(server, NULL);
	granted("destroy", hsm_call(&v, HSM_IOC_DESTROY_VM, 0));
	printf("tamper: %u scribbles, the VM was stopped %u times\n", SCRIBBLES, nr_stopped);
	check(nr_stopped > 0, "the VM was never stopped: the scribbles do not reach it");
	victim_close(&v);
}

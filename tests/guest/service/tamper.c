/* SPDX-License-Identifier: BSD-3-Clause */
/* A device model that writes into the IOREQ page what it must not. Only its own VM may suffer. */
#include "service/service.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "lib/string.h"
#include "service/hc.h"
#include "service/payload.h"
#include "service/uservm.h"

static struct uservm vm;

/* The payload's first request meets a slot that is not FREE. */
static void not_free(uint32_t state)
{
	if (uvm_create(&vm, "tamper") || !uvm_prepare(&vm, payload_io)) {
		report(false, "VM tamper is made");
		return;
	}
	vm.io->req_slot[0].processed = state;
	report(!uvm_start(&vm) && uvm_wait_state(&vm, Q_VM_STOPPED) && uvm_state(&vm).reason == Q_STOP_CRASHED,
	       "a slot in state %u where it must be FREE stops the VM", state);
	uvm_end(&vm);
}

/* Answers that are none: the VM goes on waiting. */
static void no_answer(uint32_t state)
{
	if (!uvm_boot(&vm, "tamper", payload_io))
		return;
	report(uvm_wait_ioreq(&vm), "a request is open");
	vm.io->req_slot[0].processed = state;
	(void)hc(HC_NOTIFY_REQUEST_FINISH, vm.id, 0);
	clock_wait_us(200);
	report(vm.io->req_slot[0].processed == state && !*uvm_box(&vm, MB_READ),
	       "a notification with the slot in state %u wakes nobody", state);
	uvm_end(&vm);
}

/* Completed before there was a request: the next request meets COMPLETE. */
static void too_early(void)
{
	if (!uvm_boot(&vm, "tamper", payload_halt))
		return;
	vm.io->req_slot[0].processed = IOREQ_COMPLETE;
	report(!hc(HC_NOTIFY_REQUEST_FINISH, vm.id, 0), "a notification without a request is taken");
	clock_wait_us(200);
	report(uvm_state(&vm).state == Q_VM_RUNNING, "and does nothing");
	uvm_end(&vm);
}

/* Everything but `value` is rewritten while the request is open: none of it is believed. */
static void rewritten(void)
{
	struct acrn_io_request *r = &vm.io->req_slot[0];

	if (!uvm_boot(&vm, "tamper", payload_io))
		return;
	report(uvm_wait_ioreq(&vm), "a request is open");
	memset(r->reqs.data, 0xff, sizeof(r->reqs.data));
	r->type = 0xffffffff;
	memset(&vm.io->req_slot[1], 0xff, sizeof(*vm.io) - sizeof(*r));
	(void)uvm_answer(&vm, 0);
	report(uvm_wait_ioreq(&vm) && r->type == IOREQ_TYPE_PORTIO && r->reqs.pio_request.size == 2 &&
	       r->reqs.pio_request.value == 0x2233, "the next request stands there whole");
	uvm_end(&vm);
}

/* COMPLETE without a notification, then many. */
static void notified_late(void)
{
	unsigned int i;

	if (!uvm_boot(&vm, "tamper", payload_io))
		return;
	report(uvm_wait_ioreq(&vm), "a request is open");
	for (i = 0; i < 100; i++)
		(void)hc(HC_NOTIFY_REQUEST_FINISH, vm.id, 0);
	(void)uvm_answer(&vm, 0);
	for (i = 0; i < 100; i++)
		(void)hc(HC_NOTIFY_REQUEST_FINISH, vm.id, 0);
	report(uvm_wait_ioreq(&vm) && vm.io->req_slot[0].reqs.pio_request.size == 2, "200 needless notifications cost nothing");
	uvm_end(&vm);
}

void case_tamper(void)
{
	uvm_init(&vm, 2);
	not_free(IOREQ_PENDING);
	not_free(IOREQ_COMPLETE);
	not_free(IOREQ_PROCESSING);
	not_free(0xdeadbeef);
	no_answer(IOREQ_PROCESSING);
	no_answer(IOREQ_FREE);
	no_answer(0xdeadbeef);
	too_early();
	rewritten();
	notified_late();
	if (uvm_boot(&vm, "after", payload_spin)) {
		report(uvm_wait_box(&vm, MB_DONE, 1), "after all that a VM runs");
		uvm_end(&vm);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The IOREQ loop. Every field of the shared page is read once into a local and checked: the page may
 * be changed at any time by the hypervisor, the HSM, or a bug. A request that makes no sense is
 * answered (ones for a read) so that its vCPU goes on, and reported a few times.
 */
#include "core/ioreq.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/control.h"
#include "core/hsm.h"
#include "core/log.h"
#include "core/vm.h"
#include "public/ioreq.h"
#include "public/vm.h"

#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define MAX_BAD_REPORTS 8

static struct acrn_io_request_buffer *page_of(struct vm *vm)
{
	return vm->ioreq_page;
}

int ioreq_page_alloc(struct vm *vm)
{
	struct acrn_io_request_buffer *page = aligned_alloc(4096, sizeof(*page));

	if (!page) {
		log_error("out of memory for the I/O request page");
		return -ENOMEM;
	}
	memset(page, 0, sizeof(*page));
	for (unsigned int i = 0; i < IOREQ_SLOTS; i++)
		page->req_slot[i].processed = IOREQ_FREE;
	vm->ioreq_page = page;
	return 0;
}

void ioreq_page_free(struct vm *vm)
{
	free(vm->ioreq_page);
	vm->ioreq_page = NULL;
}

int ioreq_open(struct vm *vm)
{
	int err = hsm_ioreq_open(&vm->hsm);

	if (err)
		log_error("cannot become the VM's I/O request client: %s", strerror(-err));
	return err;
}

void ioreq_close(struct vm *vm)
{
	hsm_ioreq_close(&vm->hsm);
}

/* A request that no correct hypervisor makes; the first few are worth a line. */
static void report_bad(unsigned int vcpu_id, const char *what, uint64_t value)
{
	static unsigned int nr_reports;

	if (nr_reports < MAX_BAD_REPORTS) {
		nr_reports++;
		log_warn("I/O request of vCPU %u has a bad %s, 0x%" PRIx64, vcpu_id, what, value);
	}
}

/* Why a request cannot be dispatched, NULL when it can. All arguments are our own copies. */
static const char *check_access(uint32_t direction, uint64_t size, uint64_t max_size)
{
	if (direction != IOREQ_READ && direction != IOREQ_WRITE)
		return "direction";
	if (size == 0 || size > max_size || (size & (size - 1)))
		return "size";
	return NULL;
}

static void serve_bus(struct vm *vm, unsigned int vcpu_id, struct acrn_io_request *slot, enum bus_space space)
{
	struct acrn_mmio_request *req = &slot->reqs.mmio_request;
	uint32_t direction = READ_ONCE(req->direction);
	uint64_t address = READ_ONCE(req->address);
	uint64_t size = READ_ONCE(req->size);
	const char *bad = check_access(direction, size, space == BUS_PIO ? 4 : 8);
	uint64_t value = UINT64_MAX;

	if (bad) {
		report_bad(vcpu_id, bad, bad[0] == 'd' ? direction : size);
	} else if (direction == IOREQ_WRITE) {
		bus_write(&vm->bus, space, address, size, READ_ONCE(req->value));
		return;
	} else {
		value = bus_read(&vm->bus, space, address, size);
	}
	if (space == BUS_PIO)
		WRITE_ONCE(slot->reqs.pio_request.value, (uint32_t)value);
	else
		WRITE_ONCE(req->value, value);
}

static void serve_pci(struct vm *vm, unsigned int vcpu_id, struct acrn_io_request *slot)
{
	struct acrn_pci_request *req = &slot->reqs.pci_request;
	uint32_t direction = READ_ONCE(req->direction);
	uint64_t size = READ_ONCE(req->size);
	uint32_t bus = READ_ONCE(req->bus), dev = READ_ONCE(req->dev);
	uint32_t func = READ_ONCE(req->func), reg = READ_ONCE(req->reg);
	const char *bad = check_access(direction, size, 4);
	uint64_t address;

	if (bad || bus > 255 || dev > 31 || func > 7 || reg > 4095 || size > 4096 - reg || !vm->pci_ops) {
		report_bad(vcpu_id, "PCI address", IOREQ_PCI_ADDRESS(bus, dev, func, reg));
		WRITE_ONCE(req->value, UINT32_MAX);
		return;
	}
	address = IOREQ_PCI_ADDRESS(bus, dev, func, reg);
	if (direction == IOREQ_WRITE)
		vm->pci_ops->write(vm, address, size, READ_ONCE(req->value));
	else
		WRITE_ONCE(req->value, vm->pci_ops->read(vm, address, size));
}

static void serve_slot(struct vm *vm, unsigned int vcpu_id, struct acrn_io_request *slot)
{
	uint32_t type = READ_ONCE(slot->type);

	switch (type) {
	case IOREQ_TYPE_PORTIO:
		serve_bus(vm, vcpu_id, slot, BUS_PIO);
		break;
	case IOREQ_TYPE_MMIO:
		serve_bus(vm, vcpu_id, slot, BUS_MMIO);
		break;
	case IOREQ_TYPE_PCICFG:
		serve_pci(vm, vcpu_id, slot);
		break;
	default:
		/* Nobody asks for write-protected pages, so IOREQ_TYPE_WP is as wrong as the rest. */
		report_bad(vcpu_id, "type", type);
		WRITE_ONCE(slot->reqs.mmio_request.value, UINT64_MAX);
		break;
	}
	/* Release: the value is visible before the state that says so. */
	__atomic_store_n(&slot->processed, IOREQ_COMPLETE, __ATOMIC_RELEASE);
}

uint32_t ioreq_serve(struct vm *vm, uint32_t ready)
{
	uint32_t all = vm->nr_vcpus < 32 ? (1U << vm->nr_vcpus) - 1 : UINT32_MAX;
	uint32_t done = 0;

	ready &= all;
	vm_lock(vm);
	while (ready) {
		unsigned int vcpu_id = __builtin_ctz(ready);
		struct acrn_io_request *slot = &page_of(vm)->req_slot[vcpu_id];

		ready &= ready - 1;
		/* Acquire: the fields are read after the state that hands them to us. */
		if (__atomic_load_n(&slot->processed, __ATOMIC_ACQUIRE) != IOREQ_PROCESSING ||
		    READ_ONCE(slot->kernel_handled))
			continue;
		serve_slot(vm, vcpu_id, slot);
		control_count(&vm->nr_requests, 1);
		done |= 1U << vcpu_id;
	}
	vm_unlock(vm);
	return done;
}

/* The VM stopped by itself, or so the hypervisor's counter says: find out why. */
static void check_state(struct vm *vm)
{
	struct hc_q_vm_state state;
	int err = hsm_vm_state(&vm->hsm, &state);

	if (err || state.state != Q_VM_STOPPED)
		return;
	state.why[sizeof(state.why) - 1] = '\0';
	vm->crash.triple_fault = state.reason == Q_STOP_TRIPLE_FAULT;
	vm->crash.vcpu_id = state.vcpu_id;
	vm->crash.rip = state.rip;
	memcpy(vm->crash.why, state.why, sizeof(vm->crash.why));
	switch (state.reason) {
	case Q_STOP_RESET:
		vm_request_stop(vm, VM_STOP_RESET);
		break;
	case Q_STOP_POWEROFF:
		vm_request_stop(vm, VM_STOP_POWEROFF);
		break;
	case Q_STOP_TRIPLE_FAULT:
		log_error("guest: triple fault on vCPU %u at rip 0x%" PRIx64, state.vcpu_id, state.rip);
		vm_request_stop(vm, VM_STOP_CRASH);
		break;
	default:
		log_error("the hypervisor stopped the guest: %s (vCPU %u, rip 0x%" PRIx64 ")",
			  state.why[0] ? state.why : "no reason given", state.vcpu_id, state.rip);
		vm_request_stop(vm, VM_STOP_CRASH);
		break;
	}
}

int ioreq_loop(struct vm *vm)
{
	struct acrn_io_request *slot0 = &page_of(vm)->req_slot[0];
	uint32_t done = 0, ready, seq;
	int err = 0;

	atomic_store(&vm->in_loop, 1);
	while (vm_stop_reason(vm) == VM_RUN) {
		err = hsm_ioreq_next(&vm->hsm, vm->vmid, done, &ready);
		done = 0;
		if (err == -EINTR)
			ready = 0;
		else if (err)
			break;
		seq = READ_ONCE(slot0->state_seq);
		if (__builtin_expect(seq != vm->state_seq, 0)) {
			vm->state_seq = seq;
			check_state(vm);
		}
		if (ready)
			done = ioreq_serve(vm, ready);
	}
	atomic_store(&vm->in_loop, 0);
	/* A stop request ends the loop in an orderly way, whatever the last call said. */
	if (vm_stop_reason(vm) != VM_RUN)
		return 0;
	log_error("waiting for I/O requests failed: %s", strerror(-err));
	return err;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target for IOREQ slots (libFuzzer's entry point): steps of two vCPUs mixed with bytes that the device model writes into
 * the page. An access ends only by COMPLETE, with a value of its size; nothing is written outside the VM's own slots.
 */
/* fuzz: hypervisor/io/ioreq.c hypervisor/io/asyncio.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/vm_mem.c tests/fake/vm_vm.c tests/fake/vm_time.c */
/* fuzz-flags: -DHOST_DIRECT_BASE=0ul */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/features.h"
#include "io/ioreq.h"
#include "io/region.h"
#include "lib/util.h"
#include "mm/pgtable.h"
#include "public/ioreq.h"
#include "vm/gpa.h"
#include "vm_vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAGE_AT 0x3000ul

static struct vm *vm;
static uint8_t *ram;
static unsigned int nr_upcalls;

bool feature_has(enum feature f) { (void)f; return false; }
static void upcall(struct vm *s) { (void)s; nr_upcalls++; }

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void make(void)
{
	service_vm = fake_vm_create(1);
	service_vm->hooks.upcall = upcall;
	vm = fake_vm_create(2);
	ram = aligned_alloc(SIZE_2M, SIZE_2M);
	pgtable_set_caps(2, 2, true);
	expect(!gpa_create(service_vm) && !gpa_map(service_vm, gpa(0), hpa((uint64_t)ram), SIZE_2M, PG_R | PG_W | PG_X | PG_WB));
}

static void post(struct vcpu *vcpu, const uint8_t *b)
{
	struct acrn_io_request *slot = &((struct acrn_io_request_buffer *)(ram + PAGE_AT))->req_slot[vcpu->vcpu_id];
	uint32_t was = slot->processed;
	int r;

	vcpu->io = (struct io_access){ .space = b[0] & 1 ? IO_PORT : IO_MMIO, .write = b[0] & 2, .size = (uint8_t)(1u << b[0] / 4 % 4) };
	memcpy(&vcpu->io.addr, b, 4);
	vcpu->io.value = vcpu->io.size == 8 ? ~0ul : (1ul << 8 * vcpu->io.size) - 1;
	r = ioreq_post(vcpu);
	expect(r == (was == IOREQ_FREE ? IO_WAIT : -EIO));
	expect(r != IO_WAIT || (slot->processed == IOREQ_PENDING && slot->reqs.mmio_request.size == vcpu->io.size));
}

static void take(struct vcpu *vcpu)
{
	struct acrn_io_request *slot = &((struct acrn_io_request_buffer *)(ram + PAGE_AT))->req_slot[vcpu->vcpu_id];
	uint64_t before = vcpu->io.value;
	uint32_t was = slot->processed;
	int r = ioreq_take(vcpu);

	expect(r == (was == IOREQ_COMPLETE ? IO_DONE : IO_WAIT));
	if (r == IO_WAIT || vcpu->io.write)
		expect(vcpu->io.value == before);
	else
		expect(vcpu->io.size == 8 || vcpu->io.value >> 8 * vcpu->io.size == 0);
	expect(r == IO_WAIT || slot->processed == IOREQ_FREE);
}

static void scribble(const uint8_t *b)
{
	/* Mostly where it matters: the words of the two slots. */
	uint32_t at = b[0] & 0x80 ? (b[1] | b[2] << 8) % 4096u :
		      b[0] & 1u ? (uint32_t)offsetof(struct acrn_io_request, processed) + (b[0] & 2u ? 256 : 0) : b[1] * 2u;

	ram[PAGE_AT + MIN(at, 4095u)] = b[3] & 0x80 ? b[3] : b[3] & 3;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int i;

	if (!vm)
		make();
	memset(ram, 0x5a, 3 * PAGE_SIZE + PAGE_AT);
	/* One "thread" has at most one access open: a post behind another one finds the slot not FREE. */
	vm->vcpus[0]->io = vm->vcpus[1]->io = (struct io_access){ .size = 1 };
	expect(!ioreq_attach(vm, gpa(PAGE_AT)));
	for (; size >= 5; size -= 5, data += 5) {
		struct vcpu *vcpu = vm->vcpus[data[0] >> 7];

		switch (data[0] & 7) {
		case 0:
			post(vcpu, data + 1);
			break;
		case 1:
			take(vcpu);
			break;
		case 2:
			expect(ioreq_complete(vm, data[1]) == (data[1] < 2 ? 0 : -EINVAL));
			break;
		case 3:
			ioreq_state_changed(vm);
			break;
		case 4:
			if (data[1] == 0)
				ioreq_reset(vm);
			break;
		default:
			scribble(data + 1);
		}
	}
	ioreq_detach(vm);
	expect(ioreq_complete(vm, 0) == -EINVAL);
	for (i = 0; i < PAGE_SIZE; i++)
		expect(ram[PAGE_AT - 1 - i] == 0x5a && ram[PAGE_AT + PAGE_SIZE + i] == 0x5a);
	vm->vcpus[0]->requests = vm->vcpus[1]->requests = 0;
	return 0;
}

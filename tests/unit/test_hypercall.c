/* SPDX-License-Identifier: BSD-3-Clause */
/* Every hypercall with good and hostile arguments; no page of the pool may be lost by any of them. */
/* unit: hypervisor/hypercall/dispatch.c hypervisor/hypercall/hc_vm.c hypervisor/hypercall/hc_mem.c hypervisor/hypercall/hc_io.c hypervisor/hypercall/hc_dev.c hypervisor/hypercall/hc_trace.c hypervisor/hypercall/hc_stats.c hypervisor/cpu/trace.c hypervisor/machine/machine.c hypervisor/machine/memory.c hypervisor/machine/slots.c hypervisor/machine/severity.c hypervisor/mm/e820.c hypervisor/io/ioreq.c hypervisor/io/asyncio.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/hv_machine.c tests/fake/vtd.c tests/fake/hv_string.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "test_hypercall_setup.h"
#include "hv_machine.h"
#include "hv_vm.h"
#include "cpu/percpu.h"
#include "hypercall/dispatch.h"
#include "lib/errno.h"
#include "log/log.h"
#include "machine/slots.h"
#include "mm/pgtable.h"
#include "public/dev.h"
#include "public/hypercall.h"
#include "public/ioreq.h"
#include "public/irq.h"
#include "public/mem.h"
#include "public/trace.h"
#include "vm/gpa.h"
#include "vm/vcpu_arch.h"
#include "vm_mem.h"
#include "vm_time.h"
#include "x86/cr.h"

/* Changes the Service VM's own map; tables that takes are not lost. */
#define OWN(call) do {					\
	unsigned int before = fake_mem_pages;		\
	ck_assert_int_eq(call, 0);			\
	pages += fake_mem_pages - before;		\
} while (0)

START_TEST(unknown_ids)
{
	static const uint64_t not_ids[] = { 0, 0x10, 0x7fffff10, 0x180000010, 0x80000110, ~0ul, 0xffffffff };
	unsigned int i;

	for (i = 0; i < 7; i++)
		ck_assert_int_eq(hc(not_ids[i], 1, ARG), -ENOTTY);
	for (i = 0; i < 0x100; i++)
		if (((i & 0xf) > 6 && i != 0x59 && i != 0x5a) || (i >= 0x70 && i != 0x80 && (i < 0xc0 || i > 0xc3)))
			ck_assert_int_eq(hc(HC_ID(i), 1, ARG), -ENOTTY);
}
END_TEST

/* Calls that name a VM: none, the Service VM itself, a pre-launched one, beyond the table. */
START_TEST(wrong_vm_ids)
{
	static const uint64_t calls[] = {
		HC_DESTROY_VM, HC_START_VM, HC_PAUSE_VM, HC_RESET_VM, HC_SET_VCPU_REGS, HC_INJECT_MSI,
		HC_SET_IRQLINE, HC_SET_IOREQ_BUFFER, HC_NOTIFY_REQUEST_FINISH, HC_VM_GPA2HPA, HC_VM_WRITE_PROTECT_PAGE,
		HC_ADD_VDEV, HC_REMOVE_VDEV,
	};
	static const uint64_t ids[] = { 0, 1, 2, 15, 16, 0xffff, 0x10001, ~0ul, ~0ul - 1, 1ul << 63 };
	struct vm *rt = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 1);
	unsigned int i, j;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		for (j = 0; j < sizeof(ids) / sizeof(ids[0]); j++)
			ck_assert_msg(hc(calls[i], ids[j], ARG) == -EINVAL, "%lx of VM %lx", calls[i], ids[j]);
	for (j = 0; j < 6; j++)
		ck_assert_int_eq(region(ids[j], (struct vm_memory_region){ MR_ADD, RAM, 0, 0, 4096 }), -EINVAL);
	hv_vm_destroy(rt);
}
END_TEST

/* Structures where the Service VM has no memory, or only half of one. */
START_TEST(arguments_outside_memory)
{
	static const uint64_t calls[] = {
		HC_SET_VCPU_REGS, HC_INJECT_MSI, HC_VM_INTR_MONITOR, HC_SET_IOREQ_BUFFER, HC_VM_GPA2HPA, HC_VM_WRITE_PROTECT_PAGE,
		HC_Q_VM_STATE, HC_Q_VM_INFO, HC_Q_VCPU_STATS, HC_ADD_VDEV, HC_REMOVE_VDEV,
	};
	static const uint64_t at[] = { NOWHERE, HV_RAM_SIZE, HV_RAM_SIZE - 1, ~0ul, ~0ul - 3, BIG };
	unsigned int i, j;

	make_user();
	for (j = 0; j < 6; j++) {
		for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
			ck_assert_msg(hc(calls[i], 1, at[j]) == -EFAULT, "%lx at %lx", calls[i], at[j]);
		ck_assert_int_eq(hc(HC_CREATE_VM, at[j], 0), -EFAULT);
		ck_assert_int_eq(hc(HC_VM_SET_MEMORY_REGIONS, at[j], 0), -EFAULT);
		ck_assert_int_eq(hc(HC_GET_API_VERSION, at[j], 0), -EFAULT);
		ck_assert_int_eq(hc(HC_GET_HW_INFO, at[j] == HV_RAM_SIZE - 1 ? NOWHERE : at[j], 0), -EFAULT);
	}
}
END_TEST

START_TEST(version_and_machine)
{
	ck_assert_int_eq(hc(HC_GET_API_VERSION, ARG, 0), 0);
	ck_assert_mem_eq(arg(), "\1\0\0\0\0\0\0\0", 8);
	ck_assert_int_eq(hc(HC_GET_HW_INFO, ARG, 0), 0);
	ck_assert_uint_eq(*(uint16_t *)arg(), 4);
	ck_assert_int_eq(hc(HC_SET_CALLBACK_VECTOR, 0x1f, 0), -EINVAL);
	ck_assert_int_eq(hc(HC_SET_CALLBACK_VECTOR, 0x100, 0), -EINVAL);
	ck_assert_int_eq(hc(HC_SET_CALLBACK_VECTOR, 0x20, 0), 0);
	ck_assert_uint_eq(service->upcall_vector, 0x20);
	ck_assert_int_eq(hc(HC_SERVICE_VM_OFFLINE_CPU, 0, 0), -EPERM);
	ck_assert_int_eq(hc(HC_SERVICE_VM_OFFLINE_CPU, 7, 0), -EPERM);
	ck_assert_int_eq(hc(HC_SERVICE_VM_OFFLINE_CPU, 1, 0), 0);
	ck_assert(service->vcpus[1]->requests & 1ul << REQ_PAUSE);
	ck_assert_int_eq(hc(HC_CREATE_VCPU, 0, 0), 0);
}
END_TEST

static int64_t ring(uint64_t vm, uint16_t cpu, uint32_t kind, uint64_t at)
{
	*(struct acrn_sbuf_param *)arg() = (struct acrn_sbuf_param){ .cpu_id = cpu, .sbuf_id = kind, .gpa = at };
	return hc(HC_SETUP_SBUF, vm, ARG);
}

START_TEST(trace_rings)
{
	struct shared_buf *b = (struct shared_buf *)(hv_vm_ram(service) + PAGE_AT);

	*b = (struct shared_buf){ .magic = SBUF_MAGIC, .ele_num = 100, .ele_size = 32, .size = 3200 };
	ck_assert_int_eq(ring(0, 2, ACRN_SBUF_TRACE, PAGE_AT), 0);
	ck_assert_uint_eq(percpu_area[2].watch, WATCH_TRACE);
	ck_assert_int_eq(ring(0, 2, ACRN_SBUF_TRACE, 0), 0);
	ck_assert_uint_eq(percpu_area[2].watch, 0);
	ck_assert_int_eq(ring(1, 2, ACRN_SBUF_TRACE, PAGE_AT), -EINVAL);
	ck_assert_int_eq(ring(0, 4, ACRN_SBUF_TRACE, PAGE_AT), -EINVAL);
	ck_assert_int_eq(ring(0, 0xffff, ACRN_SBUF_TRACE, 0), -EINVAL);
	ck_assert_int_eq(ring(0, 2, ACRN_SBUF_SEP, PAGE_AT), -EINVAL);
	ck_assert_int_eq(ring(0, 2, ~0u, 0), -EINVAL);
	ck_assert_int_eq(ring(0, 2, ACRN_SBUF_LOG, PAGE_AT), -EINVAL);	/* its elements have another size */
	ck_assert_int_eq(ring(0, 2, ACRN_SBUF_TRACE, PAGE_AT + 8), -EINVAL);
	ck_assert_int_eq(ring(0, 2, ACRN_SBUF_TRACE, NOWHERE), -EFAULT);
	ck_assert_int_eq(ring(0, 2, ACRN_SBUF_TRACE, ~0xffful), -EFAULT);
	ck_assert_int_eq(hc(HC_SETUP_SBUF, 0, NOWHERE), -EFAULT);
	/* The header lies in RAM, its data does not. */
	b = (struct shared_buf *)(hv_vm_ram(service) + HV_RAM_SIZE - 4096);
	*b = (struct shared_buf){ .magic = SBUF_MAGIC, .ele_num = 128, .ele_size = 32, .size = 4096 };
	ck_assert_int_eq(ring(0, 2, ACRN_SBUF_TRACE, HV_RAM_SIZE - 4096), -EINVAL);
	ck_assert_uint_eq(percpu_area[2].watch, 0);
	/* One VM's, of numbers: not without its request page. */
	*b = (struct shared_buf){ .magic = SBUF_MAGIC, .ele_num = 100, .ele_size = 8, .size = 800 };
	ck_assert(make_user() && ring(1, 0, ACRN_SBUF_ASYNCIO, HV_RAM_SIZE - 4096) == -EINVAL);
	ck_assert(!attach(1, 2 * PAGE_AT) && !ring(1, 0, ACRN_SBUF_ASYNCIO, HV_RAM_SIZE - 4096));
	ck_assert(ring(0, 0, ACRN_SBUF_ASYNCIO, PAGE_AT) == -EINVAL && ring(1, 0, ACRN_SBUF_ASYNCIO, NOWHERE) == -EFAULT);
	ck_assert(hc(HC_ASYNCIO_ASSIGN, 0, ARG) == -EINVAL && hc(HC_ASYNCIO_ASSIGN, 1, NOWHERE) == -EFAULT);
}
END_TEST

START_TEST(names)
{
	ck_assert_int_eq(create("", 0, 0), -EINVAL);
	ck_assert_int_eq(create("sixteen_letters_", 0, 0), -EINVAL);
	ck_assert_int_eq(create("fifteen_letters", 2, 0), 0);
	ck_assert_uint_eq(((struct acrn_vm_creation *)arg())->vmid, 2);
	ck_assert_int_eq(create("fifteen_letters", 2, 0), -EEXIST);
	ck_assert_int_eq(create("user", 0, 0), 0);
	ck_assert_uint_eq(((struct acrn_vm_creation *)arg())->vcpu_num, 2);
	ck_assert_int_eq(create("user", 0, 0), -EEXIST);
}
END_TEST

START_TEST(affinity)
{
	ck_assert_int_eq(create("user", 1, 0), -EINVAL);		/* the scenario says CPUs 1 and 2 */
	ck_assert_int_eq(create("user", 6 | 1ul << 63, 0), -EINVAL);
	ck_assert_int_eq(create("other", 8, 0), -EINVAL);		/* a pre-launched VM's */
	ck_assert_int_eq(create("other", 1ul << 4, 0), -EINVAL);	/* no such CPU */
	ck_assert_ptr_null(vm_table[2]);
	ck_assert_ptr_null(vm_table[3]);
	ck_assert_int_eq(create("user", 4, 0), 0);
	ck_assert_uint_eq(((struct acrn_vm_creation *)arg())->vcpu_num, 1);
}
END_TEST

/* A CPU's local APIC is given away only where no other VM has the CPU, and nobody joins it there. */
START_TEST(flags)
{
	const uint64_t pt = SCENARIO_FLAG_LAPIC_PT | SCENARIO_FLAG_RT;

	ck_assert_int_eq(create("user", 0, SCENARIO_FLAG_LAPIC_PT), -EINVAL);
	ck_assert_int_eq(create("other", 1, pt), -EBUSY);
	ck_assert_int_eq(create("user", 0, pt), -EBUSY);
	ck_assert_int_eq(create("user", 4, pt), 0);
	ck_assert(vm_table[2]->lapic_pt);
	ck_assert_int_eq(create("other", 4, 0), -EBUSY);
	ck_assert_int_eq(create("other", 2, ~pt), 0);
	ck_assert_uint_eq(vm_table[3]->flags & ~(uint64_t)(SCENARIO_FLAG_SECURE_WORLD | SCENARIO_FLAG_IO_POLLING), 0);
}
END_TEST

START_TEST(as_many_as_there_are_numbers)
{
	char name[] = "vmA";
	unsigned int n;

	for (n = 0; n < MAX_VMS - 3; n++, name[2]++)
		ck_assert_int_eq(create(name, 2, 0), 0);
	ck_assert_int_eq(create(name, 2, 0), -ENOSPC);
	ck_assert_int_eq(create("user", 0, 0), 0);
}
END_TEST

/* Each part and each vCPU thread fails in turn: everything made before is given back. */
START_TEST(creation_that_fails)
{
	unsigned int i;

	for (i = 0; i < HV_NR_PARTS; i++) {
		if (i == 1)
			continue;	/* no part of user VMs */
		hv_parts[i].fails = true;
		ck_assert_int_eq(create("user", 0, 0), -ENOSPC);
		hv_parts[i].fails = false;
		ck_assert_ptr_null(vm_table[2]);
		ck_assert_uint_eq(fake_mem_pages, pages);
		ck_assert_uint_eq(hv_parts[0].nr_made + hv_parts[2].nr_made + hv_parts[3].nr_made, 0);
	}
	for (i = 1; i <= 2; i++) {
		hv_threads.fail_at = i;
		ck_assert_int_eq(create("user", 0, 0), -EBUSY);
		ck_assert_uint_eq(fake_mem_pages, pages);
	}
	fake_mem_empty = true;
	ck_assert_int_eq(create("user", 0, 0), -ENOMEM);
	fake_mem_empty = false;
	ck_assert_int_eq(create("user", 0, 0), 0);
}
END_TEST

START_TEST(life)
{
	struct vm *vm = make_user();

	ck_assert_int_eq(hc(HC_START_VM, 1, 0), -EINVAL);	/* no IOREQ page yet */
	ck_assert_int_eq(hc(HC_PAUSE_VM, 1, 0), 0);
	ck_assert_int_eq(attach(1, PAGE_AT), 0);
	ck_assert_int_eq(hc(HC_START_VM, 1, 0), 0);
	ck_assert_uint_eq(vm->state, VM_RUNNING);
	ck_assert_int_eq(hc(HC_START_VM, 1, 0), -EINVAL);
	ck_assert_int_eq(hc(HC_RESET_VM, 1, 0), -EINVAL);
	ck_assert_int_eq(hc(HC_DESTROY_VM, 1, 0), -EINVAL);
	ck_assert_int_eq(attach(1, PAGE_AT), -EINVAL);
	ck_assert_int_eq(hc(HC_PAUSE_VM, 1, 0), 0);
	ck_assert_int_eq(hc(HC_PAUSE_VM, 1, 0), 0);
	ck_assert_uint_eq(vm->state, VM_PAUSED);
	ck_assert_int_eq(hc(HC_START_VM, 1, 0), 0);	/* goes on */
	ck_assert_uint_eq(vm->state, VM_RUNNING);
	ck_assert_int_eq(hc(HC_PAUSE_VM, 1, 0), 0);
	vm->held = true;				/* the operator's now */
	ck_assert_int_eq(hc(HC_START_VM, 1, 0), -EINVAL);
	vm->held = false;
	ck_assert_int_eq(hc(HC_RESET_VM, 1, 0), 0);
	ck_assert_uint_eq(vm->state, VM_CREATED);
	ck_assert_uint_eq(hv_parts[2].nr_reset, 1);
	ck_assert_int_eq(hc(HC_START_VM, 1, 0), 0);
	ck_assert_int_eq(hc(HC_PAUSE_VM, 1, 0), 0);
	ck_assert_int_eq(hc(HC_DESTROY_VM, 1, 0), 0);
	ck_assert_int_eq(hc(HC_DESTROY_VM, 1, 0), -EINVAL);
	ck_assert_ptr_null(vm_table[2]);
	ck_assert_uint_eq(fake_mem_pages, pages);
}
END_TEST

START_TEST(state_of_a_vm)
{
	struct hc_q_vm_state *s = arg();
	struct vm *vm;

	memset(s, 0xff, sizeof(*s));
	ck_assert_int_eq(hc(HC_Q_VM_STATE, 1, ARG), 0);
	ck_assert_uint_eq(s->state, Q_VM_POWERED_OFF);
	vm = make_user();
	ck_assert_int_eq(hc(HC_Q_VM_STATE, 1, ARG), 0);
	ck_assert_uint_eq(s->state, Q_VM_CREATED);
	ck_assert_int_eq(attach(1, PAGE_AT), 0);
	ck_assert_int_eq(hc(HC_START_VM, 1, 0), 0);
	ck_assert_int_eq(hc(HC_Q_VM_STATE, 1, ARG), 0);
	ck_assert_uint_eq(s->state, Q_VM_RUNNING);
	ck_assert_int_eq(hc(HC_PAUSE_VM, 1, 0), 0);
	ck_assert_int_eq(hc(HC_Q_VM_STATE, 1, ARG), 0);
	ck_assert_uint_eq(s->state, Q_VM_PAUSED);
	ck_assert_uint_eq(s->reason, Q_STOP_NONE);
	ck_assert_int_eq(hc(HC_START_VM, 1, 0), 0);
	vm_crash(vm, "a reason that is longer than the forty bytes of the answer");
	ck_assert_int_eq(hc(HC_Q_VM_STATE, 1, ARG), 0);
	ck_assert_uint_eq(s->state, Q_VM_STOPPED);
	ck_assert_uint_eq(s->reason, Q_STOP_CRASHED);
	ck_assert_uint_eq(s->why[sizeof(s->why) - 1], 0);
	ck_assert_uint_eq(((struct acrn_io_request_buffer *)(hv_vm_ram(service) + PAGE_AT))->req_slot[0].state_seq, 1);
}
END_TEST

static int64_t async(uint64_t call, uint64_t vm, struct acrn_asyncio_info info)
{
	memcpy(arg(), &info, sizeof(info));
	return hc(call, vm, ARG);
}

/* Writes that nobody waits for: registered and taken back by what they match, answered in a ring of the Service VM. */
START_TEST(asyncio)
{
	struct acrn_asyncio_info any = { .type = ASYNCIO_MMIO, .addr = 0xfe000000, .fd = 5 }, one = any;
	struct shared_buf *head = (void *)(hv_vm_ram(service) + PAGE_AT + 4096);

	one.match_data = 1;
	one.data = 7;
	make_user();
	*head = (struct shared_buf){ .magic = SBUF_MAGIC, .ele_num = 16, .ele_size = 8, .size = 128 };
	ck_assert_int_eq(async(HC_ASYNCIO_ASSIGN, 1, any), -EINVAL);	/* it has no request page yet */
	ck_assert_int_eq(ring(1, 0, ACRN_SBUF_ASYNCIO, PAGE_AT + 4096), -EINVAL);
	ck_assert_int_eq(attach(1, PAGE_AT), 0);
	ck_assert_int_eq(async(HC_ASYNCIO_ASSIGN, 1, any), 0);
	ck_assert_int_eq(async(HC_ASYNCIO_ASSIGN, 1, one), -EEXIST);
	ck_assert_int_eq(async(HC_ASYNCIO_DEASSIGN, 1, one), -ENOENT);
	ck_assert_int_eq(hc(HC_ASYNCIO_DEASSIGN, 1, NOWHERE), -EFAULT);
	ck_assert_int_eq(async(HC_ASYNCIO_DEASSIGN, 1, any), 0);
	ck_assert_int_eq(async(HC_ASYNCIO_DEASSIGN, 1, any), -ENOENT);
	ck_assert_int_eq(async(HC_ASYNCIO_ASSIGN, 1, one), 0);

	head->head = head->tail = 64;
	ck_assert_int_eq(ring(1, 0, ACRN_SBUF_ASYNCIO, PAGE_AT + 4096), 0);
	ck_assert_uint_eq(head->head + head->tail, 0);
	head->ele_size = 16;
	ck_assert_int_eq(ring(1, 0, ACRN_SBUF_ASYNCIO, PAGE_AT + 4096), -EINVAL);
	ck_assert_int_eq(ring(1, 0, ACRN_SBUF_ASYNCIO, PAGE_AT + 8), -EINVAL);
	ck_assert_int_eq(ring(1, 0, ACRN_SBUF_ASYNCIO, NOWHERE), -EFAULT);
	ck_assert_int_eq(ring(7, 0, ACRN_SBUF_ASYNCIO, PAGE_AT + 4096), -EINVAL);
	ck_assert_int_eq(ring(1, 0, ACRN_SBUF_ASYNCIO, 0), 0);
}
END_TEST

START_TEST(ioreq_pages)
{
	make_user();
	ck_assert_int_eq(attach(1, PAGE_AT + 8), -EINVAL);
	ck_assert_int_eq(attach(1, NOWHERE), -EINVAL);
	ck_assert_int_eq(attach(1, ~0xffful), -EINVAL);
	ck_assert_int_eq(attach(1, HV_RAM_SIZE), -EINVAL);
	OWN(gpa_map(service, gpa(NOWHERE), hpa(0xfeb00000), 4096, PG_R | PG_W | PG_UC));
	ck_assert_int_eq(attach(1, NOWHERE), -EINVAL);
	ck_assert_int_eq(hc(HC_NOTIFY_REQUEST_FINISH, 1, 0), -EINVAL);
	ck_assert_int_eq(attach(1, PAGE_AT), 0);
	ck_assert_int_eq(attach(1, PAGE_AT + 4096), 0);
	ck_assert_int_eq(hc(HC_NOTIFY_REQUEST_FINISH, 1, 2), -EINVAL);
	ck_assert_int_eq(hc(HC_NOTIFY_REQUEST_FINISH, 1, 1ul << 32), -EINVAL);
	ck_assert_int_eq(hc(HC_NOTIFY_REQUEST_FINISH, 1, 1), 0);
}
END_TEST

START_TEST(memory_regions)
{
	struct vm *vm = make_user();
	hpa_t pa;

	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_ADD, RAM, 0x100000, 0x3000, 0x5000 }), 0);
	ck_assert_int_eq(gpa_to_hpa(vm, gpa(0x104123), &pa), 0);
	ck_assert_uint_eq(pa.v, (uint64_t)hv_vm_ram(service) + 0x7123);
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_MODIFY, MEM_ACCESS_READ | MEM_TYPE_WB, 0x100000, 0, 0x1000 }), 0);
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_DEL, 0, 0x100000, 0, 0x5000 }), 0);
	ck_assert_int_eq(gpa_to_hpa(vm, gpa(0x104123), &pa), -ENOENT);
}
END_TEST

START_TEST(hostile_memory_regions)
{
	static const struct vm_memory_region bad[] = {
		{ MR_ADD, RAM, 0, 0, 0 }, { MR_ADD, RAM, 0, 0, 100 }, { MR_ADD, RAM, 0x10, 0, 4096 }, { MR_ADD, RAM, 0, 0x10, 4096 },
		{ MR_ADD, RAM, 0, 0, BIG + 4096 }, { MR_ADD, RAM, BIG - 4096, 0, 8192 }, { MR_ADD, RAM, ~0xffful, 0, 8192 },
		{ MR_ADD, RAM, 0, ~0xffful, 8192 }, { MR_ADD, RAM, 0, BIG, 4096 }, { MR_ADD, RAM, 0, NOWHERE, 4096 },
		{ MR_ADD, RAM, 0, HV_RAM_SIZE - 4096, 8192 }, { MR_ADD, RAM, 0, 0, ~0xffful },
		{ MR_ADD, MEM_ACCESS_RWX, 0, 0, 4096 }, { MR_ADD, MEM_ACCESS_RWX | MEM_TYPE_WB | MEM_TYPE_UC, 0, 0, 4096 },
		{ MR_ADD, MEM_ACCESS_WRITE | MEM_TYPE_WB, 0, 0, 4096 }, { MR_ADD, 0, 0, 0, 4096 }, { 1, RAM, 0, 0, 4096 },
		{ 4, RAM, 0, 0, 4096 }, { ~0u, RAM, 0, 0, 4096 }, { MR_DEL, RAM, 0, 0, 0 }, { MR_DEL, RAM, 1, 0, 4096 },
		{ MR_DEL, RAM, BIG, 0, 4096 }, { MR_MODIFY, 0, 0, 0, 4096 }, { MR_MODIFY, RAM, 0, 0, 1 },
	};
	struct vm *vm = make_user();
	unsigned int i;
	hpa_t pa;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(region(1, bad[i]) == -EINVAL, "region %u", i);
	for (i = 0; i < HV_RAM_SIZE; i += 4096)
		ck_assert_int_eq(gpa_to_hpa(vm, gpa(i), &pa), -ENOENT);
	/* Read-only memory of the Service VM is not handed on; its device memory stays uncached. */
	OWN(gpa_protect(service, gpa(0x5000), 4096, PG_W, 0));
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_ADD, RAM, 0, 0x5000, 4096 }), -EINVAL);
	OWN(gpa_map(service, gpa(NOWHERE), hpa(0xfeb00000), 4096, PG_R | PG_W | PG_UC));
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_ADD, RAM, 0, NOWHERE, 4096 }), 0);
	ck_assert_ptr_null(gpa_ptr(vm, gpa(0), 1));
}
END_TEST

START_TEST(hostile_region_lists)
{
	struct set_regions s = { .vmid = 1, .mr_num = 4097, .regions_gpa = ARG };

	make_user();
	memcpy(arg(), &s, sizeof(s));
	ck_assert_int_eq(hc(HC_VM_SET_MEMORY_REGIONS, ARG, 0), -EINVAL);
	s.mr_num = ~0u;
	memcpy(arg(), &s, sizeof(s));
	ck_assert_int_eq(hc(HC_VM_SET_MEMORY_REGIONS, ARG, 0), -EINVAL);
	s.mr_num = 2;
	s.regions_gpa = ~0ul - 8;
	memcpy(arg(), &s, sizeof(s));
	ck_assert_int_eq(hc(HC_VM_SET_MEMORY_REGIONS, ARG, 0), -EFAULT);
	s.mr_num = 0;
	memcpy(arg(), &s, sizeof(s));
	ck_assert_int_eq(hc(HC_VM_SET_MEMORY_REGIONS, ARG, 0), 0);
}
END_TEST

START_TEST(pages_of_a_vm)
{
	struct acrn_gpa2hpa g = { .gpa = 0x2345 };
	struct wp_data w = { .set = 1, .gpa = 0x2000 };
	struct vm *vm = make_user();
	uint32_t attr;

	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_ADD, RAM, 0, 0, 0x4000 }), 0);
	memcpy(arg(), &g, sizeof(g));
	ck_assert_int_eq(hc(HC_VM_GPA2HPA, 1, ARG), 0);
	ck_assert_uint_eq(((struct acrn_gpa2hpa *)arg())->hpa, (uint64_t)hv_vm_ram(service) + 0x2345);
	g.gpa = 0x4000;
	memcpy(arg(), &g, sizeof(g));
	ck_assert_int_eq(hc(HC_VM_GPA2HPA, 1, ARG), -EINVAL);
	ck_assert_uint_eq(((struct acrn_gpa2hpa *)arg())->hpa, HPA_INVALID);
	memcpy(arg(), &w, sizeof(w));
	ck_assert_int_eq(hc(HC_VM_WRITE_PROTECT_PAGE, 1, ARG), 0);
	ck_assert_int_eq(pgtable_lookup(&vm->ept, 0x2000, NULL, &attr, NULL), 0);
	ck_assert_uint_eq(attr & (PG_R | PG_W | PG_X), PG_R | PG_X);
	w = (struct wp_data){ .set = 2, .gpa = 0x2000 };
	memcpy(arg(), &w, sizeof(w));
	ck_assert_int_eq(hc(HC_VM_WRITE_PROTECT_PAGE, 1, ARG), -EINVAL);
	w = (struct wp_data){ .set = 1, .gpa = 0x2001 };
	memcpy(arg(), &w, sizeof(w));
	ck_assert_int_eq(hc(HC_VM_WRITE_PROTECT_PAGE, 1, ARG), -EINVAL);
	w = (struct wp_data){ .set = 1, .gpa = 0x9000 };
	memcpy(arg(), &w, sizeof(w));
	ck_assert_int_eq(hc(HC_VM_WRITE_PROTECT_PAGE, 1, ARG), -EINVAL);
}
END_TEST

START_TEST(registers)
{
	struct acrn_vcpu_regs *r = arg();
	struct vm *vm = make_user();

	memset(r, 0, sizeof(*r));
	ck_assert_int_eq(hc(HC_SET_VCPU_REGS, 1, ARG), 0);
	ck_assert(vm->vcpus[0]->arch->start_given);
	r->vcpu_id = 2;
	ck_assert_int_eq(hc(HC_SET_VCPU_REGS, 1, ARG), -EINVAL);
	r->vcpu_id = 0;
	r->reserved[2] = 1;
	ck_assert_int_eq(hc(HC_SET_VCPU_REGS, 1, ARG), -EINVAL);
	r->reserved[2] = 0;
	r->vcpu_regs.reserved_32[0] = 1;
	ck_assert_int_eq(hc(HC_SET_VCPU_REGS, 1, ARG), -EINVAL);
	r->vcpu_regs.reserved_32[0] = 0;
	r->vcpu_regs.cr4 = CR4_VMXE;
	ck_assert_int_eq(hc(HC_SET_VCPU_REGS, 1, ARG), -EINVAL);
	r->vcpu_regs.cr4 = 0;
	r->vcpu_regs.cr0 = CR0_PG;
	ck_assert_int_eq(hc(HC_SET_VCPU_REGS, 1, ARG), -EINVAL);
	r->vcpu_regs.cr0 = 0;
	r->vcpu_regs.ia32_efer = 2;
	ck_assert_int_eq(hc(HC_SET_VCPU_REGS, 1, ARG), -EINVAL);
}
END_TEST

static unsigned int nr_lines;
static bool line_level;
static int line(struct vm *vm, uint32_t gsi, bool level)
{
	(void)vm;
	nr_lines++;
	line_level = level;
	return gsi < 24 ? 0 : -EINVAL;
}

START_TEST(interrupts)
{
	struct acrn_msi_entry m = { 0xfee00000, 0x41 };
	struct vm *vm = make_user();

	vm->hooks.line = line;
	ck_assert_int_eq(hc(HC_SET_IRQLINE, 1, IRQLINE(4, IRQLINE_SET_HIGH)), 0);
	ck_assert(line_level);
	ck_assert_int_eq(hc(HC_SET_IRQLINE, 1, IRQLINE(4, IRQLINE_RAISING_PULSE)), 0);
	ck_assert(nr_lines == 3 && !line_level);
	ck_assert_int_eq(hc(HC_SET_IRQLINE, 1, IRQLINE(4, IRQLINE_FALLING_PULSE)), 0);
	ck_assert(line_level);
	ck_assert_int_eq(hc(HC_SET_IRQLINE, 1, IRQLINE(4, 4)), -EINVAL);
	ck_assert_int_eq(hc(HC_SET_IRQLINE, 1, IRQLINE(24, 2)), -EINVAL);
	ck_assert_int_eq(hc(HC_SET_IRQLINE, 1, IRQLINE(~0u, 0)), -EINVAL);
	memcpy(arg(), &m, sizeof(m));
	ck_assert_int_eq(hc(HC_INJECT_MSI, 1, ARG), 0);
	m.msi_addr = 0x1000;
	memcpy(arg(), &m, sizeof(m));
	ck_assert_int_eq(hc(HC_INJECT_MSI, 1, ARG), -EINVAL);
	scenario->vms[2].severity = SCENARIO_SEVERITY_RT;
	ck_assert_int_eq(hc(HC_INJECT_MSI, 1, ARG), -EPERM);
	ck_assert_int_eq(hc(HC_SET_IRQLINE, 1, IRQLINE(4, 0)), -EPERM);
}
END_TEST

/* The VM's devices: one pin, and as many messages as fit. */
static struct vm *counted;

uint32_t intx_counts(const struct vm *vm, uint64_t *words, uint32_t max)
{
	if (vm != counted || max < 2)
		return 0;
	words[0] = 0x30;
	words[1] = 7;
	return 2;
}

uint32_t msi_counts(const struct vm *vm, uint64_t *words, uint32_t max)
{
	uint32_t n;

	for (n = 0; vm == counted && n + 2 <= max; n += 2) {
		words[n] = 0x40 + n;
		words[n + 1] = 1000 + n;
	}
	return n;
}

static int64_t monitor(uint64_t vm, uint32_t cmd, uint32_t buf_cnt, uint64_t word)
{
	struct acrn_intr_monitor m = { .cmd = cmd, .buf_cnt = buf_cnt, .buffer = { word } };

	memcpy(arg(), &m, sizeof(m));
	return hc(HC_VM_INTR_MONITOR, vm, ARG);
}

START_TEST(interrupt_counts)
{
	static const uint64_t nobody[] = { 2, 15, 16, 0x10001, ~0ul, 1ul << 63 };
	struct acrn_intr_monitor *m = arg();
	unsigned int i;

	counted = make_user();
	ck_assert_int_eq(monitor(1, INTR_MONITOR_GET_DATA, 48, 0), 0);
	ck_assert_uint_eq(m->buf_cnt, 48);
	ck_assert(m->buffer[0] == 0x30 && m->buffer[1] == 7 && m->buffer[2] == 0x40 && m->buffer[47] == 1044);
	ck_assert_int_eq(monitor(1, INTR_MONITOR_GET_DATA, 5, 0), 0);
	ck_assert(m->buf_cnt == 4 && m->buffer[3] == 1000 && !m->buffer[4]);
	ck_assert_int_eq(monitor(1, INTR_MONITOR_GET_DATA, 0, 9), 0);
	ck_assert(!m->buf_cnt && m->buffer[0] == 9);
	ck_assert_int_eq(monitor(1, INTR_MONITOR_GET_DATA, 49, 0), -EINVAL);
	ck_assert_int_eq(monitor(1, INTR_MONITOR_GET_DATA, ~0u, 0), -EINVAL);
	ck_assert_int_eq(monitor(1, 2, 48, 0), -EINVAL);
	/* The Service VM itself; nobody else. */
	ck_assert_int_eq(monitor(0, INTR_MONITOR_GET_DATA, 48, 0), 0);
	ck_assert_uint_eq(m->buf_cnt, 0);
	for (i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++)
		ck_assert_int_eq(monitor(nobody[i], INTR_MONITOR_GET_DATA, 48, 0), -EINVAL);
	counted = NULL;
}
END_TEST

START_TEST(interrupt_delay)
{
	struct vm *vm = make_user();

	ck_assert_int_eq(monitor(1, INTR_MONITOR_DELAY, 0, 1000), 0);
	ck_assert_uint_eq(vm->intr_delay, fake_tsc_khz * 1000);
	ck_assert_int_eq(monitor(1, INTR_MONITOR_DELAY, 0, 1001), -EINVAL);
	ck_assert_int_eq(monitor(1, INTR_MONITOR_DELAY, 0, ~0ul), -EINVAL);
	ck_assert_int_eq(monitor(1, INTR_MONITOR_DELAY, 0, 1ul << 61), -EINVAL);
	ck_assert_uint_eq(vm->intr_delay, fake_tsc_khz * 1000);
	ck_assert_int_eq(monitor(1, INTR_MONITOR_DELAY, 0, 0), 0);
	ck_assert_uint_eq(vm->intr_delay, 0);
	ck_assert_int_eq(monitor(1, INTR_MONITOR_DELAY, 0, 5), 0);
	ck_assert_int_eq(hc(HC_RESET_VM, 1, 0), 0);
	ck_assert_uint_eq(vm->intr_delay, 0);
	ck_assert_int_eq(monitor(0, INTR_MONITOR_DELAY, 0, 1), 0);
	ck_assert_uint_eq(service->intr_delay, fake_tsc_khz);
	scenario->vms[2].severity = SCENARIO_SEVERITY_RT;
	ck_assert_int_eq(monitor(1, INTR_MONITOR_DELAY, 0, 5), -EPERM);
	ck_assert_int_eq(monitor(1, INTR_MONITOR_GET_DATA, 48, 0), 0);
}
END_TEST

START_TEST(power_states)
{
	make_user();
	ck_assert_int_eq(hc(HC_PM_GET_CPU_STATE, 1u << 24 | PMCMD_GET_CX_CNT, ARG), 0);
	ck_assert_uint_eq(*(uint8_t *)arg(), 0);
	ck_assert_int_eq(hc(HC_PM_GET_CPU_STATE, 1u << 24 | PMCMD_GET_PX_DATA, ARG), -EINVAL);
	ck_assert_int_eq(hc(HC_PM_GET_CPU_STATE, 1u << 24 | PMCMD_GET_PX_CNT, ARG), 0);
	ck_assert_int_eq(hc(HC_PM_GET_CPU_STATE, 1u << 24 | PMCMD_GET_CX_DATA, ARG), -EINVAL);
	ck_assert_int_eq(hc(HC_PM_GET_CPU_STATE, 1u << 24 | 4, ARG), -EINVAL);
	ck_assert_int_eq(hc(HC_PM_GET_CPU_STATE, 1u << 24 | PMCMD_GET_CX_CNT, NOWHERE), -EFAULT);
	ck_assert_int_eq(hc(HC_PM_GET_CPU_STATE, 5u << 24 | PMCMD_GET_CX_CNT, ARG), -EINVAL);
	ck_assert_int_eq(hc(HC_PM_GET_CPU_STATE, 0, ARG), -EINVAL);
}
END_TEST

/*
 * Two vCPUs of the Service VM: one makes and ends VMs, the other steps another VM. Whoever waits for its turn must not be
 * one of those that a destroyer waits for (the fake wait aborts when it takes too long).
 */
static volatile bool over;

static void *other_vcpu(void *unused)
{
	while (!over) {
		(void)hypercall(service->vcpus[1], HC_PAUSE_VM, 1, 0);
		(void)hypercall(service->vcpus[1], HC_PAUSE_VM, 2, 0);
	}
	return unused;
}

START_TEST(steps_do_not_wait_for_each_other)
{
	pthread_t t;
	unsigned int i;

	make_user();
	over = false;
	ck_assert_int_eq(pthread_create(&t, NULL, other_vcpu, NULL), 0);
	for (i = 0; i < 300; i++) {
		ck_assert_int_eq(create("second", 2, 0), 0);
		ck_assert_int_eq(hc(HC_DESTROY_VM, 2, 0), 0);
	}
	over = true;
	pthread_join(t, NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hypercall");
	TCase *c = tcase_create("hypercall");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, unknown_ids);
	tcase_add_test(c, wrong_vm_ids);
	tcase_add_test(c, arguments_outside_memory);
	tcase_add_test(c, version_and_machine);
	tcase_add_test(c, trace_rings);
	tcase_add_test(c, names);
	tcase_add_test(c, affinity);
	tcase_add_test(c, flags);
	tcase_add_test(c, as_many_as_there_are_numbers);
	tcase_add_test(c, creation_that_fails);
	tcase_add_test(c, life);
	tcase_add_test(c, state_of_a_vm);
	tcase_add_test(c, asyncio);
	tcase_add_test(c, ioreq_pages);
	tcase_add_test(c, memory_regions);
	tcase_add_test(c, hostile_memory_regions);
	tcase_add_test(c, hostile_region_lists);
	tcase_add_test(c, pages_of_a_vm);
	tcase_add_test(c, registers);
	tcase_add_test(c, interrupts);
	tcase_add_test(c, interrupt_counts);
	tcase_add_test(c, interrupt_delay);
	tcase_add_test(c, power_states);
	tcase_add_test(c, steps_do_not_wait_for_each_other);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Shared rings (sbuf): logs, traces and events from the hypervisor to readers
 * in the Service VM. One writer, one reader. Elements of ele_size bytes follow
 * the header. head and tail are byte offsets into the data, head the reader's,
 * tail the writer's; equal means empty, and a ring whose tail would become
 * equal to head is full (so one element stays unused).
 */
#pragma once
#include "types.h"

#define SBUF_MAGIC		0x5AA57AA71AA13AA3ull
#define SBUF_F_OVERRUN_COUNT	(1ull << 0)	/* count what is dropped or overwritten */
#define SBUF_F_OVERWRITE	(1ull << 1)	/* full: drop the oldest, not the new one */

struct shared_buf {
	uint64_t magic;
	uint32_t ele_num;
	uint32_t ele_size;	/* bytes */
	uint32_t head;
	uint32_t tail;
	uint64_t flags;
	uint32_t overrun_cnt;
	uint32_t size;		/* bytes of data: ele_num * ele_size */
	uint32_t padding[6];
};
ABI_SIZE(struct shared_buf, 64);
ABI_AT(struct shared_buf, ele_num, 8);
ABI_AT(struct shared_buf, ele_size, 12);
ABI_AT(struct shared_buf, head, 16);
ABI_AT(struct shared_buf, tail, 20);
ABI_AT(struct shared_buf, flags, 24);
ABI_AT(struct shared_buf, overrun_cnt, 32);
ABI_AT(struct shared_buf, size, 36);

/* acrn_sbuf_param.sbuf_id: 0..3 are one per physical CPU, 64 and up one per VM */
#define ACRN_SBUF_TRACE		0u
#define ACRN_SBUF_LOG		1u
#define ACRN_SBUF_SEP		2u
#define ACRN_SBUF_SOCWATCH	3u
#define ACRN_SBUF_ASYNCIO	64u
#define ACRN_SBUF_VM_EVENT	65u

/* HC_SETUP_SBUF. gpa 0 takes the ring away. */
struct acrn_sbuf_param {
	uint16_t cpu_id;
	uint16_t reserved;
	uint32_t sbuf_id;
	uint64_t gpa;
};
ABI_SIZE(struct acrn_sbuf_param, 16);
ABI_AT(struct acrn_sbuf_param, sbuf_id, 4);
ABI_AT(struct acrn_sbuf_param, gpa, 8);

/* Element of a ring ACRN_SBUF_LOG: text; a line may take several, unused bytes of its last one are 0. */
#define SBUF_LOG_ELE_SIZE	80u
#define SBUF_LOG_MAX_LINE	320u	/* bytes of the longest line */

/*
 * Element of a ring ACRN_SBUF_TRACE.
 *
 *   what  bits 47:0 event, 55:48 number of values, 63:56 physical CPU
 *   e, f  the event's values; of an event with a name its 16 characters, padded by 0
 */
struct acrn_trace_entry {
	uint64_t tsc;
	uint64_t what;
	union {
		struct {
			uint64_t e, f;
		};
		char name[16];
	};
};
ABI_SIZE(struct acrn_trace_entry, 32);
ABI_AT(struct acrn_trace_entry, what, 8);
ABI_AT(struct acrn_trace_entry, e, 16);

#define TRACE_WHAT(event, nr, cpu) ((uint64_t)(event) | (uint64_t)(nr) << 48 | (uint64_t)(cpu) << 56)
#define TRACE_EVENT(what)	((uint32_t)((what) & 0xffffffffu))
#define TRACE_CPU(what)		((uint32_t)((what) >> 56))

/* Events with the reference's numbers... */
#define TRACE_TIMER_ADDED	0x1u	/* e: deadline, TSC */
#define TRACE_TIMER_IRQ		0x4u	/* - */
#define TRACE_VM_EXIT		0x10u	/* e: basic exit reason, f: guest RIP */
#define TRACE_VM_ENTER		0x11u	/* e: VM id, f: vCPU id (the reference leaves both 0) */
/* ...and our own, with numbers that it does not use. */
#define TRACE_Q_INTERRUPT	0x20001u	/* e: host vector */
#define TRACE_Q_SWITCH		0x20002u	/* name of the thread that runs from now on: "VM/vCPU", "idle", "manager" */
#define TRACE_Q_HYPERCALL	0x20003u	/* e: id, f: result */
#define TRACE_Q_IOREQ		0x20004u	/* e: address, f: TRACE_Q_IOREQ_F() */

#define TRACE_Q_IOREQ_F(vm_id, vcpu_id, size, port, write) ((uint64_t)(vm_id) | (uint64_t)(vcpu_id) << 16 | \
	(uint64_t)(size) << 32 | (uint64_t)!!(port) << 40 | (uint64_t)!!(write) << 41)

/* Element of the ring ACRN_SBUF_VM_EVENT. */
struct vm_event {
	uint32_t type;
	uint8_t data[28];
};
ABI_SIZE(struct vm_event, 32);
ABI_AT(struct vm_event, data, 4);

#define VM_EVENT_RTC_CHANGED	0u
#define VM_EVENT_POWEROFF	1u
#define VM_EVENT_TRIPLE_FAULT	2u

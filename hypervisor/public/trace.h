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

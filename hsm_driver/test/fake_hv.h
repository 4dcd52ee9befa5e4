/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fake hypervisor of the module's test, and /dev/fake_hv, by which the test
 * program plays the guest. The test build compiles the module's own sources
 * against test/hypercall.h, so that no hypervisor and no VMCALL is needed.
 */
#pragma once
#include "public/types.h"

#define FAKE_VMS	4
#define FAKE_ASYNCIO	2	/* places a VM that are written without waiting */

/* fake_cmd.op */
#define FAKE_POST	0	/* a vCPU's access: slot PENDING, then the upcall */
#define FAKE_STOP	1	/* the VM stops by itself: state_seq moves, then the upcall */
#define FAKE_STATS	2	/* fill in the answer */
#define FAKE_FAIL	3	/* hypercall number `addr` fails once with -value */

#define FAKE_RING	4	/* CPU `vcpu` writes `size` trace elements, `value` and up; out nr_vms: trace rings shared now */

#define FAKE_NO_STATS	5	/* from now on it lacks the calls for statistics, or (value 0) has them again */

#define FAKE_CPUS	2

/* One command; the ioctl reads it and writes the answer into it. */
struct fake_cmd {
	uint32_t op;
	uint32_t vm;		/* relative id */
	uint32_t vcpu;
	uint32_t type;
	uint32_t direction;
	uint32_t polling;
	uint64_t addr;
	uint64_t size;
	uint64_t value;		/* POST: out, what the last finished read gave */

	uint32_t nr_vms;
	uint32_t notifies;	/* of vcpu */
	uint32_t processed;	/* of vcpu's slot */
	uint32_t msis;		/* into vm */
	uint64_t last_msi;
	uint64_t mapped;	/* bytes in vm */
	uint64_t regions;	/* regions ever added to vm */
	uint32_t polled;	/* POST: 1, no upcall was made since somebody polls, or has one before it to take */
	uint32_t taken;		/* POST: 1, it went into the ring and is no request */
};

#define FAKE_IOC	0xC060BE01u
ABI_SIZE(struct fake_cmd, 0x60);

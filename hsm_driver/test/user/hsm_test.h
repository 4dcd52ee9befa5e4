/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the test program share. */
#pragma once
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "public/hsm_ioctl.h"
#include "public/ioreq.h"

struct fake_cmd;

extern int fake;	/* /dev/fake_hv */
extern int case_bad;	/* something of the present case was not as expected */

#define EXPECT(cond) do { \
	if (!(cond)) { \
		printf("%s:%d: expected %s (errno %d %s)\n", \
		       __FILE__, __LINE__, #cond, errno, strerror(errno)); \
		case_bad = 1; \
	} \
} while (0)
#define EXPECT_ERR(call, err) do { errno = 0; EXPECT((call) == -1 && errno == (err)); } while (0)

/* A device model: one VM. */
struct dm {
	int fd;
	struct acrn_io_request *slots;
	struct acrn_vm_creation vm;
};

/* What the fake hypervisor says of VM id, vCPU vcpu. */
struct fake_cmd stats(uint32_t id, uint32_t vcpu);
/* A VM that runs: 0, or not with errno; and the end of it. */
int dm_run(struct dm *dm);
void dm_close(struct dm *dm);

/* stats.c */
void test_stats(void);

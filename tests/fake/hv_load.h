/* SPDX-License-Identifier: BSD-3-Clause */
/* A pre-launched VM with one vCPU to load kernels into; vcpu_set_regs() keeps what it is given. */
#pragma once

#include "machine/load.h"
#include "public/vm.h"
#include "vm_vm.h"

#define HV_LOAD_RAM	(32ul << 20)

struct hv_load {
	struct vm *vm;
	struct scenario_vm cfg;
	uint8_t *ram;
	struct acrn_regs regs;
	unsigned int nr_regs;	/* calls of vcpu_set_regs() */
};
extern struct hv_load hv_load;

void hv_load_make(void);
void hv_load_free(void);	/* checks that no frame is lost */

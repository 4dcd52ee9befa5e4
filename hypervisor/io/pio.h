/* SPDX-License-Identifier: BSD-3-Clause */
/* Port instructions: IN, OUT, INS, OUTS with REP (SDM vol 3, table 27-5). Own vCPU thread. */
#pragma once

#include "lib/types.h"

struct vcpu;

/* From the exit qualification to vcpu->io. enum decode_result. */
int pio_decode(struct vcpu *vcpu, uint64_t qualification) __must_check;
/* After the answer: register or memory, count, RIP. enum decode_result. */
int pio_finish(struct vcpu *vcpu) __must_check;

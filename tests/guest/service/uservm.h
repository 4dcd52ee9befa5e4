/* SPDX-License-Identifier: BSD-3-Clause */
/* A post-launched VM of one vCPU, made by hypercalls, with this program as its device model. */
#pragma once

#include "lib/types.h"
#include "public/ioreq.h"
#include "public/mem.h"
#include "public/vm.h"

#define UVM_RAM		0x100000ul	/* bytes, from guest-physical 0 on */
#define UVM_WAIT_US	200000u

struct uservm {
	uint64_t id;				/* relative; 0: there is none */
	struct acrn_io_request_buffer *io;	/* (o) its IOREQ page */
	uint8_t *ram;				/* (o) what backs its memory */
	uint64_t affinity;			/* (o) CPUs asked for */
	uint64_t r8;				/* start value of the register */
};

/* Takes the memory of one VM; once for each struct. */
void uvm_init(struct uservm *u, uint64_t affinity);

/* HC_CREATE_VM alone; sets u->id. */
int64_t uvm_create(struct uservm *u, const char *name);
/* One region by HC_VM_SET_MEMORY_REGIONS. */
int64_t uvm_region(const struct uservm *u, struct vm_memory_region r);
int64_t uvm_set_ioreq(const struct uservm *u, uint64_t page);
/* Start at a symbol of payload.S, in 32-bit protected mode. */
int64_t uvm_set_regs(const struct uservm *u, const uint8_t *entry);
/* Or at any address of its memory. */
int64_t uvm_set_start(const struct uservm *u, uint64_t rip);
int64_t uvm_set_real(const struct uservm *u, const uint8_t *entry);
/* Fresh memory with payload, GDT and IDT; mapped, IOREQ page, registers. All but create and start; false on an error. */
bool uvm_prepare(const struct uservm *u, const uint8_t *entry);
/* All of it; false (reported) on an error. */
bool uvm_boot(struct uservm *u, const char *name, const uint8_t *entry);
/* Pause and destroy; false (reported) on an error. */
bool uvm_end(struct uservm *u);

int64_t uvm_start(const struct uservm *u);
int64_t uvm_pause(const struct uservm *u);
int64_t uvm_reset(const struct uservm *u);
int64_t uvm_destroy(struct uservm *u);
struct hc_q_vm_state uvm_state(const struct uservm *u);

/* A word of the mailbox. */
volatile uint32_t *uvm_box(const struct uservm *u, unsigned int word);
/* Waits until it has the value; false after UVM_WAIT_US. */
bool uvm_wait_box(const struct uservm *u, unsigned int word, uint32_t value);
bool uvm_wait_state(const struct uservm *u, uint32_t state);
/* Waits until slot 0 is PENDING. */
bool uvm_wait_ioreq(const struct uservm *u);
/* Answers it: value, COMPLETE, notify. */
int64_t uvm_answer(const struct uservm *u, uint64_t value);

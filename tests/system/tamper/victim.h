/* SPDX-License-Identifier: BSD-3-Clause */
/* A small VM of a hostile device model, and what all its cases use. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "public/hsm_ioctl.h"
#include "public/ioreq.h"

#define VICTIM_NAME	"user"
#define VICTIM_CPUS	(1u << 2)
#define VICTIM_RAM	(2ul << 20)
#define PAGE_BYTES	4096ul
/* Addresses that are no memory of this process: unmapped, the kernel's, and not canonical. */
#define NOWHERE		0x10000ul
#define KERNEL_ADDRESS	0xffff888000001000ul
#define NOT_CANONICAL	0x0800000000001000ul

struct victim {
	int fd;				/* /dev/acrn_hsm, -1 when closed */
	struct acrn_io_request_buffer *page;
	uint8_t *ram;
};

/* A failed check prints what it was and makes the program end with 1. */
void check(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool all_checked_ok(void);

/* One ioctl: its result, or -errno. */
long hsm_call(const struct victim *v, unsigned long request, uintptr_t arg);
/* The result must be -errnum; with 0 any error is right, only success is wrong. */
void refused(const char *what, long result, int errnum);
void granted(const char *what, long result);

/* Opens the device and allocates page and RAM; ends the program where that fails. */
void victim_open(struct victim *v);
void victim_close(struct victim *v);
/* What a correct creation asks for. */
struct acrn_vm_creation victim_creation(const struct victim *v);
long victim_create(struct victim *v);
/* RAM, code that makes port and memory requests for ever, and registers; then a start. */
long victim_set_ram(struct victim *v);
long victim_set_regs(struct victim *v);
void victim_run(struct victim *v);
/* A whole life: must work, whatever was done before. */
void victim_proves_itself(const char *after);
uint32_t victim_state(const struct victim *v);
/* Waits until the VM's vCPU 0 asks something, that is until its slot is in `state`. */
bool victim_wait_slot(const struct victim *v, uint32_t state);

/* Random numbers from a seed. */
void random_seed(uint64_t seed);
uint64_t random_u64(void);

void case_calls(void);
void case_memory(void);
void case_life(void);
void case_ioreq(void);
void case_scribble(void);

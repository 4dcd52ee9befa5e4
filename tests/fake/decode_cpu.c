/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs single instructions natively, see decode_cpu.h. */
#define _GNU_SOURCE
#include "decode_cpu.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define FAULT_WRITE	2	/* page-fault error code, SDM vol 3, 4.7 */

/* What the trampoline's absolute addresses point to. */
struct area {
	uint64_t gpr[16];
	uint64_t rflags, host_rsp;
};

static struct area *area;
static uint8_t *code, *leave;
static volatile struct cpu_run last;

uint8_t *cpu_low_memory(size_t size)
{
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	last.result = sig == SIGILL ? CPU_UNDEFINED : CPU_FAULT;
	last.fault = (uint64_t)info->si_addr;
	last.fault_write = uc->uc_mcontext.gregs[REG_ERR] & FAULT_WRITE;
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)leave;
}

/* [absolute address] as an operand: ModRM with `reg`, SIB without base and index. */
static uint8_t *put_absolute(uint8_t *p, unsigned int reg, const void *at)
{
	uint32_t address = (uint32_t)(uint64_t)at;

	*p++ = (uint8_t)(reg << 3 | 4);
	*p++ = 0x25;
	memcpy(p, &address, 4);
	return p + 4;
}

/* MOV between a register and its place: opcode 8B loads, 89 stores. */
static uint8_t *put_mov(uint8_t *p, uint8_t opcode, unsigned int reg, const void *at)
{
	*p++ = (uint8_t)(0x48 | reg >> 3 << 2);
	*p++ = opcode;
	return put_absolute(p, reg & 7, at);
}

static uint8_t *put_bytes(uint8_t *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

static void set_up(void)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t stack = { .ss_size = 65536 };

	area = (struct area *)cpu_low_memory(4096);
	code = cpu_low_memory(4096);
	if (mprotect(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
		abort();
	/* The guest's RSP may be anything. */
	stack.ss_sp = cpu_low_memory(stack.ss_size);
	if (sigaltstack(&stack, NULL) || sigaction(SIGSEGV, &sa, NULL) || sigaction(SIGILL, &sa, NULL) ||
	    sigaction(SIGBUS, &sa, NULL))
		abort();
}

static void assemble(const uint8_t *insn, unsigned int len)
{
	/* push rbx rbp r12 r13 r14 r15; and back */
	static const uint8_t save[] = { 0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57 };
	static const uint8_t restore[] = { 0xfc, 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3 };
	uint8_t *p = put_bytes(code, save, sizeof(save));
	unsigned int i;

	p = put_mov(p, 0x89, 4, &area->host_rsp);
	*p++ = 0xff;	/* push [rflags]; popf */
	p = put_absolute(p, 6, &area->rflags);
	*p++ = 0x9d;
	for (i = 0; i < 16; i++)
		p = put_mov(p, 0x8b, i, &area->gpr[i]);
	p = put_bytes(p, insn, len);
	leave = p;
	for (i = 0; i < 16; i++)
		p = put_mov(p, 0x89, i, &area->gpr[i]);
	p = put_mov(p, 0x8b, 4, &area->host_rsp);
	*p++ = 0x9c;	/* pushf; pop [rflags] */
	*p++ = 0x8f;
	p = put_absolute(p, 0, &area->rflags);
	put_bytes(p, restore, sizeof(restore));
}

struct cpu_run cpu_run_insn(const uint8_t *insn, unsigned int len, struct cpu_regs *regs)
{
	struct cpu_run run;

	if (!area)
		set_up();
	assemble(insn, len);
	memcpy(area->gpr, regs->gpr, sizeof(area->gpr));
	area->rflags = regs->rflags;
	last.result = CPU_DONE;
	((void (*)(void))code)();
	memcpy(regs->gpr, area->gpr, sizeof(area->gpr));
	regs->rflags = area->rflags;
	run.result = last.result;
	run.fault = last.fault;
	run.fault_write = last.fault_write;
	return run;
}

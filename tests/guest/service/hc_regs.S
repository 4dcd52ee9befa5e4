/* SPDX-License-Identifier: BSD-3-Clause */
/* A hypercall with all registers set and looked at, and one from ring 3. */
#include "lib/layout.h"

	.text
	/* hc_regs(uint64_t regs[16]): rax rcx rdx rbx - rbp rsi rdi r8..r15 and the flags at [4], in and out. */
	.globl hc_regs
hc_regs:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdi
	movq (%rdi), %rax
	movq 8(%rdi), %rcx
	movq 16(%rdi), %rdx
	movq 24(%rdi), %rbx
	movq 40(%rdi), %rbp
	movq 48(%rdi), %rsi
	movq 64(%rdi), %r8
	movq 72(%rdi), %r9
	movq 80(%rdi), %r10
	movq 88(%rdi), %r11
	movq 96(%rdi), %r12
	movq 104(%rdi), %r13
	movq 112(%rdi), %r14
	movq 120(%rdi), %r15
	pushq 32(%rdi)
	movq 56(%rdi), %rdi
	popfq
	vmcall
	pushfq
	pushq %rdi
	movq 16(%rsp), %rdi
	movq %rax, (%rdi)
	movq %rcx, 8(%rdi)
	movq %rdx, 16(%rdi)
	movq %rbx, 24(%rdi)
	movq %rbp, 40(%rdi)
	movq %rsi, 48(%rdi)
	popq 56(%rdi)
	popq 32(%rdi)
	movq %r8, 64(%rdi)
	movq %r9, 72(%rdi)
	movq %r10, 80(%rdi)
	movq %r11, 88(%rdi)
	movq %r12, 96(%rdi)
	movq %r13, 104(%rdi)
	movq %r14, 112(%rdi)
	movq %r15, 120(%rdi)
	cld
	popq %rdi
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	/* user_call(rip, rsp, r8): ring 3 until something leads to user_back, on the stack kept in user_rsp. */
	.globl user_call, user_back
user_call:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, user_rsp
	pushq $SEL_GUEST_USER_DATA
	pushq %rsi
	pushq $2
	pushq $SEL_GUEST_USER_CODE
	pushq %rdi
	movq %rdx, %r8
	iretq
user_back:
	movl $SEL_GUEST_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	.section .bss
	.balign 8
	.globl user_rsp
user_rsp:
	.skip 8

	.section .note.GNU-stack, "", @progbits

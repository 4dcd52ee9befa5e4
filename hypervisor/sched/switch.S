/* SPDX-License-Identifier: BSD-3-Clause */
/* The switch between two threads of the hypervisor; it uses no floating point and no segment of its own. */

	.text

/* void context_switch(uint64_t *save_rsp, uint64_t next_rsp): the callee-saved registers of the System V ABI travel on the stack. */
	.globl	context_switch
	.type	context_switch, @function
context_switch:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	.size	context_switch, . - context_switch

	.section .note.GNU-stack, "", @progbits

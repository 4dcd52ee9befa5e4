/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupt and exception entry: 256 stubs of 16 bytes push a zero where the
 * CPU pushes no error code, then the vector, and join; the rest of struct
 * host_frame is saved and idt_dispatch(frame) called.
 */
	.text
	.balign	16
	.globl	idt_stubs
idt_stubs:
	.set	vector, 0
	.rept	256
	.balign	16
	/* With error code: #DF #TS #NP #SS #GP #PF #AC #CP. */
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	pushq	$0
	.endif
	pushq	$vector
	jmp	idt_entry
	.set	vector, vector + 1
	.endr

	.balign	16
idt_entry:
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cld
	movq	%rsp, %rdi
	movq	%rsp, %rbp
	andq	$~15, %rsp
	call	idt_dispatch
	movq	%rbp, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbx
	popq	%rax
	addq	$16, %rsp
	iretq
	.section .note.GNU-stack, "", @progbits

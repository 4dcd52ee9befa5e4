/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VM entry and exit (SDM vol 3, 26, 27). rdi = gpr[16], esi = VMX_ENTER_RESUME or 0, rdx = &host_rsp.
 * The stack holds the callee-saved registers and, on top, gpr: HOST_RSP points there.
 */
#define VMCS_HOST_RSP	0x6c14
#define GPR(n)		((n) * 8)

	.text
	.globl vmx_enter
	.type vmx_enter, @function
vmx_enter:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	cmp	%rsp, (%rdx)
	je	1f
	mov	$VMCS_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	jbe	3f
	mov	%rsp, (%rdx)
1:	test	%esi, %esi		/* ZF: launch; MOV leaves it */
	mov	GPR(0)(%rdi), %rax
	mov	GPR(1)(%rdi), %rcx
	mov	GPR(2)(%rdi), %rdx
	mov	GPR(3)(%rdi), %rbx
	mov	GPR(5)(%rdi), %rbp
	mov	GPR(6)(%rdi), %rsi
	mov	GPR(8)(%rdi), %r8
	mov	GPR(9)(%rdi), %r9
	mov	GPR(10)(%rdi), %r10
	mov	GPR(11)(%rdi), %r11
	mov	GPR(12)(%rdi), %r12
	mov	GPR(13)(%rdi), %r13
	mov	GPR(14)(%rdi), %r14
	mov	GPR(15)(%rdi), %r15
	mov	GPR(7)(%rdi), %rdi
	jz	2f
	vmresume
	jmp	3f
2:	vmlaunch
3:	mov	$-22, %eax		/* -EINVAL: VMfail; callee-saved registers come from the stack */
	jmp	4f

	.globl vmx_exit_point
	.type vmx_exit_point, @function
vmx_exit_point:
	cli				/* IF is clear by now; in Bochs an exit leaves open what a guest's CLI left open */
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rax, GPR(0)(%rdi)
	mov	%rcx, GPR(1)(%rdi)
	mov	%rdx, GPR(2)(%rdi)
	mov	%rbx, GPR(3)(%rdi)
	mov	%rbp, GPR(5)(%rdi)
	mov	%rsi, GPR(6)(%rdi)
	mov	%r8, GPR(8)(%rdi)
	mov	%r9, GPR(9)(%rdi)
	mov	%r10, GPR(10)(%rdi)
	mov	%r11, GPR(11)(%rdi)
	mov	%r12, GPR(12)(%rdi)
	mov	%r13, GPR(13)(%rdi)
	mov	%r14, GPR(14)(%rdi)
	mov	%r15, GPR(15)(%rdi)
	pop	%rax
	mov	%rax, GPR(7)(%rdi)
	xor	%eax, %eax
4:	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

	.section .note.GNU-stack, "", @progbits

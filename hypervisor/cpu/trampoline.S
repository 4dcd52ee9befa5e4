/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First instructions of the other CPUs: real mode, CS = the page's segment.
 * Protected mode, paging and long mode are switched on by one write of CR0
 * (SDM volume 3, 9.8.5; PAE, CR3 and EFER.LME must be set before).
 */
#include "cpu/trampoline.h"

#define D_BOOT_CR3	(TRAMPOLINE_DATA + 0)
#define D_EFER		(TRAMPOLINE_DATA + 8)
#define D_HOST_CR3	16
#define D_STACK		24
#define D_ENTRY		32
#define D_ARG		40
#define D_GDT_PTR	(TRAMPOLINE_DATA + 72)
#define D_FAR		(TRAMPOLINE_DATA + 80)
#define SEL_TRAMPOLINE_DATA 0x10

	.section .rodata
	.balign	16
	.globl	trampoline_start, trampoline_64, trampoline_end
	.code16
trampoline_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	movl	$(1 << 5), %eax			/* PAE */
	movl	%eax, %cr4
	movl	D_BOOT_CR3, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	movl	D_EFER, %eax
	xorl	%edx, %edx
	wrmsr
	movw	%ds, %bx
	movzwl	%bx, %ebx
	shll	$4, %ebx			/* the page's physical address */
	lgdtl	D_GDT_PTR
	movl	$0x80010033, %eax		/* PG WP NE ET MP PE */
	movl	%eax, %cr0
	ljmpl	*D_FAR

	.code64
trampoline_64:
	movl	$SEL_TRAMPOLINE_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	leaq	TRAMPOLINE_DATA(%rbx), %rsi
	movq	D_STACK(%rsi), %rsp
	movq	D_ARG(%rsi), %rdi
	movq	D_ENTRY(%rsi), %rdx
	movq	D_HOST_CR3(%rsi), %rcx
	/* The identity map goes away with this write: jump through the image, which both tables map. */
	movabsq	$trampoline_leave, %rax
	jmp	*%rax
trampoline_end:

	.text
trampoline_leave:
	movq	%rcx, %cr3
	xorl	%ebp, %ebp
	call	*%rdx
1:	cli
	hlt
	jmp	1b
	.section .note.GNU-stack, "", @progbits

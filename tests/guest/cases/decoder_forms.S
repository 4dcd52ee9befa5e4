/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Instruction forms with a memory operand. decoder.c runs each with the same
 * registers on RAM and on device memory and compares all that it changes.
 *
 * rdi points into the memory under test, rsi into other RAM, FS has the former
 * as its base less FORM_OFFSET; rax, rbx, rcx, rdx and the flags are given.
 * decoder_run(fn, regs) loads the registers from regs[0..7] and stores them back.
 */
#include "cases/decoder.h"

	/* Inside a form's text the preprocessor does not look. */
	.equ form_offset, FORM_OFFSET

	.text
	.globl decoder_run
decoder_run:
	pushq %rbx
	pushq %rbp
	pushq %r12
	movq %rsi, %r12
	movq %rdi, %rbp
	movq 0(%r12), %rax
	movq 8(%r12), %rbx
	movq 16(%r12), %rcx
	movq 24(%r12), %rdx
	movq 32(%r12), %rsi
	movq 40(%r12), %rdi
	movq 48(%r12), %r8
	pushq 56(%r12)
	popfq
	call *%rbp
	pushfq
	popq 56(%r12)
	cld
	movq %rax, 0(%r12)
	movq %rbx, 8(%r12)
	movq %rcx, 16(%r12)
	movq %rdx, 24(%r12)
	movq %rsi, 32(%r12)
	movq %rdi, 40(%r12)
	movq %r8, 48(%r12)
	popq %r12
	popq %rbp
	popq %rbx
	ret

/* reads, writes: accesses to the memory under test, -1 when the count is free; size: of each. */
.macro form flags, reads, writes, size, text
	.pushsection .text
	.balign 16
661:	\text
	ret
	.popsection
	.pushsection .rodata.str, "aMS", @progbits, 1
662:	.asciz "\text"
	.popsection
	.quad 661b, 662b
	.long \flags, \size
	.short \reads, \writes
	.long 0
.endm

.macro alu name
	form ALL 1 -1 1 "\name\()b %al, (%rdi)"
	form ALL 1 -1 2 "\name\()w %ax, (%rdi)"
	form ALL 1 -1 4 "\name\()l %eax, (%rdi)"
	form ALL 1 -1 8 "\name\()q %rax, (%rdi)"
	form ALL 1 0 1 "\name\()b (%rdi), %dh"
	form ALL 1 0 4 "\name\()l (%rdi), %edx"
	form ALL 1 0 8 "\name\()q (%rdi), %rdx"
	form ALL 1 -1 1 "\name\()b $0x81, (%rdi)"
	form ALL 1 -1 2 "\name\()w $0x1234, (%rdi)"
	form ALL 1 -1 4 "\name\()l $0x81234567, (%rdi)"
	form ALL 1 -1 8 "\name\()q $-0x12345678, (%rdi)"
	form ALL 1 -1 4 "\name\()l $-3, (%rdi)"
.endm

.macro logic name
	form LOGIC 1 -1 1 "\name\()b %ah, (%rdi)"
	form LOGIC 1 -1 2 "\name\()w %ax, (%rdi)"
	form LOGIC 1 -1 4 "\name\()l %eax, (%rdi)"
	form LOGIC 1 -1 8 "\name\()q %rax, (%rdi)"
	form LOGIC 1 0 2 "\name\()w (%rdi), %dx"
	form LOGIC 1 0 8 "\name\()q (%rdi), %rdx"
	form LOGIC 1 -1 1 "\name\()b $0x81, (%rdi)"
	form LOGIC 1 -1 4 "\name\()l $-3, (%rdi)"
	form LOGIC 1 -1 8 "\name\()q $-0x12345678, (%rdi)"
.endm

	.section .rodata
	.balign 8
	.globl decoder_forms, decoder_forms_end
decoder_forms:
	/* Moves: sizes, registers, addressing. */
	form ALL 1 0 1 "movb (%rdi), %al"
	form ALL 1 0 1 "movb (%rdi), %ah"
	form ALL 1 0 1 "movb (%rdi), %r8b"
	form ALL 1 0 1 "movb (%rdi), %sil"
	form ALL 1 0 2 "movw (%rdi), %bx"
	form ALL 1 0 4 "movl (%rdi), %ecx"
	form ALL 1 0 4 "movl (%rdi), %r8d"
	form ALL 1 0 8 "movq (%rdi), %rdx"
	form ALL 0 1 1 "movb %bh, (%rdi)"
	form ALL 0 1 1 "movb %r8b, (%rdi)"
	form ALL 0 1 2 "movw %r8w, (%rdi)"
	form ALL 0 1 4 "movl %ebx, (%rdi)"
	form ALL 0 1 8 "movq %r8, (%rdi)"
	form ALL 0 1 1 "movb $0x99, (%rdi)"
	form ALL 0 1 2 "movw $0x9988, (%rdi)"
	form ALL 0 1 4 "movl $0x99887766, (%rdi)"
	form ALL 0 1 8 "movq $-0x66778899, (%rdi)"
	form ALL 1 0 4 "movl 8(%rdi), %eax"
	form ALL 1 0 4 "movl 1(%rdi), %eax"
	form ALL 1 0 4 "movl 0x90(%rdi), %eax"
	form ALL 1 0 4 "movl -16(%rdi), %eax"
	form ALL 1 0 8 "movzbl %cl, %ecx; movq (%rdi,%rcx,2), %rax"
	form ALL 1 0 8 "movzbl %cl, %ecx; movq 0x10(%rdi,%rcx,4), %rax"
	form ALL 1 0 4 "movl %fs:form_offset, %eax"
	form ALL 0 1 4 "movl %eax, %fs:form_offset"
	form ALL 1 0 1 "movabsb %fs:form_offset, %al"
	form ALL 1 0 8 "movabsq %fs:form_offset, %rax"
	form ALL 0 1 2 "movabsw %ax, %fs:form_offset"
	form ALL 1 0 4 "addr32 movl (%edi), %eax"
	form ALL 0 1 4 "movnti %ebx, (%rdi)"
	form ALL 0 1 8 "movnti %rbx, (%rdi)"
	form ALL 1 0 2 "movbe (%rdi), %ax"
	form ALL 1 0 4 "movbe (%rdi), %eax"
	form ALL 1 0 8 "movbe (%rdi), %rax"
	form ALL 0 1 4 "movbe %eax, (%rdi)"
	form ALL 0 1 8 "movbe %rax, (%rdi)"
	form ALL 1 0 1 "movzbw (%rdi), %ax"
	form ALL 1 0 1 "movzbl (%rdi), %eax"
	form ALL 1 0 1 "movzbq (%rdi), %rax"
	form ALL 1 0 2 "movzwl (%rdi), %eax"
	form ALL 1 0 2 "movzwq (%rdi), %rax"
	form ALL 1 0 1 "movsbw (%rdi), %ax"
	form ALL 1 0 1 "movsbl (%rdi), %eax"
	form ALL 1 0 1 "movsbq (%rdi), %rax"
	form ALL 1 0 2 "movswl (%rdi), %eax"
	form ALL 1 0 2 "movswq (%rdi), %rax"
	form ALL 1 0 4 "movslq (%rdi), %rax"

	/* Arithmetic, with every operand order. */
	alu add
	alu adc
	alu sub
	alu sbb
	alu cmp
	logic and
	logic or
	logic xor
	form LOGIC 1 0 1 "testb %al, (%rdi)"
	form LOGIC 1 0 2 "testw %ax, (%rdi)"
	form LOGIC 1 0 4 "testl %eax, (%rdi)"
	form LOGIC 1 0 8 "testq %rax, (%rdi)"
	form LOGIC 1 0 1 "testb $0x80, (%rdi)"
	form LOGIC 1 0 4 "testl $0x80000001, (%rdi)"
	form ALL 1 1 1 "incb (%rdi)"
	form ALL 1 1 4 "incl (%rdi)"
	form ALL 1 1 8 "decq (%rdi)"
	form ALL 1 1 2 "decw (%rdi)"
	form ALL 1 1 1 "notb (%rdi)"
	form ALL 1 1 8 "notq (%rdi)"
	form ALL 1 1 4 "negl (%rdi)"
	form ALL 1 1 8 "negq (%rdi)"
	form ALL 1 1 4 "lock addl %eax, (%rdi)"
	form LOGIC 1 1 4 "lock orl $0x10, (%rdi)"

	/* Exchanges. */
	form ALL 1 1 1 "xchgb %al, (%rdi)"
	form ALL 1 1 4 "xchgl %eax, (%rdi)"
	form ALL 1 1 8 "xchgq %rax, (%rdi)"
	form ALL 1 1 1 "xaddb %bl, (%rdi)"
	form ALL 1 1 4 "lock xaddl %ebx, (%rdi)"
	form ALL 1 1 8 "xaddq %rbx, (%rdi)"
	form ALL 1 -1 1 "cmpxchgb %bl, (%rdi)"
	form ALL 1 -1 4 "lock cmpxchgl %ebx, (%rdi)"
	form ALL 1 -1 8 "cmpxchgq %rbx, (%rdi)"
	form ALL -1 -1 8 "movq (%rdi), %rax; cmpxchgq %rbx, (%rdi)"
	form ALL -1 -1 4 "movl (%rdi), %eax; lock cmpxchgl %ebx, (%rdi)"

	/* Bits. */
	form BIT 1 0 4 "btl $5, (%rdi)"
	form BIT 1 1 4 "btsl $31, (%rdi)"
	form BIT 1 1 8 "btrq $40, (%rdi)"
	form BIT 1 1 2 "btcw $3, (%rdi)"
	form BIT 1 0 4 "movl $37, %eax; btl %eax, (%rdi)"
	form BIT 1 1 4 "movl $-5, %eax; btsl %eax, (%rdi)"
	form BIT 1 1 8 "movl $66, %eax; btrq %rax, (%rdi)"
	form BIT 1 1 4 "movl $100, %eax; lock btcl %eax, (%rdi)"

	/* Strings, both ways. */
	form ALL 1 0 1 "xchgq %rsi, %rdi; lodsb"
	form ALL 1 0 4 "xchgq %rsi, %rdi; lodsl"
	form ALL 1 0 8 "xchgq %rsi, %rdi; lodsq"
	form ALL 0 1 1 "stosb"
	form ALL 0 1 2 "stosw"
	form ALL 0 1 8 "stosq"
	form ALL 0 5 4 "movl $5, %ecx; rep stosl"
	form ALL 0 0 1 "movl $0, %ecx; rep stosb"
	form ALL 0 3 2 "std; movl $3, %ecx; rep stosw"
	form ALL 0 1 1 "movsb"
	form ALL 0 1 8 "movsq"
	form ALL 1 0 1 "xchgq %rsi, %rdi; movsb"
	form ALL 1 0 4 "xchgq %rsi, %rdi; movsl"
	form ALL 0 7 4 "movl $7, %ecx; rep movsl"
	form ALL 5 0 8 "xchgq %rsi, %rdi; movl $5, %ecx; rep movsq"
	form ALL 3 0 1 "std; xchgq %rsi, %rdi; movl $3, %ecx; rep movsb"
	form ALL 4 4 2 "leaq 0x40(%rdi), %rsi; movl $4, %ecx; rep movsw"
	form ALL 1 0 1 "scasb"
	form ALL 1 0 4 "scasl"
	form ALL -1 0 1 "movl $9, %ecx; repne scasb"
	form ALL -1 0 4 "movl (%rdi), %eax; movl $6, %ecx; repe scasl"
	form ALL 1 0 1 "cmpsb"
	form ALL 1 0 8 "xchgq %rsi, %rdi; cmpsq"
	form ALL -1 0 1 "movl $16, %ecx; repe cmpsb"
	form ALL -1 0 2 "movl $16, %ecx; repne cmpsw"

	/* Stack. */
	form ALL 1 0 8 "pushq (%rdi); popq %rax"
	form ALL 0 1 8 "pushq %rbx; popq (%rdi)"
decoder_forms_end:

	.section .note.GNU-stack, "", @progbits

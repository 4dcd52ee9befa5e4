/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entry of a guest program: multiboot 1 starts it in 32-bit protected mode, it
 * goes to 64-bit mode with the first 4 GiB mapped one to one and calls
 * guest_entry(magic, info). Further processors begin in the trampoline, which
 * smp.c copies to TRAMPOLINE, and call smp_ap_entry(index).
 */
#include "lib/layout.h"

#define MB_MAGIC	0x1badb002
#define MB_FLAGS	0x3		/* page-aligned modules, memory information */

#define CR0_START	0x80010033	/* PG WP NE ET MP PE */
#define CR4_START	0x620		/* PAE OSFXSR OSXMMEXCPT */
#define EFER_START	0x900		/* NXE LME */
#define MSR_EFER	0xc0000080

	.section .multiboot, "a"
	.balign 4
	.long MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

	.text
	.code32
	.globl start
start:
	cli
	cld
	movl $(stack_bottom + STACK_SIZE), %esp
	movl %eax, %ebp
	movl %ebx, %esi

	/* Four tables of 2 MiB pages; the last GiB, where devices are, uncached. */
	movl $page_directories, %edi
	movl $0x83, %eax
	movl $2048, %ecx
1:	cmpl $512, %ecx
	jne 2f
	orl $0x10, %eax
2:	movl %eax, (%edi)
	movl $0, 4(%edi)
	addl $8, %edi
	addl $0x200000, %eax
	decl %ecx
	jnz 1b
	movl $page_directories + 3, %eax
	movl $page_pointers, %edi
	movl $4, %ecx
3:	movl %eax, (%edi)
	addl $0x1000, %eax
	addl $8, %edi
	decl %ecx
	jnz 3b
	movl $page_pointers + 3, page_root

	lgdt boot_gdt_pointer
	call paging_on
	ljmp $SEL_GUEST_CODE, $4f

	.code64
4:	movl $SEL_GUEST_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl %ebp, %edi
	xorl %ebp, %ebp
	call guest_entry
	ud2

	.code32
paging_on:
	movl $CR4_START, %eax
	movl %eax, %cr4
	movl $page_root, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	movl $EFER_START, %eax
	xorl %edx, %edx
	wrmsr
	movl $CR0_START, %eax
	movl %eax, %cr0
	ret

	/* Copied to TRAMPOLINE; runs in real mode at first. */
	.code16
	.globl trampoline, trampoline_end
trampoline:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl TRAMPOLINE + (boot_gdt_pointer_low - trampoline)
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $SEL_GUEST_CODE32, $(TRAMPOLINE + (5f - trampoline))
	.code32
5:	movl $SEL_GUEST_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $ap_up, %eax
	jmp *%eax
	.balign 8
boot_gdt_pointer_low:
	.word boot_gdt_end - boot_gdt - 1
	.long boot_gdt
trampoline_end:

	.code32
ap_up:
	/* Each processor takes a number, and with it a stack, before it can call anything. */
	movl $1, %ebp
	lock xaddl %ebp, ap_next
	movl %ebp, %eax
	andl $(MAX_CPUS - 1), %eax
	imull $STACK_SIZE, %eax
	leal stack_bottom + STACK_SIZE(%eax), %esp
	call paging_on
	ljmp $SEL_GUEST_CODE, $6f
	.code64
6:	movl $SEL_GUEST_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl %ebp, %edi
	xorl %ebp, %ebp
	call smp_ap_entry
	ud2

	.section .data
	.balign 8
	.globl boot_gdt
boot_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* SEL_GUEST_CODE32 */
	.quad 0x00af9b000000ffff	/* SEL_GUEST_CODE */
	.quad 0x00cf93000000ffff	/* SEL_GUEST_DATA */
boot_gdt_end:
boot_gdt_pointer:
	.word boot_gdt_end - boot_gdt - 1
	.quad boot_gdt
	.globl ap_next
	.balign 4
ap_next:
	.long 1

	.section .bss
	.balign 4096
	.globl page_root, page_pointers, page_directories
page_root:
	.skip 4096
page_pointers:
	.skip 4096
page_directories:
	.skip 4 * 4096
	.globl stack_bottom
stack_bottom:
	.skip MAX_CPUS * STACK_SIZE

	.section .note.GNU-stack, "", @progbits

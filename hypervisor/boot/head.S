/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entry from a multiboot1 or multiboot2 loader: 32-bit protected mode without
 * paging, EAX = loader magic, EBX = physical address of its information.
 * Builds the boot page tables, enters long mode, and calls boot_main().
 *
 * Boot page tables: the first 4 GiB at 0 (identity, for this code and the
 * trampoline of the other CPUs) and at HOST_DIRECT_BASE; the first 1 GiB at
 * HOST_IMAGE_BASE. hostmap_init() replaces them.
 */
#include "mm/bootstack.h"
#include "x86/desc.h"

#define PA(sym)		((sym) - 0xffffffff80000000)
#define MB1_MAGIC	0x1badb002
#define MB1_FLAGS	0x3		/* page-aligned modules, memory map */
#define MB2_MAGIC	0xe85250d6
#define MB2_TAG_REQUEST	1
#define MB2_OPTIONAL	1
#define MB2_TAG_FRAMEBUFFER 5
#define COM1		0x3f8
#define BOCHS_PORT	0xe9

	.section .boot.header, "a"
	.balign 8
	.long	MB1_MAGIC
	.long	MB1_FLAGS
	.long	-(MB1_MAGIC + MB1_FLAGS)

	.balign 8
mb2_start:
	.long	MB2_MAGIC
	.long	0				/* i386 */
	.long	mb2_end - mb2_start
	.long	-(MB2_MAGIC + (mb2_end - mb2_start))
	/* Information wanted when the loader has it: modules, memory map, ACPI RSDP old and new, EFI memory map. */
	.balign 8
mb2_request:
	.word	MB2_TAG_REQUEST, MB2_OPTIONAL
	.long	mb2_request_end - mb2_request
	.long	3, 6, 14, 15, 17
mb2_request_end:
	/* Text or any graphics mode will do; only EFI machines have to set one. */
	.balign 8
	.word	MB2_TAG_FRAMEBUFFER, MB2_OPTIONAL
	.long	20
	.long	0, 0, 0				/* width, height, depth */
	.balign 8
	.word	0, 0				/* end tag */
	.long	8
mb2_end:

	.section .boot.text, "ax"
	.code32
	.globl	boot_entry
boot_entry:
	cli
	cld
	movl	%eax, %ebp
	movl	%ebx, %esi
	movl	$PA(image_bss_start), %edi
	movl	$PA(image_bss_end), %ecx
	subl	%edi, %ecx
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl

	/* Is there a long mode to enter? */
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	testl	$(1 << 29), %edx
	jz	no_long_mode

	/* Present, writable. */
	movl	$(PA(boot_pdpt_low) + 3), %eax
	movl	%eax, PA(boot_pml4)
	movl	%eax, PA(boot_pml4) + 256 * 8
	movl	$(PA(boot_pdpt_high) + 3), PA(boot_pml4) + 511 * 8
	movl	$(PA(boot_pd) + 3), %eax
	movl	%eax, PA(boot_pdpt_high) + 510 * 8
	movl	$PA(boot_pdpt_low), %edi
	movl	$4, %ecx
1:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$4096, %eax
	loop	1b
	/* 2048 pages of 2 MiB: present, writable, large. */
	movl	$PA(boot_pd), %edi
	movl	$0x83, %eax
	movl	$2048, %ecx
2:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	loop	2b

	movl	%cr4, %eax
	orl	$(1 << 5), %eax			/* PAE */
	movl	%eax, %cr4
	movl	$PA(boot_pml4), %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx		/* EFER.LME */
	rdmsr
	orl	$(1 << 8), %eax
	wrmsr
	movl	%cr0, %eax
	andl	$~((1 << 2) | (1 << 3) | (1 << 29) | (1 << 30)), %eax	/* EM TS NW CD */
	orl	$(1 << 31) | (1 << 16) | (1 << 5) | (1 << 1) | 1, %eax	/* PG WP NE MP PE */
	movl	%eax, %cr0
	lgdt	boot_gdt_ptr
	ljmp	$SEL_CODE, $boot_entry64

no_long_mode:
	movl	$no_long_mode_text, %esi
3:	lodsb
	testb	%al, %al
	jz	5f
	movb	%al, %ah
	outb	%al, $BOCHS_PORT
	movl	$1000000, %ecx
	movw	$(COM1 + 5), %dx
4:	inb	%dx, %al
	testb	$0x20, %al
	loopz	4b
	movb	%ah, %al
	movw	$COM1, %dx
	outb	%al, %dx
	jmp	3b
5:	hlt
	jmp	5b

	.code64
boot_entry64:
	movl	$SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movabsq	$boot_high, %rax
	jmp	*%rax

	.section .boot.data, "aw"
	.balign 8
boot_gdt:
	.quad	0
	.quad	DESC_CODE32
	.quad	DESC_CODE64
	.quad	DESC_DATA
boot_gdt_ptr:
	.word	. - boot_gdt - 1
	.long	boot_gdt
no_long_mode_text:
	.asciz	"Quercus: this CPU has no 64-bit mode (CPUID 0x80000001 EDX bit 29); cannot run.\r\n"

	.text
	.code64
boot_high:
	movq	$(boot_stack_area + BOOT_STACK_STRIDE), %rsp
	movl	%ebp, %edi
	xorl	%ebp, %ebp			/* ESI holds the second argument since entry */
	movl	%esi, %esi
	call	boot_main
6:	cli
	hlt
	jmp	6b

	.bss
	.balign	4096
	.globl	boot_pml4
boot_pml4:
	.skip	4096
boot_pdpt_low:
	.skip	4096
boot_pdpt_high:
	.skip	4096
boot_pd:
	.skip	4 * 4096
	.section .note.GNU-stack, "", @progbits

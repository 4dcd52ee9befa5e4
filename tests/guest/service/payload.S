/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs of the user VM: 32-bit, flat, no paging, but for payload_real. */
#include "service/payload.h"

#define BOX(word) MAILBOX + 4 * (word)

	.section .rodata
	.balign 4096
	.globl payload, payload_end, payload_io, payload_irq, payload_spin, payload_triple, payload_real, payload_look
	.globl payload_poke, payload_halt, payload_call, payload_shm, payload_isr_msi, payload_isr_line, payload_isr_nmi, payload_isr_ud
	.code32
payload:

	/* Ports and memory that nobody has, in all widths; life.c has the list of what is seen. */
payload_io:
	movw $PAYLOAD_PORT, %dx
	movb $0x11, %al
	outb %al, %dx
	movw $0x2233, %ax
	outw %ax, %dx
	movl $0x44556677, %eax
	outl %eax, %dx
	movl $0xaabbccdd, %eax
	inb %dx, %al
	movl %eax, BOX(MB_READ)
	movl $0xaabbccdd, %eax
	inw %dx, %ax
	movl %eax, BOX(MB_READ + 1)
	inl %dx, %eax
	movl %eax, BOX(MB_READ + 2)
	movl $PAYLOAD_MMIO, %ebx
	movb $0x12, (%ebx)
	movl $0xffff3456, %ecx
	movw %cx, 2(%ebx)
	movl $0x789abcde, 4(%ebx)
	movl $0xaabbccdd, %eax
	movb 8(%ebx), %al
	movl %eax, BOX(MB_READ + 3)
	movzwl 10(%ebx), %eax
	movl %eax, BOX(MB_READ + 4)
	movl 12(%ebx), %eax
	movl %eax, BOX(MB_READ + 5)
	orl $1, 16(%ebx)
	movl $1, BOX(MB_DONE)
payload_halt:
	hlt
	jmp payload_halt

	/* One VMCALL. */
payload_call:
	vmcall
	movl $1, BOX(MB_DONE)
	jmp payload_halt

	/* Counts interrupts. */
payload_irq:
	vmcall
	movl $0x1ff, 0xfee000f0
	movl $(0x11 + 2 * LINE_GSI), 0xfec00000
	movl $0, 0xfec00010
	movl $(0x10 + 2 * LINE_GSI), 0xfec00000
	movl $LINE_VECTOR, 0xfec00010
	movl $1, BOX(MB_DONE)
	sti
1:	hlt
	jmp 1b

payload_isr_msi:
	incl BOX(MB_MSI)
	movl $0, 0xfee000b0
	iret
payload_isr_line:
	incl BOX(MB_LINE)
	movl $0, 0xfee000b0
	iret
payload_isr_nmi:
	incl BOX(MB_NMI)
	iret
payload_isr_ud:
	incl BOX(MB_UD)
	addl $3, (%esp)
	iret

	/* Interrupts on: Bochs 2.7 takes no physical interrupt in a guest that was entered with RFLAGS.IF clear and keeps it so. */
payload_spin:
	sti
	movl $1, BOX(MB_DONE)
2:	incl BOX(MB_COUNT)
	jmp 2b

	/* The IDT's limit is 0. */
payload_triple:
	int3

	/* Tells what stands in its memory. */
payload_look:
	movl 0x30000, %eax
	movl %eax, BOX(MB_READ)
	movl $1, BOX(MB_DONE)
	jmp payload_halt

	/* Writes where it may only read. */
payload_poke:
	movl $0x5a5a5a5a, 0x20000
	movl 0x20000, %eax
	movl %eax, BOX(MB_READ)
	movl $1, BOX(MB_DONE)
	jmp payload_halt

	/* Shared memory: identity, position, bytes both ways, what is read-only, doorbells both ways. */
payload_shm:
	movl $SHM_ADDRESS, %ecx
	call address
	inl %dx, %eax
	movl %eax, BOX(MB_READ)
	movl $(SHM_ADDRESS + 4), %ecx
	movl $7, %ebx
	call config
	movl $(SHM_LOOK + 4), %ecx
	call config
	movw $(SHM_PORTS + 8), %dx
	inl %dx, %eax
	movl %eax, BOX(MB_READ + 1)
	movl SHM_WORK_AT, %eax
	movl %eax, BOX(MB_READ + 2)
	movl $0x600dcafe, SHM_WORK_AT + 4
	movl $0x5a5a5a5a, SHM_LOOK_AT
	movl SHM_LOOK_AT, %eax
	movl %eax, BOX(MB_READ + 3)
	movl $0x1ff, 0xfee000f0
	movl $0xfee00000, SHM_TABLE
	movl $MSI_VECTOR, SHM_TABLE + 8
	movl $0, SHM_TABLE + 12
	movl $(SHM_ADDRESS + 0x40), %ecx
	movl $0x80000000, %ebx
	call config
	movl $SHM_NOBODY, %ecx
	call address
	inl %dx, %eax
	movl %eax, BOX(MB_READ + 4)
	movw $(SHM_LINE + 5), %dx
	inb %dx, %al
	movzbl %al, %eax
	movl %eax, BOX(MB_READ + 5)
	movw $SHM_LINE, %dx
	inb %dx, %al
	movzbl %al, %eax
	movl %eax, BOX(MB_READ + 6)
	movb $0x51, %al
	outb %al, %dx
	movw $(SHM_PORTS + 12), %dx
	movl $SHM_RING, %eax
	outl %eax, %dx
	movl $1, BOX(MB_DONE)
	sti
3:	hlt
	jmp 3b
config:
	call address
	movl %ebx, %eax
	outl %eax, %dx
	ret
address:
	movl %ecx, %eax
	movw $0xcf8, %dx
	outl %eax, %dx
	movw $0xcfc, %dx
	ret

	.code16
payload_real:
	xorw %ax, %ax
	movw %ax, %ds
	movw $(PAYLOAD_PORT + 0x10), %dx
	movb $0x77, %al
	outb %al, %dx
	inw %dx, %ax
	movw %ax, BOX(MB_READ)
	movw $1, BOX(MB_DONE)
3:	hlt
	jmp 3b
payload_end:

	.section .note.GNU-stack, "", @progbits

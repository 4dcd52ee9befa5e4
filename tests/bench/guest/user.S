/* SPDX-License-Identifier: BSD-3-Clause */
/* 32-bit, flat, no paging; does not care where it stands. */
#include "bench/guest/user.h"
#include "service/payload.h"

#define BOX(word) MAILBOX + 4 * (word)

	.section .rodata
	.balign 16
	.globl user, user_end, user_kick, user_wait, user_isr, user_pause
	.code32
user:

	/* Writes a notify register; between two writes the other side gets time to look again. */
user_kick:
	movl $USER_TIMES, %edi
	movl $USER_KICK, %ebx
1:	rdtsc
	movl %eax, %esi
	movl $1, (%ebx)
	rdtsc
	subl %esi, %eax
	movl %eax, (%edi)
	addl $4, %edi
	movl $1000, %ecx
2:	decl %ecx
	jnz 2b
	cmpl $(USER_TIMES + 4 * USER_ROUNDS), %edi
	jb 1b
	movl $1, BOX(BOX_DONE)
3:	hlt
	jmp 3b

	/* Spins, and tells when an interrupt arrived. */
user_wait:
	movl $0x1ff, 0xfee000f0
	movl $1, BOX(BOX_DONE)
	sti
4:	jmp 4b

user_isr:
	rdtsc
	movl %eax, BOX(BOX_STAMP)
	movl %edx, BOX(BOX_STAMP + 1)
	incl BOX(BOX_COUNT)
	movl $0, 0xfee000b0
	iret

	/*
	 * Notes the last time before and the first after each absence. Calls the emulator's debugger when as many are
	 * over as one of the two words says.
	 */
user_pause:
	xorl %ecx, %ecx
	movl $USER_TIMES, %edi
	rdtsc
	movl %eax, %esi
5:	pause
	rdtsc
	movl %eax, %edx
	subl %esi, %edx
	cmpl $AWAY, %edx
	jb 6f
	cmpl $ABSENCES, %ecx
	jae 6f
	movl %esi, (%edi, %ecx, 8)
	movl %eax, 4(%edi, %ecx, 8)
	incl %ecx
	movl %ecx, BOX(BOX_COUNT)
	cmpl BOX(BOX_TRACE), %ecx
	je 7f
	cmpl BOX(BOX_TRACE + 1), %ecx
	jne 6f
7:	xchgw %bx, %bx
6:	movl %eax, %esi
	jmp 5b
user_end:

	.section .note.GNU-stack, "", @progbits

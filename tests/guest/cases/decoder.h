/* SPDX-License-Identifier: BSD-3-Clause */
/* What decoder.c and decoder_forms.S agree on. */
#pragma once

#define FORM_OFFSET	0x80	/* where rdi points in the page under test */

/* Flags that a form defines: CF PF AF ZF SF OF, or fewer. */
#define ALL		0x8d5
#define LOGIC		0x8c5
#define BIT		0x041

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct decoder_form {
	void (*code)(void);
	const char *text;
	uint32_t flags, size;
	int16_t reads, writes;
	uint32_t rsvd;
};

extern const struct decoder_form decoder_forms[], decoder_forms_end[];
/* Runs a form with rax, rbx, rcx, rdx, rsi, rdi, r8, flags = regs[0..7] and stores them back. */
void decoder_run(void (*code)(void), uint64_t regs[8]);
#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Control registers, RFLAGS, EFER, XCR0 and debug registers (SDM volume 3, 2.5, 2.6, 17.2). */
#pragma once

#define CR0_PE		(1ul << 0)
#define CR0_MP		(1ul << 1)
#define CR0_EM		(1ul << 2)
#define CR0_TS		(1ul << 3)
#define CR0_ET		(1ul << 4)
#define CR0_NE		(1ul << 5)
#define CR0_WP		(1ul << 16)
#define CR0_AM		(1ul << 18)
#define CR0_NW		(1ul << 29)
#define CR0_CD		(1ul << 30)
#define CR0_PG		(1ul << 31)

#define CR4_VME		(1ul << 0)
#define CR4_PVI		(1ul << 1)
#define CR4_TSD		(1ul << 2)
#define CR4_DE		(1ul << 3)
#define CR4_PSE		(1ul << 4)
#define CR4_PAE		(1ul << 5)
#define CR4_MCE		(1ul << 6)
#define CR4_PGE		(1ul << 7)
#define CR4_PCE		(1ul << 8)
#define CR4_OSFXSR	(1ul << 9)
#define CR4_OSXMMEXCPT	(1ul << 10)
#define CR4_UMIP	(1ul << 11)
#define CR4_LA57	(1ul << 12)
#define CR4_VMXE	(1ul << 13)
#define CR4_SMXE	(1ul << 14)
#define CR4_FSGSBASE	(1ul << 16)
#define CR4_PCIDE	(1ul << 17)
#define CR4_OSXSAVE	(1ul << 18)
#define CR4_KL		(1ul << 19)
#define CR4_SMEP	(1ul << 20)
#define CR4_SMAP	(1ul << 21)
#define CR4_PKE		(1ul << 22)
#define CR4_CET		(1ul << 23)
#define CR4_PKS		(1ul << 24)

#define EFER_SCE	(1ul << 0)
#define EFER_LME	(1ul << 8)
#define EFER_LMA	(1ul << 10)
#define EFER_NXE	(1ul << 11)

#define RFLAGS_CF	(1ul << 0)
#define RFLAGS_FIXED	(1ul << 1)	/* always 1 */
#define RFLAGS_PF	(1ul << 2)
#define RFLAGS_AF	(1ul << 4)
#define RFLAGS_ZF	(1ul << 6)
#define RFLAGS_SF	(1ul << 7)
#define RFLAGS_TF	(1ul << 8)
#define RFLAGS_IF	(1ul << 9)
#define RFLAGS_DF	(1ul << 10)
#define RFLAGS_OF	(1ul << 11)
#define RFLAGS_IOPL	(3ul << 12)
#define RFLAGS_NT	(1ul << 14)
#define RFLAGS_RF	(1ul << 16)
#define RFLAGS_VM	(1ul << 17)
#define RFLAGS_AC	(1ul << 18)
#define RFLAGS_VIF	(1ul << 19)
#define RFLAGS_VIP	(1ul << 20)
#define RFLAGS_ID	(1ul << 21)

#define XCR0_X87	(1ul << 0)
#define XCR0_SSE	(1ul << 1)
#define XCR0_AVX	(1ul << 2)
#define XCR0_BNDREGS	(1ul << 3)
#define XCR0_BNDCSR	(1ul << 4)
#define XCR0_OPMASK	(1ul << 5)
#define XCR0_ZMM_HI256	(1ul << 6)
#define XCR0_HI16_ZMM	(1ul << 7)
#define XCR0_PKRU	(1ul << 9)
#define XCR0_TILECFG	(1ul << 17)
#define XCR0_TILEDATA	(1ul << 18)
#define XCR0_AVX512	(XCR0_OPMASK | XCR0_ZMM_HI256 | XCR0_HI16_ZMM)

#define DR6_INIT	0xffff0ff0ul
#define DR6_HITS	0xful		/* B3..B0 */
#define DR6_BS		(1ul << 14)
#define DR7_INIT	0x400ul
#define DR7_GD		(1ul << 13)
#define DR7_ENABLES	0xfful		/* L0, G0 - L3, G3 */

/* Exception vectors (SDM volume 3, table 6-1). */
#define EXC_DE	0u
#define EXC_DB	1u
#define EXC_NMI	2u
#define EXC_BP	3u
#define EXC_OF	4u
#define EXC_BR	5u
#define EXC_UD	6u
#define EXC_NM	7u
#define EXC_DF	8u
#define EXC_TS	10u
#define EXC_NP	11u
#define EXC_SS	12u
#define EXC_GP	13u
#define EXC_PF	14u
#define EXC_MF	16u
#define EXC_AC	17u
#define EXC_MC	18u
#define EXC_XM	19u
#define EXC_VE	20u
#define EXC_CP	21u

/* #PF error code (SDM volume 3, 4.7). */
#define PF_PRESENT	(1u << 0)
#define PF_WRITE	(1u << 1)
#define PF_USER		(1u << 2)
#define PF_RSVD		(1u << 3)
#define PF_INSTR	(1u << 4)
#define PF_PK		(1u << 5)

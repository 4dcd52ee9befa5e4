// SPDX-License-Identifier: BSD-3-Clause
/*
 * What Bochs 3.0 lacks and Quercus has to be seen with: machine checks, microcode revisions and #AC for split locks.
 * tests/emulator/build puts this beside Bochs' sources and calls it from RDMSR, WRMSR, CPUID, RDTSC and before each instruction.
 *
 * Machine checks (SDM volume 3, 15.3): one bank, software error recovery (MCG_CAP.SER_P). RDTSC with RCX = MCE_MAGIC
 * is the error: bank 0 latches RSI (IA32_MC0_STATUS; VAL is added), RDI (ADDR), R8 (MISC), IA32_MCG_STATUS gets the low
 * bits of R9 and MCIP, and the CPU takes #MC behind that instruction.
 *
 * Microcode (9.11): WRMSR 0x79 with the address of an update's data takes the revision of the header before it, where it
 * is newer; CPUID 1 puts it into IA32_BIOS_SIGN_ID. Checksum and processor are not looked at.
 *
 * Split locks (8.1.2.3): CPUID 7 EDX bit 30 and IA32_CORE_CAPABILITIES bit 5 tell, MSR_TEST_CTRL bit 29 switches on: an
 * instruction with LOCK whose operand lies in two cache lines is #AC(0). An operand is as long as the operand size says;
 * byte forms and XCHG without LOCK are not looked at.
 */
#pragma once

struct quercus_model {
	Bit64u mcg_status, ctl, status, addr, misc;
	Bit64u sign_id, test_ctrl;
	Bit32u revision;
};

inline quercus_model quercus_models[BX_MAX_SMP_THREADS_SUPPORTED];

enum {
	MODEL_TEST_CTRL = 0x33, MODEL_CORE_CAPABILITIES = 0xcf, MODEL_BIOS_UPDT_TRIG = 0x79, MODEL_BIOS_SIGN_ID = 0x8b,
	MODEL_MCG_CAP = 0x179, MODEL_MCG_STATUS = 0x17a,
	MODEL_MC0_CTL = 0x400, MODEL_MC0_STATUS = 0x401, MODEL_MC0_ADDR = 0x402, MODEL_MC0_MISC = 0x403,
	MODEL_HEADER_SIZE = 48, MODEL_HEADER_REVISION = 4,
};

static const Bit64u MODEL_MAGIC = 0x4d43453151554552ull;	/* MCE_MAGIC of tests/guest/service/mce.c */
static const Bit64u MODEL_CAP = 1 | 1ull << 24;
static const Bit64u MODEL_SPLIT_LOCK = 1ull << 5;		/* of IA32_CORE_CAPABILITIES */
static const Bit64u MODEL_SPLIT_LOCK_ON = 1ull << 29;		/* of MSR_TEST_CTRL */
static const Bit32u MODEL_7_EDX_CORE_CAP = 1u << 30;
static const Bit64u MODEL_VAL = 1ull << 63, MODEL_MCIP = 4;

static inline Bit64u *quercus_register(quercus_model *m, Bit32u index)
{
	switch (index) {
	case MODEL_TEST_CTRL: return &m->test_ctrl;
	case MODEL_BIOS_SIGN_ID: return &m->sign_id;
	case MODEL_MCG_STATUS: return &m->mcg_status;
	case MODEL_MC0_CTL: return &m->ctl;
	case MODEL_MC0_STATUS: return &m->status;
	case MODEL_MC0_ADDR: return &m->addr;
	case MODEL_MC0_MISC: return &m->misc;
	default: return NULL;
	}
}

/* True: it was one of these. */
static inline bool quercus_rdmsr(unsigned cpu, Bit32u index, Bit64u *value)
{
	const Bit64u *at = quercus_register(&quercus_models[cpu], index);

	if (index == MODEL_MCG_CAP)
		*value = MODEL_CAP;
	else if (index == MODEL_CORE_CAPABILITIES)
		*value = MODEL_SPLIT_LOCK;
	else if (at)
		*value = *at;
	else
		return false;
	return true;
}

static inline void quercus_load(BX_CPU_C *cpu, quercus_model *m, Bit64u data)
{
	Bit32u revision = cpu->read_virtual_dword(BX_SEG_REG_DS, data - MODEL_HEADER_SIZE + MODEL_HEADER_REVISION);

	if (revision > m->revision)
		m->revision = revision;
}

static inline bool quercus_wrmsr(BX_CPU_C *cpu, unsigned id, Bit32u index, Bit64u value)
{
	quercus_model *m = &quercus_models[id];
	Bit64u *at = quercus_register(m, index);

	if (index == MODEL_BIOS_UPDT_TRIG) {
		quercus_load(cpu, m, value);
		return true;
	}
	/* 15.3.2.2: software may clear STATUS only. */
	if (index == MODEL_MC0_STATUS && value)
		return false;
	if (at)
		*at = value;
	return at;
}

static inline void quercus_cpuid(unsigned cpu, Bit32u leaf, Bit32u sub, Bit32u *edx)
{
	if (leaf == 1)
		quercus_models[cpu].sign_id = (Bit64u)quercus_models[cpu].revision << 32;
	if (leaf == 7 && !sub)
		*edx |= MODEL_7_EDX_CORE_CAP;
}

/* The instruction before it is executed. */
static inline void quercus_before(BX_CPU_C *cpu, unsigned id, bxInstruction_c *i)
{
	if (!(quercus_models[id].test_ctrl & MODEL_SPLIT_LOCK_ON) || !i->getLock() || i->modC0())
		return;

	unsigned size = i->os64L() ? 8 : i->os32L() ? 4 : 2;
	Bit64u at = cpu->get_laddr(i->seg(), i->as64L() ? cpu->BxResolve64(i) : cpu->BxResolve32(i));

	if ((at & 63) + size > 64)
		cpu->exception(BX_AC_EXCEPTION, 0);
}

static inline void quercus_rdtsc(BX_CPU_C *cpu, unsigned id)
{
	quercus_model *m = &quercus_models[id];

	if (cpu->get_reg64(BX_64BIT_REG_RCX) != MODEL_MAGIC)
		return;
	m->status = cpu->get_reg64(BX_64BIT_REG_RSI) | MODEL_VAL;
	m->addr = cpu->get_reg64(BX_64BIT_REG_RDI);
	m->misc = cpu->get_reg64(BX_64BIT_REG_R8);
	m->mcg_status = (cpu->get_reg64(BX_64BIT_REG_R9) & 3) | MODEL_MCIP;
	cpu->prev_rip = cpu->get_instruction_pointer();
	cpu->exception(BX_MC_EXCEPTION, 0);
}

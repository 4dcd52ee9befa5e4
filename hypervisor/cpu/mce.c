/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/mce.h"

#include "cpu/percpu.h"
#include "lib/util.h"
#include "log/log.h"
#include "x86/insn.h"
#include "x86/msr.h"

/* 0 on a CPU without machine-check architecture. */
static uint64_t capabilities(void)
{
	uint64_t cap;

	return rdmsr_safe(MSR_MCG_CAP, &cap) ? 0 : cap;
}

static uint64_t read_or_0(uint32_t msr)
{
	uint64_t v;

	return rdmsr_safe(msr, &v) ? 0 : v;
}

/* A register that this bank lacks is left out. */
static void write_if_there(uint32_t msr, uint64_t v)
{
	if (wrmsr_safe(msr, v))
		return;
}

/* 15.3.2.3: OF, PCC, S and AR say what an uncorrected error allows (15.6.4); without recovery support nothing is known. */
static enum mce_verdict judge(const struct mce_event *e, uint64_t cap, uint64_t mcg)
{
	bool here = !(mcg & MCG_STATUS_RIPV) || (mcg & MCG_STATUS_EIPV);

	if (!(e->status & MC_STATUS_UC))
		return MCE_LOGGED;
	if (!(cap & MCG_CAP_SER) || (e->status & (MC_STATUS_PCC | MC_STATUS_OVER)))
		return MCE_FATAL;
	if (!(e->status & MC_STATUS_AR) || !here)
		return MCE_LOGGED;
	return (e->status & MC_STATUS_ADDRV) && MC_MISC_MODE(e->misc) == MC_MISC_PHYSICAL ? MCE_MEMORY : MCE_CONTEXT;
}

static void read_bank(struct mce_report *r, uint32_t bank, uint64_t cap)
{
	struct mce_event e = { .bank = bank, .status = read_or_0(MSR_MC_STATUS(bank)) };
	enum mce_verdict v;

	if (!(e.status & MC_STATUS_VAL))
		return;
	e.addr = e.status & MC_STATUS_ADDRV ? read_or_0(MSR_MC_ADDR(bank)) : 0;
	e.misc = e.status & MC_STATUS_MISCV ? read_or_0(MSR_MC_MISC(bank)) : 0;
	write_if_there(MSR_MC_STATUS(bank), 0);
	v = judge(&e, cap, r->mcg_status);
	if (v > r->verdict)
		r->verdict = v;
	if (v == MCE_MEMORY)	/* the low bits are beyond the address's accuracy */
		r->addr = e.addr & ~((1ul << MC_MISC_LSB(e.misc)) - 1);
	if (r->nr_events < MCE_MAX_EVENTS)
		r->event[r->nr_events++] = e;
}

void mce_read(struct mce_report *r)
{
	uint64_t cap = capabilities();
	uint32_t i;

	*r = (struct mce_report){ .verdict = MCE_NOTHING, .mcg_status = read_or_0(MSR_MCG_STATUS) };
	for (i = 0; i < (cap & MCG_CAP_COUNT); i++)
		read_bank(r, i, cap);
	if (r->verdict < MCE_MEMORY && !(r->mcg_status & MCG_STATUS_RIPV))
		r->verdict = MCE_CONTEXT;
	write_if_there(MSR_MCG_STATUS, 0);
}

void mce_log(const struct mce_report *r)
{
	uint32_t i;

	for (i = 0; i < r->nr_events; i++)
		log_err("machine check on CPU %u: bank %u status %lx address %lx misc %lx, MCG_STATUS %lx", this_pcpu_id(),
			r->event[i].bank, r->event[i].status, r->event[i].addr, r->event[i].misc, r->mcg_status);
}

void mce_init_cpu(void)
{
	uint64_t cap = capabilities();
	struct mce_report r;
	uint32_t i;

	if (!(cap & MCG_CAP_COUNT))
		return;
	mce_read(&r);
	mce_log(&r);
	if (cap & MCG_CAP_CTL)
		wrmsr(MSR_MCG_CTL, ~0ul);
	for (i = 0; i < (cap & MCG_CAP_COUNT); i++) {
		if (cap & MCG_CAP_CMCI)
			write_if_there(MSR_MC_CTL2(i), read_or_0(MSR_MC_CTL2(i)) & ~MC_CTL2_CMCI);
		write_if_there(MSR_MC_CTL(i), ~0ul);
	}
}

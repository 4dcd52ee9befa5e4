/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting the other CPUs (SDM volume 3, 8.4.4: INIT, then start-up IPI). */
#include "cpu/smp.h"

#include "cpu/features.h"
#include "cpu/idt.h"
#include "cpu/percpu.h"
#include "cpu/trampoline.h"
#include "cpu/tsc.h"
#include "lib/addr.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "log/panic.h"
#include "mm/e820.h"
#include "mm/hostmap.h"
#include "x86/cr.h"
#include "x86/desc.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define AP_STACK_PAGES	4u
#define LOW_LIMIT	0xa0000ul	/* start-up IPIs name a page below 1 MiB; video memory follows here */
#define INIT_WAIT_US	200ul		/* 10 ms only for CPUs before the Pentium 4 */
#define SIPI_WAIT_US	1000ul
#define ANSWER_MS	200u

/* From boot/head.S. */
extern char boot_pml4[];

static const struct smp_ops *smp;
static void (*smp_entry)(void);

/* First C function of another CPU; `arg` is its percpu structure. */
static void __noreturn ap_main(struct percpu *p)
{
	percpu_load(p->pcpu_id, p->apic_id);
	features_load();
	hostmap_load();
	idt_load();
	smp->setup();
	/* Release: what this CPU has set up is visible to those who see it online. */
	__atomic_store_n(&p->online, true, __ATOMIC_RELEASE);
	smp_entry();
	panic("CPU %u: its entry function returned", p->pcpu_id);
}

static void trampoline_fill(uint64_t page)
{
	struct trampoline_data *d = hpa_to_hva(hpa(page + TRAMPOLINE_DATA));

	memcpy(hpa_to_hva(hpa(page)), trampoline_start, (size_t)(trampoline_end - trampoline_start));
	*d = (struct trampoline_data){
		.boot_cr3 = hva_to_hpa(boot_pml4).v,
		.efer = rdmsr(MSR_EFER) & (EFER_LME | EFER_NXE),
		.host_cr3 = hostmap_root(),
		.entry = (uint64_t)ap_main,
		.gdt = { 0, DESC_CODE64, DESC_DATA },
		.gdt_limit = sizeof(d->gdt) - 1,
		.gdt_base = (uint32_t)page + TRAMPOLINE_DATA + offsetof(struct trampoline_data, gdt),
		.far_offset = (uint32_t)(page + (uint64_t)(trampoline_64 - trampoline_start)),
		.far_selector = 8,
	};
}

static bool wait_online(const struct percpu *p, uint64_t us)
{
	uint64_t end = tsc_now() + tsc_from_us(us);

	while (!__atomic_load_n(&p->online, __ATOMIC_ACQUIRE)) {
		if (tsc_now() >= end)
			return false;
		cpu_pause();
	}
	return true;
}

/* Starts one CPU as pcpu_id nr_pcpus. 0, -ENOMEM, -ETIMEDOUT. */
static int start_one(uint64_t page, uint32_t apic_id)
{
	struct trampoline_data *d = hpa_to_hva(hpa(page + TRAMPOLINE_DATA));
	struct percpu *p = &percpu_area[nr_pcpus];
	uint8_t *stack = hostmap_stack_get(AP_STACK_PAGES);

	if (!stack)
		return -ENOMEM;
	*p = (struct percpu){ .pcpu_id = nr_pcpus, .apic_id = apic_id };
	p->kernel_stack = (uint64_t)stack + AP_STACK_PAGES * PAGE_SIZE;
	d->stack = p->kernel_stack;
	d->arg = (uint64_t)p;
	cpu_mfence();
	smp->send_init(apic_id);
	tsc_delay_us(INIT_WAIT_US);
	smp->send_sipi(apic_id, (uint8_t)(page >> PAGE_SHIFT));
	if (!wait_online(p, SIPI_WAIT_US)) {
		smp->send_sipi(apic_id, (uint8_t)(page >> PAGE_SHIFT));
		if (!wait_online(p, ANSWER_MS * 1000ul)) {
			/* INIT parks it for good: the stack and the structure serve the next one. */
			smp->send_init(apic_id);
			hostmap_stack_put(stack, AP_STACK_PAGES);
			return -ETIMEDOUT;
		}
	}
	nr_pcpus++;
	return 0;
}

static void stop_others(void)
{
	for (uint32_t i = 0; i < nr_pcpus; i++)
		if (i != this_pcpu_id())
			smp->send_nmi(percpu_area[i].apic_id);
}

/* See the header. */
void smp_start(const struct smp_ops *ops, void (*entry)(void))
{
	uint32_t nr = MIN(*ops->nr_cpus, MAX_PCPUS);
	uint64_t page;

	smp = ops;
	smp_entry = entry;
	panic_stop_others = stop_others;
	percpu_area[0].online = true;
	if (nr <= 1)
		return;
	if (*ops->nr_cpus > MAX_PCPUS)
		log_warn("smp: %u CPUs found, only %u are used", *ops->nr_cpus, MAX_PCPUS);
	if (e820_take(&host_e820, PAGE_SIZE, PAGE_SIZE, LOW_LIMIT, &page)) {
		log_err("smp: no free page below 640 KiB to start other CPUs from: only one CPU is used");
		return;
	}
	trampoline_fill(page);
	for (uint32_t i = 1; i < nr; i++) {
		int err = start_one(page, ops->apic_id[i]);

		if (err)
			log_err("smp: CPU with APIC id %u is left out: %s", ops->apic_id[i],
				err == -ENOMEM ? "no memory for its stack" : "no answer within 200 ms");
	}
}

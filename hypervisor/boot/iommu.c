/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns the IOMMU on, and tells of devices that it stops. */
#include "boot/iommu.h"

#include "boot/manager.h"
#include "cpu/features.h"
#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "hw/acpi.h"
#include "hw/vtd.h"
#include "irq/lapic.h"
#include "irq/timer.h"
#include "irq/vector.h"
#include "log/log.h"
#include "vm/vm.h"

/* A device can make faults as fast as it likes: one interrupt and some lines a period, the rest is counted. */
#define PERIOD_US	1000000u
#define LINES		4u
#define AT_ONCE		64u

static struct {
	struct timer timer;	/* of the manager's CPU, like all here */
	uint64_t nr;
} faults;

static void unconfined(const char *why)
{
	log_warn("iommu: %s: DMA of devices is not confined", why);
}

/* See the header. */
void iommu_prepare(void)
{
	if (!feature_has(FEAT_IOMMU))
		unconfined("masked by the boot option");
	else if (!acpi.dmar.found)
		unconfined("this machine has none (no DMAR table)");
	else if (!acpi.dmar.nr_units)
		unconfined("the firmware's DMAR table cannot be used");
	else if (vtd_init(feature_has(FEAT_INTR_REMAP), lapic_is_x2apic()))
		unconfined("cannot be used");
}

static void tell(const struct vtd_fault *f)
{
	uint32_t bus = f->source >> 8, device = f->source >> 3 & 0x1f, function = f->source & 7;

	if (f->interrupt)
		log_warn("iommu: stopped an interrupt of %02x:%02x.%x, entry %lu (reason 0x%x)", bus, device, function, f->addr,
			 f->reason);
	else
		log_warn("iommu: stopped %02x:%02x.%x's DMA, a %s at 0x%lx (reason 0x%x)", bus, device, function,
			 f->read ? "read" : "write", f->addr, f->reason);
}

/* True when nothing is left: only then a new fault raises an interrupt. */
static bool drain(uint32_t lines)
{
	struct vtd_fault f;
	bool lost, more = false;
	uint32_t n;

	for (n = 0; n < AT_ONCE && vtd_fault_next(&f, &lost); n++) {
		if (n < lines)
			tell(&f);
		more |= lost || n >= lines;
	}
	faults.nr += n;
	if (more)
		log_warn("iommu: and more of this kind, %lu recorded since the start", faults.nr);
	return n < AT_ONCE;
}

static void next_period(void)
{
	timer_start(&faults.timer, tsc_now() + tsc_from_us(PERIOD_US));
}

static void period_over(void *arg __unused)
{
	if (drain(0))
		vtd_fault_mask(false);
	else
		next_period();
}

/* Host interrupt of the manager's CPU. */
static void fault_fired(void *arg __unused, uint8_t vector __unused)
{
	vtd_fault_mask(true);
	(void)drain(LINES);
	next_period();
}

static void listen(void)
{
	uint32_t cpu = manager_cpu();
	int vector = cpu < MAX_PCPUS ? vector_get(fault_fired, NULL) : -1;

	timer_init(&faults.timer, period_over, NULL);
	if (vector < 0)
		log_warn("iommu: no CPU or vector left for its messages: what it stops is not told");
	else
		vtd_fault_event(percpu_area[cpu].apic_id, (uint8_t)vector);
}

/* See the header. */
void iommu_enable(void)
{
	if (!vtd_ready())
		return;
	if (service_vm && !service_vm->dma) {
		unconfined("the Service VM's memory does not fit its tables");
		return;
	}
	if (vtd_enable()) {
		/* Its tables may still be read: they are left alone. */
		if (service_vm)
			service_vm->dma = NULL;
		unconfined("could not be turned on");
		return;
	}
	listen();
	log_info("iommu: DMA is confined to %s by %u units", service_vm ? "the Service VM's memory" : "nothing", acpi.dmar.nr_units);
	if (!vtd_ir_active())
		log_warn("iommu: interrupts are not remapped: a device can raise any vector");
}

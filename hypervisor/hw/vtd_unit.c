/* SPDX-License-Identifier: BSD-3-Clause */
/* Registers of DMA remapping units (VT-d specification; sections in brackets). */
#include "hw/vtd_unit.h"

#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "x86/apicreg.h"
#include "x86/insn.h"
#include "x86/vtd_reg.h"

#ifndef SPINS	/* unit tests are less patient */
#define SPINS		1000000u	/* reads of a register, about a second */
#endif
#define QUEUE_PAGES	2u
#define CACHE_LINE	64u

struct vtd_units vtd_units;

static uint32_t read32(const struct vtd_unit *u, uint32_t reg) { return mmio_read32(u->regs + reg); }
static uint64_t read64(const struct vtd_unit *u, uint32_t reg) { return mmio_read64(u->regs + reg); }
static void write32(const struct vtd_unit *u, uint32_t reg, uint32_t v) { mmio_write32(u->regs + reg, v); }
static void write64(const struct vtd_unit *u, uint32_t reg, uint64_t v) { mmio_write64(u->regs + reg, v); }

/* See the header. */
void vtd_flush_lines(const void *p, size_t size)
{
	const uint8_t *at = (const uint8_t *)ALIGN_DOWN((uint64_t)p, (uint64_t)CACHE_LINE);

	for (; !vtd_units.coherent && at < (const uint8_t *)p + size; at += CACHE_LINE)
		clflush(at);
}

static int failed(const struct vtd_unit *u, const char *what, int err)
{
	log_err("iommu 0x%lx: %s (status 0x%x, faults 0x%x)", u->base, what, read32(u, VTD_GSTS), read32(u, VTD_FSTS));
	return err;
}

/* Waits until the bits of a register, or of half a 64-bit one, are set or clear. */
static int wait_for(const struct vtd_unit *u, uint32_t reg, uint32_t bits, bool set)
{
	for (uint32_t i = 0; i < SPINS; i++) {
		if (!!(read32(u, reg) & bits) == set)
			return 0;
		cpu_pause();
	}
	return failed(u, "does not do what it was told", -ETIMEDOUT);
}

/* One command, or one change of a mode, at a time; the other modes are written as they are [11.4.4]. */
static int command(const struct vtd_unit *u, uint32_t bit, bool on)
{
	uint32_t modes = read32(u, VTD_GSTS) & VTD_GCMD_MODES;

	if (!on && !(modes & bit))
		return 0;
	write32(u, VTD_GCMD, on ? modes | bit : modes & ~bit);
	/* The status of a write-buffer flush goes away when it is done. */
	return wait_for(u, VTD_GSTS, bit, on && bit != VTD_GCMD_WBF);
}

/* See the header. */
int vtd_unit_open(struct vtd_unit *u, uint64_t base, uint16_t segment)
{
	uint64_t end;

	*u = (struct vtd_unit){ .base = base, .size = PAGE_SIZE, .segment = segment };
	u->regs = hostmap_device(hpa(base), PAGE_SIZE);
	if (!u->regs)
		return ERR(-ENOMEM);
	u->cap = read64(u, VTD_CAP);
	u->ecap = read64(u, VTD_ECAP);
	if (u->cap == ~0ul || !(u->cap & (VTD_CAP_LEVELS_3 | VTD_CAP_LEVELS_4))) {
		log_err("iommu 0x%lx: not there, or without page tables that we have (capabilities 0x%lx)", base, u->cap);
		return -ENODEV;
	}
	end = MAX(VTD_IOTLB(u->ecap) + 8u, VTD_CAP_FAULT_AT(u->cap) + 16u * VTD_CAP_NR_FAULTS(u->cap));
	u->size = ALIGN_UP(end, PAGE_SIZE);
	u->regs = hostmap_device(hpa(base), u->size);
	if (u->regs && u->ecap & VTD_ECAP_QI)
		u->queue = frame_get(QUEUE_PAGES);
	return u->regs && (u->queue || !(u->ecap & VTD_ECAP_QI)) ? 0 : ERR(-ENOMEM);
}

/* See the header. It is off. */
void vtd_unit_close(struct vtd_unit *u)
{
	frame_put(u->queue, QUEUE_PAGES);
	u->queue = NULL;
}

/* Puts a descriptor into the queue [6.5.2]. */
static void enqueue(struct vtd_unit *u, uint64_t low, uint64_t high)
{
	uint64_t *d = u->queue + u->tail / sizeof(*d);

	d[0] = low;
	d[1] = high;
	vtd_flush_lines(d, 16);
	u->tail = (u->tail + 16) & (PAGE_SIZE - 1);
}

/* One invalidation and a wait for it: the queue is empty again when this returns 0. */
static int invalidate(struct vtd_unit *u, uint64_t low)
{
	uint32_t *status = (uint32_t *)(u->queue + PAGE_SIZE / sizeof(*u->queue));

	WRITE_ONCE(*status, 0);
	vtd_flush_lines(status, sizeof(*status));
	enqueue(u, low, 0);
	enqueue(u, VTD_QI_WAIT_STATUS | 1ul << 32, hva_to_hpa(status).v);
	/* x86 keeps the order of these stores: the unit sees the descriptors before the tail. */
	compiler_barrier();
	write64(u, VTD_IQT, u->tail);
	for (uint32_t i = 0; i < SPINS; i++) {
		if (READ_ONCE(*status))
			return 0;
		vtd_flush_lines(status, sizeof(*status));
		if (read32(u, VTD_FSTS) & VTD_FSTS_IQE)
			return failed(u, "refuses a descriptor", -EIO);
		cpu_pause();
	}
	return failed(u, "does not finish an invalidation", -ETIMEDOUT);
}

static int flush_by_registers(struct vtd_unit *u, uint64_t drains, uint16_t domain_id)
{
	uint64_t iotlb = VTD_IOTLB_IVT | drains << VTD_IOTLB_DRAINS_SHIFT;
	int err;

	write64(u, VTD_CCMD, VTD_CCMD_ICC | VTD_CCMD_GLOBAL);
	err = wait_for(u, VTD_CCMD + 4, VTD_CCMD_ICC >> 32, false);
	if (err)
		return err;
	iotlb |= domain_id ? VTD_IOTLB_DOMAIN | (uint64_t)domain_id << VTD_IOTLB_DID_SHIFT : VTD_IOTLB_GLOBAL;
	write64(u, VTD_IOTLB(u->ecap), iotlb);
	return wait_for(u, VTD_IOTLB(u->ecap) + 4, VTD_IOTLB_IVT >> 32, false);
}

/* See the header. */
int vtd_unit_flush_dma(struct vtd_unit *u, uint16_t domain_id)
{
	uint64_t drains = u->cap >> 54 & 3;	/* VTD_CAP_DRAIN_WRITES, _READS */
	int err = u->cap & VTD_CAP_RWBF ? command(u, VTD_GCMD_WBF, true) : 0;

	if (err)
		return err;
	if (!u->queue)
		return flush_by_registers(u, drains, domain_id);
	/* Contexts first: a translation must not be fetched again by an old one. */
	err = invalidate(u, VTD_QI_CONTEXT_GLOBAL);
	if (err)
		return err;
	drains <<= VTD_QI_IOTLB_DRAINS_SHIFT;
	return invalidate(u, drains | (domain_id ? VTD_QI_IOTLB_DOMAIN | (uint64_t)domain_id << VTD_QI_DID_SHIFT :
						   VTD_QI_IOTLB_GLOBAL));
}

/* See the header. */
int vtd_unit_flush_ir(struct vtd_unit *u, int index)
{
	return invalidate(u, index < 0 ? VTD_QI_IEC_GLOBAL : VTD_QI_IEC_INDEX | (uint64_t)index << VTD_QI_IEC_INDEX_SHIFT);
}

/* See the header. */
int vtd_unit_disable(struct vtd_unit *u)
{
	static const uint32_t modes[] = { VTD_GCMD_TE, VTD_GCMD_IRE, VTD_GCMD_CFI, VTD_GCMD_QIE };
	int err = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(modes); i++) {
		int e = command(u, modes[i], false);

		err = err ? err : e;
	}
	return err;
}

/* [7.3]: records and errors of before us mean nothing, and one that stays keeps the unit from telling the next. */
static void clear_faults(struct vtd_unit *u)
{
	for (uint32_t i = 0; i < VTD_CAP_NR_FAULTS(u->cap); i++)
		write32(u, VTD_CAP_FAULT_AT(u->cap) + 16 * i + 12, (uint32_t)(VTD_FAULT_F >> 32));
	write32(u, VTD_FSTS, VTD_FSTS_PFO | VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE);
	write32(u, VTD_FECTL, VTD_FECTL_IM);
}

static int enable_queue(struct vtd_unit *u)
{
	if (!u->queue)
		return 0;
	u->tail = 0;
	write64(u, VTD_IQT, 0);
	write64(u, VTD_IQA, hva_to_hpa(u->queue).v);
	return command(u, VTD_GCMD_QIE, true);
}

static int enable_ir(struct vtd_unit *u, uint64_t irta)
{
	int err;

	write64(u, VTD_IRTA, irta);
	err = command(u, VTD_GCMD_SIRTP, true);
	if (!err)
		err = vtd_unit_flush_ir(u, -1);
	return err ? err : command(u, VTD_GCMD_IRE, true);
}

/* Regions that the firmware protected until now; remapping takes their place [11.4.11]. */
static int unprotect(struct vtd_unit *u)
{
	if (!(u->cap & VTD_CAP_PMR) || !(read32(u, VTD_PMEN) & VTD_PMEN_EPM))
		return 0;
	write32(u, VTD_PMEN, 0);
	return wait_for(u, VTD_PMEN, VTD_PMEN_PRS, false);
}

/* See the header. */
int vtd_unit_enable(struct vtd_unit *u, hpa_t root, uint64_t irta)
{
	int err = vtd_unit_disable(u);

	if (err)
		return err;
	clear_faults(u);
	err = enable_queue(u);
	if (err)
		return err;
	write64(u, VTD_RTADDR, root.v);
	err = command(u, VTD_GCMD_SRTP, true);
	if (!err)
		err = vtd_unit_flush_dma(u, 0);
	if (!err && irta)
		err = enable_ir(u, irta);
	if (!err)
		err = command(u, VTD_GCMD_TE, true);
	return err ? err : unprotect(u);
}

/* See the header: vtd.h. The unit's own messages are not remapped [5.1.6]. */
void vtd_fault_event(uint32_t apic_id, uint8_t vector)
{
	for (uint32_t i = 0; i < vtd_units.nr; i++) {
		const struct vtd_unit *u = &vtd_units.unit[i];

		write32(u, VTD_FEDATA, vector);
		write32(u, VTD_FEADDR, MSI_ADDR_BASE | (apic_id & 0xff) << MSI_ADDR_DEST_SHIFT);
		write32(u, VTD_FEUADDR, apic_id & ~0xffu);
	}
	vtd_fault_mask(false);
}

/* See the header: vtd.h. */
void vtd_fault_mask(bool masked)
{
	for (uint32_t i = 0; i < vtd_units.nr; i++)
		write32(&vtd_units.unit[i], VTD_FECTL, masked ? VTD_FECTL_IM : 0);
}

/* Takes a record out; the unit may then use it again. */
static void take_fault(const struct vtd_unit *u, uint32_t at, uint64_t high, struct vtd_fault *f)
{
	uint64_t low = read64(u, at);

	write32(u, at + 12, (uint32_t)(VTD_FAULT_F >> 32));
	f->source = VTD_FAULT_SOURCE(high);
	f->reason = VTD_FAULT_REASON(high);
	f->read = high & VTD_FAULT_READ;
	f->interrupt = f->reason >= VTD_REASON_IR_FIRST && f->reason <= VTD_REASON_IR_LAST;
	f->addr = f->interrupt ? low >> 48 : low & PAGE_MASK;
}

/* See the header: vtd.h. */
bool vtd_fault_next(struct vtd_fault *f, bool *lost)
{
	*lost = false;
	for (uint32_t n = 0; n < vtd_units.nr; n++) {
		const struct vtd_unit *u = &vtd_units.unit[n];
		uint32_t i, at = VTD_CAP_FAULT_AT(u->cap);

		if (read32(u, VTD_FSTS) & VTD_FSTS_PFO) {
			*lost = true;
			write32(u, VTD_FSTS, VTD_FSTS_PFO);
		}
		for (i = 0; i < VTD_CAP_NR_FAULTS(u->cap); i++, at += 16) {
			uint64_t high = read64(u, at + 8);

			if (high & VTD_FAULT_F) {
				take_fault(u, at, high, f);
				return true;
			}
		}
	}
	return false;
}

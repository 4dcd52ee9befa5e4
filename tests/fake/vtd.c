/* SPDX-License-Identifier: BSD-3-Clause */
/* See vtd.h. */
#include "vtd.h"

#include "lib/errno.h"
#include "lib/util.h"

struct fake_vtd fake_vtd;

int vtd_init(bool intr_remap, bool x2apic)
{
	fake_vtd.wants_ir = intr_remap;
	fake_vtd.x2apic = x2apic;
	fake_vtd.ready = !fake_vtd.init_err;
	return fake_vtd.init_err;
}

int vtd_enable(void)
{
	fake_vtd.enabled = !fake_vtd.enable_err;
	fake_vtd.ir = fake_vtd.enabled && fake_vtd.wants_ir;
	return fake_vtd.enable_err;
}

void vtd_fault_event(uint32_t apic_id, uint8_t vector)
{
	fake_vtd.fault_apic_id = apic_id;
	fake_vtd.fault_vector = vector;
}

void vtd_fault_mask(bool masked)
{
	fake_vtd.masked = masked;
}

bool vtd_fault_next(struct vtd_fault *f, bool *lost)
{
	*f = fake_vtd.fault;
	*lost = false;
	return fake_vtd.nr_faults && fake_vtd.nr_faults--;
}

bool vtd_ready(void)
{
	return fake_vtd.ready;
}

void vtd_registers(uint32_t index, uint64_t *base, uint64_t *size)
{
	*base = 0xfed90000ul + index * PAGE_SIZE;
	*size = PAGE_SIZE;
}

int vtd_domain_create(struct vtd_domain *d)
{
	d->domain_id = (uint16_t)++fake_vtd.nr_domains;
	return 0;
}

void vtd_domain_destroy(struct vtd_domain *d)
{
	(void)d;
	fake_vtd.nr_domains--;
}

int vtd_map(struct vtd_domain *d, uint64_t at, hpa_t pa, uint64_t size, uint32_t attr)
{
	unsigned int n = fake_vtd.nr_maps;

	(void)d;
	if (fake_vtd.fails || n == ARRAY_SIZE(fake_vtd.map))
		return -ENOMEM;
	fake_vtd.map[n].at = at;
	fake_vtd.map[n].pa = pa.v;
	fake_vtd.map[n].size = size;
	fake_vtd.map[n].attr = attr;
	fake_vtd.nr_maps++;
	return 0;
}

int vtd_attach(struct vtd_domain *d, uint16_t bdf)
{
	if (fake_vtd.fails)
		return -ETIMEDOUT;
	fake_vtd.nr_attached += !fake_vtd.attached[bdf];
	fake_vtd.attached[bdf] = (uint8_t)d->domain_id;
	return 0;
}

int vtd_detach(uint16_t bdf)
{
	fake_vtd.nr_attached -= !!fake_vtd.attached[bdf];
	fake_vtd.attached[bdf] = 0;
	return 0;
}

bool vtd_ir_active(void)
{
	return fake_vtd.ir;
}

uint32_t vtd_ir_max_apic_id(void)
{
	return fake_vtd.ir ? 0xfffffffe : 0xfe;
}

int vtd_ir_set(uint8_t vector, uint16_t bdf, uint32_t apic_id, bool level)
{
	if (fake_vtd.fails)
		return -ETIMEDOUT;
	fake_vtd.entry[vector] = (struct fake_vtd_entry){ true, level, bdf, apic_id };
	return 0;
}

void vtd_ir_clear(uint8_t vector)
{
	fake_vtd.nr_cleared += fake_vtd.entry[vector].present;
	fake_vtd.entry[vector].present = false;
}

int vtd_ir_ioapic(uint32_t ioapic_id, uint16_t *bdf)
{
	*bdf = (uint16_t)(0xf000 | ioapic_id);
	return ioapic_id == 0xff ? -ENOENT : 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers of an ivshmem function, at BAR 0 and, without an instruction to
 * decode, at the ports of BAR 4:
 *
 *	+0  interrupt mask (kept, without effect)	+4  interrupt status, 0
 *	+8  IVPosition: this VM's number		+12 doorbell: peer << 16 | vector
 *	+16 ours: bit n = a doorbell of VM n would be answered now
 *
 * and its MSI-X table (PCI 3.0, 6.8.2). A doorbell is the peer's message, sent
 * for it by virq_msi().
 */
#include "emul/vpci/ivshmem_priv.h"

#include "emul/vpci/vpci_priv.h"
#include "io/region.h"
#include "lib/bits.h"
#include "lib/util.h"
#include "vm/virq.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "x86/apicreg.h"

enum { REG_MASK = 0, REG_STATUS = 4, REG_POSITION = 8, REG_DOORBELL = 12, REG_PEERS = 16 };

#define REGS_MASK	0xfffu		/* of an address in BAR 0 */
#define PORTS_MASK	0xfu
#define TABLE_SIZE	(IVSHMEM_VECTORS * 16u)

/* A message: address bits 63:40, 19:0 at 35:16 (the destination at 35:28), data bits 15:0. */
#define MESSAGE_READY	(1ul << 39)
#define MESSAGE_MASKED	(1ul << 38)
#define MESSAGE_PLAIN	(1ul << 37)	/* physical destination below 256, fixed, edge */
#define MESSAGE_HIGH	(~0ul << 40)
#define MESSAGE_DEST(m)	((uint32_t)((m) >> 28) & 0xffu)

static uint64_t message_of(const struct ivshmem *f, uint32_t i)
{
	const struct ivshmem_entry *e = &f->entry[i];
	uint64_t m;

	if (!(f->control & MSIX_ENABLE) || !(f->command & CMD_BUS_MASTER))
		return 0;
	if (e->masked || (f->control & MSIX_FMASK))
		return MESSAGE_MASKED;
	/* A device would write to memory there: nothing that we do for a guest. */
	if ((e->addr & MSI_ADDR_BASE_MASK) != MSI_ADDR_BASE)
		return 0;
	m = (e->addr & MESSAGE_HIGH) | MESSAGE_READY | (e->addr & 0xfffffu) << 16 | (e->data & 0xffffu);
	if (!(e->addr & (MESSAGE_HIGH | MSI_ADDR_LOGICAL)) && !(e->data & (MSI_DATA_DM_MASK | MSI_DATA_LEVEL)))
		m |= MESSAGE_PLAIN;
	return m;
}

static bool send(struct ivshmem *to, uint64_t m)
{
	if (likely(m & MESSAGE_PLAIN) && likely(vlapic_post_plain(to->vm, MESSAGE_DEST(m), (uint8_t)m)))
		return true;
	return !virq_msi(to->vm, (m & MESSAGE_HIGH) | MSI_ADDR_BASE | (m >> 16 & 0xfffffu), m & 0xffffu);
}

/* False: nobody takes it. Ring lock of the sender's function held, or the receiver's own vPCI lock. */
static bool fire(struct ivshmem *to, uint32_t vector)
{
	uint64_t m = __atomic_load_n(&to->message[vector], __ATOMIC_ACQUIRE);

	if (likely(m & MESSAGE_READY))
		return send(to, m);
	if (!(m & MESSAGE_MASKED))
		return false;
	atomic_set_bit(&to->pending, vector);
	/* Unmasked between the two? The other side stores the message, then looks at the bit. */
	m = __atomic_load_n(&to->message[vector], __ATOMIC_SEQ_CST);
	if ((m & MESSAGE_READY) && atomic_test_and_clear_bit(&to->pending, vector))
		return send(to, m);
	return true;
}

void ivshmem_msix_update(struct ivshmem *f)
{
	uint32_t i;

	for (i = 0; i < IVSHMEM_VECTORS; i++) {
		uint64_t m = message_of(f, i);

		__atomic_store_n(&f->message[i], m, __ATOMIC_SEQ_CST);
		if ((m & MESSAGE_READY) && atomic_test_and_clear_bit(&f->pending, i))
			(void)send(f, m);
	}
}

void ivshmem_msix_reset(struct ivshmem *f)
{
	uint32_t i;

	f->control = 0;
	for (i = 0; i < IVSHMEM_VECTORS; i++)
		f->entry[i] = (struct ivshmem_entry){ .masked = true };
	ivshmem_msix_update(f);
}

static void ring(struct ivshmem *f, uint32_t value)
{
	uint32_t peer = value >> 16, vector = value & 0xffffu;
	struct ivshmem *to = NULL;

	spin_lock(&f->ring);
	if (likely(f->may_ring && peer < SCENARIO_MAX_VMS && vector < IVSHMEM_VECTORS))
		to = READ_ONCE(f->region->peer[peer]);
	if (likely(to && fire(to, vector)))
		f->nr_rung++;
	else
		f->nr_ignored++;
	spin_unlock(&f->ring);
}

/* Peers whose MSI-X is on. */
static uint32_t peers(struct ivshmem *f)
{
	uint32_t i, set = 0;

	spin_lock(&f->ring);
	for (i = 0; i < SCENARIO_MAX_VMS; i++) {
		const struct ivshmem *p = READ_ONCE(f->region->peer[i]);

		if (p && READ_ONCE(p->message[0]) & (MESSAGE_READY | MESSAGE_MASKED))
			set |= 1u << i;
	}
	spin_unlock(&f->ring);
	return set;
}

/* Only dwords are defined: others read 0 and change nothing. */
int ivshmem_registers(struct vcpu *vcpu __unused, void *dev, struct io_access *acc)
{
	uint32_t reg = (uint32_t)acc->addr & (acc->space == IO_PORT ? PORTS_MASK : REGS_MASK);
	struct ivshmem *f = dev;
	uint32_t value = 0;

	if (acc->write) {
		if (likely(reg == REG_DOORBELL && acc->size == 4))
			ring(f, (uint32_t)acc->value);
		else if (reg == REG_MASK && acc->size == 4)
			f->irq_mask = (uint32_t)acc->value;
		return IO_DONE;
	}
	if (reg == REG_MASK)
		value = f->irq_mask;
	else if (reg == REG_POSITION)
		value = f->vm->vm_id;
	else if (reg == REG_PEERS)
		value = peers(f);
	acc->value = acc->size == 4 ? value : 0;
	return IO_DONE;
}

static uint32_t read_dword(const struct ivshmem *f, uint32_t at)
{
	const struct ivshmem_entry *e = &f->entry[at / 16 % IVSHMEM_VECTORS];

	if (at == MSIX_PBA)
		return (uint32_t)READ_ONCE(f->pending);
	if (at >= TABLE_SIZE)
		return 0;
	switch (at % 16) {
	case 0: return (uint32_t)e->addr;
	case 4: return (uint32_t)(e->addr >> 32);
	case 8: return e->data;
	default: return e->masked;
	}
}

static void write_dword(struct ivshmem *f, uint32_t at, uint32_t v)
{
	struct ivshmem_entry *e = &f->entry[at / 16 % IVSHMEM_VECTORS];

	if (at >= TABLE_SIZE)
		return;
	switch (at % 16) {
	case 0: e->addr = (e->addr & ~0xfffffffful) | (v & ~3u); break;
	case 4: e->addr = (uint32_t)e->addr | (uint64_t)v << 32; break;
	case 8: e->data = v; break;
	default: e->masked = v & 1;
	}
}

/* Aligned dwords and quadwords; others read 0 and change nothing. */
int ivshmem_table(struct vcpu *vcpu __unused, void *dev, struct io_access *acc)
{
	uint32_t at = (uint32_t)acc->addr & REGS_MASK;
	struct ivshmem *f = dev;
	bool wide = acc->size == 8, fine = acc->size >= 4 && IS_ALIGNED(at, acc->size);

	spin_lock(&f->vm->vpci->lock);
	if (!acc->write)
		acc->value = !fine ? 0 : read_dword(f, at) | (wide ? (uint64_t)read_dword(f, at + 4) << 32 : 0);
	if (acc->write && fine) {
		write_dword(f, at, (uint32_t)acc->value);
		if (wide)
			write_dword(f, at + 4, (uint32_t)(acc->value >> 32));
		ivshmem_msix_update(f);
	}
	spin_unlock(&f->vm->vpci->lock);
	return IO_DONE;
}

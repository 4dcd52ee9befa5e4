/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual I/O APICs, version 0x20 (82093AA data sheet; the EOI register is that of the ICH's IOxAPIC). */
#include "emul/vioapic.h"

#include "io/region.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "x86/apicreg.h"

#define RTE_READ_ONLY	(IOAPIC_RTE_REMOTE_IRR | IOAPIC_RTE_BUSY)
#define RTE_WRITABLE	(0xff0000000001fffful & ~RTE_READ_ONLY)
#define PIN_WORDS	(VIOAPIC_MAX_UNITS * VIOAPIC_MAX_PINS / 64)

enum { DM_FIXED = 0, DM_LOWEST = 1, DM_NMI = 4, DM_INIT = 5 };

struct unit {
	struct vioapic *owner;		/* (o) */
	struct vioapic_layout layout;	/* (o) */
	uint32_t first_pin;		/* (o) index of its pin 0 in the tables of all pins */
	uint32_t select;		/* [lock] index register */
	uint32_t id_register;		/* [lock] */
};

struct vioapic {
	struct vm *vm;			/* (o) */
	const struct vioapic_ops *ops;	/* (o) or NULL */
	uint32_t nr_units, nr_pins;	/* (o) */
	uint32_t nr_pages;		/* (o) of this allocation */
	struct unit units[VIOAPIC_MAX_UNITS];
	struct spinlock lock;
	uint64_t line[PIN_WORDS];	/* [lock] bit = pin is asserted */
	uint64_t in_service[PIN_WORDS];	/* [lock] bit = remote IRR is set: finds them quickly at EOI */
	uint64_t rte[];			/* [lock] nr_pins entries */
};

_Static_assert(VIOAPIC_MAX_UNITS * VIOAPIC_MAX_PINS % 64 == 0, "whole words of pins");

static bool pin_test(const uint64_t *set, uint32_t pin)
{
	return set[pin / 64] >> (pin % 64) & 1;
}

static void pin_set_to(uint64_t *set, uint32_t pin, bool on)
{
	if (on)
		set[pin / 64] |= 1ul << (pin % 64);
	else
		set[pin / 64] &= ~(1ul << (pin % 64));
}

/* Index of a GSI's pin, or -1. */
static int pin_of_gsi(const struct vioapic *v, uint32_t gsi)
{
	uint32_t i;

	for (i = 0; i < v->nr_units; i++) {
		const struct unit *u = &v->units[i];

		if (gsi - u->layout.gsi_base < u->layout.nr_pins)
			return (int)(u->first_pin + gsi - u->layout.gsi_base);
	}
	return -1;
}

static uint32_t gsi_of_pin(const struct vioapic *v, uint32_t pin)
{
	const struct unit *u = v->units;

	while (pin >= u->first_pin + u->layout.nr_pins)
		u++;
	return u->layout.gsi_base + pin - u->first_pin;
}

static uint32_t mode_of(uint64_t rte)
{
	return (uint32_t)((rte & IOAPIC_RTE_DM_MASK) >> IOAPIC_RTE_DM_SHIFT);
}

/* Only fixed and lowest-priority messages can be level triggered: NMI and INIT have no EOI. */
static bool is_level(uint64_t rte)
{
	return (rte & IOAPIC_RTE_LEVEL) && mode_of(rte) <= DM_LOWEST;
}

static void set_remote_irr(struct vioapic *v, uint32_t pin, bool on)
{
	pin_set_to(v->in_service, pin, on);
	v->rte[pin] = on ? v->rte[pin] | IOAPIC_RTE_REMOTE_IRR : v->rte[pin] & ~IOAPIC_RTE_REMOTE_IRR;
}

/*
 * Sends the pin's message. A level message that nobody takes leaves remote IRR
 * clear, or no EOI would ever come for it. ExtINT is what LINT0 is for; SMI has
 * nowhere to go; other modes are reserved.
 */
static void send(struct vioapic *v, uint32_t pin)
{
	uint64_t rte = v->rte[pin];
	uint32_t mode = mode_of(rte);
	bool level = is_level(rte);
	const struct lapic_message m = {
		(uint32_t)(rte >> IOAPIC_RTE_DEST_SHIFT), rte & IOAPIC_RTE_LOGICAL, mode, rte & IOAPIC_RTE_VECTOR_MASK, level
	};

	if (mode > DM_LOWEST && mode != DM_NMI && mode != DM_INIT)
		return;
	if (!vlapic_deliver(v->vm, &m) && level)
		set_remote_irr(v, pin, true);
}

/* A level pin that is asserted, open and not waiting for an EOI interrupts. */
static void evaluate_level(struct vioapic *v, uint32_t pin)
{
	if (is_level(v->rte[pin]) && pin_test(v->line, pin) &&
	    !(v->rte[pin] & (IOAPIC_RTE_MASKED | IOAPIC_RTE_REMOTE_IRR)))
		send(v, pin);
}

int vioapic_set_line(struct vm *vm, uint32_t gsi, bool level)
{
	struct vioapic *v = vm->vioapic;
	int pin = v ? pin_of_gsi(v, gsi) : -1;
	bool rose;

	if (pin < 0)
		return -EINVAL;
	spin_lock(&v->lock);
	rose = level && !pin_test(v->line, (uint32_t)pin);
	pin_set_to(v->line, (uint32_t)pin, level);
	if (rose && is_level(v->rte[pin]))
		evaluate_level(v, (uint32_t)pin);
	else if (rose && !(v->rte[pin] & IOAPIC_RTE_MASKED))
		send(v, (uint32_t)pin);
	spin_unlock(&v->lock);
	return 0;
}

/*
 * EOI for pins first .. first + nr - 1: ends the vector's messages, tells the
 * owner of a physical pin (who may lower the line or let it rise again), and
 * only then looks whether the line still asks.
 */
static void end(struct vioapic *v, uint32_t first, uint32_t nr, uint8_t vector)
{
	uint64_t ended[PIN_WORDS] = { 0 }, set;
	uint32_t w, pin;

	spin_lock(&v->lock);
	for (w = first / 64; w <= (first + nr - 1) / 64; w++) {
		for (set = v->in_service[w]; set; set &= set - 1) {
			pin = w * 64 + bit_lowest(set);
			if (pin - first >= nr || (v->rte[pin] & IOAPIC_RTE_VECTOR_MASK) != vector)
				continue;
			set_remote_irr(v, pin, false);
			pin_set_to(ended, pin, true);
		}
	}
	spin_unlock(&v->lock);
	for (w = first / 64; w <= (first + nr - 1) / 64; w++) {
		for (set = ended[w]; set; set &= set - 1) {
			pin = w * 64 + bit_lowest(set);
			if (v->ops && v->ops->eoi)
				v->ops->eoi(v->vm, gsi_of_pin(v, pin));
			spin_lock(&v->lock);
			evaluate_level(v, pin);
			spin_unlock(&v->lock);
		}
	}
}

void vioapic_eoi(struct vm *vm, uint8_t vector)
{
	if (vm->vioapic)
		end(vm->vioapic, 0, vm->vioapic->nr_pins, vector);
}

/* ---- registers ---- */

static void tell_changed(struct vioapic *v, uint32_t pin, uint64_t rte)
{
	if (v->ops && v->ops->rte_changed)
		v->ops->rte_changed(v->vm, gsi_of_pin(v, pin), rte);
}

/* `high`: the half with the destination. */
static void write_rte(struct vioapic *v, uint32_t pin, bool high, uint32_t value)
{
	uint64_t old, rte;

	spin_lock(&v->lock);
	old = v->rte[pin];
	rte = high ? (old & 0xfffffffful) | (uint64_t)value << 32 : (old & ~0xfffffffful) | value;
	rte = (rte & RTE_WRITABLE) | (old & RTE_READ_ONLY);
	v->rte[pin] = rte;
	/* Edge entries have no remote IRR; guests without the EOI register clear it this way. */
	if (!(rte & IOAPIC_RTE_LEVEL))
		set_remote_irr(v, pin, false);
	evaluate_level(v, pin);
	rte = v->rte[pin];
	spin_unlock(&v->lock);
	if ((rte ^ old) & RTE_WRITABLE)
		tell_changed(v, pin, rte);
}

static uint32_t read_window(const struct unit *u)
{
	const struct vioapic *v = u->owner;
	uint32_t n = u->select - IOAPIC_REG_RTE_LOW(0);

	switch (u->select) {
	case IOAPIC_REG_ID:
	case IOAPIC_REG_ARB:
		return u->id_register;
	case IOAPIC_REG_VERSION:
		return IOAPIC_VERSION_HAS_EOI | (u->layout.nr_pins - 1) << IOAPIC_VERSION_MAX_RTE_SHIFT;
	default:
		if (u->select < IOAPIC_REG_RTE_LOW(0) || n / 2 >= u->layout.nr_pins)
			return 0;
		return (uint32_t)(v->rte[u->first_pin + n / 2] >> (n % 2 * 32));
	}
}

static void write_window(struct unit *u, uint32_t value)
{
	uint32_t select = READ_ONCE(u->select), n = select - IOAPIC_REG_RTE_LOW(0);

	if (select == IOAPIC_REG_ID)
		WRITE_ONCE(u->id_register, value & IOAPIC_ID_MASK);
	else if (select >= IOAPIC_REG_RTE_LOW(0) && n / 2 < u->layout.nr_pins)
		write_rte(u->owner, u->first_pin + n / 2, n % 2, value);
}

static void write_register(struct unit *u, uint64_t offset, uint32_t value, uint8_t size)
{
	switch (offset) {
	case IOAPIC_REGSEL:
		WRITE_ONCE(u->select, value & 0xff);
		break;
	case IOAPIC_WIN:	/* only whole words: half of an entry's half means nothing */
		if (size >= 4)
			write_window(u, value);
		break;
	case IOAPIC_EOI:
		end(u->owner, u->first_pin, u->layout.nr_pins, (uint8_t)value);
		break;
	default:
		break;
	}
}

static uint32_t read_register(struct unit *u, uint64_t offset)
{
	uint32_t value = 0;

	spin_lock(&u->owner->lock);
	if (offset == IOAPIC_REGSEL)
		value = u->select;
	else if (offset == IOAPIC_WIN)
		value = read_window(u);
	spin_unlock(&u->owner->lock);
	return value;
}

static int mmio(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	struct unit *u = dev;
	uint64_t offset = acc->addr - u->layout.base;

	(void)vcpu;
	if (acc->write) {
		write_register(u, offset, (uint32_t)acc->value, acc->size);
		return IO_DONE;
	}
	acc->value = read_register(u, offset);
	if (acc->size < 4)
		acc->value &= (1ul << (acc->size * 8)) - 1;
	return IO_DONE;
}

/* ---- life ---- */

uint32_t vioapic_nr_gsi(const struct vm *vm)
{
	uint32_t i, nr = 0;

	for (i = 0; vm->vioapic && i < vm->vioapic->nr_units; i++) {
		const struct vioapic_layout *l = &vm->vioapic->units[i].layout;

		nr = MAX(nr, l->gsi_base + l->nr_pins);
	}
	return nr;
}

bool vioapic_rte(const struct vm *vm, uint32_t gsi, uint64_t *rte)
{
	int pin = vm->vioapic ? pin_of_gsi(vm->vioapic, gsi) : -1;

	if (pin < 0)
		return false;
	*rte = READ_ONCE(vm->vioapic->rte[pin]);
	return true;
}

void vioapic_reset(struct vm *vm)
{
	struct vioapic *v = vm->vioapic;
	uint32_t i;

	for (i = 0; i < v->nr_units; i++) {
		WRITE_ONCE(v->units[i].select, 0);
		WRITE_ONCE(v->units[i].id_register, v->units[i].layout.id << IOAPIC_ID_SHIFT & IOAPIC_ID_MASK);
	}
	for (i = 0; i < v->nr_pins; i++) {
		uint64_t old;

		spin_lock(&v->lock);
		old = v->rte[i];
		set_remote_irr(v, i, false);
		v->rte[i] = IOAPIC_RTE_MASKED;
		spin_unlock(&v->lock);
		if ((old ^ IOAPIC_RTE_MASKED) & RTE_WRITABLE)
			tell_changed(v, i, IOAPIC_RTE_MASKED);
	}
}

static uint32_t pages_for(uint32_t nr_pins)
{
	return (uint32_t)PAGES(sizeof(struct vioapic) + nr_pins * sizeof(uint64_t));
}

static int count_pins(const struct vioapic_layout *layout, uint32_t nr)
{
	uint32_t i, pins = 0;

	if (!nr || nr > VIOAPIC_MAX_UNITS)
		return ERR(-EINVAL);
	for (i = 0; i < nr; i++) {
		if (!layout[i].nr_pins || layout[i].nr_pins > VIOAPIC_MAX_PINS)
			return ERR(-EINVAL);
		pins += layout[i].nr_pins;
	}
	return (int)pins;
}

int vioapic_create(struct vm *vm, const struct vioapic_layout *layout, uint32_t nr, const struct vioapic_ops *ops)
{
	int err = 0, pins = count_pins(layout, nr);
	struct vioapic *v;
	uint32_t i;

	if (pins < 0)
		return pins;
	v = frame_get(pages_for((uint32_t)pins));
	if (!v)
		return ERR(-ENOMEM);
	v->vm = vm;
	v->nr_pages = pages_for((uint32_t)pins);
	for (i = 0; i < nr; i++) {
		struct unit *u = &v->units[i];

		u->owner = v;
		u->layout = layout[i];
		u->first_pin = v->nr_pins;
		err = io_region_add(vm, &(struct io_region){ IO_MMIO, layout[i].base, IOAPIC_WINDOW_SIZE, mmio, u });
		if (err)
			break;
		v->nr_units++;
		v->nr_pins += layout[i].nr_pins;
	}
	vm->vioapic = v;
	if (err) {
		vioapic_destroy(vm);
		return err;
	}
	vioapic_reset(vm);
	v->ops = ops;
	vm->hooks.eoi = vioapic_eoi;
	return 0;
}

void vioapic_destroy(struct vm *vm)
{
	struct vioapic *v = vm->vioapic;
	uint32_t i;

	if (!v)
		return;
	for (i = 0; i < v->nr_units; i++)
		io_region_remove(vm, IO_MMIO, v->units[i].layout.base);
	vm->hooks.eoi = NULL;
	vm->vioapic = NULL;
	frame_put(v, v->nr_pages);
}

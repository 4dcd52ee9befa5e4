/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual 8259A pair (Intel 8259A data sheet, order number 231468; ELCR: 82371 data sheet). */
#include "emul/vpic.h"

#include "io/region.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "vm/vm.h"

#define PORT_MASTER	0x20u
#define PORT_SLAVE	0xa0u
#define PORT_ELCR	0x4d0u
#define CASCADE		2u	/* the master's input that the slave feeds */

/* First words: ICW1 has bit 4, OCW3 bit 3, OCW2 neither. */
#define ICW1		0x10u
#define ICW1_IC4	0x01u
#define ICW1_SINGLE	0x02u
#define ICW4_AEOI	0x02u
#define ICW4_SFNM	0x10u
#define OCW2_EOI	0x20u
#define OCW2_SPECIFIC	0x40u
#define OCW2_ROTATE	0x80u
#define OCW3		0x08u
#define OCW3_READ	0x02u
#define OCW3_READ_ISR	0x01u
#define OCW3_POLL	0x04u
#define OCW3_SMM	0x20u
#define OCW3_ESMM	0x40u

enum step { STEP_NONE, STEP_ICW2, STEP_ICW3, STEP_ICW4, STEP_READY };

struct chip {
	enum step step;		/* what the next write to the data port is */
	bool single, wants_icw4;
	uint8_t irr, isr, imr;
	uint8_t line;		/* inputs as they are */
	uint8_t elcr, elcr_mask; /* 1 = level triggered; which bits can be */
	uint8_t base;		/* vector of input 0 */
	uint8_t lowest;		/* input with the lowest priority; the next one has the highest */
	bool read_isr, poll, special_mask, auto_eoi, rotate_auto, nested;
};

struct vpic {
	struct vm *vm;		/* (o) */
	struct spinlock lock;
	struct chip chip[2];	/* [lock] master, slave */
};

/* Place of the first set bit counted from the highest priority; 8: none. */
static unsigned int rank(const struct chip *c, uint8_t bits)
{
	unsigned int turned = (bits | (unsigned int)bits << 8) >> ((c->lowest + 1u) & 7u) & 0xffu;

	return turned ? bit_lowest(turned) : 8;
}

static unsigned int input_at(const struct chip *c, unsigned int place)
{
	return (c->lowest + 1u + place) & 7u;
}

/* The input that would be acknowledged now, or -1. */
static int pending(const struct chip *c, bool master)
{
	unsigned int place = rank(c, c->irr & (uint8_t)~c->imr);
	uint8_t isr = c->isr;

	if (c->step != STEP_READY || place == 8)
		return -1;
	if (c->special_mask)		/* masked inputs in service do not hold others back */
		isr &= (uint8_t)~c->imr;
	if (c->nested && master)	/* a higher one of the same slave may interrupt */
		isr &= (uint8_t)~(1u << CASCADE);
	return place < rank(c, isr) ? (int)input_at(c, place) : -1;
}

static void drive(struct chip *c, unsigned int input, bool level)
{
	uint8_t bit = (uint8_t)(1u << input);

	if (level && (!(c->line & bit) || (c->elcr & bit)))
		c->irr |= bit;
	else if (!level && (c->elcr & bit))
		c->irr &= (uint8_t)~bit;
	c->line = level ? c->line | bit : c->line & (uint8_t)~bit;
}

/* After every change: the slave's output into the master, the master's to the CPU. */
static void update(struct vpic *p)
{
	struct chip *m = &p->chip[0];
	bool slave = pending(&p->chip[1], false) >= 0, out;

	/* Followed like a level: the slave's output has an edge of its own for each of its requests. */
	m->irr = slave ? m->irr | 1u << CASCADE : m->irr & (uint8_t)~(1u << CASCADE);
	out = pending(m, true) >= 0;
	if (out && !p->vm->pic_out && p->vm->vcpus[0])
		vcpu_request(p->vm->vcpus[0], REQ_EVENT);
	WRITE_ONCE(p->vm->pic_out, out);
}

/*
 * Inputs at which an edge changes nothing, as one is remembered already, are of no interest to a device's driver. Who reads it a
 * moment late loses no edge: it is as if it had come a moment earlier. Lock held.
 */
static void publish(const struct vpic *p)
{
	unsigned int i, edges = 0;

	for (i = 0; i < 2; i++) {
		const struct chip *c = &p->chip[i];

		edges |= (uint8_t)(~c->irr | c->line | c->elcr) << (8 * i);
	}
	WRITE_ONCE(p->vm->pic_edges, (uint16_t)edges);
}

void vpic_set_line(struct vm *vm, uint32_t irq, bool level)
{
	struct vpic *p = vm->vpic;
	struct chip *c;
	uint8_t irr;

	if (!p || irq > 15 || irq == CASCADE)
		return;
	c = &p->chip[irq / 8];
	spin_lock(&p->lock);
	irr = c->irr;
	drive(c, irq % 8, level);
	/* A guest of the I/O APIC has all inputs masked, and each request stays where it is. */
	if (c->irr != irr)
		update(p);
	publish(p);
	spin_unlock(&p->lock);
}

/* ---- acknowledge and end ---- */

static void acknowledge(struct chip *c, unsigned int input)
{
	uint8_t bit = (uint8_t)(1u << input);

	if (!(c->elcr & bit))
		c->irr &= (uint8_t)~bit;
	if (!c->auto_eoi)
		c->isr |= bit;
	else if (c->rotate_auto)
		c->lowest = (uint8_t)input;
}

/*
 * INTA cycle of one chip; its vector. A request that went away before is
 * answered with input 7, which is then not in service (spurious interrupt).
 */
static uint8_t inta(struct chip *c, bool master)
{
	int input = pending(c, master);

	if (input < 0)
		return c->base + 7;
	acknowledge(c, (unsigned int)input);
	return c->base + (uint8_t)input;
}

static int extint_accept(struct vm *vm)
{
	struct vpic *p = vm->vpic;
	bool cascade;
	int vector = -1;

	spin_lock(&p->lock);
	if (p->chip[0].step == STEP_READY) {
		cascade = pending(&p->chip[0], true) == (int)CASCADE;
		vector = inta(&p->chip[0], true);
		if (cascade)
			vector = inta(&p->chip[1], false);
		update(p);
		publish(p);
	}
	spin_unlock(&p->lock);
	return vector;
}

static int extint_pending(struct vm *vm)
{
	struct vpic *p = vm->vpic;
	int input, vector = -1;

	spin_lock(&p->lock);
	input = pending(&p->chip[0], true);
	if (input == (int)CASCADE)
		vector = p->chip[1].base + pending(&p->chip[1], false);
	else if (input >= 0)
		vector = p->chip[0].base + input;
	spin_unlock(&p->lock);
	return vector;
}

/* ---- registers ---- */

static void start_initialisation(struct chip *c, uint8_t icw1)
{
	c->step = STEP_ICW2;
	c->single = icw1 & ICW1_SINGLE;
	c->wants_icw4 = icw1 & ICW1_IC4;
	c->irr = c->line & c->elcr;	/* an edge input must rise again */
	c->isr = c->imr = 0;
	c->lowest = 7;
	c->read_isr = c->poll = c->special_mask = c->auto_eoi = c->rotate_auto = c->nested = false;
}

static void write_ocw2(struct chip *c, uint8_t value)
{
	uint8_t isr = c->isr & (uint8_t)~(c->special_mask ? c->imr : 0);
	unsigned int input = value & 7, place;

	switch (value & (OCW2_ROTATE | OCW2_SPECIFIC | OCW2_EOI)) {
	case OCW2_EOI:
	case OCW2_ROTATE | OCW2_EOI:
		place = rank(c, isr);
		if (place == 8)
			break;
		input = input_at(c, place);
		c->isr &= (uint8_t)~(1u << input);
		if (value & OCW2_ROTATE)
			c->lowest = (uint8_t)input;
		break;
	case OCW2_SPECIFIC | OCW2_EOI:
	case OCW2_ROTATE | OCW2_SPECIFIC | OCW2_EOI:
		c->isr &= (uint8_t)~(1u << input);
		if (value & OCW2_ROTATE)
			c->lowest = (uint8_t)input;
		break;
	case OCW2_ROTATE | OCW2_SPECIFIC:
		c->lowest = (uint8_t)input;
		break;
	case OCW2_ROTATE:
		c->rotate_auto = true;
		break;
	case 0:
		c->rotate_auto = false;
		break;
	default:	/* no operation */
		break;
	}
}

static void write_ocw3(struct chip *c, uint8_t value)
{
	if (value & OCW3_ESMM)
		c->special_mask = value & OCW3_SMM;
	if (value & OCW3_POLL)
		c->poll = true;
	else if (value & OCW3_READ)
		c->read_isr = value & OCW3_READ_ISR;
}

static void write_command(struct chip *c, uint8_t value)
{
	if (value & ICW1)
		start_initialisation(c, value);
	else if (value & OCW3)
		write_ocw3(c, value);
	else
		write_ocw2(c, value);
}

static void write_data(struct chip *c, uint8_t value)
{
	switch (c->step) {
	case STEP_ICW2:
		c->base = value & 0xf8;
		c->step = !c->single ? STEP_ICW3 : c->wants_icw4 ? STEP_ICW4 : STEP_READY;
		break;
	case STEP_ICW3:		/* the wiring is fixed */
		c->step = c->wants_icw4 ? STEP_ICW4 : STEP_READY;
		break;
	case STEP_ICW4:
		c->auto_eoi = value & ICW4_AEOI;
		c->nested = value & ICW4_SFNM;
		c->step = STEP_READY;
		break;
	default:
		c->imr = value;
		break;
	}
}

/* The poll command made this read an acknowledge: bit 7 and the input, or 0. */
static uint8_t read_poll(struct chip *c, bool master)
{
	int input = pending(c, master);

	c->poll = false;
	if (input < 0)
		return 0;
	acknowledge(c, (unsigned int)input);
	return 0x80u | (uint8_t)input;
}

static uint8_t read_port(struct vpic *p, uint16_t port)
{
	struct chip *c = &p->chip[port >= PORT_SLAVE];

	if (port >= PORT_ELCR)
		return p->chip[port & 1].elcr;
	if (c->poll)
		return read_poll(c, c == &p->chip[0]);
	if (port & 1)
		return c->imr;
	return c->read_isr ? c->isr : c->irr;
}

static void write_elcr(struct chip *c, uint8_t value)
{
	c->elcr = value & c->elcr_mask;
	/* A level input's request is its line; an edge that was remembered stays only for edge inputs. */
	c->irr = (c->irr & (uint8_t)~c->elcr) | (c->line & c->elcr);
}

static void write_port(struct vpic *p, uint16_t port, uint8_t value)
{
	struct chip *c = &p->chip[port >= PORT_SLAVE];

	if (port >= PORT_ELCR)
		write_elcr(&p->chip[port & 1], value);
	else if (port & 1)
		write_data(c, value);
	else
		write_command(c, value);
}

/* Wider accesses are the bytes one after the other, as on the ISA bus. */
static int ports(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	struct vpic *p = dev;
	uint64_t value = 0;
	unsigned int i;

	(void)vcpu;
	spin_lock(&p->lock);
	for (i = 0; i < acc->size; i++) {
		uint16_t port = (uint16_t)(acc->addr + i);
		bool ours = (port & ~1u) == (acc->addr & ~1ul);	/* a pair of ports each */

		if (acc->write && ours)
			write_port(p, port, (uint8_t)(acc->value >> (8 * i)));
		else if (!acc->write)
			value |= (uint64_t)(ours ? read_port(p, port) : 0xffu) << (8 * i);
	}
	update(p);
	publish(p);
	spin_unlock(&p->lock);
	if (!acc->write)
		acc->value = value;
	return IO_DONE;
}

/* ---- life ---- */

void vpic_reset(struct vm *vm)
{
	struct vpic *p = vm->vpic;
	unsigned int i;

	spin_lock(&p->lock);
	for (i = 0; i < 2; i++) {
		struct chip *c = &p->chip[i];

		*c = (struct chip){ .line = c->line, .imr = 0xff, .lowest = 7, .elcr_mask = i ? 0xde : 0xf8 };
	}
	update(p);
	publish(p);
	spin_unlock(&p->lock);
}

int vpic_create(struct vm *vm)
{
	static const uint16_t bases[] = { PORT_MASTER, PORT_SLAVE, PORT_ELCR };
	struct vpic *p = frame_get(1);
	unsigned int i;
	int err;

	if (!p)
		return ERR(-ENOMEM);
	p->vm = vm;
	vm->vpic = p;
	vpic_reset(vm);
	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		err = io_region_add(vm, &(struct io_region){ IO_PORT, bases[i], 2, ports, p });
		if (err)
			goto undo_regions;
	}
	vm->hooks.extint_pending = extint_pending;
	vm->hooks.extint_accept = extint_accept;
	return 0;

undo_regions:
	while (i--)
		io_region_remove(vm, IO_PORT, bases[i]);
	vm->vpic = NULL;
	frame_put(p, 1);
	return err;
}

void vpic_destroy(struct vm *vm)
{
	struct vpic *p = vm->vpic;

	if (!p)
		return;
	vm->hooks.extint_pending = NULL;
	vm->hooks.extint_accept = NULL;
	io_region_remove(vm, IO_PORT, PORT_MASTER);
	io_region_remove(vm, IO_PORT, PORT_SLAVE);
	io_region_remove(vm, IO_PORT, PORT_ELCR);
	vm->vpic = NULL;
	vm->pic_edges = 0;
	vm->pic_out = false;
	frame_put(p, 1);
}

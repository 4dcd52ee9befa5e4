/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual power management: ACPI 6.4 sections 4.8.3.2 (PM1 control), 4.8.3.6 (reset register), 4.8.3.7 (sleep registers). */
#include "emul/vpm.h"

#include "hw/acpi.h"
#include "io/region.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "vm/vm.h"
#include "x86/insn.h"

#define PORT_KBC_DATA	0x60u
#define PORT_KBC	0x64u
#define PORT_FAST_RESET	0x92u
#define MAX_REGIONS	8u

#define SLEEP_CTL_EN	0x20u		/* sleep control register, byte */
#define SLEEP_CTL_TYPE(v) (((v) >> 2) & 7u)
#define PM1_SLP_EN	0x2000u
#define PM1_SLP_TYPE(v)	(((v) >> 10) & 7u)
#define CF9_RESET	0x04u		/* rising: reset of the kind bit 1 says */
#define CF9_KIND	0x0au
#define FAST_RESET	0x01u
#define KBC_WRITE_OUTPUT 0xd1u		/* the next data byte goes to the output port */
#define KBC_PULSE	0xf0u		/* pulses the output lines whose bits 3:0 are 0; line 0 is reset */
#define KBC_LINE_RESET	0x01u

struct vpm {
	struct vm *vm;			/* (o) */
	const struct vpm_ops *ops;	/* (o) */
	uint32_t nr_regions;		/* (o) */
	uint16_t region[MAX_REGIONS];	/* (o) first ports */
	uint8_t cf9;			/* any vCPU of the VM: last writer wins, as on the bus */
	bool kbc_output;		/* the keyboard controller waits for its output port's byte */
};

/* ---- access to the machine's port, width as the guest's ---- */

static int pass(struct io_access *acc)
{
	uint16_t port = (uint16_t)acc->addr;

	switch (acc->size) {
	case 1:
		if (acc->write)
			outb(port, (uint8_t)acc->value);
		else
			acc->value = inb(port);
		break;
	case 2:
		if (acc->write)
			outw(port, (uint16_t)acc->value);
		else
			acc->value = inw(port);
		break;
	default:
		if (acc->write)
			outl(port, (uint32_t)acc->value);
		else
			acc->value = inl(port);
		break;
	}
	return IO_DONE;
}

/* A register of one byte: wider accesses find nothing behind it. */
static int pass_byte(struct io_access *acc)
{
	uint16_t port = (uint16_t)acc->addr;

	if (acc->write)
		outb(port, (uint8_t)acc->value);
	else
		acc->value = acc->size == 1 ? inb(port) : (acc->size == 2 ? 0xff00u : 0xffffff00u) | inb(port);
	return IO_DONE;
}

static int reset(struct vpm *p)
{
	log_info("VM %u asks for a reset\n", p->vm->vm_id);
	p->ops->reset(p->vm);
	return IO_DONE;
}

static int power_off(struct vpm *p)
{
	log_info("VM %u powers itself off\n", p->vm->vm_id);
	p->ops->power_off(p->vm);
	return IO_DONE;
}

/* ---- registers ---- */

/* Sleep control and status of the tables we build. */
static int sleep_ports(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	uint8_t value = (uint8_t)acc->value;

	(void)vcpu;
	if (!acc->write) {
		acc->value = 0;	/* never woken from anything */
		return IO_DONE;
	}
	if (acc->addr == VPM_SLEEP_CTL && (value & SLEEP_CTL_EN) && SLEEP_CTL_TYPE(value) == VPM_S5_TYPE)
		return power_off(dev);
	return IO_DONE;
}

/* Reset control register; only its own byte: a dword at CF8 is PCI's and goes elsewhere. */
static int cf9_port(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	struct vpm *p = dev;
	uint8_t value = (uint8_t)acc->value;

	(void)vcpu;
	if (!acc->write) {
		acc->value = acc->size == 1 ? p->cf9 : (acc->size == 2 ? 0xff00u : 0xffffff00u) | p->cf9;
		return IO_DONE;
	}
	if (acc->size != 1)
		return IO_DONE;
	p->cf9 = value & CF9_KIND;
	return value & CF9_RESET ? reset(p) : IO_DONE;
}

/* Firmware that says nothing means the two bytes there must be. */
static uint16_t pm1_size(void)
{
	return MAX(acpi.pm1_cnt_len, (uint8_t)2);
}

/*
 * PM1 control. S5 written to block A means this VM, so block B's half of the
 * pair has nothing left to do. Other sleep states keep SLP_EN from the machine.
 */
static int pm1_port(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	bool a = acc->addr - acpi.pm1a_cnt < pm1_size();
	unsigned int shift = 8 * (unsigned int)(acc->addr - (a ? acpi.pm1a_cnt : acpi.pm1b_cnt));
	uint64_t value = acc->value << shift;

	(void)vcpu;
	if (!acc->write || !(value & PM1_SLP_EN))
		return pass(acc);
	if (a && acpi.s5_found && PM1_SLP_TYPE(value) == acpi.s5_typa)
		return power_off(dev);
	if (!a && acpi.s5_found && PM1_SLP_TYPE(value) == acpi.s5_typb)
		return IO_DONE;
	log_debug("sleep type %u is not for a VM to enter\n", (unsigned int)PM1_SLP_TYPE(value));
	acc->value = (value & ~(uint64_t)PM1_SLP_EN) >> shift;
	return pass(acc);
}

static int acpi_reset_port(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	(void)vcpu;
	if (acc->write && (uint8_t)acc->value == acpi.reset_value)
		return reset(dev);
	return pass_byte(acc);
}

static int kbc_port(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	struct vpm *p = dev;
	uint8_t value = (uint8_t)acc->value;

	(void)vcpu;
	if (!acc->write)
		return pass_byte(acc);
	p->kbc_output = value == KBC_WRITE_OUTPUT;
	if ((value & KBC_PULSE) == KBC_PULSE && !(value & KBC_LINE_RESET))
		return reset(p);
	return pass_byte(acc);
}

static int kbc_data_port(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	struct vpm *p = dev;
	bool output = p->kbc_output;

	(void)vcpu;
	if (!acc->write)
		return pass_byte(acc);
	p->kbc_output = false;
	if (output && !(acc->value & KBC_LINE_RESET))
		return reset(p);
	return pass_byte(acc);
}

static int fast_reset_port(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	(void)vcpu;
	if (acc->write && (acc->value & FAST_RESET))
		return reset(dev);
	return pass_byte(acc);
}

/* ---- life ---- */

struct port_range {
	uint16_t base;		/* 0: the machine has none */
	uint16_t size;
	io_handler fn;
	bool optional;		/* may lie on another register, which then decides */
};

static int add_ports(struct vpm *p, const struct port_range *ranges, unsigned int nr)
{
	unsigned int i;
	int err;

	for (i = 0; i < nr; i++) {
		if (!ranges[i].base)
			continue;
		err = io_region_add(p->vm, &(struct io_region){ IO_PORT, ranges[i].base, ranges[i].size, ranges[i].fn, p });
		if (err == -EEXIST && ranges[i].optional)
			continue;
		if (err)
			return err;
		p->region[p->nr_regions++] = ranges[i].base;
	}
	return 0;
}

static int add_service_ports(struct vpm *p)
{
	const struct port_range ranges[] = {
		{ acpi.pm1a_cnt, pm1_size(), pm1_port, false },
		{ acpi.pm1b_cnt, pm1_size(), pm1_port, false },
		{ VPM_RESET_PORT, 1, cf9_port, false },
		{ PORT_KBC, 1, kbc_port, false },
		{ PORT_KBC_DATA, 1, kbc_data_port, false },
		{ PORT_FAST_RESET, 1, fast_reset_port, false },
		{ acpi.reset_port, 1, acpi_reset_port, true },
	};

	_Static_assert(ARRAY_SIZE(ranges) <= MAX_REGIONS, "places for all regions");
	return add_ports(p, ranges, ARRAY_SIZE(ranges));
}

static int add_own_ports(struct vpm *p)
{
	static const struct port_range ranges[] = {
		{ VPM_SLEEP_CTL, 1, sleep_ports, false },
		{ VPM_SLEEP_STS, 1, sleep_ports, false },
		{ VPM_RESET_PORT, 1, cf9_port, false },
	};

	return add_ports(p, ranges, ARRAY_SIZE(ranges));
}

int vpm_create(struct vm *vm, const struct vpm_ops *ops)
{
	struct vpm *p;
	int err;

	if (vm->load_order == SCENARIO_POST_LAUNCHED)
		return ERR(-EINVAL);
	p = frame_get(1);
	if (!p)
		return ERR(-ENOMEM);
	p->vm = vm;
	p->ops = ops;
	vm->vpm = p;
	err = vm->load_order == SCENARIO_SERVICE ? add_service_ports(p) : add_own_ports(p);
	if (err)
		vpm_destroy(vm);
	return err;
}

void vpm_destroy(struct vm *vm)
{
	struct vpm *p = vm->vpm;
	uint32_t i;

	if (!p)
		return;
	for (i = 0; i < p->nr_regions; i++)
		io_region_remove(vm, IO_PORT, p->region[i]);
	vm->vpm = NULL;
	frame_put(p, 1);
}

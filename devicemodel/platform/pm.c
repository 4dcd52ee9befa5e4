/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ACPI fixed hardware (ACPI 6.4 section 4.8): PM1a event and control blocks, the PM timer, and the
 * reset register. There is no SMI command port, so the platform is always in ACPI mode.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/irq.h"
#include "core/layout.h"
#include "core/timer.h"
#include "core/vm.h"
#include "platform/platform.h"

#define PM_TIMER_HZ	3579545u
#define PM_TIMER_MASK	0xFFFFFFFFu	/* FADT says TMR_VAL_EXT: 32 bits */

#define PM1_POWER_BUTTON 0x0100
#define PM1_STATUS_BITS	0x8F31		/* WAK, PCIEXP, RTC, SLPBTN, PWRBTN, GBL, BM, TMR */
#define PM1_ENABLE_BITS	0x0721

#define CNT_SCI_EN	0x0001
#define CNT_SLP_EN	0x2000
#define CNT_SLP_TYP(v)	((v) >> 10 & 7)
#define CNT_KEEP	0x1C07		/* SLP_TYP, GBL_RLS, BM_RLD, SCI_EN */

#define RESET_CPU	0x04		/* bit 2 of port 0xCF9 going up resets */

struct pm {
	struct vm *vm;
	uint16_t status, enable, control;
	uint8_t reset_control;
	bool sci_high;
	struct bus_range evt, cnt, tmr, rst;
};

static void update_sci(struct pm *pm)
{
	bool high = pm->status & pm->enable & PM1_ENABLE_BITS;

	if (high == pm->sci_high)
		return;
	pm->sci_high = high;
	irq_line_set(pm->vm, LAYOUT_GSI_SCI, high);
}

/* The event block as one 32-bit value: status below, enable above; bytes of it are read and written. */
static uint64_t evt_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pm *pm = dev;

	(void)size;
	return ((uint32_t)pm->enable << 16 | pm->status) >> (8 * offset);
}

static void evt_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pm *pm = dev;
	uint32_t mask = size == 4 ? UINT32_MAX : (1u << (8 * size)) - 1;
	uint32_t bits = (uint32_t)value << (8 * offset);

	mask <<= 8 * offset;
	/* status: writing a one clears; enable: plain */
	pm->status &= ~(bits & mask & PM1_STATUS_BITS);
	pm->enable = ((pm->enable & ~(mask >> 16)) | (bits >> 16 & mask >> 16)) & PM1_ENABLE_BITS;
	update_sci(pm);
}

static uint64_t cnt_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pm *pm = dev;

	(void)size;
	return (pm->control | CNT_SCI_EN) >> (8 * offset);
}

static void cnt_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pm *pm = dev;
	uint16_t mask = size >= 2 ? 0xFFFF : 0xFF << (8 * offset);
	uint16_t v = (pm->control & ~mask) | ((value << (8 * offset)) & mask);

	pm->control = v & CNT_KEEP;
	if ((v & CNT_SLP_EN) && CNT_SLP_TYP(v) == LAYOUT_S5_SLP_TYP)
		vm_power_off(pm->vm);
}

static uint64_t tmr_read(void *dev, uint64_t offset, unsigned int size)
{
	uint64_t ticks = (unsigned __int128)clock_ns() * PM_TIMER_HZ / 1000000000u;

	(void)dev, (void)size;
	return (ticks & PM_TIMER_MASK) >> (8 * offset);
}

static uint64_t rst_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pm *pm = dev;

	(void)offset, (void)size;
	return pm->reset_control;
}

static void rst_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pm *pm = dev;

	(void)offset, (void)size;
	pm->reset_control = value & 0x0E & ~RESET_CPU;
	if (value & RESET_CPU)
		vm_request_stop(pm->vm, VM_STOP_RESET);
}

static const struct bus_ops evt_ops = { .read = evt_read, .write = evt_write };
static const struct bus_ops cnt_ops = { .read = cnt_read, .write = cnt_write };
static const struct bus_ops tmr_ops = { .read = tmr_read };
static const struct bus_ops rst_ops = { .read = rst_read, .write = rst_write };

/* Device lock held. True if the guest takes interrupts of the button: otherwise it may look at the status, later, or never. */
static bool press_power_button(void *state, bool unheard)
{
	struct pm *pm = state;
	bool heard = pm->enable & PM1_POWER_BUTTON;

	if (heard || unheard)
		pm->status |= PM1_POWER_BUTTON;
	update_sci(pm);
	return heard;
}

static void pm_reset(void *state)
{
	struct pm *pm = state;

	pm->status = pm->enable = pm->control = 0;
	pm->reset_control = 0;
	update_sci(pm);
}

static void pm_fini(void *state)
{
	struct pm *pm = state;

	pm->vm->power_button.press = NULL;
	bus_unregister(&pm->vm->bus, &pm->evt);
	bus_unregister(&pm->vm->bus, &pm->cnt);
	bus_unregister(&pm->vm->bus, &pm->tmr);
	bus_unregister(&pm->vm->bus, &pm->rst);
	free(pm);
}

static int pm_init(struct vm *vm, void **state)
{
	struct pm *pm = calloc(1, sizeof(*pm));
	int err;

	if (!pm)
		return -ENOMEM;
	pm->vm = vm;
	pm->evt = (struct bus_range){ "PM1a event", BUS_PIO, LAYOUT_PM1A_EVT_PORT, 4, &evt_ops, pm };
	pm->cnt = (struct bus_range){ "PM1a control", BUS_PIO, LAYOUT_PM1A_CNT_PORT, 2, &cnt_ops, pm };
	pm->tmr = (struct bus_range){ "PM timer", BUS_PIO, LAYOUT_PM_TMR_PORT, 4, &tmr_ops, pm };
	pm->rst = (struct bus_range){ "reset", BUS_PIO, LAYOUT_RESET_PORT, 1, &rst_ops, pm };
	err = bus_register(&vm->bus, &pm->evt);
	if (!err)
		err = bus_register(&vm->bus, &pm->cnt);
	if (!err)
		err = bus_register(&vm->bus, &pm->tmr);
	if (!err)
		err = bus_register(&vm->bus, &pm->rst);
	if (err) {
		pm_fini(pm);
		return err;
	}
	vm->power_button.press = press_power_button;
	vm->power_button.arg = pm;
	*state = pm;
	return 0;
}

const struct platform_ops pm_ops = {
	.name = "pm", .init = pm_init, .fini = pm_fini, .reset = pm_reset,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/* COM1's interrupt line to the manager's CPU. */
#include "debug/input.h"

#include "assign/intx.h"
#include "cpu/percpu.h"
#include "irq/ioapic.h"
#include "irq/vector.h"
#include "log/console.h"
#include "log/log.h"

#define COM1_GSI 4u

static void (*hook)(void);

static void fired(void *arg __unused, uint8_t vector __unused)
{
	if (console_interrupt())
		hook();
}

void input_init(void (*typed)(void))
{
	int vector;

	hook = typed;
	if (!console_has_uart())
		return;
	intx_reserve(COM1_GSI);
	vector = vector_get(fired, NULL);
	if (vector >= 0 && !ioapic_route(COM1_GSI, (uint8_t)vector, this_cpu()->apic_id, false, false)) {
		ioapic_unmask(COM1_GSI);
		if (console_use_interrupts())
			return;
		ioapic_mask(COM1_GSI);
	}
	if (vector >= 0)
		vector_put((uint8_t)vector);
	log_warn("the console's UART raises no interrupt: it shows output only");
}

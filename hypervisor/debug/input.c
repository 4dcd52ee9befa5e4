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
	hook();
}

void input_init(void (*typed)(void))
{
	int vector;

	hook = typed;
	if (!console_rx_interrupt())
		return;
	intx_reserve(COM1_GSI);
	vector = vector_get(fired, NULL);
	if (vector < 0 || ioapic_route(COM1_GSI, (uint8_t)vector, this_cpu()->apic_id, false, false)) {
		log_warn("the console has no interrupt: it shows output only");
		return;
	}
	ioapic_unmask(COM1_GSI);
	typed();
}

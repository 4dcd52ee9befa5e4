/* SPDX-License-Identifier: BSD-3-Clause */
/* Interrupt lines (shared ones counted) and MSIs. */
#include "core/irq.h"

#include "core/hsm.h"
#include "core/vm.h"
#include "public/irq.h"

void irq_line_set(struct vm *vm, unsigned int gsi, bool high)
{
	struct irq_lines *irq = &vm->irq;

	if (gsi >= LAYOUT_NR_GSI)
		return;
	/* The call is made under the lock so that two edges cannot overtake each other. */
	pthread_mutex_lock(&irq->lock);
	if (high) {
		if (irq->nr_high[gsi]++ == 0)
			hsm_irq_line(&vm->hsm, gsi, IRQLINE_SET_HIGH);
	} else if (irq->nr_high[gsi] > 0 && --irq->nr_high[gsi] == 0) {
		hsm_irq_line(&vm->hsm, gsi, IRQLINE_SET_LOW);
	}
	pthread_mutex_unlock(&irq->lock);
}

void irq_line_pulse(struct vm *vm, unsigned int gsi)
{
	if (gsi < LAYOUT_NR_GSI)
		hsm_irq_line(&vm->hsm, gsi, IRQLINE_RAISING_PULSE);
}

int irq_msi(struct vm *vm, uint64_t addr, uint32_t data)
{
	return hsm_irq_msi(&vm->hsm, addr, data);
}

void irq_reset(struct vm *vm)
{
	pthread_mutex_lock(&vm->irq.lock);
	for (unsigned int gsi = 0; gsi < LAYOUT_NR_GSI; gsi++) {
		if (vm->irq.nr_high[gsi])
			hsm_irq_line(&vm->hsm, gsi, IRQLINE_SET_LOW);
		vm->irq.nr_high[gsi] = 0;
	}
	pthread_mutex_unlock(&vm->irq.lock);
}

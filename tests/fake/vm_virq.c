/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake door for interrupts, see vm_virq.h. */
#include "vm_virq.h"

#include "lib/errno.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "vm/vlapic.h"

struct fake_virq fake_virq;

void virq_post(struct vcpu *vcpu, uint8_t vector, bool level)
{
	fake_virq.nr_posts++;
	fake_virq.post_vcpu = vcpu;
	fake_virq.post_vector = vector;
	fake_virq.post_level = level;
	if (fake_virq.post)
		fake_virq.post(vcpu, vector, level);
}

void virq_nmi(struct vcpu *vcpu)
{
	vcpu_request(vcpu, REQ_NMI);
}

int virq_msi(struct vm *vm, uint64_t addr, uint64_t data)
{
	(void)vm;
	fake_virq.nr_msis++;
	fake_virq.msi_addr = addr;
	fake_virq.msi_data = data;
	return 0;
}

/* For the tests the same as the message it is short for; some link the real one. */
__attribute__((weak)) bool vlapic_post_plain(struct vm *vm, uint32_t dest, uint8_t vector)
{
	return vector >= 16 && !virq_msi(vm, 0xfee00000u | dest << 12, vector);
}

int virq_line(struct vm *vm, uint32_t gsi, bool level)
{
	(void)vm;
	if (gsi >= FAKE_VIRQ_GSIS)
		return -EINVAL;
	fake_virq.nr_lines++;
	if (level && !fake_virq.line[gsi])
		fake_virq.rises[gsi]++;
	fake_virq.line[gsi] = level;
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* xAPIC accesses that exit: 32-bit and aligned ones reach the register, others read 0 (SDM vol 3, 11.4.1). */
#include "emul/vlapic_mmio.h"

#include "io/region.h"
#include "vm/vcpu.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "x86/apicreg.h"

static int access(struct vcpu *vcpu, void *dev __unused, struct io_access *acc)
{
	uint32_t offset = (uint32_t)(acc->addr - APIC_BASE_DEFAULT), v = 0;

	if (acc->size != 4 || (offset & 3)) {
		acc->value = 0;
		return IO_DONE;
	}
	if (acc->write) {
		(void)vlapic_mmio_write(vcpu, offset, (uint32_t)acc->value);
		vcpu->event_check = true;
	} else {
		if (vlapic_mmio_read(vcpu, offset, &v))
			v = 0;
		acc->value = v;
	}
	return IO_DONE;
}

int vlapic_mmio_create(struct vm *vm)
{
	return io_region_add(vm, &(struct io_region){ IO_MMIO, APIC_BASE_DEFAULT, APIC_PAGE_SIZE, access, NULL });
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of VMs and the end of one that broke a rule. */
#include "vm/vm.h"

#include "lib/printf.h"
#include "log/log.h"

struct vm *vm_table[MAX_VMS];
struct vm *service_vm;

static uint32_t table_users;

void vm_table_enter(void)
{
	/* Ordered before the reads of the table: a destroyer empties the slot, then looks here. */
	__atomic_fetch_add(&table_users, 1, __ATOMIC_SEQ_CST);
}

void vm_table_leave(void)
{
	__atomic_fetch_sub(&table_users, 1, __ATOMIC_RELEASE);
}

bool vm_table_quiet(void *unused __unused)
{
	return !__atomic_load_n(&table_users, __ATOMIC_SEQ_CST);
}

void vm_crash(struct vm *vm, const char *why, ...)
{
	va_list ap;
	uint16_t i;

	va_start(ap, why);
	vsnprintf(vm->crash_reason, sizeof(vm->crash_reason), why, ap);
	va_end(ap);
	log_err("vm %s: stopped: %s\n", vm->name, vm->crash_reason);
	WRITE_ONCE(vm->crashed, true);
	for (i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i])
			vcpu_request(vm->vcpus[i], REQ_PAUSE);
	if (vm->hooks.stopped)
		vm->hooks.stopped(vm, VM_STOP_CRASH);
}

void vm_port_intercept(struct vm *vm, uint16_t port, uint32_t nr, bool exits)
{
	uint8_t *map = vm->io_bitmaps;
	uint32_t p;

	for (p = port; p < port + nr && p < 0x10000u; p++)
		map[p / 8] = (uint8_t)((map[p / 8] & ~(1u << p % 8)) | (uint32_t)exits << p % 8);
}

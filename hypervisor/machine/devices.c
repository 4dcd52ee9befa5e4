/* SPDX-License-Identifier: BSD-3-Clause */
/* The devices the hypervisor itself gives each kind of VM, in the order they are built. */
#include "assign/intx.h"
#include "emul/testdev.h"
#include "emul/vioapic.h"
#include "emul/vlapic_mmio.h"
#include "emul/vpci/ivshmem.h"
#include "emul/vpci/vpci.h"
#include "emul/vpic.h"
#include "emul/vpm.h"
#include "emul/vrtc.h"
#include "emul/vuart.h"
#include "hw/acpi.h"
#include "io/ioreq.h"
#include "io/region.h"
#include "irq/ioapic.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/parts.h"
#include "public/hypercall.h"
#include "vm/virq.h"
#include "vm/vm.h"
#include "x86/apicreg.h"

#define MAX_VIOAPICS	8u

uint32_t machine_gsi_of_irq(const struct vm *vm, uint32_t irq)
{
	uint32_t i;

	if (vm->load_order == SCENARIO_SERVICE)
		for (i = 0; i < acpi.nr_overrides; i++)
			if (acpi.override[i].irq == irq)
				return acpi.override[i].gsi;
	return irq;
}

/* An input of both controllers. */
static int drive_line(struct vm *vm, uint32_t gsi, bool level)
{
	if (vm->vpic && gsi < VIRQ_PIC_INPUTS)
		vpic_set_line(vm, virq_pic_input(gsi), level);
	return vioapic_set_line(vm, gsi, level);
}

static int regions_create(struct vm *vm, const struct machine_request *req __unused)
{
	return io_regions_create(vm);
}

/* Its creator attaches the page later (HC_SET_IOREQ_BUFFER); here it is only given back. */
static int ioreq_part(struct vm *vm __unused, const struct machine_request *req __unused)
{
	return 0;
}

static int lapic_page_create(struct vm *vm, const struct machine_request *req __unused)
{
	return vlapic_mmio_create(vm);
}

static void nothing(struct vm *vm __unused)
{
}

static int vpic_part(struct vm *vm, const struct machine_request *req __unused)
{
	return vpic_create(vm);
}

static int vioapic_part(struct vm *vm, const struct machine_request *req __unused)
{
	struct vioapic_layout layout[MAX_VIOAPICS] = {
		{ IOAPIC_BASE_DEFAULT, 0, 24, 0 },
	};
	static const struct vioapic_ops ops = { .rte_changed = intx_rte_changed, .eoi = intx_ended };
	uint32_t i, n = 1;

	vm->hooks.line = drive_line;
	if (vm->load_order != SCENARIO_SERVICE)
		return vioapic_create(vm, layout, n, NULL);
	n = ioapic_count() < MAX_VIOAPICS ? ioapic_count() : MAX_VIOAPICS;
	for (i = 0; i < n; i++)
		ioapic_info(i, &layout[i].base, &layout[i].gsi_base, &layout[i].nr_pins, &layout[i].id);
	return vioapic_create(vm, layout, n, &ops);
}

static void vioapic_part_destroy(struct vm *vm)
{
	intx_release(vm);
	vioapic_destroy(vm);
}

static void vioapic_part_reset(struct vm *vm)
{
	intx_release(vm);
	vioapic_reset(vm);
}

static void vuarts_destroy(struct vm *vm)
{
	uint32_t i;

	for (i = 0; i < SCENARIO_MAX_VUARTS; i++)
		if (vm->vuart[i])
			vuart_destroy(vm, i);
}

/* The other end of an inter-VM line may not be built yet: then it connects us. */
static void vuart_join(struct vm *vm, uint32_t index)
{
	const struct scenario_vuart *u = &vm->cfg->vuarts[index];
	struct vm *peer = vm_table[u->peer_vm];

	if (u->type == SCENARIO_VUART_INTER_VM && peer && peer->vuart[u->peer_vuart])
		vuart_connect(vm->vuart[index], peer->vuart[u->peer_vuart]);
}

/* While another VM is looked at it stays; once it leaves the table it unlinks. */
void machine_link(struct vm *vm)
{
	uint32_t i;

	ivshmem_connect(vm);
	vm_table_enter();
	for (i = 0; i < SCENARIO_MAX_VUARTS; i++)
		if (vm->vuart[i])
			vuart_join(vm, i);
	vm_table_leave();
}

void machine_unlink(struct vm *vm)
{
	uint32_t i;

	/* Pins of the machine know vCPUs, which go next. */
	intx_release(vm);
	ivshmem_disconnect(vm);
	for (i = 0; i < SCENARIO_MAX_VUARTS; i++)
		if (vm->vuart[i])
			vuart_disconnect(vm->vuart[i]);
}

static int vuarts_create(struct vm *vm, const struct machine_request *req __unused)
{
	uint32_t i;

	for (i = 0; i < SCENARIO_MAX_VUARTS; i++) {
		const struct scenario_vuart *u = &vm->cfg->vuarts[i];
		int err;

		if (u->type == SCENARIO_VUART_NONE)
			continue;
		if (vm->load_order == SCENARIO_SERVICE)
			intx_reserve(machine_gsi_of_irq(vm, u->irq));
		err = vuart_create(vm, i, u);
		if (err) {
			vuarts_destroy(vm);
			return err;
		}
	}
	return 0;
}

static void vuarts_reset(struct vm *vm)
{
	uint32_t i;

	for (i = 0; i < SCENARIO_MAX_VUARTS; i++)
		if (vm->vuart[i])
			vuart_reset(vm, i);
}

static int vrtc_part(struct vm *vm, const struct machine_request *req __unused)
{
	return vrtc_create(vm, vrtc_host_time());
}

static void asks_power_off(struct vm *vm)
{
	if (vm->hooks.stopped)
		vm->hooks.stopped(vm, VM_STOP_POWER_OFF);
}

static void asks_reset(struct vm *vm)
{
	if (vm->hooks.stopped)
		vm->hooks.stopped(vm, VM_STOP_RESET);
}

static int vpm_part(struct vm *vm, const struct machine_request *req __unused)
{
	static const struct vpm_ops ops = { .power_off = asks_power_off, .reset = asks_reset };

	return vpm_create(vm, &ops);
}

/* The Service VM learns of requests by the HSM function's MSI, else by the fixed vector (doc/abi.md). */
static void service_upcall(struct vm *vm)
{
	uint64_t addr;
	uint32_t data;

	if (vpci_hsm_message(vm, &addr, &data))
		(void)virq_msi(vm, addr, data);
	else
		virq_post(vm->vcpus[0], vm->upcall_vector, false);
}

static int vpci_part(struct vm *vm, const struct machine_request *req __unused)
{
	if (vm->load_order == SCENARIO_SERVICE) {
		vm->upcall_vector = HV_UPCALL_VECTOR;
		vm->hooks.upcall = service_upcall;
	}
	return vpci_create(vm);
}

static void vpci_part_reset(struct vm *vm)
{
	vm->upcall_vector = HV_UPCALL_VECTOR;
	vpci_reset(vm);
}

static int testdev_part(struct vm *vm, const struct machine_request *req __unused)
{
	return vm->options & SCENARIO_OPT_TESTDEV ? testdev_create(vm) : 0;
}

static void testdev_part_destroy(struct vm *vm)
{
	if (vm->options & SCENARIO_OPT_TESTDEV)
		testdev_destroy(vm);
}

const struct machine_part machine_devices[] = {
	{ "I/O registry", FOR_ALL, regions_create, io_regions_destroy, NULL },
	{ "IOREQ page", FOR_POST, ioreq_part, ioreq_detach, ioreq_reset },
	{ "local APIC page", FOR_ALL, lapic_page_create, nothing, NULL },
	{ "vPIC", FOR_ALL, vpic_part, vpic_destroy, vpic_reset },
	{ "vIOAPIC", FOR_ALL, vioapic_part, vioapic_part_destroy, vioapic_part_reset },
	{ "vUARTs", FOR_ALL, vuarts_create, vuarts_destroy, vuarts_reset },
	{ "vRTC", FOR_PRE | FOR_SERVICE, vrtc_part, vrtc_destroy, NULL },
	{ "power management", FOR_PRE | FOR_SERVICE, vpm_part, vpm_destroy, NULL },
	{ "PCI", FOR_ALL, vpci_part, vpci_destroy, vpci_part_reset },
	{ "test device", FOR_ALL, testdev_part, testdev_part_destroy, NULL },
};
const unsigned int machine_nr_devices = ARRAY_SIZE(machine_devices);

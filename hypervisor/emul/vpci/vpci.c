/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configuration mechanism 1 (PCI 3.0, 3.2.2.3.2), for the Service VM also the
 * machine's ECAM window (PCI Express 3.0, 7.2.2), and who answers them.
 */
#include "emul/vpci/vpci.h"

#include "emul/vpci/ivshmem.h"
#include "emul/vpci/ivshmem_priv.h"
#include "emul/vpci/vpci_priv.h"
#include "hw/acpi.h"
#include "hw/pci.h"
#include "io/region.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "mm/pgtable.h"
#include "vm/gpa.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define PORT_ADDRESS	0xcf8u
#define PORT_DATA	0xcfcu
#define ENABLE		(1u << 31)
#define ECAM_REG_MASK	0xfffu
#define ECAM_BDF_SHIFT	12u
#define ECAM_BUS_SHIFT	20u
#define LIMIT_4G	(1ul << 32)
#define VPCI_PAGES	((uint32_t)PAGES(sizeof(struct vpci)))
#define HOST_BRIDGE_ID	0x4d005155u	/* our own ids, see public/hsm_function.h */
#define HOST_BRIDGE_CLASS 0x06000001u

static uint32_t mask_of(uint32_t size)
{
	return size == 4 ? ~0u : (1u << 8 * size) - 1;
}

static bool is_assigned_away(uint16_t bdf)
{
	unsigned int i, j;

	for (i = 0; i < MAX_VMS; i++) {
		const struct vm *vm = vm_table[i];

		if (!vm || vm->load_order != SCENARIO_PRE_LAUNCHED)
			continue;
		for (j = 0; j < vm->cfg->nr_pci_devs; j++)
			if (vm->cfg->pci_devs[j] == bdf)
				return true;
	}
	return false;
}

/* One naturally aligned access to a function of the Service VM's bus. Lock held. */
static uint32_t service_read(struct vpci *p, uint16_t bdf, uint32_t reg, uint32_t size)
{
	if (bdf == p->hsm.bdf)
		return hsm_function_read(&p->hsm, reg & ~3u) >> 8 * (reg & 3) & mask_of(size);
	if (is_assigned_away(bdf))
		return mask_of(size);
	return passthru_read(p, bdf, reg, size);
}

static void service_write(struct vpci *p, uint16_t bdf, uint32_t reg, uint32_t size, uint32_t value)
{
	uint32_t shift = 8 * (reg & 3);

	if (bdf == p->hsm.bdf)
		hsm_function_write(&p->hsm, reg & ~3u, value << shift, mask_of(size) << shift);
	else if (!is_assigned_away(bdf))
		passthru_write(p, bdf, reg, size, value);
}

/* A pre-launched VM's bus: a host bridge at 00:00.0, and its ivshmem functions. */
static uint32_t own_read(uint16_t bdf, uint32_t reg, uint32_t size)
{
	uint32_t v = 0;

	if (bdf)
		return mask_of(size);
	if ((reg & ~3u) == PCI_REG_VENDOR)
		v = HOST_BRIDGE_ID;
	else if ((reg & ~3u) == PCI_REG_CLASS)
		v = HOST_BRIDGE_CLASS;
	return v >> 8 * (reg & 3) & mask_of(size);
}

static uint32_t bus_read(struct vpci *p, uint16_t bdf, uint32_t reg, uint32_t size)
{
	const struct ivshmem *f = ivshmem_at(p->vm, bdf);

	if (f)
		return ivshmem_config_read(f, reg & ~3u) >> 8 * (reg & 3) & mask_of(size);
	return vm_is_service_order(p->vm) ? service_read(p, bdf, reg, size) : own_read(bdf, reg, size);
}

static void bus_write(struct vpci *p, uint16_t bdf, uint32_t reg, uint32_t size, uint32_t value)
{
	struct ivshmem *f = ivshmem_at(p->vm, bdf);
	uint32_t shift = 8 * (reg & 3);

	if (f)
		ivshmem_config_write(f, reg & ~3u, value << shift, mask_of(size) << shift);
	else if (vm_is_service_order(p->vm))
		service_write(p, bdf, reg, size, value);
}

static int address_port(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	struct vpci *p = dev;

	/* Only a dword at CF8 is the address register; bytes there are other chips' registers. */
	if (acc->addr != PORT_ADDRESS || acc->size != 4)
		return IO_MISS;
	if (acc->write)
		p->address = (uint32_t)acc->value;
	else
		acc->value = p->address;
	/* A post-launched VM's bus is its device model's, who must know the address too. */
	return vcpu->vm->load_order == SCENARIO_POST_LAUNCHED ? IO_MISS : IO_DONE;
}

static int data_port(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	struct vpci *p = dev;
	uint32_t offset = (uint32_t)(acc->addr - PORT_DATA), reg = (p->address & 0xfcu) + offset;
	uint16_t bdf = (uint16_t)(p->address >> 8);

	if (vcpu->vm->load_order == SCENARIO_POST_LAUNCHED && (!(p->address & ENABLE) || !ivshmem_at(vcpu->vm, bdf)))
		return IO_MISS;
	if (!(p->address & ENABLE) || offset + acc->size > 4 || (offset & (acc->size - 1u))) {
		if (!acc->write)
			acc->value = mask_of(acc->size);
		return IO_DONE;
	}
	spin_lock(&p->lock);
	if (acc->write)
		bus_write(p, bdf, reg, acc->size, (uint32_t)acc->value);
	else
		acc->value = bus_read(p, bdf, reg, acc->size);
	spin_unlock(&p->lock);
	return IO_DONE;
}

static int ecam_window(struct vcpu *vcpu __unused, void *dev, struct io_access *acc)
{
	struct vpci *p = dev;
	uint64_t offset = acc->addr - acpi.ecam_base;
	uint16_t bdf = (uint16_t)(offset >> ECAM_BDF_SHIFT);
	uint32_t reg = offset & ECAM_REG_MASK;

	if (acc->size > 4 || (reg & (acc->size - 1u))) {
		if (!acc->write)
			acc->value = acc->size == 8 ? ~0ul : mask_of(acc->size);
		return IO_DONE;
	}
	spin_lock(&p->lock);
	if (acc->write)
		bus_write(p, bdf, reg, acc->size, (uint32_t)acc->value);
	else
		acc->value = bus_read(p, bdf, reg, acc->size);
	spin_unlock(&p->lock);
	return IO_DONE;
}

/* True when a trapped page lies in the range. Lock held. */
static bool is_trapped(const struct vpci *p, uint64_t at, uint64_t size)
{
	const struct pci_function *f;

	if (p->ecam_size && ranges_overlap(at, size, p->ecam, p->ecam_size))
		return true;
	for (f = p->functions; f; f = f->next)
		if (vmsix_traps(f, at, size))
			return true;
	return ivshmem_covers(p->vm, at, size);
}

/*
 * Before the memory's own hook, which maps device memory above 4 GiB by 2 MiB
 * when it is touched: our pages stay out, their neighbours come one by one.
 */
static bool touched(struct vm *vm, uint64_t at)
{
	struct vpci *p = vm->vpci;
	uint64_t page = ALIGN_DOWN(at, PAGE_SIZE);
	bool done = false, near;

	if (at < LIMIT_4G)
		return p->touch && p->touch(vm, at);
	spin_lock(&p->lock);
	near = is_trapped(p, ALIGN_DOWN(at, SIZE_2M), SIZE_2M);
	if (near && !is_trapped(p, page, PAGE_SIZE) && !passthru_is_memory(page))
		done = !gpa_map(vm, gpa(page), hpa(page), PAGE_SIZE, PG_R | PG_W | PG_UC);
	else if (!near)
		done = p->touch && p->touch(vm, at);
	spin_unlock(&p->lock);
	return done;
}

/* The window would be a second way to every device, past all checks. */
static int trap_ecam(struct vm *vm, struct vpci *p)
{
	uint64_t size = (uint64_t)(acpi.ecam_end_bus - acpi.ecam_start_bus + 1) << ECAM_BUS_SHIFT;
	int err;

	if (!acpi.ecam_base || acpi.ecam_end_bus < acpi.ecam_start_bus)
		return 0;
	p->ecam = acpi.ecam_base + ((uint64_t)acpi.ecam_start_bus << ECAM_BUS_SHIFT);
	err = gpa_unmap(vm, gpa(p->ecam), size);
	if (!err)
		err = io_region_add(vm, &(struct io_region){ IO_MMIO, p->ecam, size, ecam_window, p });
	if (!err)
		p->ecam_size = size;
	return err;
}

/* A device number on bus 0 below *bdf without a function; from the top, where firmware puts little. */
static int find_free(uint16_t *bdf)
{
	unsigned int d = *bdf >> 3;

	while (--d) {
		if (pci_read(PCI_BDF(0, d, 0), PCI_REG_VENDOR, 4) == PCI_NO_DEVICE) {
			*bdf = PCI_BDF(0, d, 0);
			return 0;
		}
	}
	return ERR(-ENOSPC);
}

/* In the scenario's order. Pre-launched VM: 00:01.0 and up; Service VM: free numbers below the HSM function. */
static int number_ivshmem(struct vm *vm, uint16_t below)
{
	bool service = vm_is_service_order(vm);
	uint32_t i, n = 0;
	int err = 0;

	for (i = 0; i < SCENARIO_MAX_IVSHMEM && !err; i++) {
		struct ivshmem *f = ivshmem_slot(vm, service ? SCENARIO_MAX_IVSHMEM - 1 - i : i);

		if (!f)
			continue;
		if (service)
			err = find_free(&below);
		f->bdf = service ? below : PCI_BDF(0, ++n, 0);
	}
	return err;
}

static int service_create(struct vm *vm, struct vpci *p)
{
	int err;

	p->hsm.bdf = PCI_BDF(1, 0, 0);
	err = find_free(&p->hsm.bdf);
	if (!err)
		err = trap_ecam(vm, p);
	if (err)
		return err;
	p->touch = vm->hooks.touch;
	vm->hooks.touch = touched;
	return 0;
}

static int add_ports(struct vm *vm, struct vpci *p)
{
	int err = io_region_add(vm, &(struct io_region){ IO_PORT, PORT_ADDRESS, 1, address_port, p });

	return err ? err : io_region_add(vm, &(struct io_region){ IO_PORT, PORT_DATA, 4, data_port, p });
}

int vpci_create(struct vm *vm)
{
	struct vpci *p = frame_get(VPCI_PAGES);
	int err = 0;

	if (!p)
		return ERR(-ENOMEM);
	p->vm = vm;
	vm->vpci = p;
	if (vm_is_service_order(vm))
		err = service_create(vm, p);
	if (!err)
		err = ivshmem_create(vm);
	if (!err)
		err = number_ivshmem(vm, p->hsm.bdf);
	if (!err && vm->load_order != SCENARIO_POST_LAUNCHED)
		err = add_ports(vm, p);
	if (err)
		vpci_destroy(vm);
	return err;
}

int vpci_add_ivshmem(struct vm *vm, const struct ivshmem_request *r)
{
	int err = add_ports(vm, vm->vpci);

	/* Another function may have brought the ports. Without ours they change nothing. */
	return err && err != -EEXIST ? err : ivshmem_add(vm, r);
}

bool vpci_lock_range(struct vm *vm, uint64_t at, uint64_t size)
{
	spin_lock(&vm->vpci->lock);
	if (!ivshmem_covers(vm, at, size))
		return true;
	spin_unlock(&vm->vpci->lock);
	return false;
}

void vpci_unlock_range(struct vm *vm)
{
	spin_unlock(&vm->vpci->lock);
}

void vpci_destroy(struct vm *vm)
{
	struct vpci *p = vm->vpci;

	if (!p)
		return;
	ivshmem_destroy(vm);
	passthru_drop_all(p);
	if (vm->hooks.touch == touched)
		vm->hooks.touch = p->touch;
	if (p->ecam_size)
		io_region_remove(vm, IO_MMIO, p->ecam);
	io_region_remove(vm, IO_PORT, PORT_ADDRESS);
	io_region_remove(vm, IO_PORT, PORT_DATA);
	frame_put(p, VPCI_PAGES);
	vm->vpci = NULL;
}

void vpci_reset(struct vm *vm)
{
	struct vpci *p = vm->vpci;

	spin_lock(&p->lock);
	p->address = 0;
	hsm_function_reset(&p->hsm);
	passthru_drop_all(p);
	ivshmem_reset(vm);
	spin_unlock(&p->lock);
}

bool vpci_hsm_message(struct vm *vm, uint64_t *addr, uint32_t *data)
{
	struct vpci *p = vm->vpci;
	bool on;

	spin_lock(&p->lock);
	on = p->hsm.msi_control;
	*addr = p->hsm.msi_addr;
	*data = p->hsm.msi_data;
	spin_unlock(&p->lock);
	return on;
}

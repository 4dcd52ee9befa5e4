/* SPDX-License-Identifier: BSD-3-Clause */
/* The scenario reader: what can be said about one VM alone. */
#include "config/scenario_check.h"
#include "lib/errno.h"
#include "lib/util.h"

#define MIN_LOAD_ADDR	(1ull << 20)	/* below: BIOS areas, ACPI and the boot parameters */
#define LOW_RAM_END	(2ull << 30)	/* pre-launched layout: RAM below the PCI hole ends at 2 GB (reference-system.md section 2) */
#define HPA_END		(1ull << 52)	/* SDM vol. 3A 4.1.4: physical addresses have 52 bits at most */
#define MAX_WEIGHT	128u
#define MAX_WARP_US	1000000u
#define VUART_PORTS	8u
#define MIN_VUART_PORT	0x100u		/* below are the PC's own devices: PIC, PIT, keyboard, RTC, DMA */
#define PCI_CONFIG_PORT	0xCF8u
#define PCI_CONFIG_SIZE	8u

static const struct scenario_vm *this_vm(const struct scenario_check *c)
{
	return &c->s->vms[c->vm_id];
}

int scenario_check_text(struct scenario_check *c, const char *what, const char *text, size_t size, bool word)
{
	size_t len = 0;

	while (len < size && text[len])
		len++;
	if (len == size)
		return scenario_refuse_vm(c, what, -1, "%s is not terminated; it may have %u characters", what, (uint32_t)size - 1);
	if (!scenario_all_zero(text + len, size - len))
		return scenario_refuse_vm(c, what, -1, "%s has bytes after its end", what);
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return scenario_refuse_vm(c, what, -1, "%s has byte 0x%x at %u; only printable ASCII is allowed", what,
						  (uint8_t)text[i], (uint32_t)i);
	for (size_t i = 0; word && i < len; i++)
		if (text[i] == ' ')
			return scenario_refuse_vm(c, what, -1, "%s \"%s\" has a blank; it must be one word", what, text);
	return 0;
}

static int check_kind(struct scenario_check *c)
{
	const struct scenario_vm *vm = this_vm(c);

	if (!scenario_load_order_name(vm->load_order) &&
	    scenario_refuse_vm(c, "load_order", -1, "load_order %u is not known; 0 pre_launched, 1 service and "
			       "2 post_launched are", vm->load_order))
		return -EINVAL;
	if (!scenario_severity_name(vm->severity) &&
	    scenario_refuse_vm(c, "severity", -1, "severity 0x%x is not known; 0x10 standard, 0x20 service, 0x30 rt and "
			       "0x40 safety are", vm->severity))
		return -EINVAL;
	if ((vm->load_order == SCENARIO_SERVICE) != (vm->severity == SCENARIO_SEVERITY_SERVICE) &&
	    scenario_refuse_vm(c, "severity", -1, "severity %s does not fit load_order %s; the Service VM, and no other, "
			       "has severity service", scenario_severity_name(vm->severity),
			       scenario_load_order_name(vm->load_order)))
		return -EINVAL;
	if (!scenario_crash_policy_name(vm->crash_policy) &&
	    scenario_refuse_vm(c, "crash_policy", -1, "crash_policy %u is not known; 0 stop, 1 restart and 2 notify are",
			       vm->crash_policy))
		return -EINVAL;
	if (vm->restart_max && vm->crash_policy != SCENARIO_CRASH_RESTART &&
	    scenario_refuse_vm(c, "restart_max", -1, "restart_max %u with crash_policy %s; it goes with crash_policy "
			       "restart only", vm->restart_max, scenario_crash_policy_name(vm->crash_policy)))
		return -EINVAL;
	if ((vm->reserved0 || vm->reserved1) &&
	    scenario_refuse_vm(c, "", -1, "a reserved byte is not zero"))
		return -EINVAL;
	return 0;
}

static int check_flags(struct scenario_check *c)
{
	const struct scenario_vm *vm = this_vm(c);
	bool lapic_pt = vm->guest_flags & SCENARIO_FLAG_LAPIC_PT, rt = vm->guest_flags & SCENARIO_FLAG_RT;

	if (vm->guest_flags & ~SCENARIO_FLAGS_ALL &&
	    scenario_refuse_vm(c, "guest_flags", -1, "guest_flags 0x%lx has unknown bits; 0x%lx are known",
			       (unsigned long)vm->guest_flags, (unsigned long)SCENARIO_FLAGS_ALL))
		return -EINVAL;
	if (vm->options & ~SCENARIO_OPTS_ALL &&
	    scenario_refuse_vm(c, "options", -1, "options 0x%x has unknown bits; 0x%x are known", vm->options,
			       SCENARIO_OPTS_ALL))
		return -EINVAL;
	if (lapic_pt && !rt &&
	    scenario_refuse_vm(c, "guest_flags", -1, "guest flag lapic_pt needs guest flag rt as well"))
		return -EINVAL;
	if (lapic_pt && vm->load_order == SCENARIO_SERVICE &&
	    scenario_refuse_vm(c, "guest_flags", -1, "guest flag lapic_pt is not for the Service VM, which gets the "
			       "machine's interrupts through the hypervisor"))
		return -EINVAL;
	if (lapic_pt && (vm->options & SCENARIO_OPT_NO_X2APIC) &&
	    scenario_refuse_vm(c, "options", -1, "option no_x2apic contradicts guest flag lapic_pt, which works in x2APIC "
			       "mode; drop one"))
		return -EINVAL;
	if ((vm->options & SCENARIO_OPT_HYPERV_LEAVES) && vm->load_order == SCENARIO_SERVICE &&
	    scenario_refuse_vm(c, "options", -1, "option hyperv_leaves is not for the Service VM: CPUID 0x40000001 tells it "
			       "that it is privileged; drop it"))
		return -EINVAL;
	if ((vm->options & SCENARIO_OPT_MICROCODE) && vm->load_order != SCENARIO_SERVICE &&
	    scenario_refuse_vm(c, "options", -1, "option microcode is for the Service VM only; drop it"))
		return -EINVAL;
	if (rt && vm->severity < SCENARIO_SEVERITY_RT &&
	    scenario_refuse_vm(c, "severity", -1, "severity %s with guest flag rt; rt or safety is needed, else the Service "
			       "VM may interrupt it", scenario_severity_name(vm->severity)))
		return -EINVAL;
	return 0;
}

static int check_memory(struct scenario_check *c)
{
	const struct scenario_vm *vm = this_vm(c);

	if (vm->memory_size % SIZE_2M &&
	    scenario_refuse_vm(c, "memory_size", -1, "memory_size 0x%lx is not a multiple of 2M",
			       (unsigned long)vm->memory_size))
		return -EINVAL;
	if (vm->memory_hpa && vm->load_order != SCENARIO_PRE_LAUNCHED &&
	    scenario_refuse_vm(c, "memory_hpa", -1, "memory_hpa is for pre-launched VMs only; leave it out"))
		return -EINVAL;
	if (vm->load_order == SCENARIO_SERVICE && vm->memory_size &&
	    scenario_refuse_vm(c, "memory_size", -1, "memory_size is not for the Service VM, which has what the others "
			       "leave; leave it out"))
		return -EINVAL;
	if (vm->load_order == SCENARIO_PRE_LAUNCHED && !vm->memory_size &&
	    scenario_refuse_vm(c, "memory_size", -1, "memory_size is missing; a pre-launched VM needs one, as 256M"))
		return -EINVAL;
	if (vm->memory_hpa % SIZE_2M &&
	    scenario_refuse_vm(c, "memory_hpa", -1, "memory_hpa 0x%lx is not a multiple of 2M",
			       (unsigned long)vm->memory_hpa))
		return -EINVAL;
	if (!range_fits(vm->memory_hpa, vm->memory_size, HPA_END) &&
	    scenario_refuse_vm(c, "memory_size", -1, "memory_size 0x%lx at 0x%lx goes beyond 52 address bits",
			       (unsigned long)vm->memory_size, (unsigned long)vm->memory_hpa))
		return -EINVAL;
	return 0;
}

static int check_warp(struct scenario_check *c)
{
	const struct scenario_vm *vm = this_vm(c);

	if (vm->warp_us > MAX_WARP_US &&
	    scenario_refuse_vm(c, "warp_us", -1, "warp_us %u is above %u, a second", vm->warp_us, MAX_WARP_US))
		return -EINVAL;
	if (vm->warp_limit_us && !vm->warp_us &&
	    scenario_refuse_vm(c, "warp_limit_us", -1, "warp_limit_us %u without warp_us: nothing to end; give warp_us, too",
			       vm->warp_limit_us))
		return -EINVAL;
	if (vm->unwarp_us && !vm->warp_limit_us &&
	    scenario_refuse_vm(c, "unwarp_us", -1, "unwarp_us %u without warp_limit_us, after which it begins; give both",
			       vm->unwarp_us))
		return -EINVAL;
	return 0;
}

static int check_cpus(struct scenario_check *c)
{
	const struct scenario_vm *vm = this_vm(c);

	if (!vm->cpu_affinity &&
	    scenario_refuse_vm(c, "cpu_affinity", -1, "cpu_affinity names no pCPU; it needs at least one, as 0 or 0-2,5"))
		return -EINVAL;
	if (vm->weight > MAX_WEIGHT &&
	    scenario_refuse_vm(c, "weight", -1, "weight %u is above %u", vm->weight, MAX_WEIGHT))
		return -EINVAL;
	if (check_warp(c))
		return -EINVAL;
	if (!vm->budget_us != !vm->period_us &&
	    scenario_refuse_vm(c, vm->budget_us ? "budget_us" : "period_us", -1, "budget_us %u with period_us %u; give both "
			       "or none", vm->budget_us, vm->period_us))
		return -EINVAL;
	if (vm->period_us && vm->budget_us > vm->period_us &&
	    scenario_refuse_vm(c, "budget_us", -1, "budget_us %u is more than period_us %u", vm->budget_us, vm->period_us))
		return -EINVAL;
	if (!(vm->guest_flags & SCENARIO_FLAG_LAPIC_PT))
		return 0;
	for (unsigned int i = 0; i < SCENARIO_MAX_PCPUS; i++) {
		uint8_t policy = c->s->pcpu_policy[i];

		if ((vm->cpu_affinity >> i & 1) && policy != SCENARIO_POLICY_DEFAULT && policy != SCENARIO_POLICY_NOOP &&
		    scenario_refuse_vm(c, "cpu_affinity", -1, "pCPU %u has policy %s, which needs the timer that guest flag "
				       "lapic_pt gives away; default or noop is right", i, scenario_policy_name(policy)))
			return -EINVAL;
	}
	return 0;
}

static int check_tsc(struct scenario_check *c)
{
	const struct scenario_vm *vm = this_vm(c);

	if (!vm->tsc_khz)
		return 0;
	if ((vm->tsc_khz < SCENARIO_MIN_TSC_KHZ || vm->tsc_khz > SCENARIO_MAX_TSC_KHZ) &&
	    scenario_refuse_vm(c, "tsc_khz", -1, "tsc_khz is %u; %u (10 MHz) to %u (10 GHz) is right, or leave it out", vm->tsc_khz,
			       SCENARIO_MIN_TSC_KHZ, SCENARIO_MAX_TSC_KHZ))
		return -EINVAL;
	if (vm->load_order == SCENARIO_SERVICE &&
	    scenario_refuse_vm(c, "tsc_khz", -1, "tsc_khz is not for the Service VM, whose traces and clocks are the machine's; "
			       "leave it out"))
		return -EINVAL;
	if (vm->guest_flags & SCENARIO_FLAG_LAPIC_PT &&
	    scenario_refuse_vm(c, "tsc_khz", -1, "tsc_khz contradicts guest flag lapic_pt: that local APIC's deadlines are the "
			       "machine's TSC; drop one"))
		return -EINVAL;
	return 0;
}

static int check_vuart_ports(struct scenario_check *c, unsigned int i)
{
	const struct scenario_vm *vm = this_vm(c);
	const struct scenario_vuart *u = &vm->vuarts[i];

	if ((u->io_base % VUART_PORTS || u->io_base < MIN_VUART_PORT || u->io_base == PCI_CONFIG_PORT) &&
	    scenario_refuse_vm(c, "vuart", (int)i, "vuart %u: io_base 0x%x; a multiple of 8 from 0x%x on, but 0xcf8, is "
			       "needed, as 0x3f8", i, u->io_base, MIN_VUART_PORT))
		return -EINVAL;
	if ((u->irq < 1 || u->irq > 15 || u->irq == 2 || u->irq == 8) &&
	    scenario_refuse_vm(c, "vuart", (int)i, "vuart %u: irq %u; 1 to 15 without 2 (cascade) and 8 (clock) are right",
			       i, u->irq))
		return -EINVAL;
	for (unsigned int j = 0; j < i; j++) {
		const struct scenario_vuart *other = &vm->vuarts[j];

		if (other->type == SCENARIO_VUART_NONE)
			continue;
		if (other->io_base == u->io_base &&
		    scenario_refuse_vm(c, "vuart", (int)i, "vuart %u: io_base 0x%x is that of vuart %u; each needs its own",
				       i, u->io_base, j))
			return -EINVAL;
		if (other->irq == u->irq &&
		    scenario_refuse_vm(c, "vuart", (int)i, "vuart %u: irq %u is that of vuart %u; each needs its own", i,
				       u->irq, j))
			return -EINVAL;
	}
	return 0;
}

static int check_vuart(struct scenario_check *c, unsigned int i)
{
	const struct scenario_vuart *u = &this_vm(c)->vuarts[i];

	if (!scenario_vuart_type_name(u->type))
		return scenario_refuse_vm(c, "vuart", (int)i, "vuart %u: type %u is not known; 0 none, 1 console and 2 inter_vm are", i,
					  u->type);
	if (u->type == SCENARIO_VUART_NONE) {
		if (!scenario_all_zero(u, sizeof(*u)))
			return scenario_refuse_vm(c, "vuart", (int)i, "vuart %u: type none, but another field is set", i);
		return 0;
	}
	if (u->reserved)
		return scenario_refuse_vm(c, "vuart", (int)i, "vuart %u: a reserved byte is not zero", i);
	if (u->type == SCENARIO_VUART_CONSOLE && (u->peer_vm || u->peer_vuart))
		return scenario_refuse_vm(c, "vuart", (int)i, "vuart %u: type console has no peer; use type inter_vm or drop the peer",
					  i);
	return check_vuart_ports(c, i);
}

static int check_vuarts(struct scenario_check *c)
{
	const struct scenario_vm *vm = this_vm(c);

	for (unsigned int i = 0; i < SCENARIO_MAX_VUARTS; i++) {
		int rc = check_vuart(c, i);

		if (rc)
			return rc;
	}
	if (vm->console == SCENARIO_NO_CONSOLE)
		return 0;
	if (vm->console >= SCENARIO_MAX_VUARTS || vm->vuarts[vm->console].type != SCENARIO_VUART_CONSOLE)
		return scenario_refuse_vm(c, "console", -1, "console is vuart %u, which is not a vuart of type console; give that vuart "
					  "or leave console out", vm->console);
	return 0;
}

static int check_io_range(struct scenario_check *c, unsigned int i)
{
	const struct scenario_vm *vm = this_vm(c);
	const struct scenario_io_range *r = &vm->io_ranges[i];

	if ((!r->size || !range_fits(r->base, r->size, 0x10000)) &&
	    scenario_refuse_vm(c, "io_range", (int)i, "io_range %u: %u ports from 0x%x; at least one port is needed, and none "
			       "beyond 0xffff", i, r->size, r->base))
		return -EINVAL;
	if (ranges_overlap(r->base, r->size, PCI_CONFIG_PORT, PCI_CONFIG_SIZE) &&
	    scenario_refuse_vm(c, "io_range", (int)i, "io_range %u: 0x%x to 0x%x covers the PCI configuration ports 0xcf8 to "
			       "0xcff, which no VM may reach directly", i, r->base, r->base + r->size - 1))
		return -EINVAL;
	for (unsigned int j = 0; j < SCENARIO_MAX_VUARTS; j++) {
		const struct scenario_vuart *u = &vm->vuarts[j];

		if (u->type != SCENARIO_VUART_NONE && ranges_overlap(r->base, r->size, u->io_base, VUART_PORTS) &&
		    scenario_refuse_vm(c, "io_range", (int)i, "io_range %u: 0x%x to 0x%x overlaps vuart %u at 0x%x; move one "
				       "of them", i, r->base, r->base + r->size - 1, j, u->io_base))
			return -EINVAL;
	}
	return 0;
}

/* Devices and ports are given out at boot to pre-launched VMs only: the Service VM has the rest, and acrn-dm assigns from there. */
static int check_devices(struct scenario_check *c)
{
	const struct scenario_vm *vm = this_vm(c);

	if (vm->nr_pci_devs > SCENARIO_MAX_PCI_DEVS)
		return scenario_refuse_vm(c, "pci_dev", -1, "%u PCI devices; there may be up to %u", vm->nr_pci_devs,
					  SCENARIO_MAX_PCI_DEVS);
	if (vm->nr_io_ranges > SCENARIO_MAX_IO_RANGES)
		return scenario_refuse_vm(c, "io_range", -1, "%u port ranges; there may be up to %u", vm->nr_io_ranges,
					  SCENARIO_MAX_IO_RANGES);
	if ((vm->load_order != SCENARIO_PRE_LAUNCHED && (vm->nr_pci_devs || vm->nr_io_ranges)) &&
	    scenario_refuse_vm(c, vm->nr_pci_devs ? "pci_dev" : "io_range", 0, "pci_dev and io_range are for pre-launched "
			       "VMs only: the Service VM has all that is left, and acrn-dm assigns devices to user VMs"))
		return -EINVAL;
	if (!scenario_all_zero(&vm->pci_devs[vm->nr_pci_devs], (SCENARIO_MAX_PCI_DEVS - vm->nr_pci_devs) * sizeof(vm->pci_devs[0])) &&
	    scenario_refuse_vm(c, "pci_dev", -1, "a PCI device is set beyond the %u counted", vm->nr_pci_devs))
		return -EINVAL;
	if (!scenario_all_zero(&vm->io_ranges[vm->nr_io_ranges],
			       (SCENARIO_MAX_IO_RANGES - vm->nr_io_ranges) * sizeof(vm->io_ranges[0])) &&
	    scenario_refuse_vm(c, "io_range", -1, "a port range is set beyond the %u counted", vm->nr_io_ranges))
		return -EINVAL;
	for (unsigned int i = 0; i < vm->nr_io_ranges; i++) {
		int rc = check_io_range(c, i);

		if (rc)
			return rc;
	}
	return 0;
}

static int check_kernel_addresses(struct scenario_check *c)
{
	const struct scenario_vm *vm = this_vm(c);
	const struct scenario_kernel *k = &vm->kernel;
	uint64_t end = vm->load_order == SCENARIO_SERVICE ? 1ull << 32 : MIN(vm->memory_size, LOW_RAM_END);

	if ((k->load_addr && (k->type == SCENARIO_KERNEL_ELF_MULTIBOOT || k->type == SCENARIO_KERNEL_ELF_PVH)) &&
	    scenario_refuse_vm(c, "load_addr", -1, "load_addr is not for kernel type %s, whose image says where it goes; "
			       "leave it out", scenario_kernel_type_name(k->type)))
		return -EINVAL;
	if ((k->load_addr && (k->load_addr < MIN_LOAD_ADDR || k->load_addr >= end || k->load_addr % PAGE_SIZE)) &&
	    scenario_refuse_vm(c, "load_addr", -1, "load_addr 0x%lx; a multiple of 4K from 1M up to the end of the VM's low "
			       "memory at 0x%lx is needed", (unsigned long)k->load_addr, (unsigned long)end))
		return -EINVAL;
	if ((k->entry_addr && (k->entry_addr < MAX(k->load_addr, MIN_LOAD_ADDR) || k->entry_addr >= end)) &&
	    scenario_refuse_vm(c, "entry_addr", -1, "entry_addr 0x%lx; an address from 0x%lx (load_addr, or 1M) up to the end "
			       "of the VM's low memory at 0x%lx is needed", (unsigned long)k->entry_addr,
			       (unsigned long)MAX(k->load_addr, MIN_LOAD_ADDR), (unsigned long)end))
		return -EINVAL;
	return 0;
}

static int check_kernel(struct scenario_check *c)
{
	const struct scenario_vm *vm = this_vm(c);
	const struct scenario_kernel *k = &vm->kernel;
	int rc;

	if (vm->load_order == SCENARIO_POST_LAUNCHED) {
		if (!scenario_all_zero(k, sizeof(*k)) &&
		    scenario_refuse_vm(c, "kernel", -1, "kernel is not for a post-launched VM; acrn-dm loads its kernel"))
			return -EINVAL;
		return 0;
	}
	if (!scenario_kernel_type_name(k->type) &&
	    scenario_refuse_vm(c, "type", -1, "kernel type %u is not known; 0 auto, 1 bzimage, 2 elf_multiboot and "
			       "3 elf_pvh are", k->type))
		return -EINVAL;
	if (!scenario_all_zero(k->reserved, sizeof(k->reserved)) &&
	    scenario_refuse_vm(c, "kernel", -1, "a reserved byte of kernel is not zero"))
		return -EINVAL;
	rc = scenario_check_text(c, "tag", k->tag, sizeof(k->tag), true);
	if (!rc)
		rc = scenario_check_text(c, "ramdisk_tag", k->ramdisk_tag, sizeof(k->ramdisk_tag), true);
	if (!rc)
		rc = scenario_check_text(c, "acpi_tag", k->acpi_tag, sizeof(k->acpi_tag), true);
	if (!rc)
		rc = scenario_check_text(c, "bootargs", k->bootargs, sizeof(k->bootargs), false);
	if (rc)
		return rc;
	if (!k->tag[0] &&
	    scenario_refuse_vm(c, "tag", -1, "kernel tag is missing; it is the first word of the boot module's string, as "
			       "Linux_bzImage"))
		return -EINVAL;
	if (k->acpi_tag[0] && vm->load_order == SCENARIO_SERVICE &&
	    scenario_refuse_vm(c, "acpi_tag", -1, "acpi_tag is not for the Service VM, which sees the machine's own tables"))
		return -EINVAL;
	return check_kernel_addresses(c);
}

int scenario_check_vm(struct scenario_check *c)
{
	static int (*const checks[])(struct scenario_check *c) = {
		check_kind, check_flags, check_memory, check_cpus, check_tsc, check_vuarts, check_devices, check_kernel,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(checks); i++) {
		int rc = checks[i](c);

		if (rc)
			return rc;
	}
	return 0;
}

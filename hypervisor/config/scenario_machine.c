/* SPDX-License-Identifier: BSD-3-Clause */
/* The scenario against the machine and the modules it was started with. */
#include "config/scenario_check.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/util.h"

const char *scenario_unserved(const struct scenario_vm *vm)
{
	if (vm->nr_io_ranges)
		return "io_range";
	if (vm->nr_pci_devs)
		return "pci_dev";
	if (vm->kernel.acpi_tag[0])
		return "acpi_tag";
	/* acrn-dm has them. */
	for (unsigned int i = 0; i < SCENARIO_MAX_VUARTS && vm->load_order == SCENARIO_POST_LAUNCHED; i++)
		if (vm->vuarts[i].type == SCENARIO_VUART_CONSOLE)
			return "console vuart of a post-launched VM";
	return NULL;
}

static int check_features(struct scenario_check *c, const struct scenario_machine *m)
{
	const struct scenario_vm *vm = &c->s->vms[c->vm_id];
	uint64_t flags = vm->guest_flags & ~m->guest_flags, options = vm->options & ~(uint64_t)m->options;

	if (flags)
		scenario_refuse_vm(c, "guest_flags", -1, "guest flag %s is not offered by this hypervisor on this machine; drop it",
				   scenario_flag_name(bit_lowest(flags)));
	if (options && (!flags || c->found))
		scenario_refuse_vm(c, "options", -1, "option %s is not offered by this hypervisor on this machine; drop it",
				   scenario_option_name(bit_lowest(options)));
	return flags || options ? -ENOSYS : 0;
}

static int check_tsc(struct scenario_check *c, const struct scenario_machine *m)
{
	uint32_t khz = c->s->vms[c->vm_id].tsc_khz;

	if (!khz || khz == m->tsc_khz || m->tsc_scaling)
		return 0;
	scenario_refuse_vm(c, "tsc_khz", -1, "tsc_khz is %u, but this machine's TSC runs at %lu kHz and its processors cannot scale it "
			   "(or option mask= hides that); leave tsc_khz out", khz, (unsigned long)m->tsc_khz);
	return -ENOSYS;
}

/* A post-launched VM names what its creator may choose from: one CPU that exists is enough. */
static int check_cpus(struct scenario_check *c, const struct scenario_machine *m)
{
	const struct scenario_vm *vm = &c->s->vms[c->vm_id];
	uint64_t existing = m->nr_pcpus >= 64 ? ~0ull : (1ull << m->nr_pcpus) - 1;
	uint64_t missing = vm->cpu_affinity & ~existing;

	if (!missing || (vm->load_order == SCENARIO_POST_LAUNCHED && (vm->cpu_affinity & existing)))
		return 0;
	scenario_refuse_vm(c, "cpu_affinity", -1, "pCPU %u does not exist; this machine has %u, numbered from 0", bit_lowest(missing),
			   m->nr_pcpus);
	return -ENODEV;
}

static int check_policies(struct scenario_check *c, const struct scenario_machine *m)
{
	const struct scenario_vm *vm = &c->s->vms[c->vm_id];

	for (uint64_t cpus = vm->cpu_affinity; cpus; cpus &= cpus - 1) {
		uint8_t policy = c->s->pcpu_policy[bit_lowest(cpus)];

		if (policy == SCENARIO_POLICY_DEFAULT || (m->policies >> policy & 1))
			continue;
		scenario_refuse_vm(c, "cpu_affinity", -1, "pCPU %u has policy %s, which this hypervisor does not offer; take another",
				   bit_lowest(cpus), scenario_policy_name(policy));
		return -ENOSYS;
	}
	return 0;
}

static int check_modules(struct scenario_check *c, const struct scenario_machine *m)
{
	const struct scenario_kernel *k = &c->s->vms[c->vm_id].kernel;
	const struct { const char *tag, *field, *what; } wanted[] = {
		{ k->tag, "tag", "kernel" }, { k->ramdisk_tag, "ramdisk_tag", "ramdisk" }, { k->acpi_tag, "acpi_tag", "ACPI" },
	};

	int rc = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(wanted) && (!rc || c->found); i++) {
		if (!wanted[i].tag[0] || m->has_module(wanted[i].tag, m->arg))
			continue;
		scenario_refuse_vm(c, wanted[i].field, -1, "%s module \"%s\" is missing; load a boot module whose string begins with %s",
				   wanted[i].what, wanted[i].tag, wanted[i].tag);
		rc = -ENOENT;
	}
	return rc;
}

static int check_memory(struct scenario_check *c, const struct scenario_machine *m, uint64_t *left)
{
	const struct scenario_vm *vm = &c->s->vms[c->vm_id];

	if (vm->load_order != SCENARIO_PRE_LAUNCHED)
		return 0;
	if (vm->memory_size > *left) {
		scenario_refuse_vm(c, "memory_size", -1, "memory_size is %lu MB, but %lu of %lu MB are left for it; make VMs smaller",
				   (unsigned long)(vm->memory_size >> 20), (unsigned long)(*left >> 20),
				   (unsigned long)(m->ram_size >> 20));
		return -ENOMEM;
	}
	if (vm->memory_hpa && m->is_ram && !m->is_ram(vm->memory_hpa, vm->memory_size, m->arg)) {
		scenario_refuse_vm(c, "memory_hpa", -1, "memory 0x%lx to 0x%lx is not all free RAM of this machine; choose another "
				   "memory_hpa or leave it out", (unsigned long)vm->memory_hpa,
				   (unsigned long)(vm->memory_hpa + vm->memory_size - 1));
		return -ENOMEM;
	}
	*left -= vm->memory_size;
	return 0;
}

/* The first fault's error; with c->found set, after all the others have been looked for. */
static int check_machine(struct scenario_check *c, const struct scenario_machine *m)
{
	static int (*const checks[])(struct scenario_check *c, const struct scenario_machine *m) = {
		check_cpus, check_policies, check_features, check_tsc,
	};
	uint64_t left = m->ram_size;
	int first = 0;

	for (c->vm_id = 0; c->vm_id < c->s->nr_vms; c->vm_id++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(checks) && (!first || c->found); i++)
			first = checks[i](c, m) ?: first;
		if (!first || c->found)
			first = check_memory(c, m, &left) ?: first;
		if (!first || c->found)
			first = check_modules(c, m) ?: first;
		if (first && !c->found)
			break;
	}
	return first;
}

int scenario_check_machine(const struct scenario *s, const struct scenario_machine *m, struct scenario_error *err)
{
	struct scenario_check c = { .s = s, .err = err };

	return check_machine(&c, m);
}

bool scenario_list_machine(const struct scenario *s, const struct scenario_machine *m, scenario_found_t *found, void *arg)
{
	struct scenario_error err;
	struct scenario_check c = { .s = s, .err = &err, .found = found, .arg = arg };

	return !check_machine(&c, m);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypervisor's rules, and the board. */
#include "rules.h"

#include <limits.h>
#include <string.h>

#include "config/scenario.h"
#include "schema.h"

#define SERVICE_MEMORY	(256ull << 20)
#define SCENARIO_ALL_POLICIES	((1u << SCENARIO_NR_POLICIES) - 1)

/* The index-th element `name` below `parent`; NULL: none. */
static xmlNode *nth_child(xmlNode *parent, const char *name, int index)
{
	for (xmlNode *n = parent->children; n; n = n->next)
		if (schema_is(n, name) && index-- == 0)
			return n;
	return NULL;
}

/* The element an error is about; NULL: it is not in the file. */
static xmlNode *field_of(const struct build *b, const struct scenario_error *e)
{
	xmlNode *at = e->vm_id < 0 ? b->root : b->vm_node[e->vm_id], *found, *kernel;

	if (!e->field[0])
		return NULL;
	if (!strcmp(e->field, "name"))
		return at;
	if (e->vm_id >= 0 && !strcmp(e->field, "vuart"))
		return b->vuart_node[e->vm_id][e->index & 3];
	found = nth_child(at, e->field, e->index < 0 ? 0 : e->index);
	kernel = schema_child(at, "kernel", NULL);
	return !found && kernel ? schema_child(kernel, e->field, NULL) : found;
}

/* Last line that belongs to a VM. */
static long last_line(const struct build *b, unsigned int vm_id)
{
	return vm_id + 1 < b->s->nr_vms ? xmlGetLineNo(b->vm_node[vm_id + 1]) - 1 : LONG_MAX;
}

static bool vm_has_error(const struct build *b, unsigned int vm_id)
{
	return report_has(b->report, xmlGetLineNo(b->vm_node[vm_id]), last_line(b, vm_id));
}

/* Is there an error in a line where a VM has this element, or a VM without it that must have it? */
static bool element_has_error(const struct build *b, const char *name)
{
	for (unsigned int i = 0; i < b->s->nr_vms; i++) {
		bool there = false;

		for (xmlNode *n = b->vm_node[i]->children; n; n = n->next) {
			if (!schema_is(n, name))
				continue;
			there = true;
			if (report_has(b->report, xmlGetLineNo(n), xmlGetLineNo(n)))
				return true;
		}
		if (!there && !strcmp(name, "load_order"))
			return true;
	}
	return false;
}

/* What a rule about a field also looks at. */
static const struct { const char *field, *element; } looks_at[] = {
	{ "load_order", "load_order" }, { "severity", "load_order" }, { "severity", "guest_flags" }, { "vuart", "vuart" },
	{ "console", "vuart" }, { "priority", "load_order" }, { "priority", "budget_us" }, { "ivshmem_region", "ivshmem" },
	{ "pci_dev", "load_order" }, { "io_range", "load_order" }, { "kernel", "load_order" }, { "memory_size", "load_order" },
	{ "memory_hpa", "load_order" },
};

/*
 * A value that could not be stored is 0, and rules about it would speak of what nobody wrote. So nothing is said of a line that has an
 * error, of a field that is missing from such a VM, nor by a rule that looks at something else that was not understood.
 */
static bool is_echo(const struct build *b, const struct scenario_error *e, const xmlNode *field, long line)
{
	if (report_has(b->report, line, line))
		return true;
	if (e->vm_id >= 0 && !field && vm_has_error(b, (unsigned int)e->vm_id))
		return true;
	for (unsigned int i = 0; i < sizeof(looks_at) / sizeof(looks_at[0]); i++)
		if (!strcmp(e->field, looks_at[i].field) && element_has_error(b, looks_at[i].element))
			return true;
	return false;
}

struct findings {
	struct build *b;
	struct scenario_error e[128];
	unsigned int nr;
};

static void keep(const struct scenario_error *e, void *arg)
{
	struct findings *f = arg;

	if (f->nr < sizeof(f->e) / sizeof(f->e[0]))
		f->e[f->nr++] = *e;
}

/* What this version does not serve yet may be written, for one that does. */
static bool is_about_features(const struct scenario_error *e)
{
	return !strcmp(e->field, "guest_flags") || !strcmp(e->field, "options");
}

/* Which of the findings are echoes is decided by the errors of form and value, not by findings. */
static void report_findings(struct findings *f, bool features_are_warnings)
{
	struct report before = *f->b->report;
	struct build b = *f->b;

	before.errors = b.fill_errors;
	b.report = &before;
	for (unsigned int i = 0; i < f->nr; i++) {
		const struct scenario_error *e = &f->e[i];
		const xmlNode *field = field_of(&b, e);
		long line = xmlGetLineNo((xmlNode *)(field ? field : e->vm_id < 0 ? b.root : b.vm_node[e->vm_id]));

		if (is_echo(&b, e, field, line))
			continue;
		if (features_are_warnings && is_about_features(e))
			report_warning(f->b->report, line, "%s", e->text);
		else
			report_error(f->b->report, line, "%s", e->text);
	}
}

static void check_rules(struct build *b)
{
	static struct findings f;

	f.b = b;
	f.nr = 0;
	scenario_list(b->s, keep, &f);
	report_findings(&f, false);
}

static bool any_module(const char *tag, void *arg)
{
	(void)tag, (void)arg;
	return true;	/* what the boot loader loads is not known here */
}

static void check_machine(struct build *b)
{
	static struct findings f;
	struct scenario_machine m = {
		.nr_pcpus = SCENARIO_MAX_PCPUS, .ram_size = UINT64_MAX, .guest_flags = SCENARIO_FLAGS_OFFERED,
		.options = SCENARIO_OPTS_OFFERED, .policies = SCENARIO_ALL_POLICIES, .has_module = any_module,
		.tsc_scaling = true,	/* at which rate its TSC runs, and whether it scales, is seen at boot */
	};

	if (b->board) {
		m.nr_pcpus = b->board->nr_threads;
		m.ram_size = board_ram_size(b->board);
		m.is_ram = board_is_ram;
		m.arg = (void *)b->board;
	}
	f.b = b;
	f.nr = 0;
	scenario_list_machine(b->s, &m, keep, &f);
	report_findings(&f, true);
}

struct module {
	const char *tag, *file, *field;
	unsigned int vm_id;
};

/* One module a tag: the boot loader cannot load two files for it. */
static void check_module(struct build *b, const struct module *m, const struct module *before)
{
	xmlNode *kernel = schema_child(b->vm_node[m->vm_id], "kernel", NULL);

	if (m->tag[0] && !strcmp(m->tag, before->tag) && strcmp(m->file, before->file))
		report_error(b->report, xmlGetLineNo(schema_child(kernel, m->field, NULL)), "vm \"%s\": module %s is file %s here and %s for vm "
			     "\"%s\"; a tag has one file", b->s->vms[m->vm_id].name, m->tag, m->file, before->file,
			     b->s->vms[before->vm_id].name);
}

static void check_modules(struct build *b)
{
	struct module m[3 * SCENARIO_MAX_VMS];
	unsigned int nr = 0;

	for (unsigned int i = 0; i < b->s->nr_vms; i++) {
		const struct scenario_kernel *k = &b->s->vms[i].kernel;
		const struct setup_vm *files = &b->setup->vm[i];

		m[nr++] = (struct module){ k->tag, files->kernel, "tag", i };
		m[nr++] = (struct module){ k->ramdisk_tag, files->ramdisk, "ramdisk_tag", i };
		m[nr++] = (struct module){ k->acpi_tag, files->acpi, "acpi_tag", i };
	}
	for (unsigned int i = 1; i < nr; i++)
		for (unsigned int j = 0; j < i; j++)
			check_module(b, &m[i], &m[j]);
}

/* acrn-dm counts local APIC ids, a scenario pCPUs; which is which only the board says. */
static void check_affinity(struct build *b)
{
	for (unsigned int i = 0; i < b->s->nr_vms && !b->board; i++) {
		const struct setup_launch *l = &b->setup->vm[i].launch;
		xmlNode *launch = schema_child(b->vm_node[i], "launch", NULL);

		if (l->present && l->vcpu_affinity != b->s->vms[i].cpu_affinity)
			report_warning(b->report, xmlGetLineNo(schema_child(launch, "vcpu_affinity", NULL)), "vm \"%s\": its launch script "
				       "takes pCPU numbers for local APIC ids; with option -b BOARD.xml it has the right ones", b->s->vms[i].name);
	}
}

/* What is in the format and refused at boot: it may be written, it will not run. */
static void check_served(struct build *b)
{
	for (unsigned int i = 0; i < b->s->nr_vms; i++) {
		const char *what = scenario_unserved(&b->s->vms[i]);

		if (what && !vm_has_error(b, i))
			report_warning(b->report, xmlGetLineNo(b->vm_node[i]), "vm \"%s\": %s is not served by this version of the "
				       "hypervisor, which will refuse the scenario; take it out", b->s->vms[i].name, what);
	}
}

static const struct board_function *find_function(const struct board *board, uint16_t bdf)
{
	for (unsigned int i = 0; i < board->nr_pci; i++)
		if (board->pci[i].bdf == bdf)
			return &board->pci[i];
	return NULL;
}

/* Other functions of an IOMMU group can reach the VM's memory through each other: they must go to the same VM. */
static const struct board_function *left_behind(const struct build *b, const struct scenario_vm *vm, const struct board_function *f)
{
	for (unsigned int i = 0; i < b->board->nr_pci && f->group >= 0; i++) {
		const struct board_function *other = &b->board->pci[i];
		bool mine = other->is_bridge || other->group != f->group;

		for (unsigned int j = 0; j < vm->nr_pci_devs && !mine; j++)
			mine = vm->pci_devs[j] == other->bdf;
		if (!mine)
			return other;
	}
	return NULL;
}

static void check_function(struct build *b, unsigned int vm_id, unsigned int index)
{
	const struct scenario_vm *vm = &b->s->vms[vm_id];
	uint16_t bdf = vm->pci_devs[index];
	const struct board_function *f = find_function(b->board, bdf), *other;
	xmlNode *node = nth_child(b->vm_node[vm_id], "pci_dev", (int)index);
	long line = xmlGetLineNo(node ? node : b->vm_node[vm_id]);

	if (!f || f->is_bridge) {
		report_error(b->report, line, "vm \"%s\": PCI device %02x:%02x.%u is %s board \"%s\"; see its file for those there are",
			     vm->name, bdf >> 8, bdf >> 3 & 31, bdf & 7, f ? "a bridge of" : "not on", b->board->name);
		return;
	}
	if (!f->can_reset)
		report_warning(b->report, line, "vm \"%s\": PCI device %02x:%02x.%u cannot be reset alone: it keeps its state when the VM is "
			       "reset", vm->name, bdf >> 8, bdf >> 3 & 31, bdf & 7);
	other = left_behind(b, vm, f);
	if (other)
		report_error(b->report, line, "vm \"%s\": PCI device %02x:%02x.%u shares IOMMU group %d with %02x:%02x.%u; give the VM all "
			     "of the group or none", vm->name, bdf >> 8, bdf >> 3 & 31, bdf & 7, f->group, other->bdf >> 8,
			     other->bdf >> 3 & 31, other->bdf & 7);
}

struct memory {
	uint64_t ram, pre_launched, regions, users;
	long service_line;	/* 0: there is no Service VM */
};

static struct memory count_memory(const struct build *b)
{
	struct memory m = { .ram = board_ram_size(b->board) };

	for (unsigned int i = 0; i < b->s->nr_vms; i++) {
		const struct scenario_vm *vm = &b->s->vms[i];

		if (vm->load_order == SCENARIO_SERVICE)
			m.service_line = xmlGetLineNo(b->vm_node[i]);
		*(vm->load_order == SCENARIO_PRE_LAUNCHED ? &m.pre_launched : &m.users) += vm->memory_size;
	}
	for (unsigned int i = 0; i < b->s->nr_ivshmem; i++)
		m.regions += b->s->ivshmem[i].size;
	return m;
}

/* Pre-launched VMs that do not fit are told by the hypervisor's rules; here is what is left by those that do. */
static void check_left_memory(struct build *b)
{
	struct memory m = count_memory(b);
	uint64_t left;

	if (m.pre_launched > m.ram)
		return;
	left = m.ram - m.pre_launched;
	if (m.regions > left) {
		report_error(b->report, xmlGetLineNo(schema_child(b->root, "ivshmem_region", NULL)), "ivshmem regions have %lu MB, but %lu of %lu "
			     "MB are left for them; make them smaller", (unsigned long)(m.regions >> 20), (unsigned long)(left >> 20),
			     (unsigned long)(m.ram >> 20));
		return;
	}
	left -= m.regions;
	if (m.service_line && left < SERVICE_MEMORY)
		report_warning(b->report, m.service_line, "%lu MB are left for the Service VM and the hypervisor; Linux that starts VMs wants "
			       "%lu MB", (unsigned long)(left >> 20), (unsigned long)(SERVICE_MEMORY >> 20));
	else if (m.users > left)
		report_warning(b->report, m.service_line, "user VMs have %lu MB together, but %lu MB are left for them, the Service VM and the "
			       "hypervisor: not all can run at once", (unsigned long)(m.users >> 20), (unsigned long)(left >> 20));
}

static void check_left_cpus(struct build *b)
{
	uint64_t all = b->board->nr_threads >= 64 ? UINT64_MAX : (1ull << b->board->nr_threads) - 1;

	for (unsigned int i = 0; i < b->s->nr_vms; i++)
		if (b->s->vms[i].guest_flags & SCENARIO_FLAG_LAPIC_PT)
			all &= ~b->s->vms[i].cpu_affinity;
	if (!all)
		report_warning(b->report, xmlGetLineNo(b->root), "LAPIC-passthrough VMs own every CPU of board \"%s\": the hypervisor's console "
			       "shows output only, and nobody restarts a VM that crashes; leave it one", b->board->name);
}

static void check_board(struct build *b)
{
	check_left_memory(b);
	check_left_cpus(b);
	for (unsigned int i = 0; i < b->s->nr_vms; i++) {
		const struct scenario_vm *vm = &b->s->vms[i];
		long line = xmlGetLineNo(b->vm_node[i]);

		if (vm->guest_flags & SCENARIO_FLAG_LAPIC_PT && !b->board->has_x2apic)
			report_error(b->report, line, "vm \"%s\": guest flag lapic_pt needs x2APIC, which board \"%s\" does not show; switch "
				     "it on in the firmware, or drop the flag", vm->name, b->board->name);
		if (vm->nr_pci_devs && !b->board->has_iommu)
			report_warning(b->report, line, "vm \"%s\": board \"%s\" shows no IOMMU: its PCI devices could reach all memory",
				       vm->name, b->board->name);
		for (unsigned int j = 0; j < vm->nr_pci_devs; j++)
			check_function(b, i, j);
	}
	if (!b->board->has_vmx)
		report_warning(b->report, 0, "board \"%s\" shows no VT-x, without which the hypervisor does not start", b->board->name);
}

void rules_check(struct build *b)
{
	b->fill_errors = b->report->errors;
	check_rules(b);
	check_machine(b);
	check_modules(b);
	check_affinity(b);
	if (b->board)
		check_board(b);
	check_served(b);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What a scenario makes of a machine. */
#include "explain.h"

#include <inttypes.h>
#include <string.h>

#include "config/scenario.h"
#include "values.h"

#define MIB(bytes)	((bytes) >> 20)

static unsigned int count(const struct scenario *s, uint8_t load_order)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < s->nr_vms; i++)
		nr += s->vms[i].load_order == load_order;
	return nr;
}

static uint64_t all_cpus(const struct scenario *s)
{
	uint64_t mask = 0;

	for (unsigned int i = 0; i < s->nr_vms; i++)
		mask |= s->vms[i].cpu_affinity;
	return mask;
}

static void print_head(const struct scenario *s, FILE *out)
{
	unsigned int pre = count(s, SCENARIO_PRE_LAUNCHED), post = count(s, SCENARIO_POST_LAUNCHED);

	fprintf(out, "Scenario %s: %u pre-launched VM%s, %s Service VM, %u slot%s for user VMs.\n", s->name, pre, pre == 1 ? "" : "s",
		count(s, SCENARIO_SERVICE) ? "a" : "no", post, post == 1 ? "" : "s");
}

/* In what way a VM has a CPU. */
static const char *share_of(const struct scenario *s, unsigned int vm_id, unsigned int pcpu_id)
{
	const struct scenario_vm *vm = &s->vms[vm_id];

	if (vm->load_order == SCENARIO_POST_LAUNCHED)
		return " (may)";
	if (vm->guest_flags & SCENARIO_FLAG_LAPIC_PT)
		return " (own, with its local APIC)";
	for (unsigned int i = 0; i < s->nr_vms; i++)
		if (i != vm_id && s->vms[i].cpu_affinity >> pcpu_id & 1)
			return "";
	return " (own)";
}

static void print_cpus(const struct scenario *s, const struct board *board, FILE *out)
{
	uint64_t used = all_cpus(s);

	fputs("\nCPUs\n  pCPU  policy    VMs\n", out);
	for (unsigned int i = 0; i < SCENARIO_MAX_PCPUS; i++) {
		const char *comma = "";

		if (!(used >> i & 1))
			continue;
		fprintf(out, "  %4u  %-8s  ", i, scenario_policy_name(s->pcpu_policy[i]));
		for (unsigned int j = 0; j < s->nr_vms; j++)
			if (s->vms[j].cpu_affinity >> i & 1) {
				fprintf(out, "%s%s%s", comma, s->vms[j].name, share_of(s, j, i));
				comma = ", ";
			}
		fputc('\n', out);
	}
	for (unsigned int i = 0; board && i < board->nr_threads && i < SCENARIO_MAX_PCPUS; i++)
		if (!(used >> i & 1))
			fprintf(out, "  %4u  -         no VM uses it\n", i);
}

static void print_place(const struct scenario_vm *vm, FILE *out)
{
	if (vm->memory_hpa)
		fprintf(out, "0x%" PRIx64 " to 0x%" PRIx64 "\n", vm->memory_hpa, vm->memory_hpa + vm->memory_size - 1);
	else if (vm->load_order == SCENARIO_PRE_LAUNCHED)
		fputs("where the hypervisor finds room\n", out);
	else if (vm->load_order == SCENARIO_SERVICE)
		fputs("what the others leave\n", out);
	else
		fputs("lent by the Service VM when it starts\n", out);
}

static void print_memory(const struct scenario *s, const struct board *board, FILE *out)
{
	uint64_t taken = 0, ram = board ? board_ram_size(board) : 0;

	fputs("\nMemory\n  MiB       for               where\n", out);
	for (unsigned int i = 0; i < s->nr_vms; i++) {
		const struct scenario_vm *vm = &s->vms[i];

		if (vm->memory_size)
			fprintf(out, "  %-8" PRIu64 "  %-16s  ", MIB(vm->memory_size), vm->name);
		else
			fprintf(out, "  -         %-16s  ", vm->name);
		print_place(vm, out);
		if (vm->load_order == SCENARIO_PRE_LAUNCHED)
			taken += vm->memory_size;
	}
	for (unsigned int i = 0; i < s->nr_ivshmem; i++) {
		fprintf(out, "  %-8.3g  %-16s  shared memory\n", (double)s->ivshmem[i].size / (1 << 20), s->ivshmem[i].name);
		taken += s->ivshmem[i].size;
	}
	if (!board)
		return;
	fprintf(out, "  Board %s has %" PRIu64 " MiB; %" PRIu64 " MiB are left for %s and the hypervisor.\n", board->name,
		MIB(ram), MIB(ram > taken ? ram - taken : 0),
		count(s, SCENARIO_SERVICE) ? "the Service VM" : "nobody");
}

static void print_kind(const struct scenario_vm *vm, FILE *out)
{
	switch (vm->load_order) {
	case SCENARIO_PRE_LAUNCHED:
		fputs("    The hypervisor starts it at once, with memory of its own.\n", out);
		break;
	case SCENARIO_SERVICE:
		fputs("    The hypervisor starts it at once. It owns the devices that are left and starts user VMs.\n", out);
		break;
	default:
		fputs("    acrn-dm in the Service VM starts it, by this name.\n", out);
		break;
	}
	if (vm->severity >= SCENARIO_SEVERITY_RT)
		fprintf(out, "    Severity %s: the Service VM can neither interrupt nor pause it%s.\n", scenario_severity_name(vm->severity),
			vm->severity == SCENARIO_SEVERITY_SAFETY ? "; it stands above real-time VMs" : "");
	if (vm->guest_flags & SCENARIO_FLAG_LAPIC_PT)
		fputs("    Real-time: it drives the local APICs of its CPUs itself, so interrupts and timers cause no exits.\n", out);
	else if (vm->guest_flags & SCENARIO_FLAG_RT)
		fputs("    Real-time, with interrupts through the hypervisor.\n", out);
}

static void print_flags(const struct scenario_vm *vm, FILE *out)
{
	uint64_t rest = vm->guest_flags & ~(SCENARIO_FLAG_LAPIC_PT | SCENARIO_FLAG_RT);

	for (unsigned int i = 0; i < 64; i++)
		if (rest >> i & 1)
			fprintf(out, "    Guest flag %s.\n", scenario_flag_name(i));
	for (unsigned int i = 0; i < 32; i++)
		if (vm->options >> i & 1)
			fprintf(out, "    Option %s.\n", scenario_option_name(i));
	if (vm->tsc_khz)
		fprintf(out, "    Its TSC runs at %u kHz.\n", vm->tsc_khz);
	if (vm->priority)
		fprintf(out, "    Priority %u.\n", vm->priority);
	if (vm->weight)
		fprintf(out, "    Weight %u.\n", vm->weight);
	if (vm->warp_us)
		fprintf(out, "    Put %u microseconds ahead when it wakes%s.\n", vm->warp_us,
			vm->warp_limit_us ? ", for a limited time" : "");
	if (vm->budget_us)
		fprintf(out, "    At most %u of every %u microseconds of a CPU.\n", vm->budget_us, vm->period_us);
}

static void print_crash(const struct scenario_vm *vm, FILE *out)
{
	if (vm->crash_policy == SCENARIO_CRASH_NOTIFY)
		fputs("    When it crashes it is kept, paused, for the operator.\n", out);
	else if (vm->crash_policy == SCENARIO_CRASH_STOP)
		fputs("    When it crashes it stays down.\n", out);
	else if (vm->restart_max)
		fprintf(out, "    When it crashes it is started again, %u time%s at most.\n", vm->restart_max,
			vm->restart_max == 1 ? "" : "s");
	else
		fputs("    When it crashes it is started again, without limit.\n", out);
}

static void print_vuarts(const struct scenario *s, const struct scenario_vm *vm, FILE *out)
{
	for (unsigned int i = 0; i < SCENARIO_MAX_VUARTS; i++) {
		const struct scenario_vuart *u = &vm->vuarts[i];

		if (u->type == SCENARIO_VUART_NONE)
			continue;
		fprintf(out, "    Serial port %u at 0x%x, interrupt %u: ", i, u->io_base, u->irq);
		if (u->type == SCENARIO_VUART_CONSOLE)
			fprintf(out, "the hypervisor's console%s.\n", vm->console == i ? ", by vm_console" : "");
		else
			fprintf(out, "serial port %u of %s.\n", u->peer_vuart, s->vms[u->peer_vm].name);
	}
}

static void print_devices(const struct scenario *s, unsigned int vm_id, FILE *out)
{
	const struct scenario_vm *vm = &s->vms[vm_id];

	for (unsigned int i = 0; i < s->nr_ivshmem; i++)
		if (s->ivshmem[i].vm_mask >> vm_id & 1)
			fprintf(out, "    Shared memory %s: %s%s.\n", s->ivshmem[i].name,
				s->ivshmem[i].writer_mask >> vm_id & 1 ? "reads and writes" : "reads",
				s->ivshmem[i].silent_mask >> vm_id & 1 ? ", without doorbell" : "");
	for (unsigned int i = 0; i < vm->nr_pci_devs; i++)
		fprintf(out, "    PCI device %02x:%02x.%u is its own.\n", vm->pci_devs[i] >> 8, vm->pci_devs[i] >> 3 & 31,
			vm->pci_devs[i] & 7);
	for (unsigned int i = 0; i < vm->nr_io_ranges; i++)
		fprintf(out, "    Ports 0x%x to 0x%x of the machine are its own.\n", vm->io_ranges[i].base,
			vm->io_ranges[i].base + vm->io_ranges[i].size - 1);
}

static void print_kernel(const struct setup_vm *files, const struct scenario_kernel *k, FILE *out)
{
	if (!k->tag[0])
		return;
	fprintf(out, "    Boots module %s (%s, from %s)", k->tag, scenario_kernel_type_name(k->type), files->kernel);
	if (k->ramdisk_tag[0])
		fprintf(out, " with ramdisk %s (from %s)", k->ramdisk_tag, files->ramdisk);
	fputs(".\n", out);
	if (k->bootargs[0])
		fprintf(out, "    Command line: %s\n", k->bootargs);
}

static void print_launch(const struct scenario *s, const struct setup_launch *l, FILE *out)
{
	char cpus[256];

	if (!l->present)
		return;
	value_print_cpus(l->vcpu_affinity, cpus, sizeof(cpus));
	fprintf(out, "    Launched with kernel %s on pCPUs %s.\n", l->kernel_file, cpus);
	for (unsigned int i = 0; i < l->nr_disks; i++)
		fprintf(out, "    00:%02x.0 disk %s%s\n", l->disk[i].slot, l->disk[i].path, l->disk[i].read_only ? ", read-only" : "");
	for (unsigned int i = 0; i < l->nr_networks; i++)
		fprintf(out, "    00:%02x.0 network card on %s, %s\n", l->network[i].slot, l->network[i].tap, l->network[i].mac);
	if (l->console[0])
		fprintf(out, "    00:%02x.0 virtio console: %s\n", l->console_slot, l->console);
	if (l->has_random)
		fprintf(out, "    00:%02x.0 random numbers\n", l->random_slot);
	for (unsigned int i = 0; i < l->nr_ivshmem; i++)
		fprintf(out, "    00:%02x.0 shared memory %s\n", l->ivshmem[i].slot, s->ivshmem[l->ivshmem[i].region].name);
	for (unsigned int i = 0; i < SETUP_MAX_SERIALS; i++)
		if (l->serial[i][0])
			fprintf(out, "    com%u: %s\n", i + 1, l->serial[i]);
}

void explain_setup(const struct setup *setup, const struct board *board, FILE *out)
{
	const struct scenario *s = setup->s;

	print_head(s, out);
	print_cpus(s, board, out);
	print_memory(s, board, out);
	for (unsigned int i = 0; i < s->nr_vms; i++) {
		fprintf(out, "\n%u  %s\n", i, s->vms[i].name);
		print_kind(&s->vms[i], out);
		print_flags(&s->vms[i], out);
		print_crash(&s->vms[i], out);
		print_vuarts(s, &s->vms[i], out);
		print_devices(s, i, out);
		print_kernel(&setup->vm[i], &s->vms[i].kernel, out);
		print_launch(s, &setup->vm[i].launch, out);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Pre-launched VMs and the Service VM, from the scenario (doc/journeys.md (c)). */
#include "boot/launch.h"

#include "boot/boot.h"
#include "boot/iommu.h"
#include "boot/manager.h"
#include "boot/options.h"
#include "boot/stages.h"
#include "config/scenario.h"
#include "cpu/features.h"
#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "emul/vpci/ivshmem.h"
#include "hw/acpi.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/console.h"
#include "log/log.h"
#include "machine/load.h"
#include "machine/machine.h"
#include "machine/ownership.h"
#include "machine/slots.h"
#include "machine/wait.h"
#include "mm/e820.h"
#include "mm/frame.h"
#include "sched/thread.h"
#include "vm/vm.h"

#define LIMIT_4G	(1ul << 32)
#define CMDLINE_PAGES	1u

static const struct scenario *scenario;
static hpa_t ram[MAX_VMS];	/* of pre-launched VMs; taken once, kept over resets */

static bool has_module(const char *tag, void *arg __unused)
{
	return boot_module_find(tag);
}

static void __noreturn refuse(const char *what)
{
	console_printf("scenario: %s\n", what);
	boot_stop();
}

static bool is_ram(uint64_t at, uint64_t size, void *arg __unused)
{
	uint32_t i;

	for (i = 0; i < host_e820.nr; i++) {
		const struct e820_entry *e = &host_e820.entry[i];

		if (e->type == E820_RAM && at >= e->base && range_fits(at - e->base, size, e->size))
			return true;
	}
	return false;
}

/* A field of the format that this hypervisor does not serve is refused: ignored, it would be missed later. */
static void check_fields(void)
{
	char text[160];
	unsigned int i;

	for (i = 0; i < scenario->nr_vms; i++) {
		const char *field = scenario_unserved(&scenario->vms[i]);

		if (!field)
			continue;
		snprintf(text, sizeof(text), "vm \"%s\": %s is not served by this version; take it out",
			 scenario->vms[i].name, field);
		refuse(text);
	}
}

/* Policies: DEFAULT, noop, prio, rr, bvt, adaptive, sporadic. */
static void check_machine(void)
{
	const struct scenario_machine m = {
		.nr_pcpus = acpi.nr_cpus, .ram_size = e820_ram_bytes(&host_e820),
		.guest_flags = SCENARIO_FLAGS_OFFERED, .options = SCENARIO_OPTS_OFFERED, .policies = (1u << SCENARIO_NR_POLICIES) - 1,
		.tsc_khz = tsc_khz(), .tsc_scaling = feature_has(FEAT_TSC_SCALING), .has_module = has_module, .is_ram = is_ram,
	};
	struct scenario_error err;

	if (scenario_check_machine(scenario, &m, &err))
		refuse(err.text);
}

void launch_prepare(void)
{
	const struct boot_module *m = boot_module_find(SCENARIO_MODULE_TAG);
	struct scenario_error err;

	if (!m)
		refuse("no boot module is tagged \"" SCENARIO_MODULE_TAG "\"; load one with: module2 FILE.bin "
		       SCENARIO_MODULE_TAG);
	if (m->start.v & 7)
		refuse("the boot loader put the module at an address that is no multiple of 8");
	if (scenario_read(hpa_to_hva(m->start), (uint32_t)MIN(m->size, 0xfffffffful), &scenario, &err))
		refuse(err.text);
	check_fields();
	check_machine();
}

static bool service_vm_wanted(void)
{
	unsigned int i;

	for (i = 0; i < scenario->nr_vms; i++)
		if (scenario->vms[i].load_order == SCENARIO_SERVICE)
			return true;
	return false;
}

/* The first CPU whose local APIC stays ours. */
uint32_t manager_cpu(void)
{
	uint64_t taken = 0;
	uint32_t i;

	for (i = 0; i < scenario->nr_vms; i++)
		if (scenario->vms[i].guest_flags & SCENARIO_FLAG_LAPIC_PT)
			taken |= scenario->vms[i].cpu_affinity;
	for (i = 0; i < nr_pcpus; i++)
		if (!(taken >> i & 1))
			return i;
	return MAX_PCPUS;
}

/* vCPUs of pre-launched and Service VMs that a CPU runs. */
static unsigned int fixed_vcpus(uint32_t pcpu_id)
{
	unsigned int i, n = 0;

	for (i = 0; i < scenario->nr_vms; i++)
		n += scenario->vms[i].cpu_affinity >> pcpu_id & 1;
	return n;
}

uint8_t launch_policy(uint32_t pcpu_id)
{
	uint8_t p = pcpu_id < SCENARIO_MAX_PCPUS ? scenario->pcpu_policy[pcpu_id] : SCENARIO_POLICY_DEFAULT;

	if (p == SCENARIO_POLICY_DEFAULT)
		p = fixed_vcpus(pcpu_id) == 1 && !service_vm_wanted() ? SCENARIO_POLICY_NOOP : SCENARIO_POLICY_PRIO;
	/* The operator's console and the restarts of VMs need a turn on one CPU. */
	if (p == SCENARIO_POLICY_NOOP && pcpu_id == manager_cpu())
		p = SCENARIO_POLICY_PRIO;
	return p;
}

/* RAM of pre-launched VMs is taken before the Service VM is given what is left. */
static void take_ram(void)
{
	char text[160];
	unsigned int i;

	for (i = 0; i < scenario->nr_vms; i++) {
		const struct scenario_vm *cfg = &scenario->vms[i];
		uint64_t at = cfg->memory_hpa;
		int err;

		if (cfg->load_order != SCENARIO_PRE_LAUNCHED)
			continue;
		if (at)
			err = e820_carve(&host_e820, at, cfg->memory_size, E820_RESERVED);
		else
			err = e820_take(&host_e820, cfg->memory_size, SIZE_2M, ~0ul, &at);
		if (err) {
			snprintf(text, sizeof(text), "vm \"%s\": there are no %lu MB of free memory in one piece for it",
				 cfg->name, cfg->memory_size >> 20);
			refuse(text);
		}
		ram[i] = hpa(at);
	}
}

/* Memory that VMs share is no VM's RAM: it stays the region's whoever comes and goes. */
static void take_shared(void)
{
	char text[160];
	uint64_t at;
	uint32_t i;

	for (i = 0; i < scenario->nr_ivshmem; i++) {
		const struct scenario_ivshmem *r = &scenario->ivshmem[i];

		if (e820_take(&host_e820, r->size, MIN(r->size, SIZE_2M), ~0ul, &at)) {
			snprintf(text, sizeof(text), "ivshmem region \"%s\": there are no %lu KB of free memory in one piece for it",
				 r->name, r->size >> 10);
			refuse(text);
		}
		memset(hpa_to_hva(hpa(at)), 0, r->size);
		ivshmem_region_init(i, r, hpa(at));
	}
}

/* Arguments: those of the module's string replace the scenario's; words of the boot options follow for the Service VM. */
static void build_cmdline(char *out, size_t size, const struct scenario_vm *cfg, const struct boot_module *kernel)
{
	const char *args = boot_module_args(kernel);
	bool service = cfg->load_order == SCENARIO_SERVICE;

	snprintf(out, size, "%s%s%s", args[0] ? args : cfg->kernel.bootargs,
		 service && options_rest()[0] ? " " : "", service ? options_rest() : "");
}

int launch_start(struct vm *vm)
{
	const struct scenario_vm *cfg = vm->cfg;
	const struct boot_module *kernel = boot_module_find(cfg->kernel.tag);
	const struct boot_module *ramdisk = cfg->kernel.ramdisk_tag[0] ? boot_module_find(cfg->kernel.ramdisk_tag) : NULL;
	char *cmdline = frame_get(CMDLINE_PAGES);
	struct load_image im = { .type = cfg->kernel.type, .cmdline = cmdline };
	int err;

	if (!kernel || !cmdline) {
		frame_put(cmdline, CMDLINE_PAGES);
		return ERR(-ENOMEM);
	}
	build_cmdline(cmdline, CMDLINE_PAGES * PAGE_SIZE, cfg, kernel);
	im.kernel = hpa_to_hva(kernel->start);
	im.kernel_size = kernel->size;
	if (ramdisk) {
		im.ramdisk = hpa_to_hva(ramdisk->start);
		im.ramdisk_size = ramdisk->size;
	}
	err = load_kernel(vm, &im);
	frame_put(cmdline, CMDLINE_PAGES);
	if (!err)
		err = machine_start(vm);
	if (err)
		log_err("vm %s: not started (error %d)", vm->name, err);
	else
		log_info("vm %s: started, %u vCPUs", vm->name, vm->nr_vcpus);
	return err;
}

static void build(uint16_t vm_id)
{
	const struct scenario_vm *cfg = &scenario->vms[vm_id];
	const struct machine_request req = {
		.name = cfg->name, .cpu_affinity = cfg->cpu_affinity, .flags = cfg->guest_flags, .ram = ram[vm_id],
	};
	struct vm *vm;

	if (machine_build(vm_id, cfg, &req, &vm)) {
		console_printf("vm %s: could not be built; the log above says why\n", cfg->name);
		boot_stop();
	}
	vm->hooks.stopped = manager_stopped;
	if (cfg->load_order == SCENARIO_SERVICE)
		service_vm = vm;
}

/* smp_start() returned when the CPUs were online; their run queues come a moment later. */
static bool cpus_ready(void *arg __unused)
{
	uint32_t i;

	for (i = 0; i < nr_pcpus; i++)
		if (!sched_cpu_ready(i))
			return false;
	return true;
}

static void check_memory(void)
{
	const char *how = option_value("check-memory");

	if (how && ownership_enable(!strcmp(how, "lend")))
		log_warn("memory is not checked: the page pool is empty");
}

void launch_vms(void)
{
	uint16_t i;
	int failed = 0, started = 0;

	check_memory();
	slots_init(scenario);
	wait_until(cpus_ready, NULL);
	take_ram();
	take_shared();
	iommu_prepare();
	for (i = 0; i < scenario->nr_vms; i++)
		if (scenario->vms[i].load_order != SCENARIO_POST_LAUNCHED)
			build(i);
	iommu_enable();
	manager_start();
	for (i = 0; i < scenario->nr_vms; i++) {
		if (!vm_table[i])
			continue;
		/* The machine's graphics are the Service VM's from here on. */
		if (vm_is_service_order(vm_table[i]))
			console_screen(NULL);
		if (launch_start(vm_table[i]))
			failed++;
		else
			started++;
	}
	if (!started) {
		console_printf("scenario %s: none of its VMs could be started\n", scenario->name);
		boot_stop();
	}
	if (failed)
		log_warn("%d of %d VMs could not be started; the others run", failed, failed + started);
}

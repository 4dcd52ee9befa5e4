/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of the scenario XML for each value, for messages and for hvconfig, which reads them backwards. */
#include "config/scenario.h"

static const char *const policies[] = { "default", "noop", "prio", "rr", "bvt", "adaptive", "sporadic" };
static const char *const load_orders[] = { "pre_launched", "service", "post_launched" };
static const char *const crash_policies[] = { "stop", "restart", "notify" };
static const char *const vuart_types[] = { "none", "console", "inter_vm" };
static const char *const kernel_types[] = { "auto", "bzimage", "elf_multiboot", "elf_pvh" };
static const char *const options[] = { "kvm_leaf", "hyperv_leaves", "no_x2apic", "testdev", "microcode" };
static const char *const flags[] = {
	"secure_world", "lapic_pt", "io_completion_polling", "hide_mtrr", "rt", "nvmx", "security_vm", "vcat",
	"static_vm", "tee", "ree", "pmu_pt", "vhwp", "vtm", "stateless"
};

_Static_assert(ARRAY_SIZE(policies) == SCENARIO_NR_POLICIES, "a word for each policy");
_Static_assert(ARRAY_SIZE(load_orders) == SCENARIO_NR_LOAD_ORDERS, "a word for each load order");
_Static_assert(ARRAY_SIZE(crash_policies) == SCENARIO_NR_CRASH_POLICIES, "a word for each crash policy");
_Static_assert(ARRAY_SIZE(vuart_types) == SCENARIO_NR_VUART_TYPES, "a word for each vuart type");
_Static_assert(ARRAY_SIZE(kernel_types) == SCENARIO_NR_KERNEL_TYPES, "a word for each kernel type");
_Static_assert((1ull << ARRAY_SIZE(flags)) - 1 == SCENARIO_FLAGS_ALL, "a word for each guest flag");
_Static_assert((1u << ARRAY_SIZE(options)) - 1 == SCENARIO_OPTS_ALL, "a word for each option");

#define NAME_OF(table, i) ((i) < ARRAY_SIZE(table) ? (table)[i] : NULL)

const char *scenario_policy_name(unsigned int policy)
{
	return NAME_OF(policies, policy);
}

const char *scenario_load_order_name(unsigned int load_order)
{
	return NAME_OF(load_orders, load_order);
}

const char *scenario_severity_name(unsigned int severity)
{
	switch (severity) {
	case SCENARIO_SEVERITY_STANDARD:
		return "standard";
	case SCENARIO_SEVERITY_SERVICE:
		return "service";
	case SCENARIO_SEVERITY_RT:
		return "rt";
	case SCENARIO_SEVERITY_SAFETY:
		return "safety";
	default:
		return NULL;
	}
}

const char *scenario_crash_policy_name(unsigned int crash_policy)
{
	return NAME_OF(crash_policies, crash_policy);
}

const char *scenario_vuart_type_name(unsigned int type)
{
	return NAME_OF(vuart_types, type);
}

const char *scenario_kernel_type_name(unsigned int type)
{
	return NAME_OF(kernel_types, type);
}

const char *scenario_flag_name(unsigned int bit)
{
	return NAME_OF(flags, bit);
}

const char *scenario_option_name(unsigned int bit)
{
	return NAME_OF(options, bit);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The checked reader of the scenario module. Used by the hypervisor at boot and, the same code, by hvconfig, so that what the tool
 * accepts the hypervisor accepts too.
 */
#pragma once

#include "lib/types.h"
#include "public/scenario.h"

/* What was wrong, where, and what would be right. `text` and `field` are set whenever a function below fails. */
struct scenario_error {
	char text[320];		/* one plain sentence, without a line end */
	const char *field;	/* name of the XML element or attribute concerned, "" for the module itself */
	int vm_id;		/* index into vms[], -1: not about one VM */
	int index;		/* which of several (vuart, region, port range, PCI device, pCPU), -1: the field is single */
};

typedef void scenario_found_t(const struct scenario_error *err, void *arg);

/* What this hypervisor serves of the flags and options that the format has. */
#define SCENARIO_FLAGS_OFFERED	(SCENARIO_FLAG_LAPIC_PT | SCENARIO_FLAG_RT | SCENARIO_FLAG_HIDE_MTRR | SCENARIO_FLAG_STATIC_VM)
#define SCENARIO_OPTS_OFFERED	(SCENARIO_OPT_KVM_LEAF | SCENARIO_OPT_HYPERV_LEAVES | SCENARIO_OPT_NO_X2APIC | SCENARIO_OPT_TESTDEV | \
				 SCENARIO_OPT_MICROCODE)

/* What the machine and this hypervisor offer; filled by the caller. `arg` goes back to the callbacks. */
struct scenario_machine {
	uint32_t nr_pcpus;
	uint64_t ram_size;	/* bytes the VMs may have in all */
	uint64_t guest_flags;	/* SCENARIO_FLAG_ that are implemented */
	uint32_t options;	/* SCENARIO_OPT_ that are implemented */
	uint64_t tsc_khz;	/* of its TSC */
	bool tsc_scaling;	/* a VM's may run at another rate */
	uint32_t policies;	/* bit n: enum scenario_policy n is implemented (DEFAULT always is) */
	bool (*has_module)(const char *tag, void *arg);		/* is there a boot module whose string begins with this word */
	bool (*is_ram)(uint64_t hpa, uint64_t size, void *arg);	/* is all of it free RAM; NULL: not checked */
	void *arg;
};

/*
 * Checks a scenario module completely and hands back a view into it: `*out` points into `blob`, which must stay in place, be 8-byte
 * aligned and not be writable by anyone else from here on. `size` is what the loader says the module has; bytes after total_size
 * are ignored (loaders pad). 0, or -EINVAL with `err` filled and `*out` untouched. Boot; no locks, no allocation.
 */
int scenario_read(const void *blob, uint32_t size, const struct scenario **out, struct scenario_error *err) __must_check;

/*
 * All faults that scenario_read() would find one after the other, in its order. For hvconfig: the header must be right, strings terminated
 * and counts within their arrays, as in what it has just made.
 */
void scenario_list(const struct scenario *s, scenario_found_t *found, void *arg);

/*
 * Checks a scenario that scenario_read() accepted against the machine: CPUs, memory, features, boot modules. 0; -ENODEV for a CPU,
 * -ENOMEM for memory, -ENOENT for a module, -ENOSYS for a feature. Boot, before any VM is built.
 */
int scenario_check_machine(const struct scenario *s, const struct scenario_machine *m, struct scenario_error *err) __must_check;

/* The same with all faults; true when there was none. */
bool scenario_list_machine(const struct scenario *s, const struct scenario_machine *m, scenario_found_t *found, void *arg);

/* The field of a VM that this hypervisor does not serve although the format has it; NULL: there is none. */
const char *scenario_unserved(const struct scenario_vm *vm);

/* Checksum the module must carry: CRC-32 of total_size bytes with the crc32 field as zero. `s` spans at least total_size bytes. */
uint32_t scenario_crc(const struct scenario *s);

/* The words the XML uses for these values; NULL for a value or bit that does not exist. */
const char *scenario_policy_name(unsigned int policy);
const char *scenario_load_order_name(unsigned int load_order);
const char *scenario_severity_name(unsigned int severity);
const char *scenario_crash_policy_name(unsigned int crash_policy);
const char *scenario_vuart_type_name(unsigned int type);
const char *scenario_kernel_type_name(unsigned int type);
const char *scenario_flag_name(unsigned int bit);
const char *scenario_option_name(unsigned int bit);

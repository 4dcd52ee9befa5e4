/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scenario module: which VMs there are and what each may use.
 *
 * misc/config/hvconfig writes it from an XML file, the boot loader hands it over as a module whose string begins with
 * SCENARIO_MODULE_TAG, and hypervisor/config/scenario.c checks it before anything believes it.
 *
 *	+0    struct scenario       header, per-pCPU policies, table of shared memory regions
 *	+512  struct scenario_vm    nr_vms records of vm_size bytes each
 *
 * All numbers are little endian. A string ends with a NUL inside its array and the rest of the array is zero. Reserved bytes are zero.
 * VMs stand in load order: pre-launched, then the Service VM, then post-launched; a VM's place in vms[] is its vm_id.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SCENARIO_MODULE_TAG		"scenario"	/* first word of the boot module's string */
#define SCENARIO_MAGIC			0x4E435351u	/* "QSCN" */
#define SCENARIO_VERSION		3u

#define SCENARIO_MAX_VMS		16u
#define SCENARIO_MAX_PCPUS		64u
#define SCENARIO_MAX_VUARTS		4u
#define SCENARIO_MAX_IVSHMEM		8u
#define SCENARIO_MAX_PCI_DEVS		16u
#define SCENARIO_MAX_IO_RANGES		8u
#define SCENARIO_NAME_SIZE		32u
#define SCENARIO_VM_NAME_SIZE		16u		/* as in the VM creation hypercall (abi.md section 3) */
#define SCENARIO_TAG_SIZE		32u
#define SCENARIO_BOOTARGS_SIZE		1024u
#define SCENARIO_MIN_TSC_KHZ		10000u
#define SCENARIO_MAX_TSC_KHZ		10000000u

/* How a physical CPU shares its time between vCPUs. DEFAULT: NOOP where one vCPU at most can run, else the hypervisor's standard policy. */
enum scenario_policy {
	SCENARIO_POLICY_DEFAULT = 0,
	SCENARIO_POLICY_NOOP = 1,	/* one vCPU owns the CPU, no tick */
	SCENARIO_POLICY_PRIO = 2,	/* static priorities */
	SCENARIO_POLICY_RR = 3,		/* round robin, fixed slice */
	SCENARIO_POLICY_BVT = 4,	/* borrowed virtual time, by weight */
	SCENARIO_POLICY_ADAPTIVE = 5,
	SCENARIO_POLICY_SPORADIC = 6,	/* budget in each period */
	SCENARIO_NR_POLICIES
};

enum scenario_load_order {		/* numbers of reference-system.md 1.1 */
	SCENARIO_PRE_LAUNCHED = 0,
	SCENARIO_SERVICE = 1,
	SCENARIO_POST_LAUNCHED = 2,
	SCENARIO_NR_LOAD_ORDERS
};

enum scenario_severity {		/* numbers of reference-system.md 1.1 */
	SCENARIO_SEVERITY_STANDARD = 0x10,
	SCENARIO_SEVERITY_SERVICE = 0x20,
	SCENARIO_SEVERITY_RT = 0x30,
	SCENARIO_SEVERITY_SAFETY = 0x40
};

enum scenario_crash_policy {
	SCENARIO_CRASH_STOP = 0,	/* the VM stays down */
	SCENARIO_CRASH_RESTART = 1,	/* cold reset, at most restart_max times (0: without limit) */
	SCENARIO_CRASH_NOTIFY = 2,	/* kept, paused; the operator decides */
	SCENARIO_NR_CRASH_POLICIES
};

/* guest_flags: bit numbers fixed by the reference system (abi.md, VM creation). */
#define SCENARIO_FLAG_SECURE_WORLD	(1ull << 0)
#define SCENARIO_FLAG_LAPIC_PT		(1ull << 1)	/* the guest drives its pCPU's local APIC; wants RT */
#define SCENARIO_FLAG_IO_POLLING	(1ull << 2)	/* the vCPU polls for the end of an I/O request */
#define SCENARIO_FLAG_HIDE_MTRR		(1ull << 3)
#define SCENARIO_FLAG_RT		(1ull << 4)
#define SCENARIO_FLAG_NVMX		(1ull << 5)
#define SCENARIO_FLAG_SECURITY_VM	(1ull << 6)
#define SCENARIO_FLAG_VCAT		(1ull << 7)
#define SCENARIO_FLAG_STATIC_VM		(1ull << 8)
#define SCENARIO_FLAG_TEE		(1ull << 9)
#define SCENARIO_FLAG_REE		(1ull << 10)
#define SCENARIO_FLAG_PMU_PT		(1ull << 11)
#define SCENARIO_FLAG_VHWP		(1ull << 12)
#define SCENARIO_FLAG_VTM		(1ull << 13)
#define SCENARIO_FLAG_STATELESS		(1ull << 14)
#define SCENARIO_FLAGS_ALL		((1ull << 15) - 1)

/* options: our own switches, not part of the reference system's interface. */
#define SCENARIO_OPT_KVM_LEAF		(1u << 0)	/* show the minimal KVM leaf at CPUID 0x40000100 (abi.md section 0) */
#define SCENARIO_OPT_HYPERV_LEAVES	(1u << 1)	/* show the Hyper-V interface leaves */
#define SCENARIO_OPT_NO_X2APIC		(1u << 2)	/* hide x2APIC: the guest stays in xAPIC mode */
#define SCENARIO_OPT_TESTDEV		(1u << 3)	/* the in-guest test device is there */
#define SCENARIO_OPT_MICROCODE		(1u << 4)	/* the Service VM may load a microcode update into the machine, once */
#define SCENARIO_OPTS_ALL		((1u << 5) - 1)

enum scenario_vuart_type {
	SCENARIO_VUART_NONE = 0,
	SCENARIO_VUART_CONSOLE = 1,	/* 16550 whose far end is the hypervisor's console */
	SCENARIO_VUART_INTER_VM = 2,	/* 16550 whose far end is another VM's vuart */
	SCENARIO_NR_VUART_TYPES
};

struct scenario_vuart {
	uint8_t type;			/* enum scenario_vuart_type; NONE: all other fields are 0 */
	uint8_t irq;			/* ISA interrupt 1..15 */
	uint16_t io_base;		/* first of 8 ports, multiple of 8 */
	uint8_t peer_vm;		/* INTER_VM: index into vms[], else 0 */
	uint8_t peer_vuart;		/* INTER_VM: index into that VM's vuarts[], else 0 */
	uint16_t reserved;
};
_Static_assert(sizeof(struct scenario_vuart) == 8, "vuart record");
_Static_assert(offsetof(struct scenario_vuart, io_base) == 2, "vuart record");
_Static_assert(offsetof(struct scenario_vuart, peer_vm) == 4, "vuart record");

/* Ports base .. base + size - 1 reach the machine directly. size 0: entry not used. */
struct scenario_io_range {
	uint16_t base;
	uint16_t size;
};
_Static_assert(sizeof(struct scenario_io_range) == 4, "port range record");

enum scenario_kernel_type {
	SCENARIO_KERNEL_AUTO = 0,	/* told by the image itself; the only value of a post-launched VM */
	SCENARIO_KERNEL_BZIMAGE = 1,
	SCENARIO_KERNEL_ELF_MULTIBOOT = 2,
	SCENARIO_KERNEL_ELF_PVH = 3,
	SCENARIO_NR_KERNEL_TYPES
};

struct scenario_kernel {
	uint8_t type;			/* enum scenario_kernel_type */
	uint8_t reserved[7];
	char tag[SCENARIO_TAG_SIZE];		/* first word of the boot module's string; set for pre-launched and Service VM */
	char ramdisk_tag[SCENARIO_TAG_SIZE];	/* empty: no ramdisk */
	char acpi_tag[SCENARIO_TAG_SIZE];	/* empty: the hypervisor builds the tables */
	uint64_t load_addr;		/* guest physical address, page aligned; 0: where the image wants to be */
	uint64_t entry_addr;		/* guest physical address; 0: the image's own entry */
	char bootargs[SCENARIO_BOOTARGS_SIZE];	/* replaced by the rest of the kernel module's string, if there is any */
};
_Static_assert(sizeof(struct scenario_kernel) == 1144, "kernel record");
_Static_assert(offsetof(struct scenario_kernel, tag) == 8, "kernel record");
_Static_assert(offsetof(struct scenario_kernel, load_addr) == 104, "kernel record");
_Static_assert(offsetof(struct scenario_kernel, bootargs) == 120, "kernel record");

#define SCENARIO_NO_CONSOLE		0xFFu

struct scenario_vm {
	char name[SCENARIO_VM_NAME_SIZE];	/* unique; letters, digits, '_', '-', '.' */
	uint8_t load_order;		/* enum scenario_load_order */
	uint8_t severity;		/* enum scenario_severity */
	uint8_t crash_policy;		/* enum scenario_crash_policy */
	uint8_t restart_max;
	uint32_t options;		/* SCENARIO_OPT_ */
	uint64_t guest_flags;		/* SCENARIO_FLAG_ */
	uint64_t memory_size;		/* bytes, multiple of 2 MB; Service VM: always 0, it has what is left; post-launched: 0 = its creator says */
	uint64_t memory_hpa;		/* multiple of 2 MB; 0: the hypervisor chooses (pre-launched only) */
	uint64_t cpu_affinity;		/* bit n = pCPU n; one vCPU a bit, in order; post-launched: what its creator may choose from */
	uint8_t priority;		/* PRIO: higher runs first */
	uint8_t reserved0;
	uint16_t weight;		/* BVT: 1..128; 0: the policy's default */
	uint32_t budget_us;		/* SPORADIC: run time in each period; 0: no budget */
	uint32_t period_us;		/* SPORADIC: 0 exactly when budget_us is 0 */
	uint8_t console;		/* index of the vuart that is the VM's console, or SCENARIO_NO_CONSOLE */
	uint8_t nr_pci_devs;
	uint8_t nr_io_ranges;
	uint8_t reserved1;
	struct scenario_vuart vuarts[SCENARIO_MAX_VUARTS];
	uint16_t pci_devs[SCENARIO_MAX_PCI_DEVS];	/* passed through: bus << 8 | device << 3 | function */
	struct scenario_io_range io_ranges[SCENARIO_MAX_IO_RANGES];
	struct scenario_kernel kernel;
	uint32_t tsc_khz;		/* frequency of its TSC; 0: the machine's */
	uint32_t warp_us;		/* BVT: run time by which it is put ahead when it wakes; 0: never */
	uint32_t warp_limit_us;		/* BVT: run time after which that ends; 0: when it blocks */
	uint32_t unwarp_us;		/* BVT: time from such an end before it is put ahead again */
};
_Static_assert(sizeof(struct scenario_vm) == 1328, "VM record");
_Static_assert(offsetof(struct scenario_vm, load_order) == 16, "VM record");
_Static_assert(offsetof(struct scenario_vm, options) == 20, "VM record");
_Static_assert(offsetof(struct scenario_vm, guest_flags) == 24, "VM record");
_Static_assert(offsetof(struct scenario_vm, cpu_affinity) == 48, "VM record");
_Static_assert(offsetof(struct scenario_vm, budget_us) == 60, "VM record");
_Static_assert(offsetof(struct scenario_vm, console) == 68, "VM record");
_Static_assert(offsetof(struct scenario_vm, vuarts) == 72, "VM record");
_Static_assert(offsetof(struct scenario_vm, pci_devs) == 104, "VM record");
_Static_assert(offsetof(struct scenario_vm, io_ranges) == 136, "VM record");
_Static_assert(offsetof(struct scenario_vm, kernel) == 168, "VM record");
_Static_assert(offsetof(struct scenario_vm, tsc_khz) == 1312, "VM record");
_Static_assert(offsetof(struct scenario_vm, warp_us) == 1316, "VM record");
_Static_assert(offsetof(struct scenario_vm, unwarp_us) == 1324, "VM record");

/* A memory region several VMs see through an ivshmem PCI function. */
struct scenario_ivshmem {
	char name[SCENARIO_NAME_SIZE];	/* unique; empty exactly when the entry is not used */
	uint64_t size;			/* bytes, power of two, 4 KB .. 1 GB */
	uint16_t vm_mask;		/* bit n = vms[n] sees the region */
	uint16_t writer_mask;		/* subset of vm_mask: may write it too */
	uint16_t silent_mask;		/* subset of vm_mask: may not ring the others' doorbells */
	uint16_t reserved;
};
_Static_assert(sizeof(struct scenario_ivshmem) == 48, "shared memory record");
_Static_assert(offsetof(struct scenario_ivshmem, vm_mask) == 40, "shared memory record");

struct scenario {
	uint32_t magic;			/* SCENARIO_MAGIC */
	uint32_t version;		/* SCENARIO_VERSION */
	uint32_t total_size;		/* bytes of the module, = header_size + nr_vms * vm_size */
	uint32_t crc32;			/* CRC-32 (IEEE 802.3) of total_size bytes, this field taken as zero */
	uint16_t header_size;		/* sizeof(struct scenario): where vms[] begins */
	uint16_t vm_size;		/* sizeof(struct scenario_vm) */
	uint16_t nr_vms;		/* 1..16 */
	uint16_t nr_ivshmem;		/* entries used in ivshmem[], the first ones */
	uint32_t reserved[2];
	char name[SCENARIO_NAME_SIZE];
	uint8_t pcpu_policy[SCENARIO_MAX_PCPUS];	/* enum scenario_policy of each pCPU */
	struct scenario_ivshmem ivshmem[SCENARIO_MAX_IVSHMEM];
	struct scenario_vm vms[];
};
_Static_assert(sizeof(struct scenario) == 512, "scenario header");
_Static_assert(offsetof(struct scenario, crc32) == 12, "scenario header");
_Static_assert(offsetof(struct scenario, header_size) == 16, "scenario header");
_Static_assert(offsetof(struct scenario, name) == 32, "scenario header");
_Static_assert(offsetof(struct scenario, pcpu_policy) == 64, "scenario header");
_Static_assert(offsetof(struct scenario, ivshmem) == 128, "scenario header");
_Static_assert(offsetof(struct scenario, vms) == 512, "scenario header");

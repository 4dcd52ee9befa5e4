/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * How a VM finds the hypervisor, and the hypercalls of the Service VM.
 *
 * Convention: VMCALL at CPL 0 with R8 = id, RDI = first parameter,
 * RSI = second parameter; RAX returns a signed 64-bit value, 0 or more for
 * success, -errno (Linux numbers) for failure. All other registers are kept.
 * A VM without the right to make hypercalls gets #UD, CPL 1..3 gets #GP(0),
 * an unknown id gets -ENOTTY.
 *
 * "gpa" below is a guest-physical address of the Service VM; the structure
 * there may cross a page. "vm" is a relative VM id: the hypervisor's own
 * number of the VM minus the Service VM's number. So 0 is the Service VM
 * itself, and what HC_CREATE_VM writes back is always 1 or more. Pre-launched
 * VMs have no relative id and cannot be named by any hypercall but those that
 * only look: HC_Q_VM_INFO and HC_Q_VCPU_STATS, which also take a slot.
 */
#pragma once
#include "types.h"

/* CPUID leaves. CPUID.1:ECX[31] says that they are there. */
#define HV_CPUID_BASE		0x40000000u	/* EAX max leaf, EBX/ECX/EDX signature */
#define HV_CPUID_FEATURES	0x40000001u	/* EAX: HV_FEATURE_* */
#define HV_CPUID_EXTENSIONS	0x40000002u	/* EAX: HV_EXT_*; 0 for other hypervisors */
#define HV_CPUID_TIMING		0x40000010u	/* EAX: TSC frequency, kHz */
#define HV_CPUID_MAX		HV_CPUID_TIMING

/* The signature "ACRNACRNACRN": the same four letters in three registers. */
#define HV_CPUID_SIGNATURE	0x4E524341u

#define HV_FEATURE_PRIVILEGED	(1u << 0)	/* this is the Service VM */

#define HV_EXT_HSM_FUNCTION	(1u << 0)	/* PCI function of hsm_function.h is there */
#define HV_EXT_Q_HYPERCALLS	(1u << 1)	/* HC_Q_VM_STATE and the state_seq word of ioreq.h */
#define HV_EXT_Q_STATS		(1u << 2)	/* HC_Q_VM_INFO, HC_Q_VCPU_STATS */

/* Vector of the upcall on vCPU 0 while nobody enabled the HSM function's MSI. */
#define HV_UPCALL_VECTOR	0xF3u
#define HV_UPCALL_VECTOR_MIN	0x20u
#define HV_UPCALL_VECTOR_MAX	0xFFu

#define HC_ID(n)	(0x80000000u | (n))

/* General */
#define HC_GET_API_VERSION		HC_ID(0x00)	/* gpa acrn_api_version */
#define HC_SERVICE_VM_OFFLINE_CPU	HC_ID(0x01)	/* LAPIC id; not the BSP */
#define HC_SET_CALLBACK_VECTOR		HC_ID(0x02)	/* vector */

/* VM life */
#define HC_CREATE_VM			HC_ID(0x10)	/* gpa acrn_vm_creation, in and out */
#define HC_DESTROY_VM			HC_ID(0x11)	/* vm; PAUSED, CREATED or never started */
#define HC_START_VM			HC_ID(0x12)	/* vm; CREATED with IOREQ page, or PAUSED: goes on */
#define HC_PAUSE_VM			HC_ID(0x13)	/* vm */
#define HC_CREATE_VCPU			HC_ID(0x14)	/* ignored, 0 */
#define HC_RESET_VM			HC_ID(0x15)	/* vm; PAUSED, becomes CREATED */
#define HC_SET_VCPU_REGS		HC_ID(0x16)	/* vm, gpa acrn_vcpu_regs; not RUNNING */

/* Interrupts */
#define HC_INJECT_MSI			HC_ID(0x23)	/* vm, gpa acrn_msi_entry */
#define HC_VM_INTR_MONITOR		HC_ID(0x24)	/* vm, gpa acrn_intr_monitor */
#define HC_SET_IRQLINE			HC_ID(0x25)	/* vm, value: see irq.h */

/* I/O requests */
#define HC_SET_IOREQ_BUFFER		HC_ID(0x30)	/* vm, gpa of the u64 gpa of a page */
#define HC_NOTIFY_REQUEST_FINISH	HC_ID(0x31)	/* vm, vCPU id */
#define HC_ASYNCIO_ASSIGN		HC_ID(0x32)	/* vm, gpa acrn_asyncio_info */
#define HC_ASYNCIO_DEASSIGN		HC_ID(0x33)	/* vm, gpa acrn_asyncio_info */

/* Memory */
#define HC_VM_GPA2HPA			HC_ID(0x41)	/* vm, gpa acrn_gpa2hpa, in and out */
#define HC_VM_SET_MEMORY_REGIONS	HC_ID(0x42)	/* gpa set_regions */
#define HC_VM_WRITE_PROTECT_PAGE	HC_ID(0x43)	/* vm, gpa wp_data */
#define HC_SETUP_SBUF			HC_ID(0x44)	/* vm, gpa acrn_sbuf_param */

/* Devices */
#define HC_SET_PTDEV_INTR		HC_ID(0x53)	/* vm, gpa hc_ptdev_irq */
#define HC_RESET_PTDEV_INTR		HC_ID(0x54)	/* vm, gpa hc_ptdev_irq */
#define HC_ASSIGN_PCIDEV		HC_ID(0x55)	/* vm, gpa acrn_pcidev */
#define HC_DEASSIGN_PCIDEV		HC_ID(0x56)	/* vm, gpa acrn_pcidev */
#define HC_ASSIGN_MMIODEV		HC_ID(0x57)	/* vm, gpa acrn_mmiodev */
#define HC_DEASSIGN_MMIODEV		HC_ID(0x58)	/* vm, gpa acrn_mmiodev */
#define HC_ADD_VDEV			HC_ID(0x59)	/* vm, gpa acrn_vdev */
#define HC_REMOVE_VDEV			HC_ID(0x5A)	/* vm, gpa acrn_vdev */

/* Debug */
#define HC_SETUP_HV_NPK_LOG		HC_ID(0x61)
#define HC_PROFILING_OPS		HC_ID(0x62)
#define HC_GET_HW_INFO			HC_ID(0x63)	/* gpa of a u16: number of CPUs */

/* Trusted worlds (callers other than the Service VM) */
#define HC_INITIALIZE_TRUSTY		HC_ID(0x70)
#define HC_WORLD_SWITCH			HC_ID(0x71)
#define HC_SAVE_RESTORE_SWORLD_CTX	HC_ID(0x72)
#define HC_TEE_VCPU_BOOT_DONE		HC_ID(0x90)
#define HC_SWITCH_EE			HC_ID(0x91)

/* Power management */
#define HC_PM_GET_CPU_STATE		HC_ID(0x80)	/* PMCMD_* of vm.h, gpa of the result */

/*
 * Our own additions, valid only where HV_EXT_Q_HYPERCALLS or, for those behind the
 * first, HV_EXT_Q_STATS is set. Numbers 0xC0 and up are used by nobody else.
 *
 * "which" is the relative id of a user VM, 0 for the Service VM, or Q_VM_SLOT(n)
 * of vm.h for any VM. -ENOENT: no such VM now; -EINVAL: neither can be.
 */
#define HC_Q_VM_STATE			HC_ID(0xC0)	/* vm, gpa hc_q_vm_state, out */
#define HC_Q_VM_INFO			HC_ID(0xC1)	/* which, gpa hc_q_vm_info, out */
#define HC_Q_VCPU_STATS			HC_ID(0xC2)	/* which | vCPU id << 32, gpa hc_q_vcpu_stats, out */
#define HC_Q_CPUS			HC_ID(0xC3)	/* gpa hc_q_cpus, out; -ENOTTY: a hypervisor before it */

/* HC_GET_API_VERSION's answer. */
struct acrn_api_version {
	uint32_t major_version;
	uint32_t minor_version;
};
ABI_SIZE(struct acrn_api_version, 8);
ABI_AT(struct acrn_api_version, minor_version, 4);

#define HC_API_MAJOR	1u
#define HC_API_MINOR	0u

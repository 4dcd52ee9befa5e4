/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* A VM's life: creation, first registers, state, power-management data. */
#pragma once
#include "types.h"

#define ACRN_VM_NAME_LEN	16	/* with the terminating 0 */

/* acrn_vm_creation.vm_flag; other bits are ignored by HC_CREATE_VM. */
#define VM_FLAG_SECURE_WORLD	(1ull << 0)
#define VM_FLAG_LAPIC_PT	(1ull << 1)	/* only together with VM_FLAG_RT */
#define VM_FLAG_IO_POLLING	(1ull << 2)	/* IOREQ completion by polling */
#define VM_FLAG_HIDE_MTRR	(1ull << 3)	/* scenario only */
#define VM_FLAG_RT		(1ull << 4)
#define VM_FLAG_DYNAMIC_MASK \
	(VM_FLAG_SECURE_WORLD | VM_FLAG_LAPIC_PT | VM_FLAG_IO_POLLING | VM_FLAG_RT)

/*
 * HC_CREATE_VM and HSM_IOC_CREATE_VM. In: name, vm_flag, cpu_affinity, and for
 * the ioctl ioreq_buf. Out: vmid (relative) and vcpu_num.
 */
struct acrn_vm_creation {
	uint16_t vmid;
	uint16_t reserved0;
	uint16_t vcpu_num;
	uint16_t reserved1;
	/* Zero-terminated. A name of the scenario, or a new one: then a free dynamic VM is taken. */
	uint8_t name[ACRN_VM_NAME_LEN];
	uint64_t vm_flag;
	/* Page-aligned user address of the IOREQ page; only the kernel module reads it. */
	uint64_t ioreq_buf;
	/* Bit n: physical CPU n may run a vCPU. 0: all the scenario allows. */
	uint64_t cpu_affinity;
};
ABI_SIZE(struct acrn_vm_creation, 48);
ABI_AT(struct acrn_vm_creation, vcpu_num, 4);
ABI_AT(struct acrn_vm_creation, name, 8);
ABI_AT(struct acrn_vm_creation, vm_flag, 24);
ABI_AT(struct acrn_vm_creation, ioreq_buf, 32);
ABI_AT(struct acrn_vm_creation, cpu_affinity, 40);

/* General registers, in the order VMX numbers them (SDM vol. 3, table "Exit Qualification for CR accesses"). */
struct acrn_gp_regs {
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
};
ABI_SIZE(struct acrn_gp_regs, 128);
ABI_AT(struct acrn_gp_regs, rsp, 32);
ABI_AT(struct acrn_gp_regs, r8, 64);

/* GDTR or IDTR: the 10 bytes LGDT takes, padded to 16. */
struct acrn_descriptor_ptr {
	uint16_t limit;
	uint64_t base;
	uint16_t reserved[3];
} __attribute__((packed));
ABI_SIZE(struct acrn_descriptor_ptr, 16);
ABI_AT(struct acrn_descriptor_ptr, base, 2);

/*
 * The state a vCPU starts from. Segment bases and limits other than CS's
 * follow from CR0.PE and the selectors: flat 4 GiB in protected mode,
 * selector * 16 in real mode.
 */
struct acrn_regs {
	struct acrn_gp_regs gprs;
	struct acrn_descriptor_ptr gdt;
	struct acrn_descriptor_ptr idt;
	uint64_t rip;
	uint64_t cs_base;
	uint64_t cr0;
	uint64_t cr4;
	uint64_t cr3;
	uint64_t ia32_efer;
	uint64_t rflags;
	uint64_t reserved_64[4];
	uint32_t cs_ar;		/* access rights as in the VMCS field */
	uint32_t cs_limit;
	uint32_t reserved_32[3];
	uint16_t cs_sel;
	uint16_t ss_sel;
	uint16_t ds_sel;
	uint16_t es_sel;
	uint16_t fs_sel;
	uint16_t gs_sel;
	uint16_t ldt_sel;
	uint16_t tr_sel;
};
/* 284 bytes of fields, padded to a multiple of 8. */
ABI_SIZE(struct acrn_regs, 288);
ABI_AT(struct acrn_regs, gdt, 128);
ABI_AT(struct acrn_regs, idt, 144);
ABI_AT(struct acrn_regs, rip, 160);
ABI_AT(struct acrn_regs, cs_base, 168);
ABI_AT(struct acrn_regs, cr0, 176);
ABI_AT(struct acrn_regs, cr4, 184);
ABI_AT(struct acrn_regs, cr3, 192);
ABI_AT(struct acrn_regs, ia32_efer, 200);
ABI_AT(struct acrn_regs, rflags, 208);
ABI_AT(struct acrn_regs, reserved_64, 216);
ABI_AT(struct acrn_regs, cs_ar, 248);
ABI_AT(struct acrn_regs, cs_limit, 252);
ABI_AT(struct acrn_regs, reserved_32, 256);
ABI_AT(struct acrn_regs, cs_sel, 268);
ABI_AT(struct acrn_regs, ldt_sel, 280);
ABI_AT(struct acrn_regs, tr_sel, 282);

/* HC_SET_VCPU_REGS and HSM_IOC_SET_VCPU_REGS. Reserved fields must be 0. */
struct acrn_vcpu_regs {
	uint16_t vcpu_id;
	uint16_t reserved[3];
	struct acrn_regs vcpu_regs;
};
ABI_SIZE(struct acrn_vcpu_regs, 296);
ABI_AT(struct acrn_vcpu_regs, vcpu_regs, 8);

/* hc_q_vm_state.state */
#define Q_VM_POWERED_OFF	0u	/* no such VM now */
#define Q_VM_CREATED		1u	/* made or reset, not started */
#define Q_VM_RUNNING		2u
#define Q_VM_PAUSED		3u	/* by HC_PAUSE_VM */
#define Q_VM_STOPPED		4u	/* stopped by itself; reason says why. Next: HC_PAUSE_VM */

/* hc_q_vm_state.reason, meaningful in Q_VM_STOPPED and after its HC_PAUSE_VM. */
#define Q_STOP_NONE		0u
#define Q_STOP_TRIPLE_FAULT	1u	/* the guest shut its CPU down: usually means reset */
#define Q_STOP_RESET		2u	/* reset register handled by the hypervisor */
#define Q_STOP_POWEROFF		3u	/* sleep register handled by the hypervisor */
#define Q_STOP_CRASHED		4u	/* the hypervisor could not go on with it; see why */

/* HC_Q_VM_STATE and HSM_IOC_Q_VM_STATE: what a VM does, and why it stopped. */
struct hc_q_vm_state {
	uint32_t state;
	uint32_t reason;
	uint32_t vcpu_id;	/* the vCPU that stopped the VM */
	uint32_t reserved;	/* 0 */
	uint64_t rip;		/* its RIP then */
	char why[40];		/* words for a person, zero-terminated */
};
ABI_SIZE(struct hc_q_vm_state, 64);
ABI_AT(struct hc_q_vm_state, reason, 4);
ABI_AT(struct hc_q_vm_state, vcpu_id, 8);
ABI_AT(struct hc_q_vm_state, rip, 16);
ABI_AT(struct hc_q_vm_state, why, 24);

/*
 * Any VM by the hypervisor's own number: slots 0 to Q_VM_SLOTS - 1 are all VMs there
 * can be, pre-launched ones and the Service VM among them.
 */
#define Q_VM_SLOTS		16u
#define Q_VM_SLOT(n)		(0x10000u | (n))
#define Q_VM_NO_ID		0xFFFFFFFFu	/* hc_q_vm_info.vmid of a pre-launched VM */

/* hc_q_vm_info.load_order */
#define Q_VM_PRE_LAUNCHED	0u
#define Q_VM_SERVICE		1u
#define Q_VM_POST_LAUNCHED	2u

/* HC_Q_VM_INFO and HSM_IOC_Q_VM_INFO: what there is to know of a VM, whoever launched it. */
struct hc_q_vm_info {
	uint32_t which;		/* the ioctl reads it: relative id or Q_VM_SLOT() */
	uint32_t slot;
	uint32_t vmid;		/* relative id, 0: the Service VM */
	uint32_t load_order;	/* Q_VM_PRE_LAUNCHED ... */
	uint32_t severity;	/* 0x10 standard, 0x20 service, 0x30 real-time, 0x40 safety */
	uint32_t state;		/* Q_VM_CREATED ... */
	uint32_t reason;	/* Q_STOP_*: why it stopped by itself last time */
	uint32_t nr_vcpus;
	uint32_t restarts;	/* since it was made */
	uint32_t reserved;	/* 0 */
	uint64_t flags;		/* VM_FLAG_* and the scenario's others */
	uint64_t cpus;		/* bit n: physical CPU n has a vCPU of it */
	uint64_t memory_bytes;	/* RAM that it can reach now */
	uint8_t name[ACRN_VM_NAME_LEN];	/* zero-terminated */
};
ABI_SIZE(struct hc_q_vm_info, 80);
ABI_AT(struct hc_q_vm_info, vmid, 8);
ABI_AT(struct hc_q_vm_info, severity, 16);
ABI_AT(struct hc_q_vm_info, nr_vcpus, 28);
ABI_AT(struct hc_q_vm_info, flags, 40);
ABI_AT(struct hc_q_vm_info, memory_bytes, 56);
ABI_AT(struct hc_q_vm_info, name, 64);

/* hc_q_vcpu_stats.state */
#define Q_VCPU_OFFLINE		0u
#define Q_VCPU_WAIT_SIPI	1u	/* not started by its guest */
#define Q_VCPU_RUNNING		2u	/* runs, or would if it had its CPU */
#define Q_VCPU_HALTED		3u
#define Q_VCPU_IO_WAIT		4u	/* its request is with the device model */
#define Q_VCPU_PAUSED		5u

/* Indices of hc_q_vcpu_stats.exits_by. */
#define Q_EXIT_OTHER		0u
#define Q_EXIT_INTERRUPT	1u	/* the machine's interrupts, kicks, timers; windows for injecting */
#define Q_EXIT_HALT		2u	/* HLT, PAUSE */
#define Q_EXIT_PORT		3u	/* IN, OUT */
#define Q_EXIT_MEMORY		4u	/* addresses without memory behind them: mostly device registers */
#define Q_EXIT_MSR		5u
#define Q_EXIT_APIC		6u	/* local APIC: registers, EOI, TPR */
#define Q_EXIT_CPUID		7u
#define Q_EXIT_CONTROL		8u	/* control and debug registers, XSETBV */
#define Q_EXIT_HYPERCALL	9u
#define Q_NR_EXITS		10u

/*
 * HC_Q_VCPU_STATS and HSM_IOC_Q_VCPU_STATS: what one vCPU has used since its VM was made; a reset of
 * the VM does not end the counts, an operator's "vmexit clear" ends those of exits. Times are real
 * time. Run time is that of the vCPU's thread: in the guest and in the hypervisor for it. A vCPU that
 * halts or waits for its device model does not run; one whose local APIC is passed through does not
 * leave its CPU to halt, and runs all the time.
 */
struct hc_q_vcpu_stats {
	uint32_t which;		/* the ioctl reads it: relative id or Q_VM_SLOT() */
	uint32_t vcpu_id;	/* and this */
	uint32_t pcpu_id;
	uint32_t state;		/* Q_VCPU_* */
	uint64_t time_ns;	/* the hypervisor's clock when this was read; the same for all */
	uint64_t run_ns;
	uint64_t wait_ns;	/* it could have run, and others had its CPU */
	uint64_t exits;		/* all */
	uint64_t exits_by[Q_NR_EXITS];	/* parts of them */
};
ABI_SIZE(struct hc_q_vcpu_stats, 128);
ABI_AT(struct hc_q_vcpu_stats, pcpu_id, 8);
ABI_AT(struct hc_q_vcpu_stats, time_ns, 16);
ABI_AT(struct hc_q_vcpu_stats, wait_ns, 32);
ABI_AT(struct hc_q_vcpu_stats, exits_by, 48);

#define Q_NR_CPUS		64u

/* HC_Q_CPUS and HSM_IOC_Q_CPUS: the machine's CPUs, which acrn_vm_creation.cpu_affinity and pcpu_id number. */
struct hc_q_cpus {
	uint32_t nr;			/* 1 to Q_NR_CPUS */
	uint32_t reserved;		/* 0 */
	uint32_t apic_id[Q_NR_CPUS];	/* of physical CPU n; behind nr: 0 */
};
ABI_SIZE(struct hc_q_cpus, 264);
ABI_AT(struct hc_q_cpus, apic_id, 8);

/*
 * Platform description kept by the reference's older interface; no call
 * reaches it now, the layout is kept for readers of old dumps.
 */
struct acrn_vm_config_header {
	uint32_t load_order;
	char name[ACRN_VM_NAME_LEN];
	uint8_t reserved[2];
	uint8_t severity;
	uint8_t reserved1;
	uint64_t cpu_affinity;
	uint64_t guest_flags;
};
ABI_SIZE(struct acrn_vm_config_header, 40);
ABI_AT(struct acrn_vm_config_header, name, 4);
ABI_AT(struct acrn_vm_config_header, severity, 22);
ABI_AT(struct acrn_vm_config_header, cpu_affinity, 24);
ABI_AT(struct acrn_vm_config_header, guest_flags, 32);

/* HC_PM_GET_CPU_STATE's command: what, which state, which vCPU, which VM. */
#define PMCMD_TYPE(cmd)		((uint32_t)(cmd) & 0xffu)
#define PMCMD_STATE(cmd)	(((uint32_t)(cmd) >> 8) & 0xffu)
#define PMCMD_VCPU(cmd)		(((uint32_t)(cmd) >> 16) & 0xffu)
#define PMCMD_VM(cmd)		(((uint32_t)(cmd) >> 24) & 0xffu)
#define PMCMD_VM_SHIFT		24
#define PMCMD_VM_MASK		0xff000000u

#define PMCMD_GET_PX_CNT	0u	/* result: one byte, number of P-states */
#define PMCMD_GET_PX_DATA	1u	/* result: acrn_pstate_data; always refused now */
#define PMCMD_GET_CX_CNT	2u	/* result: one byte, number of C-states */
#define PMCMD_GET_CX_DATA	3u	/* result: acrn_cstate_data */

/* ACPI generic address structure (ACPI 6.5, 5.2.3.2). */
struct acrn_acpi_generic_address {
	uint8_t space_id;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access_size;
	uint64_t address;
} __attribute__((packed));
ABI_SIZE(struct acrn_acpi_generic_address, 12);
ABI_AT(struct acrn_acpi_generic_address, address, 4);

/* One C-state (ACPI 6.5, 8.4.1.1). */
struct acrn_cstate_data {
	struct acrn_acpi_generic_address cx_reg;
	uint8_t type;
	uint8_t reserved[3];
	uint32_t latency;	/* microseconds */
	uint64_t power;		/* milliwatts */
};
ABI_SIZE(struct acrn_cstate_data, 32);
ABI_AT(struct acrn_cstate_data, type, 12);
ABI_AT(struct acrn_cstate_data, latency, 16);
ABI_AT(struct acrn_cstate_data, power, 24);

/* One P-state (ACPI 6.5, 8.4.5.2). */
struct acrn_pstate_data {
	uint64_t core_frequency;	/* MHz */
	uint64_t power;			/* milliwatts */
	uint64_t transition_latency;	/* microseconds */
	uint64_t bus_master_latency;	/* microseconds */
	uint64_t control;
	uint64_t status;
};
ABI_SIZE(struct acrn_pstate_data, 48);
ABI_AT(struct acrn_pstate_data, control, 32);

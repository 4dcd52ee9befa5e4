/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * /dev/acrn_hsm: what the device model asks of the kernel module.
 *
 * One VM per open file. All calls return 0 (or more, where said) or -1 with
 * errno. Closing the file in any state pauses and destroys the VM and gives
 * back its memory.
 */
#pragma once
#include "types.h"
#include "vm.h"
#include "irq.h"
#include "dev.h"

#define HSM_DEVICE_PATH	"/dev/acrn_hsm"

/* HSM_IOC_NOTIFY_REQUEST_FINISH */
struct acrn_ioreq_notify {
	uint16_t vmid;		/* ignored: the file says which VM */
	uint16_t reserved;
	uint32_t vcpu;
};
ABI_SIZE(struct acrn_ioreq_notify, 8);
ABI_AT(struct acrn_ioreq_notify, vcpu, 4);

/* acrn_vm_memmap.type */
#define MEMMAP_RAM	0u	/* the caller's memory at vma_base, pinned until unset */
#define MEMMAP_MMIO	1u	/* device memory at service_vm_pa, mapped uncached */

/* HSM_IOC_SET_MEMSEG, HSM_IOC_UNSET_MEMSEG. Addresses and len in whole pages. */
struct acrn_vm_memmap {
	uint32_t type;
	uint32_t attr;		/* MEM_ACCESS_* of mem.h */
	uint64_t user_vm_pa;	/* guest-physical in the user VM */
	union {
		uint64_t service_vm_pa;
		uint64_t vma_base;
	};
	uint64_t len;
};
ABI_SIZE(struct acrn_vm_memmap, 32);
ABI_AT(struct acrn_vm_memmap, attr, 4);
ABI_AT(struct acrn_vm_memmap, user_vm_pa, 8);
ABI_AT(struct acrn_vm_memmap, vma_base, 16);
ABI_AT(struct acrn_vm_memmap, len, 24);

/* acrn_ioeventfd.flags */
#define IOEVENTFD_PIO		(1u << 0)	/* addr is a port, else guest-physical */
#define IOEVENTFD_DATAMATCH	(1u << 1)	/* only when the value written is data */
#define IOEVENTFD_DEASSIGN	(1u << 2)
#define IOEVENTFD_ASYNCIO	(1u << 3)	/* needs HSM_IOC_SETUP_ASYNCIO */

/* HSM_IOC_IOEVENTFD: a guest's write at addr becomes a write to an eventfd. */
struct acrn_ioeventfd {
	uint32_t fd;
	uint32_t flags;
	uint64_t addr;
	uint32_t len;		/* bytes: 1, 2, 4 or 8 */
	uint32_t reserved;
	uint64_t data;
};
ABI_SIZE(struct acrn_ioeventfd, 32);
ABI_AT(struct acrn_ioeventfd, flags, 4);
ABI_AT(struct acrn_ioeventfd, addr, 8);
ABI_AT(struct acrn_ioeventfd, len, 16);
ABI_AT(struct acrn_ioeventfd, data, 24);

/* acrn_irqfd.flags */
#define IRQFD_DEASSIGN		(1u << 0)

/* HSM_IOC_IRQFD: a write to an eventfd becomes an MSI in the guest. */
struct acrn_irqfd {
	int32_t fd;
	uint32_t flags;
	struct acrn_msi_entry msi;
};
ABI_SIZE(struct acrn_irqfd, 24);
ABI_AT(struct acrn_irqfd, flags, 4);
ABI_AT(struct acrn_irqfd, msi, 8);

/* VM life */
#define HSM_IOC_CREATE_VM		0xC030A210u	/* acrn_vm_creation */
#define HSM_IOC_DESTROY_VM		0x0000A211u
#define HSM_IOC_START_VM		0x0000A212u
#define HSM_IOC_PAUSE_VM		0x0000A213u
#define HSM_IOC_RESET_VM		0x0000A215u
#define HSM_IOC_SET_VCPU_REGS		0x4128A216u	/* acrn_vcpu_regs */

/* Interrupts */
#define HSM_IOC_INJECT_MSI		0x4010A223u	/* acrn_msi_entry */
#define HSM_IOC_VM_INTR_MONITOR		0x4008A224u	/* address of an acrn_intr_monitor */
#define HSM_IOC_SET_IRQLINE		0x4008A225u	/* the argument is the IRQLINE() value */

/* I/O requests */
#define HSM_IOC_NOTIFY_REQUEST_FINISH	0x4008A231u	/* acrn_ioreq_notify */
#define HSM_IOC_CREATE_IOREQ_CLIENT	0x0000A232u
#define HSM_IOC_ATTACH_IOREQ_CLIENT	0x0000A233u	/* sleeps until there is work */
#define HSM_IOC_DESTROY_IOREQ_CLIENT	0x0000A234u	/* ATTACH then ends with ENODEV */
#define HSM_IOC_CLEAR_VM_IOREQ		0x0000A235u

/* Memory */
#define HSM_IOC_SET_MEMSEG		0x4020A241u	/* acrn_vm_memmap */
#define HSM_IOC_UNSET_MEMSEG		0x4020A242u	/* acrn_vm_memmap */

/* Devices */
#define HSM_IOC_SET_PTDEV_INTR		0x4014A253u	/* acrn_ptdev_irq */
#define HSM_IOC_RESET_PTDEV_INTR	0x4014A254u	/* acrn_ptdev_irq */
#define HSM_IOC_ASSIGN_PCIDEV		0x4024A255u	/* acrn_pcidev */
#define HSM_IOC_DEASSIGN_PCIDEV		0x4024A256u	/* acrn_pcidev */
#define HSM_IOC_ASSIGN_MMIODEV		0x4068A257u	/* acrn_mmiodev */
#define HSM_IOC_DEASSIGN_MMIODEV	0x4068A258u	/* acrn_mmiodev */
#define HSM_IOC_CREATE_VDEV		0x40C0A259u	/* acrn_vdev */
#define HSM_IOC_DESTROY_VDEV		0x40C0A25Au	/* acrn_vdev */

/* Power management: in a PMCMD_* word of vm.h, out the result, in one u64 or the struct it begins. */
#define HSM_IOC_PM_GET_CPU_STATE	0xC008A260u

/* eventfds */
#define HSM_IOC_IOEVENTFD		0x4020A270u	/* acrn_ioeventfd */
#define HSM_IOC_IRQFD			0x4018A271u	/* acrn_irqfd */

/* Known from other kernels; answered with ENOTTY. */
#define HSM_IOC_SETUP_ASYNCIO		0x4008A290u
#define HSM_IOC_SETUP_VM_EVENT_RING	0x4008A2A0u
#define HSM_IOC_SETUP_VM_EVENT_FD	0x4004A2A1u

/*
 * Our own additions; another kernel's module answers ENOTTY.
 *
 * HSM_IOC_Q_VM_STATE: hc_q_vm_state, out: what the VM does and why it stopped.
 *	Worth asking when slot 0's state_seq (ioreq.h) changed.
 * HSM_IOC_Q_FINISH_AND_WAIT: a NOTIFY_REQUEST_FINISH for each bit n (vCPU n) of
 *	the argument, a value, then an ATTACH. The device model has stored
 *	COMPLETE in those slots before; one still PROCESSING is taken for the
 *	vCPU's next request and stays with the device model. Returns the set of slots that are
 *	PROCESSING for the device model, as a bit mask, at once if it is not empty;
 *	0: look at state_seq. EINTR: the notifies are done, only wait again.
 * HSM_IOC_Q_VM_INFO, HSM_IOC_Q_VCPU_STATS: in the first fields of the structure (which, vcpu_id),
 *	out all of it, of any VM, by any open file: it need not have a VM. ENOENT: there is
 *	no such VM, or vCPU, now. EINVAL: there cannot be.
 * HSM_IOC_Q_CPUS: out, by any open file. ENOTTY: the hypervisor does not know the call.
 */
#define HSM_IOC_Q_VM_STATE		0x8040A2C0u	/* hc_q_vm_state */
#define HSM_IOC_Q_FINISH_AND_WAIT	0x0000A2C1u
#define HSM_IOC_Q_VM_INFO		0xC050A2C2u	/* hc_q_vm_info */
#define HSM_IOC_Q_VCPU_STATS		0xC080A2C3u	/* hc_q_vcpu_stats */
#define HSM_IOC_Q_CPUS			0x8108A2C4u	/* hc_q_cpus */

/* Linux's ioctl number: direction (1 to, 2 from the kernel), size, type, number. */
#define HSM_IOC_NR(dir, nr, size) \
	(((uint32_t)(dir) << 30) | ((uint32_t)(size) << 16) | (0xA2u << 8) | (nr))
ABI_EQ(HSM_IOC_CREATE_VM, HSM_IOC_NR(3, 0x10, sizeof(struct acrn_vm_creation)));
ABI_EQ(HSM_IOC_SET_VCPU_REGS, HSM_IOC_NR(1, 0x16, sizeof(struct acrn_vcpu_regs)));
ABI_EQ(HSM_IOC_INJECT_MSI, HSM_IOC_NR(1, 0x23, sizeof(struct acrn_msi_entry)));
ABI_EQ(HSM_IOC_VM_INTR_MONITOR, HSM_IOC_NR(1, 0x24, sizeof(uint64_t)));
ABI_EQ(HSM_IOC_SET_IRQLINE, HSM_IOC_NR(1, 0x25, sizeof(uint64_t)));
ABI_EQ(HSM_IOC_NOTIFY_REQUEST_FINISH, HSM_IOC_NR(1, 0x31, sizeof(struct acrn_ioreq_notify)));
ABI_EQ(HSM_IOC_SET_MEMSEG, HSM_IOC_NR(1, 0x41, sizeof(struct acrn_vm_memmap)));
ABI_EQ(HSM_IOC_UNSET_MEMSEG, HSM_IOC_NR(1, 0x42, sizeof(struct acrn_vm_memmap)));
ABI_EQ(HSM_IOC_SET_PTDEV_INTR, HSM_IOC_NR(1, 0x53, sizeof(struct acrn_ptdev_irq)));
ABI_EQ(HSM_IOC_RESET_PTDEV_INTR, HSM_IOC_NR(1, 0x54, sizeof(struct acrn_ptdev_irq)));
ABI_EQ(HSM_IOC_ASSIGN_PCIDEV, HSM_IOC_NR(1, 0x55, sizeof(struct acrn_pcidev)));
ABI_EQ(HSM_IOC_DEASSIGN_PCIDEV, HSM_IOC_NR(1, 0x56, sizeof(struct acrn_pcidev)));
ABI_EQ(HSM_IOC_ASSIGN_MMIODEV, HSM_IOC_NR(1, 0x57, sizeof(struct acrn_mmiodev)));
ABI_EQ(HSM_IOC_DEASSIGN_MMIODEV, HSM_IOC_NR(1, 0x58, sizeof(struct acrn_mmiodev)));
ABI_EQ(HSM_IOC_CREATE_VDEV, HSM_IOC_NR(1, 0x59, sizeof(struct acrn_vdev)));
ABI_EQ(HSM_IOC_DESTROY_VDEV, HSM_IOC_NR(1, 0x5A, sizeof(struct acrn_vdev)));
ABI_EQ(HSM_IOC_PM_GET_CPU_STATE, HSM_IOC_NR(3, 0x60, sizeof(uint64_t)));
ABI_EQ(HSM_IOC_IOEVENTFD, HSM_IOC_NR(1, 0x70, sizeof(struct acrn_ioeventfd)));
ABI_EQ(HSM_IOC_IRQFD, HSM_IOC_NR(1, 0x71, sizeof(struct acrn_irqfd)));
ABI_EQ(HSM_IOC_Q_VM_STATE, HSM_IOC_NR(2, 0xC0, sizeof(struct hc_q_vm_state)));
ABI_EQ(HSM_IOC_Q_VM_INFO, HSM_IOC_NR(3, 0xC2, sizeof(struct hc_q_vm_info)));
ABI_EQ(HSM_IOC_Q_VCPU_STATS, HSM_IOC_NR(3, 0xC3, sizeof(struct hc_q_vcpu_stats)));
ABI_EQ(HSM_IOC_Q_CPUS, HSM_IOC_NR(2, 0xC4, sizeof(struct hc_q_cpus)));

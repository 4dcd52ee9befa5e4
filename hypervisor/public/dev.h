/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Devices given to a VM: physical PCI functions, MMIO devices, devices inside the hypervisor. */
#pragma once
#include "types.h"

#define ACRN_PCI_NUM_BARS	6
#define ACRN_MMIODEV_RES_NUM	3

/* BDF as in all structures here: bus in bits 15:8, device 7:3, function 2:0. */
#define ACRN_BDF(bus, dev, func) \
	((uint16_t)(((bus) << 8) | (((dev) & 0x1f) << 3) | ((func) & 7)))

/* acrn_pcidev.type */
#define PCIDEV_QUIRK_ASSIGN	(1u << 0)

/* HC_ASSIGN_PCIDEV, HC_DEASSIGN_PCIDEV and the ioctls of the same names. */
struct acrn_pcidev {
	uint32_t type;
	uint16_t virt_bdf;
	uint16_t phys_bdf;
	uint8_t intr_line;
	uint8_t intr_pin;
	uint16_t reserved;
	uint32_t bar[ACRN_PCI_NUM_BARS];	/* virtual BAR values */
};
ABI_SIZE(struct acrn_pcidev, 36);
ABI_AT(struct acrn_pcidev, virt_bdf, 4);
ABI_AT(struct acrn_pcidev, phys_bdf, 6);
ABI_AT(struct acrn_pcidev, intr_line, 8);
ABI_AT(struct acrn_pcidev, intr_pin, 9);
ABI_AT(struct acrn_pcidev, bar, 12);

struct acrn_mmio_res {
	uint64_t user_vm_pa;
	uint64_t host_pa;	/* Service VM guest-physical = host-physical for devices */
	uint64_t size;		/* 0: unused */
	uint64_t mem_type;	/* MEM_TYPE_* of mem.h */
};
ABI_SIZE(struct acrn_mmio_res, 32);
ABI_AT(struct acrn_mmio_res, host_pa, 8);
ABI_AT(struct acrn_mmio_res, size, 16);
ABI_AT(struct acrn_mmio_res, mem_type, 24);

/* HC_ASSIGN_MMIODEV moves the mapping from the Service VM to the target; DEASSIGN moves it back. */
struct acrn_mmiodev {
	uint8_t name[8];
	struct acrn_mmio_res res[ACRN_MMIODEV_RES_NUM];
};
ABI_SIZE(struct acrn_mmiodev, 104);
ABI_AT(struct acrn_mmiodev, res, 8);

/* acrn_vdev.id: device id in the high, vendor id in the low half. */
#define VDEV_ID_IVSHMEM		0x11101AF4u
#define VDEV_ID_UART		0x99009710u
#define VDEV_ID_ROOT_PORT	0x9D148086u

/* HC_ADD_VDEV, HC_REMOVE_VDEV. args: ivshmem: region name, "hv:/" before it is allowed; UART: u16 index; root port: 12 bytes. */
struct acrn_vdev {
	union {
		uint64_t value;
		struct {
			uint16_t vendor;
			uint16_t device;
			uint32_t legacy_id;
		} fields;
	} id;
	uint64_t slot;		/* virtual BDF */
	uint32_t io_addr[ACRN_PCI_NUM_BARS];
	uint32_t io_size[ACRN_PCI_NUM_BARS];
	uint8_t args[128];
};
ABI_SIZE(struct acrn_vdev, 192);
ABI_AT(struct acrn_vdev, slot, 8);
ABI_AT(struct acrn_vdev, io_addr, 16);
ABI_AT(struct acrn_vdev, io_size, 40);
ABI_AT(struct acrn_vdev, args, 64);

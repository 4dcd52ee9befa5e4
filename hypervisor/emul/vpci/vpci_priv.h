/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the files of emul/vpci/. */
#pragma once

#include "lib/spinlock.h"
#include "lib/types.h"
#include "vm/access.h"

struct vcpu;
struct vm;
struct vpci;

#define PCI_REG_VENDOR		0x00u
#define PCI_REG_COMMAND		0x04u
#define PCI_REG_CLASS		0x08u
#define PCI_REG_HEADER		0x0cu		/* header type in byte 2 of the dword */
#define PCI_REG_BAR(n)		(0x10u + 4u * (n))
#define PCI_REG_BUSES		0x18u		/* bridges: primary, secondary, subordinate bus */
#define PCI_REG_SUBSYSTEM	0x2cu
#define PCI_REG_CAPS		0x34u
#define PCI_CMD_MEMORY		0x0002u
#define PCI_CMD_WRITABLE	0x0404u		/* bus master, INTx disable */
#define PCI_STATUS_CAPS		(1u << 20)	/* status bit 4, in the command dword */
#define PCI_CAP_MSI		0x05u
#define PCI_CAP_MSIX		0x11u
#define PCI_CAP_FIRST		0x40u
#define PCI_MAX_CAPS		48u		/* dwords from 0x40 to 0xff */
#define PCI_CONFIG_SIZE		0x100u
#define PCI_NO_DEVICE		0xffffffffu
#define PCI_HEADER_BRIDGE	1u

/* The HSM function (public/hsm_function.h). */
struct hsm_function {
	uint16_t bdf;
	uint32_t command;
	uint16_t msi_control;
	uint64_t msi_addr;
	uint16_t msi_data;
};

/* A function's MSI capability (PCI 3.0, 6.8.1). The guest's values; the device holds ours. */
struct vmsi {
	uint32_t at;		/* offset of the capability, 0: none shown */
	uint32_t size;		/* whole dwords */
	uint32_t data_at;
	uint32_t features;	/* what of the control register is shown as it is */
	bool is_64bit;
	bool enabled;
	bool told;		/* the log knows that it has no vector or CPU */
	uint64_t addr;
	uint16_t data;
	uint8_t vector;		/* host's; not 0: the device's MSI is enabled */
};

#define VMSIX_ENTRIES	64u	/* shown at most */

/* One entry of the table as the guest wrote it (PCI 3.0, 6.8.2). */
struct vmsix_entry {
	uint64_t addr;
	uint32_t data;
	bool masked;
	uint8_t vector;		/* host's, 0: none */
};

/* A function's MSI-X capability and table. */
struct vmsix {
	uint32_t at;		/* offset of the capability, 0: none shown */
	uint32_t bar;		/* number of the table's BAR */
	uint32_t bar_offset;	/* of the table */
	uint32_t nr, nr_real;	/* entries shown, entries of the device */
	bool enabled;		/* the guest's bits of the control register */
	bool function_mask;
	bool on;		/* the device's MSI-X is enabled */
	bool told_trap;		/* the log knows: the table cannot be trapped; */
	bool told_vector;	/* no vector or CPU for an entry */
	uint32_t nr_moves;
	uint64_t trap, trap_size; /* pages of the table that exit; size 0: none now, trap: where they were last */
	uint32_t table;		/* offset of the table in them */
	uint8_t *host;		/* the same pages, mapped for us */
	struct vmsix_entry entry[VMSIX_ENTRIES];
};

/* A physical function of the Service VM; made at the first access to it. All of it: vpci->lock. */
struct pci_function {
	struct pci_function *next;
	struct vm *vm;
	uint16_t bdf;
	uint8_t header_type;
	struct vmsi msi;
	struct vmsix msix;
};

struct vpci {
	struct spinlock lock;	/* guards everything here; taken before the EPT's lock and a message's */
	struct vm *vm;
	uint32_t address;	/* CF8 */
	struct hsm_function hsm;	/* Service VM */
	struct pci_function *functions;
	bool told;		/* the log knows that there is no memory for a record */
	uint64_t ecam, ecam_size;	/* (o) trapped ECAM window, size 0: none */
	bool (*touch)(struct vm *vm, uint64_t gpa);	/* (o) the memory's own hook, which comes after ours */
};

/* One dword of a virtual function; `mask` selects the bytes written. Lock held. */
uint32_t hsm_function_read(const struct hsm_function *f, uint32_t reg);
void hsm_function_write(struct hsm_function *f, uint32_t reg, uint32_t value, uint32_t mask);
void hsm_function_reset(struct hsm_function *f);

/* Configuration space of a physical function. Naturally aligned. Lock held, vCPU thread. */
uint32_t passthru_read(struct vpci *p, uint16_t bdf, uint32_t reg, uint32_t size);
void passthru_write(struct vpci *p, uint16_t bdf, uint32_t reg, uint32_t size, uint32_t value);
/* Silences every function, gives vectors and trapped pages back and forgets all. Lock held. */
void passthru_drop_all(struct vpci *p);

/* True when the firmware's map has memory in the page: no device's place. */
bool passthru_is_memory(uint64_t page);

/* True when [start, start + size) is device memory that the guest could access itself, and nobody's trapped page. */
bool passthru_is_device(const struct vm *vm, uint64_t start, uint64_t size);
/* Guest-physical addresses end here. */
uint64_t passthru_address_limit(void);

/* The function's capability list. Offset of the first capability with this id, 0: none. */
uint32_t cap_find(uint16_t bdf, uint32_t id);
/* The capability's list pointers as the guest may see them: MSI and MSI-X that f does not show are skipped. */
uint32_t cap_read_dword(const struct pci_function *f, uint32_t reg, uint32_t value);
/* True when the register belongs to a capability that is not shown. */
bool cap_is_hidden(const struct pci_function *f, uint32_t reg);

/* MSI. `reg` is a dword of the capability; `mask` as above; fini silences the device. Lock held. */
void vmsi_init(struct pci_function *f);
void vmsi_fini(struct pci_function *f);
bool vmsi_owns(const struct pci_function *f, uint32_t reg);
uint32_t vmsi_read(const struct pci_function *f, uint32_t reg);
void vmsi_write(struct pci_function *f, uint32_t reg, uint32_t value, uint32_t mask);

/* MSI-X, the same. */
void vmsix_init(struct pci_function *f);
void vmsix_fini(struct pci_function *f);
bool vmsix_owns(const struct pci_function *f, uint32_t reg);
uint32_t vmsix_read(const struct pci_function *f, uint32_t reg);
void vmsix_write(struct pci_function *f, uint32_t reg, uint32_t value, uint32_t mask);
/* The command register or a BAR was written: the trap follows the table. Lock held. */
void vmsix_place(struct pci_function *f);
/* True when [gpa, gpa + size) has a byte of the trapped pages. Lock held. */
bool vmsix_traps(const struct pci_function *f, uint64_t gpa, uint64_t size);

/* Puts the device into the state the guest's registers and table ask for. Lock held. */
void vmsix_table_apply(struct pci_function *f);
/* Disables the device's MSI-X and frees its vectors. The trap is still there. Lock held. */
void vmsix_table_stop(struct pci_function *f);
/* An access to the trapped pages. Lock held. */
void vmsix_table_access(struct pci_function *f, struct io_access *acc);
/* Registered with each trap, dev = struct vpci; emul/vpci/passthru.c. Own vCPU thread, takes the lock. */
int passthru_trap(struct vcpu *vcpu, void *dev, struct io_access *acc);

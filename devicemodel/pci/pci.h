/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PCI devices as the rest of the device model sees them. A device is a const ops table (one line in
 * devices.c) and an init function that fills config space with the helpers below.
 * Everything here is called with the device lock held unless it says otherwise.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/bus.h"

struct vm;
struct pci_dev;

#define PCI_CFG_SIZE		256
#define PCI_NR_BARS		6
#define PCI_NR_SLOTS		32
#define PCI_NR_FUNCS		8

/* Configuration space registers and bits used here (PCI Local Bus 3.0, chapter 6) */
#define PCI_REG_VENDOR		0x00
#define PCI_REG_DEVICE		0x02
#define PCI_REG_COMMAND		0x04
#define  PCI_COMMAND_IO		0x0001
#define  PCI_COMMAND_MEMORY	0x0002
#define  PCI_COMMAND_MASTER	0x0004
#define  PCI_COMMAND_INTX_OFF	0x0400
#define PCI_REG_STATUS		0x06
#define  PCI_STATUS_INTX	0x0008
#define  PCI_STATUS_CAPS	0x0010
#define PCI_REG_REVISION	0x08
#define PCI_REG_PROG_IF		0x09
#define PCI_REG_SUBCLASS	0x0A
#define PCI_REG_CLASS		0x0B
#define PCI_REG_HEADER		0x0E
#define  PCI_HEADER_MULTI	0x80
#define PCI_REG_BAR0		0x10
#define PCI_REG_SUBVENDOR	0x2C
#define PCI_REG_SUBDEVICE	0x2E
#define PCI_REG_CAP_PTR		0x34
#define PCI_REG_INTR_LINE	0x3C
#define PCI_REG_INTR_PIN	0x3D
#define PCI_CAP_ID_VENDOR	0x09
#define PCI_CAP_ID_MSIX		0x11

enum pci_bar_type { PCI_BAR_NONE = 0, PCI_BAR_IO, PCI_BAR_MEM32, PCI_BAR_MEM64 };

struct pci_dev_ops {
	const char *name;		/* as in "-s SLOT,name" */
	/*
	 * Build the device. @opts is what follows "name," on the command line, "" when nothing. The
	 * event thread is not running yet. -errno with a message; undo what was done.
	 */
	int (*init)(struct vm *vm, struct pci_dev *pdev, const char *opts);
	/* Undo init. BARs, caps and MSI-X are freed by the PCI core afterwards. */
	void (*fini)(struct pci_dev *pdev);
	/* Back to the state after init (config space, BARs and MSI-X are reset by the core before). */
	void (*reset)(struct pci_dev *pdev);
	/* BAR accesses, offset checked against the BAR's size; size 1, 2, 4, 8. */
	uint64_t (*bar_read)(struct pci_dev *pdev, unsigned int bar, uint64_t offset, unsigned int size);
	void (*bar_write)(struct pci_dev *pdev, unsigned int bar, uint64_t offset, unsigned int size,
			  uint64_t value);
	/*
	 * BAR @bar now decodes at pci_bar_base() (@on), or no longer decodes (!@on, base still the old
	 * one). For what hangs on the address, such as ioevents. Called for each change, also at the
	 * end of init and before fini.
	 */
	void (*bar_map)(struct pci_dev *pdev, unsigned int bar, bool on);
	/*
	 * Optional hooks for registers with side effects (a vendor capability's data window). cfg_read
	 * may refresh pdev->cfg before the core reads it; cfg_write runs after the core stored the
	 * writable bits.
	 */
	void (*cfg_read)(struct pci_dev *pdev, unsigned int reg, unsigned int size);
	void (*cfg_write)(struct pci_dev *pdev, unsigned int reg, unsigned int size);
};

struct pci_bar {
	enum pci_bar_type type;
	uint64_t size;			/* power of two */
	uint64_t initial_base;		/* as allocated, restored at reset */
	struct bus_range range;		/* base and "is it decoding" live here */
	bool mapped;
	struct pci_dev *pdev;
};

struct pci_msix_entry {
	uint64_t addr;
	uint32_t data;
	uint32_t ctrl;			/* bit 0: masked */
};

struct pci_msix {
	pthread_mutex_t lock;		/* leaf lock: pci_msix_fire() comes from any thread */
	unsigned int nr_vectors;	/* 0 = no MSI-X */
	unsigned int cap;		/* offset of the capability */
	unsigned int bar;
	uint32_t pba_offset;
	bool enabled, all_masked;	/* copies of the control bits, under lock */
	struct pci_msix_entry *table;
	uint64_t *pending;		/* one bit a vector */
};

struct pci_dev {
	struct vm *vm;
	const struct pci_dev_ops *ops;
	void *priv;			/* the device's own state */
	uint8_t slot, func;
	uint8_t cfg[PCI_CFG_SIZE];
	uint8_t initial[PCI_CFG_SIZE];	/* cfg after init, for reset */
	uint8_t writable[PCI_CFG_SIZE];	/* bits the guest may change */
	uint8_t cap_end;		/* first free byte for capabilities */
	uint8_t last_cap;
	bool intx_level;		/* what the device wants on its pin */
	bool intx_driven;		/* what the line sees */
	struct pci_bar bar[PCI_NR_BARS];
	struct pci_msix msix;
};

/* Little-endian access to pdev->cfg for init code; @reg in range. */
void pci_cfg_set8(struct pci_dev *pdev, unsigned int reg, uint8_t value);
void pci_cfg_set16(struct pci_dev *pdev, unsigned int reg, uint16_t value);
void pci_cfg_set32(struct pci_dev *pdev, unsigned int reg, uint32_t value);
uint8_t pci_cfg_get8(const struct pci_dev *pdev, unsigned int reg);
uint16_t pci_cfg_get16(const struct pci_dev *pdev, unsigned int reg);
uint32_t pci_cfg_get32(const struct pci_dev *pdev, unsigned int reg);

/* Let the guest write the bits of @mask in the 32-bit register @reg. Init only. */
void pci_cfg_allow32(struct pci_dev *pdev, unsigned int reg, uint32_t mask);

/*
 * Give the device BAR @bar of @size bytes (rounded up to a power of two; memory at least 4 KB, so a
 * page is never shared) and an address in the right window. MEM64 takes @bar + 1 too.
 * -EINVAL, -ENOSPC when the window is full. Init only.
 */
int pci_bar_alloc(struct pci_dev *pdev, unsigned int bar, enum pci_bar_type type, uint64_t size);

/* Current address of a BAR. */
uint64_t pci_bar_base(const struct pci_dev *pdev, unsigned int bar);

/*
 * Append a capability of @len bytes: @id, next pointer, then @len - 2 bytes from @body. Returns its
 * offset (4-byte aligned), or -ENOSPC. Read-only unless pci_cfg_allow32() says otherwise. Init only.
 */
int pci_cap_add(struct pci_dev *pdev, uint8_t id, const void *body, unsigned int len);

/*
 * Add MSI-X with @nr_vectors (1..2048): allocates BAR @bar (32-bit memory) for table and pending
 * bits and answers accesses to it. -errno. Init only.
 */
int pci_msix_init(struct pci_dev *pdev, unsigned int bar, unsigned int nr_vectors);

/* True once the guest turned MSI-X on (then INTx must stay silent). Any thread. */
bool pci_msix_enabled(struct pci_dev *pdev);

/*
 * Signal vector @vector: sends the message, or sets the pending bit while masked. Out of range or
 * MSI-X off: nothing. Any thread.
 */
void pci_msix_fire(struct pci_dev *pdev, unsigned int vector);

/* Address and data of @vector if it may be sent now (for irqfd). False when off or masked. Any thread. */
bool pci_msix_message(struct pci_dev *pdev, unsigned int vector, uint64_t *addr, uint32_t *data);

/* Use INTA# (sets the pin and line registers). Init only. */
void pci_intx_init(struct pci_dev *pdev);

/* Drive INTA#; the command register's disable bit is honoured. Device lock held. */
void pci_intx_set(struct pci_dev *pdev, bool level);

/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the files of emul/vpci/. */
#pragma once

#include "lib/spinlock.h"
#include "lib/types.h"

struct vm;

#define PCI_REG_VENDOR		0x00u
#define PCI_REG_COMMAND		0x04u
#define PCI_REG_CLASS		0x08u
#define PCI_REG_SUBSYSTEM	0x2cu
#define PCI_REG_CAPS		0x34u
#define PCI_CMD_WRITABLE	0x0404u		/* bus master, INTx disable */
#define PCI_STATUS_CAPS		(1u << 20)	/* status bit 4, in the command dword */
#define PCI_CAP_MSI		0x05u
#define PCI_CAP_MSIX		0x11u
#define PCI_NO_DEVICE		0xffffffffu

/* The HSM function (public/hsm_function.h). */
struct hsm_function {
	uint16_t bdf;
	uint32_t command;
	uint16_t msi_control;
	uint64_t msi_addr;
	uint16_t msi_data;
};

struct vpci {
	struct spinlock lock;	/* guards everything here */
	uint32_t address;	/* CF8 */
	struct hsm_function hsm;	/* Service VM */
};

/* One dword of a virtual function; `mask` selects the bytes written. Lock held. */
uint32_t hsm_function_read(const struct hsm_function *f, uint32_t reg);
void hsm_function_write(struct hsm_function *f, uint32_t reg, uint32_t value, uint32_t mask);
void hsm_function_reset(struct hsm_function *f);

/* A physical function as the Service VM sees it: MSI and MSI-X are hidden, so that interrupts come by pins. */
uint32_t passthru_read(uint16_t bdf, uint32_t reg, uint32_t size);
void passthru_write(uint16_t bdf, uint32_t reg, uint32_t size, uint32_t value);

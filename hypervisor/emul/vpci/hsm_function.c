/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration space of the HSM function. */
#include "public/hsm_function.h"

#include "emul/vpci/vpci_priv.h"

#define MSI_ENABLE	(1u << 16)	/* message control bit 0, in the capability dword */
#define MSI_64BIT	(1u << 23)

uint32_t hsm_function_read(const struct hsm_function *f, uint32_t reg)
{
	switch (reg) {
	case PCI_REG_VENDOR:
		return HSM_FUNCTION_DEVICE << 16 | HSM_FUNCTION_VENDOR;
	case PCI_REG_COMMAND:
		return PCI_STATUS_CAPS | f->command;
	case PCI_REG_CLASS:
		return HSM_FUNCTION_CLASS << 8 | HSM_FUNCTION_REVISION;
	case PCI_REG_SUBSYSTEM:
		return HSM_FUNCTION_DEVICE << 16 | HSM_FUNCTION_VENDOR;
	case PCI_REG_CAPS:
		return HSM_FUNCTION_MSI_CAP;
	case HSM_FUNCTION_MSI_CAP:
		return PCI_CAP_MSI | MSI_64BIT | (f->msi_control ? MSI_ENABLE : 0);
	case HSM_FUNCTION_MSI_CAP + 4:
		return (uint32_t)f->msi_addr;
	case HSM_FUNCTION_MSI_CAP + 8:
		return (uint32_t)(f->msi_addr >> 32);
	case HSM_FUNCTION_MSI_CAP + 12:
		return f->msi_data;
	default:
		return 0;
	}
}

void hsm_function_write(struct hsm_function *f, uint32_t reg, uint32_t value, uint32_t mask)
{
	uint32_t v = (hsm_function_read(f, reg) & ~mask) | (value & mask);

	switch (reg) {
	case PCI_REG_COMMAND:
		f->command = v & PCI_CMD_WRITABLE;
		break;
	case HSM_FUNCTION_MSI_CAP:
		f->msi_control = v & MSI_ENABLE ? 1 : 0;
		break;
	case HSM_FUNCTION_MSI_CAP + 4:
		f->msi_addr = (f->msi_addr & ~0xfffffffful) | (v & ~3u);
		break;
	case HSM_FUNCTION_MSI_CAP + 8:
		f->msi_addr = (f->msi_addr & 0xffffffffu) | (uint64_t)v << 32;
		break;
	case HSM_FUNCTION_MSI_CAP + 12:
		f->msi_data = (uint16_t)v;
		break;
	default:
		break;
	}
}

void hsm_function_reset(struct hsm_function *f)
{
	*f = (struct hsm_function){ .bdf = f->bdf };
}

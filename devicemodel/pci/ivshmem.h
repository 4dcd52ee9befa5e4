/* SPDX-License-Identifier: BSD-3-Clause */
/* "-s SLOT,ivshmem,hv:/NAME,SIZE" and "-s SLOT,ivshmem,dm:/NAME,SIZE": memory shared with other VMs. */
#pragma once

#include "pci/pci.h"

extern const struct pci_dev_ops ivshmem_ops;

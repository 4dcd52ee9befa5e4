/* SPDX-License-Identifier: BSD-3-Clause */
/* "-s 0:0,hostbridge" (Intel) and "-s 0:0,amd_hostbridge". No options. */
#pragma once

#include "pci/pci.h"

extern const struct pci_dev_ops hostbridge_ops;
extern const struct pci_dev_ops amd_hostbridge_ops;

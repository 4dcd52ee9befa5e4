/* SPDX-License-Identifier: BSD-3-Clause */
/* "-s SLOT,lpc". The UARTs behind it are given by -l. */
#pragma once

#include "pci/pci.h"

extern const struct pci_dev_ops lpc_ops;

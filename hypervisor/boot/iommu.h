/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The IOMMU's place in the boot: used when there, said when not. Boot CPU.
 */
#pragma once

/* Once the memory of all VMs is taken, before the first is built: makes ready, or says that DMA is not confined. */
void iommu_prepare(void);
/* Once they are built, before the first runs: turns remapping on. */
void iommu_enable(void);

/* SPDX-License-Identifier: BSD-3-Clause */
/* Bus-master transfers of the first ATA disk (PIIX IDE): a device that reads and writes any memory of the machine. */
#pragma once

#include "lib/types.h"

#define DISK_CHUNK	0x10000u	/* most bytes of a transfer */

/* Finds the controller; `prd` is an 8-byte aligned place for its descriptor. False: there is none. */
bool disk_init(void *prd);
/*
 * Copies by way of the disk's first sectors, whose content is lost: machine addresses, multiples of 512, neither range crosses
 * a multiple of DISK_CHUNK. False when the disk or the controller says no.
 */
bool disk_copy(uint64_t to, uint64_t from, uint32_t size);

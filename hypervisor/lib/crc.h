/* SPDX-License-Identifier: BSD-3-Clause */
/* CRC-32 as in IEEE 802.3 and ISO-HDLC (polynomial 0x04C11DB7, reflected, all-ones start and final inversion). */
#pragma once

#include "lib/types.h"

/*
 * Continues a checksum over `size` bytes: start with crc = 0 and pass each result on to the next piece; the last result is the
 * checksum ("123456789" gives 0xCBF43926). Pure; any context.
 */
uint32_t crc32_update(uint32_t crc, const void *data, size_t size);

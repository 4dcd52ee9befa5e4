/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The in-guest test device (scenario option "testdev"): it lets a guest see
 * which accesses its instructions cause, and raise interrupts of its own.
 *
 * Memory: one page at TESTDEV_MMIO_BASE that keeps what is written to it, so
 * that every form of load, store and read-modify-write has the result it would
 * have in RAM; accesses of 1, 2, 4 and 8 bytes at any offset within the page.
 *
 * Ports, sizes 1, 2 and 4:
 *
 *	+0x0  SELECT  write: number of a register (below); read: the number
 *	+0x4  DATA    read or write that register (32 bits; narrower reads give the low bytes)
 *	+0x8  SCRATCH 8 ports that keep what is written, at any offset and size within them
 *
 * Accesses to the page and to SCRATCH are recorded, those to SELECT and DATA
 * are not. Registers 0x00..0x7f are the last 16 accesses, newest first:
 * register 8 * n + field is a field of access n:
 *
 *	field 0  INFO     bits 7:0 size in bytes, bit 8 written, bit 9 port, bit 31 valid
 *	field 1  ADDRESS  offset in the page, or port number
 *	field 2  VALUE    bits 31:0 of what was read or written
 *	field 3  VALUE_HIGH  bits 63:32
 *	field 4  SEQUENCE number of the access, 1 is the first since CLEAR
 *	field 5  VCPU     vcpu_id
 */
#pragma once
#include "types.h"

#define TESTDEV_MMIO_BASE	0xfed80000u
#define TESTDEV_MMIO_SIZE	0x1000u
#define TESTDEV_PORT		0x5150u
#define TESTDEV_NR_PORTS	16u

/* Ports, from TESTDEV_PORT. */
#define TESTDEV_SELECT		0x0u
#define TESTDEV_DATA		0x4u
#define TESTDEV_SCRATCH		0x8u
#define TESTDEV_SCRATCH_SIZE	8u

/* Registers: the record. */
#define TESTDEV_RECORDS		16u
#define TESTDEV_RECORD(n, field) (8u * (n) + (field))
#define TESTDEV_INFO		0u
#define TESTDEV_ADDRESS		1u
#define TESTDEV_VALUE		2u
#define TESTDEV_VALUE_HIGH	3u
#define TESTDEV_SEQUENCE	4u
#define TESTDEV_VCPU		5u

#define TESTDEV_INFO_SIZE(info)	((info) & 0xffu)
#define TESTDEV_INFO_WRITE	(1u << 8)
#define TESTDEV_INFO_PORT	(1u << 9)
#define TESTDEV_INFO_VALID	(1u << 31)

/* Registers: the device. Others read 0 and ignore writes. */
#define TESTDEV_ID		0x80u	/* reads TESTDEV_MAGIC: the device is there */
#define TESTDEV_READS		0x81u	/* recorded reads since CLEAR */
#define TESTDEV_WRITES		0x82u	/* recorded writes since CLEAR */
#define TESTDEV_CLEAR		0x83u	/* write: forgets all records and counts; storage keeps its bytes */
#define TESTDEV_LINE		0x84u	/* write: interrupt line, bits 15:0 GSI, bit 31 asserted; read: 1 when the last write was refused */
#define TESTDEV_MSI_ADDRESS	0x85u	/* bits 31:0 of the message's address (SDM vol. 3, 11.11) */
#define TESTDEV_MSI_DATA	0x86u	/* write: sends the message; read: 1 when the last one was refused */
#define TESTDEV_NMI		0x87u	/* write: NMI to this vcpu_id */

#define TESTDEV_MAGIC		0x56445451u	/* "QTDV" */
#define TESTDEV_LINE_ASSERT	(1u << 31)
#define TESTDEV_LINE_GSI(v)	((v) & 0xffffu)

ABI_EQ(TESTDEV_SCRATCH + TESTDEV_SCRATCH_SIZE, TESTDEV_NR_PORTS);
ABI_EQ(TESTDEV_RECORD(TESTDEV_RECORDS, 0), TESTDEV_ID);

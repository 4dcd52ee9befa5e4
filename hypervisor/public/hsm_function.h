/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The HSM function: a PCI function the hypervisor shows the Service VM only,
 * so that a stock kernel without ACRN guest support can receive upcalls.
 *
 * It sits on bus 0 at a device number without a physical device, which the
 * hypervisor chooses; a driver finds it by vendor and device id. It has no BAR
 * and no INTx pin, only one capability: MSI with one vector, a 64-bit address
 * and no per-vector mask (PCI 3.0, 6.8.1):
 *
 *	offset	bytes
 *	0x00	55 51 01 4D	vendor, device
 *	0x04	command (bus master and INTx disable writable), status (capabilities list)
 *	0x08	01 00 80 08	revision, class 08.80.00 (system peripheral, other)
 *	0x0E	00		header type 0, one function
 *	0x34	50		first capability
 *	0x50	05 00 80 00	MSI, last capability, control: 64-bit; bit 16 enables
 *	0x54	address, 0x58 upper address, 0x5C data (16 bits)
 *
 * Its MSI means: some VM has a PENDING IOREQ slot or a changed state_seq
 * (ioreq.h). While the MSI is enabled the hypervisor sends it instead of
 * vector HV_UPCALL_VECTOR; it is sent whether or not bus mastering is on.
 * Nothing is acknowledged at the device: the interrupt handler looks at the
 * IOREQ pages after each message.
 *
 * HV_EXT_HSM_FUNCTION in CPUID says that the function is there.
 */
#pragma once
#include "types.h"

#define HSM_FUNCTION_VENDOR	0x5155u
#define HSM_FUNCTION_DEVICE	0x4D01u
#define HSM_FUNCTION_REVISION	1u		/* of this interface */
#define HSM_FUNCTION_CLASS	0x088000u
#define HSM_FUNCTION_MSI_CAP	0x50u

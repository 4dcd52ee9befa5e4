// SPDX-License-Identifier: BSD-3-Clause
/*
 * MSI for a function of Bochs 3.0 that has none (PCI Local Bus 3.0, 6.8.1): one vector, 64-bit address, mask and pending bit.
 * tests/emulator/build puts this beside Bochs' sources and calls it from its e1000, of which there is one then.
 *
 * The function's interrupt is a level. Enabled, its rise is one message: written as a bus master, on the bus of the local
 * APICs, fixed and edge; nothing else lies at such an address, so other addresses get nothing. Masked, a rise waits as the
 * pending bit, which its fall takes back. Disabled, the level is the pin's.
 */
#pragma once

bool apic_bus_deliver_interrupt(Bit8u vector, Bit32u dest, Bit8u delivery_mode, bool logical_dest, bool level, bool trig_mode);

enum {
	MSI_COMMAND = 0x04, MSI_STATUS = 0x06, MSI_LIST = 0x34,
	/* The capability, its first and last byte, and its registers. */
	MSI_AT = 0xd0, MSI_CONTROL = MSI_AT + 2, MSI_ADDRESS = MSI_AT + 4, MSI_UPPER = MSI_AT + 8, MSI_DATA = MSI_AT + 12,
	MSI_MASK = MSI_AT + 16, MSI_PENDING = MSI_AT + 20, MSI_END = MSI_AT + 24,
	MSI_ID = 5, MSI_STATUS_LIST = 0x10, MSI_BUS_MASTER = 4,
	MSI_ENABLE = 1, MSI_64BIT = 0x80, MSI_MASKING = 1,	/* the last one in the upper byte of control */
};

static bool quercus_msi_level;

/* After the function's own reset of its registers. */
static inline void quercus_msi_reset(Bit8u *conf)
{
	memset(conf + MSI_AT, 0, MSI_END - MSI_AT);
	conf[MSI_STATUS] |= MSI_STATUS_LIST;
	conf[MSI_LIST] = MSI_AT;
	conf[MSI_AT] = MSI_ID;
	conf[MSI_CONTROL] = MSI_64BIT;
	conf[MSI_CONTROL + 1] = MSI_MASKING;
	quercus_msi_level = false;
}

static inline Bit32u quercus_msi_dword(const Bit8u *conf, unsigned at)
{
	return conf[at] | conf[at + 1] << 8 | conf[at + 2] << 16 | (Bit32u)conf[at + 3] << 24;
}

static inline void quercus_msi_send(const Bit8u *conf)
{
	Bit32u address = quercus_msi_dword(conf, MSI_ADDRESS), data = quercus_msi_dword(conf, MSI_DATA);

	if (!(conf[MSI_COMMAND] & MSI_BUS_MASTER) || address >> 20 != 0xfee || quercus_msi_dword(conf, MSI_UPPER) || data & 0x700)
		return;
	apic_bus_deliver_interrupt((Bit8u)data, address >> 12 & 0xff, 0, address & 4, true, false);
}

/* The interrupt's level now; returns that of the pin. */
static inline bool quercus_msi_pin(Bit8u *conf, bool level)
{
	bool rises = level && !quercus_msi_level;

	quercus_msi_level = level;
	if (!(conf[MSI_CONTROL] & MSI_ENABLE))
		return level;
	if (!level)
		conf[MSI_PENDING] = 0;
	else if (rises && conf[MSI_MASK])
		conf[MSI_PENDING] = 1;
	else if (rises)
		quercus_msi_send(conf);
	return false;
}

/* Which bits of a byte of the capability can be written. */
static inline Bit8u quercus_msi_writable(unsigned at)
{
	if (at == MSI_CONTROL || at == MSI_MASK)
		return 1;
	if (at == MSI_ADDRESS)
		return 0xfc;
	return at > MSI_ADDRESS && at < MSI_DATA + 2 ? 0xff : 0;
}

/* A write to configuration space. True: it was the capability, and the pin is to be looked at again. */
static inline bool quercus_msi_write(Bit8u *conf, unsigned address, Bit32u value, unsigned size)
{
	unsigned i;

	if (address < MSI_AT || address >= MSI_END)
		return false;
	for (i = address; i < address + size; i++, value >>= 8) {
		Bit8u writable = quercus_msi_writable(i);

		conf[i] = (conf[i] & ~writable) | ((Bit8u)value & writable);
	}
	if (conf[MSI_PENDING] && !conf[MSI_MASK] && conf[MSI_CONTROL] & MSI_ENABLE) {
		conf[MSI_PENDING] = 0;
		quercus_msi_send(conf);
	}
	return true;
}

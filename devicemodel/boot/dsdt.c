/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the guest's firmware would describe: PCI host bridge with its windows and interrupt lines, the
 * ISA devices behind the LPC bridge, motherboard resources, and the sleep state for power-off.
 */
#include "boot/dsdt.h"

#include <stdio.h>

#include "boot/aml.h"
#include "core/layout.h"
#include "core/vm.h"
#include "pci/bus.h"
#include "platform/uart.h"

#define CLASS_ISA_BRIDGE	0x0601

/* The four PCI interrupt lines as link devices, so that they can say "active high". */
static const char *const link_name[LAYOUT_GSI_PCI_COUNT] = { "LNKA", "LNKB", "LNKC", "LNKD" };

static void write_links(struct aml *aml)
{
	for (unsigned int i = 0; i < LAYOUT_GSI_PCI_COUNT; i++) {
		aml_device_begin(aml, link_name[i]);
		aml_name(aml, "_HID");
		aml_eisaid(aml, "PNP0C0F");
		aml_name(aml, "_UID");
		aml_integer(aml, i);
		for (unsigned int j = 0; j < 2; j++) {
			aml_name(aml, j ? "_CRS" : "_PRS");
			aml_resources_begin(aml);
			aml_res_gsi_level_high(aml, LAYOUT_GSI_PCI_FIRST + i);
			aml_resources_end(aml);
		}
		aml_method_empty(aml, "_SRS", 1);
		aml_method_empty(aml, "_DIS", 0);
		aml_end(aml);
	}
}

/* INTA# of every slot; devices here use no other pin. */
static void write_prt(struct aml *aml)
{
	aml_name(aml, "_PRT");
	aml_package_begin(aml, PCI_NR_SLOTS);
	for (unsigned int slot = 0; slot < PCI_NR_SLOTS; slot++) {
		aml_package_begin(aml, 4);
		aml_integer(aml, slot << 16 | 0xFFFF);
		aml_integer(aml, 0);
		aml_name_ref(aml, link_name[pci_intx_gsi(slot) - LAYOUT_GSI_PCI_FIRST]);
		aml_integer(aml, 0);
		aml_end(aml);
	}
	aml_end(aml);
}

static void write_pci_windows(struct aml *aml)
{
	aml_name(aml, "_CRS");
	aml_resources_begin(aml);
	aml_res_bus_window(aml, 0, 0);
	aml_res_io(aml, 0xCF8, 8);
	aml_res_io_window(aml, 0, 0xCF7);
	aml_res_io_window(aml, 0xD00, 0xFFFF);
	aml_res_memory32_window(aml, LAYOUT_PCI32_BASE, LAYOUT_PCI32_END - 1);
	aml_res_memory64_window(aml, LAYOUT_PCI64_BASE, LAYOUT_PCI64_END - 1);
	aml_resources_end(aml);
}

static void write_isa_device(struct aml *aml, const char *name, const char *hid, uint16_t port, uint8_t len)
{
	aml_device_begin(aml, name);
	aml_name(aml, "_HID");
	aml_eisaid(aml, hid);
	aml_name(aml, "_CRS");
	aml_resources_begin(aml);
	aml_res_io(aml, port, len);
}

static void end_isa_device(struct aml *aml, unsigned int irq)
{
	aml_res_irq_edge(aml, irq);
	aml_resources_end(aml);
	aml_end(aml);
}

static void write_uarts(struct vm *vm, struct aml *aml)
{
	for (unsigned int i = 0; i < UART_NR_PORTS; i++) {
		char name[5];

		if (!config_get(&vm->config, uart_wiring[i].key))
			continue;
		snprintf(name, sizeof(name), "COM%u", i + 1);
		aml_device_begin(aml, name);
		aml_name(aml, "_HID");
		aml_eisaid(aml, "PNP0501");
		aml_name(aml, "_UID");
		aml_integer(aml, i + 1);
		aml_name(aml, "_CRS");
		aml_resources_begin(aml);
		aml_res_io(aml, uart_wiring[i].port, 8);
		end_isa_device(aml, uart_wiring[i].gsi);
	}
}

/* The ISA bus hangs at the first ISA bridge; there is none if the user left it out. */
static void write_isa(struct vm *vm, struct aml *aml)
{
	struct pci_dev *lpc = NULL;

	for (unsigned int slot = 0; slot < PCI_NR_SLOTS && !lpc; slot++)
		for (unsigned int func = 0; func < PCI_NR_FUNCS && !lpc; func++) {
			lpc = pci_bus_get(vm, slot, func);
			if (lpc && pci_cfg_get16(lpc, PCI_REG_SUBCLASS) != CLASS_ISA_BRIDGE)
				lpc = NULL;
		}
	if (!lpc)
		return;
	aml_device_begin(aml, "ISA_");
	aml_name(aml, "_ADR");
	aml_integer(aml, (uint32_t)lpc->slot << 16 | lpc->func);
	write_isa_device(aml, "RTC_", "PNP0B00", 0x70, 2);
	end_isa_device(aml, LAYOUT_GSI_RTC);
	write_isa_device(aml, "TMR_", "PNP0100", 0x40, 4);
	end_isa_device(aml, 0);
	write_uarts(vm, aml);
	aml_end(aml);
}

/* Addresses in use that no other device claims. */
static void write_motherboard(struct aml *aml)
{
	aml_device_begin(aml, "MRES");
	aml_name(aml, "_HID");
	aml_eisaid(aml, "PNP0C02");
	aml_name(aml, "_CRS");
	aml_resources_begin(aml);
	aml_res_memory32(aml, LAYOUT_ECAM_BASE, LAYOUT_ECAM_SIZE);
	aml_res_io(aml, LAYOUT_PM1A_EVT_PORT, LAYOUT_PM_TMR_PORT + 4 - LAYOUT_PM1A_EVT_PORT);
	aml_res_io(aml, 0x61, 1);
	aml_resources_end(aml);
	aml_end(aml);
	aml_device_begin(aml, "HPET");
	aml_name(aml, "_HID");
	aml_eisaid(aml, "PNP0103");
	aml_name(aml, "_CRS");
	aml_resources_begin(aml);
	aml_res_memory32(aml, LAYOUT_HPET_BASE, LAYOUT_HPET_SIZE);
	aml_resources_end(aml);
	aml_end(aml);
}

void dsdt_write(struct vm *vm, struct aml *aml)
{
	aml_name(aml, "_S5_");
	aml_package_begin(aml, 4);
	aml_integer(aml, LAYOUT_S5_SLP_TYP);
	aml_integer(aml, LAYOUT_S5_SLP_TYP);
	aml_integer(aml, 0);
	aml_integer(aml, 0);
	aml_end(aml);

	aml_scope_begin(aml, "\\_SB_");
	write_links(aml);
	aml_device_begin(aml, "PCI0");
	aml_name(aml, "_HID");
	aml_eisaid(aml, "PNP0A03");
	aml_name(aml, "_UID");
	aml_integer(aml, 0);
	aml_name(aml, "_BBN");
	aml_integer(aml, 0);
	write_pci_windows(aml);
	write_prt(aml);
	write_isa(vm, aml);
	aml_end(aml);
	write_motherboard(aml);
	aml_end(aml);
}

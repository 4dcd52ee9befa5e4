/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hypervisor's IOMMU code on QEMU's q35 with intel-iommu and an edu device,
 * which can copy to and from any address and send a message. No VM takes part.
 */
#include "hw/acpi.h"
#include "hw/pci.h"
#include "iommu.h"
#include "lib/args.h"
#include "lib/console.h"
#include "lib/main.h"
#include "lib/report.h"
#include "x86/insn.h"

#define PCI_ADDRESS	0xcf8u
#define PCI_DATA	0xcfcu

struct tally {
	unsigned int functions, registers, differ;
};

static void compare(uint16_t bdf, void *arg)
{
	struct tally *t = arg;

	t->functions++;
	for (uint32_t reg = 0; reg < 256; reg += 4) {
		outl(PCI_ADDRESS, 1u << 31 | (uint32_t)bdf << 8 | reg);
		t->differ += inl(PCI_DATA) != pci_read(bdf, reg, 4);
		t->registers++;
	}
}

static void find(uint16_t bdf, void *arg)
{
	if (bdf == edu_bdf())
		*(bool *)arg = true;
}

void test_ecam(void)
{
	uint32_t line, address = 1u << 31 | (uint32_t)edu_bdf() << 8 | 0x3c;
	struct tally t = { 0 };

	report(acpi.ecam_base != 0, "the MCFG table names an ECAM window (0x%lx)", acpi.ecam_base);
	pci_scan(compare, &t);
	report(t.functions >= 4, "the bus walk finds the chip set and edu (%u functions)", t.functions);
	report_eq(t.differ, 0, "%u registers read the same by ECAM and by ports", t.registers);
	line = pci_read(edu_bdf(), 0x3c, 1);
	pci_write(edu_bdf(), 0x3c, 1, line ^ 0x5a);
	outl(PCI_ADDRESS, address);
	report_eq(inl(PCI_DATA) & 0xff, line ^ 0x5a, "a byte written by ECAM is seen by ports");
	outl(PCI_DATA, (inl(PCI_DATA) & ~0xffu) | line);
	report_eq(pci_read(edu_bdf(), 0x3c, 1), line, "a register written by ports is seen by ECAM");
	report(pci_read(edu_bdf(), 0x1000, 4) == ~0u, "no register beyond the function's 4 KiB");
}

void guest_main(void)
{
	bool found = false;

	report(acpi_init(hpa(0)) == 0, "the firmware's tables can be read");
	report(acpi.dmar.nr_units == 1 && acpi.dmar.intr_remap, "the DMAR table names one unit that remaps interrupts");
	report(acpi.dmar.nr_ioapics == 1, "and the I/O APIC's source id");
	if (!report(edu_find(), "there is an edu device with MSI"))
		return;
	pci_scan(find, &found);
	report_push("ecam");
	test_ecam();
	report_pop();
	/* QEMU without KVM has no x2APIC; entries with 32-bit ids work all the same. */
	report(vtd_init(true, args_number("eim", 0)) == 0, "the unit can be used");
	report_push("dma");
	test_dma();
	report_pop();
	report_push("interrupts");
	test_interrupts();
	report_pop();
}

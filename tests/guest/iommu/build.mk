# SPDX-License-Identifier: BSD-3-Clause
# build/guest/iommu.elf: the hypervisor's own IOMMU, PCI and I/O APIC code against QEMU's models of the
# devices, on the bare machine (doc/testing.md). Its memory is mapped one to one.

GUEST_IOMMU_HV := hw/acpi.c hw/acpi_dmar.c hw/acpi_table.c hw/pci.c hw/vtd.c hw/vtd_ir.c hw/vtd_unit.c \
	irq/ioapic.c mm/pgformat.c mm/pgtable.c
GUEST_IOMMU_SRC := $(wildcard tests/guest/iommu/*.c) $(addprefix hypervisor/,$(GUEST_IOMMU_HV))
GUEST_IOMMU_OBJ := $(patsubst %,$(BUILD)/guest/obj/iommu/%.o,$(GUEST_IOMMU_SRC))

$(BUILD)/guest/obj/iommu/%.o: % tests/guest/build.mk tests/guest/iommu/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $<"
	$(Q)$(GUEST_CC) $(GUEST_CFLAGS) -DHOST_DIRECT_BASE=0ul -c -o $@ $<

$(BUILD)/guest/iommu.elf: tests/guest/lib/guest.lds $(GUEST_LIB_OBJ) $(GUEST_IOMMU_OBJ)
	$(guest_link)

guest: $(BUILD)/guest/iommu.elf
ALL += $(BUILD)/guest/iommu.elf

-include $(GUEST_IOMMU_OBJ:.o=.d)

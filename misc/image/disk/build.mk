# SPDX-License-Identifier: BSD-3-Clause
# A disk image with Debian as Service VM: build/images/SCENARIO.img. As root.

# Without SCENARIO= the scenario that the packages choose.
DISK_SCENARIO := $(if $(filter file,$(origin SCENARIO)),shared,$(SCENARIO))
# cloud: small, without drivers for USB and SATA; amd64: for boards.
KERNEL ?= cloud
DISK_SCENARIOS := $(SCENARIOS) $(notdir $(basename $(wildcard tests/system/scenarios/*.xml)))
# A scenario with an RT VM needs its kernel and ramdisk.
DISK_PARTS := $(RT_KERNEL) $(INITRAMFS)/rt_vm.cpio $(CLOUD_KERNEL) $(INITRAMFS)/user_vm.cpio

# Made anew each time it is asked for by name: the packages are, too.
$(DISK_SCENARIOS:%=$(BUILD)/images/%.img): $(BUILD)/images/%.img: $(BUILD)/scenarios/%.bin $(DISK_PARTS) packages
	@misc/packages/install misc/packages/list.image
	@mkdir -p $(@D)
	@echo "  DISK     $@"
	$(Q)misc/image/disk/make_disk $@ $* $(KERNEL)

ifeq ($(filter $(DISK_SCENARIO),$(DISK_SCENARIOS)),)
$(BUILD)/images/$(DISK_SCENARIO).img:
	@echo "SCENARIO=$(DISK_SCENARIO) is unknown; known are: $(SCENARIOS)" >&2
	@exit 1
endif

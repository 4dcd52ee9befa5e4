# SPDX-License-Identifier: BSD-3-Clause
# Kernels and initramfs of the virtual machines, and bootable images.

KERNELS := $(BUILD)/kernels
INITRAMFS := $(BUILD)/initramfs
SCENARIOS := $(notdir $(basename $(wildcard misc/config/scenarios/*.xml)))

# ------------------------------------------------------------------- kernels
CLOUD_KERNEL := $(KERNELS)/cloud/bzImage
RT_KERNEL := $(KERNELS)/rt/vmlinux

$(KERNELS)/fetched: misc/image/fetch_kernels
	$(Q)misc/image/fetch_kernels $(KERNELS)
	@touch $@

$(CLOUD_KERNEL) $(KERNELS)/rt/bzImage: $(KERNELS)/fetched ;

$(RT_KERNEL): $(KERNELS)/rt/bzImage misc/image/unpack_vmlinux
	@echo "  UNPACK   $@"
	$(Q)misc/image/unpack_vmlinux $< $@

# ----------------------------------------------------------------- initramfs
# $(call rootfs,NAME): the files of service_vm/NAME, for dependencies.
rootfs = $(shell find service_vm/$(1) service_vm/common -type f)

USER_MODULES := virtio_pci virtio_blk virtio_net virtio_console virtio-rng
SERVICE_MODULES := tun

$(INITRAMFS)/user_vm.cpio: $(call rootfs,user_vm) $(KERNELS)/fetched misc/image/make_initramfs
	@echo "  CPIO     $@"
	$(Q)misc/image/make_initramfs -o $@ -r service_vm/common -r service_vm/user_vm \
		-k $(KERNELS)/cloud $(USER_MODULES:%=-m %)

$(INITRAMFS)/rt_vm.cpio: $(call rootfs,rt_vm) misc/image/make_initramfs
	@echo "  CPIO     $@"
	$(Q)misc/image/make_initramfs -o $@ -r service_vm/common -r service_vm/rt_vm \
		-p /usr/bin/cyclictest

SERVICE_TOOLS := $(BUILD)/acrntrace $(BUILD)/acrnlog $(BUILD)/acrnctl $(BUILD)/burst

# The Service VM's, with what a user VM boots from, and a small one without.
SERVICE_VM_FILES := -r service_vm/common -r service_vm/service_vm \
	-k $(KERNELS)/cloud $(SERVICE_MODULES:%=-m %) \
	-p $(BUILD)/acrn-dm $(SERVICE_TOOLS:%=-p %) -f $(BUILD)/guest/bench_dm.elf=vm/bench_dm.elf \
	-p $(BUILD)/tamper -f $(BUILD)/guest/bystander.elf=vm/bystander.elf -f $(BUILD)/hsm/quercus_hsm.ko=lib/modules/quercus_hsm.ko
USER_VM_FILES := -f $(CLOUD_KERNEL)=vm/bzImage -f $(INITRAMFS)/user_vm.cpio=vm/initramfs

$(INITRAMFS)/service_vm.cpio $(INITRAMFS)/service_vm_small.cpio: $(call rootfs,service_vm) \
		$(KERNELS)/fetched $(BUILD)/acrn-dm $(BUILD)/guest/bench_dm.elf $(BUILD)/hsm/quercus_hsm.ko \
		$(BUILD)/tamper $(BUILD)/guest/bystander.elf $(SERVICE_TOOLS) misc/image/make_initramfs
	@echo "  CPIO     $@"
	$(Q)misc/image/make_initramfs -o $@ $(SERVICE_VM_FILES) $(if $(findstring small,$@),,$(USER_VM_FILES))

$(INITRAMFS)/service_vm.cpio: $(INITRAMFS)/user_vm.cpio

# The small one, with what manages VMs.
MANAGE_TOOLS := $(BUILD)/life_mngr
$(INITRAMFS)/service_vm_manage.cpio: $(INITRAMFS)/service_vm_small.cpio $(MANAGE_TOOLS) $(BUILD)/guest/managed.elf
	@echo "  CPIO     $@"
	$(Q)misc/image/make_initramfs -o $@ $(SERVICE_VM_FILES) $(MANAGE_TOOLS:%=-p %) -f $(BUILD)/guest/managed.elf=vm/managed.elf

# And with stock virsh, which brings 70 MB of libraries. script: a terminal for it.
VIRSH_TOOLS := $(BUILD)/virtacrnd /usr/bin/virsh /usr/bin/script
$(INITRAMFS)/service_vm_virsh.cpio: $(INITRAMFS)/service_vm_small.cpio $(BUILD)/virtacrnd $(BUILD)/guest/managed.elf
	@echo "  CPIO     $@"
	$(Q)misc/image/make_initramfs -o $@ $(SERVICE_VM_FILES) $(VIRSH_TOOLS:%=-p %) -f $(BUILD)/guest/managed.elf=vm/managed.elf

ALL += $(INITRAMFS)/user_vm.cpio $(INITRAMFS)/rt_vm.cpio \
	$(INITRAMFS)/service_vm.cpio $(INITRAMFS)/service_vm_small.cpio $(INITRAMFS)/service_vm_manage.cpio

# -------------------------------------------------------------------- images
# Everything a module may be made of; which ones go in, the scenario says by its tags.
IMAGE_PARTS := $(BUILD)/quercus.elf $(CLOUD_KERNEL) $(RT_KERNEL) \
	$(INITRAMFS)/service_vm.cpio $(INITRAMFS)/rt_vm.cpio $(INITRAMFS)/user_vm.cpio

$(BUILD)/images/%.iso: $(BUILD)/scenarios/%.bin $(IMAGE_PARTS) misc/image/make_image misc/image/image.py
	@echo "  IMAGE    $@"
	$(Q)misc/image/make_image --scenario $* $@

# An unknown scenario gets a clear answer instead of "no rule to make target".
ifeq ($(filter $(SCENARIO),$(SCENARIOS)),)
$(BUILD)/images/$(SCENARIO).iso: no-scenario
.PHONY: no-scenario
no-scenario:
	@echo "SCENARIO=$(SCENARIO) is unknown; known are: $(SCENARIOS)" >&2
	@exit 1
endif

# What the system tests' images are made of.
.PHONY: images
images: $(IMAGE_PARTS) $(INITRAMFS)/service_vm_small.cpio $(INITRAMFS)/service_vm_manage.cpio $(SCENARIOS:%=$(BUILD)/scenarios/%.bin)

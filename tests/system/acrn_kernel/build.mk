# SPDX-License-Identifier: BSD-3-Clause
# `make acrn-kernel`, then the cases of group acrn: a Service VM whose kernel knows ACRN, with our HSM module by MSI
# and by vector 0xF3, and with mainline's own module.
ACRN_KERNEL := $(BUILD)/kernels/acrn
ACRN_TREE := $(ACRN_KERNEL)/linux-source-6.1

$(ACRN_TREE)/arch/x86/boot/bzImage: tests/system/acrn_kernel/build_kernel tests/system/acrn_kernel/config
	$(Q)tests/system/acrn_kernel/build_kernel $(ACRN_KERNEL) tests/system/acrn_kernel/config

$(ACRN_KERNEL)/hsm/quercus_hsm.ko: $(HSM_COPY) $(ACRN_TREE)/arch/x86/boot/bzImage
	$(Q)mkdir -p $(@D)/public
	$(Q)cp -p $(HSM_SRC) $(@D)/ && cp -p $(HSM_PUBLIC) $(@D)/public/
	$(Q)$(MAKE) --no-print-directory -C $(abspath $(ACRN_TREE)) M=$(abspath $(@D)) $(HSM_FLAGS) modules

# $(call acrn_initramfs,MODULE)
acrn_initramfs = $(Q)echo tun.ko >$(ACRN_KERNEL)/order && misc/image/make_initramfs -o $@ \
	-r service_vm/common -r service_vm/service_vm -p $(BUILD)/acrn-dm \
	-f $(BUILD)/guest/bench_dm.elf=vm/bench_dm.elf -f $(ACRN_TREE)/drivers/net/tun.ko=lib/modules/tun.ko \
	-f $(ACRN_KERNEL)/order=lib/modules/order -f $(1)=lib/modules/quercus_hsm.ko

$(INITRAMFS)/acrn_ours.cpio: $(ACRN_KERNEL)/hsm/quercus_hsm.ko $(BUILD)/acrn-dm $(BUILD)/guest/bench_dm.elf
	$(call acrn_initramfs,$<)

$(INITRAMFS)/acrn_mainline.cpio: $(ACRN_TREE)/arch/x86/boot/bzImage $(BUILD)/acrn-dm $(BUILD)/guest/bench_dm.elf
	$(call acrn_initramfs,$(ACRN_TREE)/drivers/virt/acrn/acrn.ko)

.PHONY: acrn-kernel
acrn-kernel: $(INITRAMFS)/acrn_ours.cpio $(INITRAMFS)/acrn_mainline.cpio

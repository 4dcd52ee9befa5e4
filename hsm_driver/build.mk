# SPDX-License-Identifier: GPL-2.0
# The Service VM's kernel module, built in a copy so that the tree stays clean.
# HSM_KDIR: headers of the kernel to build for; by default Debian's cloud kernel.
HSM_KDIR ?= $(KDIR)
HSM_DIR := build/hsm
HSM_FLAGS := W=1 KCFLAGS=-Werror

HSM_SRC := $(wildcard hsm_driver/*.c hsm_driver/*.h) hsm_driver/Kbuild
HSM_PUBLIC := $(filter-out hypervisor/public/scenario.h,$(wildcard hypervisor/public/*.h))
HSM_COPY := $(HSM_SRC:hsm_driver/%=$(HSM_DIR)/%) $(HSM_PUBLIC:hypervisor/%=$(HSM_DIR)/%)

ALL += $(HSM_DIR)/quercus_hsm.ko

$(HSM_DIR)/%: hsm_driver/%
	@mkdir -p $(@D)
	@cp -p $< $@

$(HSM_DIR)/public/%: hypervisor/public/%
	@mkdir -p $(@D)
	@cp -p $< $@

$(HSM_DIR)/quercus_hsm.ko: $(HSM_COPY) hsm_driver/build.mk
	@test -n "$(HSM_KDIR)" || { echo "no kernel headers: install linux-headers-cloud-amd64 or set HSM_KDIR" >&2; exit 1; }
	$(Q)$(MAKE) --no-print-directory -C $(HSM_KDIR) M=$(abspath $(HSM_DIR)) $(HSM_FLAGS) modules
	@touch $@

# A source folder for DKMS, to be copied to /usr/src.
.PHONY: hsm-dkms
hsm-dkms: $(HSM_COPY) hsm_driver/dkms.conf
	mkdir -p build/quercus-hsm-0.1/public
	cp -p $(HSM_SRC) hsm_driver/dkms.conf build/quercus-hsm-0.1/
	cp -p $(HSM_PUBLIC) build/quercus-hsm-0.1/public/

# The module with a fake hypervisor, in an emulated machine: no VT-x needed.
# HSM_TEST_KERNEL: a bzImage of the same version as HSM_KDIR.
HSM_TEST_KERNEL ?= build/kernels/cloud/bzImage
HSM_TEST := build/hsm_test
HSM_TEST_SRC := $(filter-out hsm_driver/notify.c hsm_driver/hypercall.h hsm_driver/Kbuild,$(HSM_SRC)) \
	$(wildcard hsm_driver/test/*.c hsm_driver/test/*.h) hsm_driver/test/Kbuild

.PHONY: hsm-test
hsm-test: $(HSM_DIR)/quercus_hsm.ko $(HSM_TEST_KERNEL)
	$(Q)mkdir -p $(HSM_TEST)/public
	$(Q)cp -p $(HSM_TEST_SRC) $(HSM_TEST)/
	$(Q)cp -p $(HSM_PUBLIC) $(HSM_TEST)/public/
	$(Q)$(MAKE) --no-print-directory -C $(HSM_KDIR) M=$(abspath $(HSM_TEST)) $(HSM_FLAGS) modules
	$(Q)cp $(HSM_DIR)/quercus_hsm.ko $(HSM_TEST)/
	$(Q)gcc -std=gnu11 -O1 -g -static -Wall -Wextra -Werror -I$(HSM_TEST) \
		-o $(HSM_TEST)/hsm_test $(wildcard hsm_driver/test/user/*.c) -lpthread
	$(Q)hsm_driver/test/run $(HSM_TEST_KERNEL) $(HSM_TEST)

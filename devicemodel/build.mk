# SPDX-License-Identifier: BSD-3-Clause
# The device model, build/acrn-dm: every .c below devicemodel/.

DM_CC ?= gcc
DM_SRC := $(sort $(wildcard devicemodel/*.c devicemodel/*/*.c))
DM_OBJ := $(patsubst %.c,build/%.o,$(DM_SRC))

DM_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wmissing-prototypes -Wshadow -Wvla -Werror \
	-fstack-protector-strong -D_GNU_SOURCE -Idevicemodel -Ihypervisor \
	-ffile-prefix-map=$(CURDIR)=. -MMD -MP

build/devicemodel/%.o: devicemodel/%.c devicemodel/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $<"
	$(Q)$(DM_CC) $(DM_CFLAGS) -c -o $@ $<

build/acrn-dm: $(DM_OBJ)
	@echo "  LINK     $@"
	$(Q)$(DM_CC) -o $@ $(DM_OBJ) -luring -ljansson -lpthread

# The same program with KVM in place of the hypervisor, for tests with real kernels.
build/acrn-dm-kvm: $(filter-out build/devicemodel/core/hsm.o,$(DM_OBJ)) tests/fake/dm_hsm_kvm.c
	@echo "  LINK     $@"
	$(Q)$(DM_CC) $(filter-out -MMD -MP,$(DM_CFLAGS)) -o $@ $^ -luring -ljansson -lpthread

.PHONY: devicemodel
devicemodel: build/acrn-dm
ALL += build/acrn-dm
-include $(DM_OBJ:.o=.d)

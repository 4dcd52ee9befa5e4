# SPDX-License-Identifier: BSD-3-Clause
# The tools that manage VMs, driven for real: sockets, processes, files. build/tools/acrn-dm is the device model with a
# fake HSM and a guest that does what its environment says.

TOOLS_DM := $(BUILD)/tools/acrn-dm
TOOLS_DM_SRC := tests/tools/fake_guest.c tests/fake/dm_hsm.c
TOOLS_TESTED := $(BUILD)/acrnctl $(BUILD)/acrnd $(BUILD)/life_mngr $(BUILD)/virtacrnd $(BUILD)/hvconfig

$(TOOLS_DM): $(filter-out $(BUILD)/devicemodel/core/hsm.o,$(DM_OBJ)) $(TOOLS_DM_SRC) tests/fake/dm_hsm.h
	@mkdir -p $(@D)
	@echo "  LINK     $@"
	$(Q)$(DM_CC) $(filter-out -MMD -MP,$(DM_CFLAGS)) -Itests/fake -o $@ $(filter %.c %.o,$^) -luring -ljansson -lpthread

# What stands for /dev/acrn_hsm of the tools that only look.
TOOLS_HV := $(BUILD)/tools/fake_hypervisor.so

$(TOOLS_HV): tests/tools/fake_hypervisor.c $(wildcard hypervisor/public/*.h)
	@mkdir -p $(@D)
	@echo "  LINK     $@"
	$(Q)gcc -std=gnu11 -O1 -g -Wall -Wextra -Werror -D_GNU_SOURCE -Ihypervisor -shared -fPIC -o $@ $<

# Ends a tool at a chosen change to its folders.
TOOLS_KILL := $(BUILD)/tools/fake_kill.so

$(TOOLS_KILL): tests/tools/fake_kill.c
	@mkdir -p $(@D)
	@echo "  LINK     $@"
	$(Q)gcc -std=gnu11 -O1 -g -Wall -Wextra -Werror -D_GNU_SOURCE -shared -fPIC -o $@ $<

# TOOLS=name runs only the cases whose names contain it.
.PHONY: tools
tools: $(TOOLS_DM) $(TOOLS_HV) $(TOOLS_KILL) $(TOOLS_TESTED)
	@tests/tools/run $(TOOLS)

# Needs a screen's software (misc/packages/list: virt-manager and what follows it), and half a minute.
.PHONY: virt-manager-test
virt-manager-test: $(TOOLS_DM) $(TOOLS_HV) $(BUILD)/virtacrnd
	@timeout 180 tests/tools/virt_manager

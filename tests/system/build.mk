# SPDX-License-Identifier: BSD-3-Clause
# Scenarios that only system cases use (tests/system/scenarios/NAME.xml) are built by
# misc/config/build.mk like the others.

TEST_SCENARIOS := $(basename $(notdir $(wildcard tests/system/scenarios/*.xml)))
images: $(TEST_SCENARIOS:%=$(BUILD)/scenarios/%.bin)
-include tests/system/tamper/build.mk

# No target where it cannot be fetched: tried again then.
images: $(BUILD)/bochs3
$(BUILD)/bochs3: misc/run/fetch_bochs3
	$(Q)misc/run/fetch_bochs3 $@

# What the case trace measures.
$(BUILD)/burst: tests/system/burst.c
	@mkdir -p $(@D)
	@echo "  CC       $@"
	$(Q)gcc -std=gnu11 -O2 -static -Wall -Wextra -Werror -o $@ $<

ALL += $(BUILD)/burst
-include tests/system/acrn_kernel/build.mk

# SPDX-License-Identifier: BSD-3-Clause
# hvconfig, and the scenario modules it makes.

HVCONFIG := $(BUILD)/hvconfig
HVCONFIG_DIR := $(BUILD)/misc/config
HVCONFIG_SRC := $(wildcard misc/config/hvconfig/*.c) $(wildcard hypervisor/config/*.c) hypervisor/lib/crc.c
HVCONFIG_OBJ := $(HVCONFIG_SRC:%.c=$(HVCONFIG_DIR)/%.o)
HVCONFIG_CFLAGS = -std=gnu11 -O2 -g -Wall -Wextra -Werror -MMD -MP -D_GNU_SOURCE \
	-Imisc/config/hvconfig -Ihypervisor $(shell pkg-config --cflags libxml-2.0)

$(HVCONFIG_DIR)/%.o: %.c misc/config/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $<"
	$(Q)$(CC) $(HVCONFIG_CFLAGS) -c -o $@ $<

# The schemas are part of this object.
$(HVCONFIG_DIR)/misc/config/hvconfig/schema.o: $(wildcard misc/config/schema/*.xsd)

$(HVCONFIG): $(HVCONFIG_OBJ)
	@echo "  LINK     $@"
	$(Q)$(CC) -o $@ $^ $$(pkg-config --libs libxml-2.0)

# Scenarios to run, and scenarios that system tests bring along.
SCENARIO_XML := $(wildcard misc/config/scenarios/*.xml tests/system/scenarios/*.xml)
SCENARIO_BIN := $(patsubst %.xml,$(BUILD)/scenarios/%.bin,$(notdir $(SCENARIO_XML)))

define scenario_recipe
	@mkdir -p $(@D)
	@echo "  SCENARIO $@"
	$(Q)$(HVCONFIG) build $< -o $@
endef

$(BUILD)/scenarios/%.bin: misc/config/scenarios/%.xml $(HVCONFIG)
	$(scenario_recipe)

$(BUILD)/scenarios/%.bin: tests/system/scenarios/%.xml $(HVCONFIG)
	$(scenario_recipe)

ALL += $(HVCONFIG) $(SCENARIO_BIN)

-include $(HVCONFIG_OBJ:.o=.d)

# SPDX-License-Identifier: BSD-3-Clause
# build/acrnd

ACRND_SRC := $(wildcard tools/acrnd/*.c) tools/common/journal.c

$(BUILD)/acrnd: $(ACRND_SRC) $(wildcard tools/acrnd/*.h) $(MANAGE_DEPS) tools/acrnd/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $@"
	$(Q)gcc $(MANAGE_CFLAGS) -o $@ $(ACRND_SRC) $(MANAGE_SRC) -ljansson -lsystemd

ALL += $(BUILD)/acrnd

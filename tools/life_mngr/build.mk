# SPDX-License-Identifier: BSD-3-Clause
# build/life_mngr

LIFE_MNGR_SRC := $(wildcard tools/life_mngr/*.c) tools/common/journal.c

$(BUILD)/life_mngr: $(LIFE_MNGR_SRC) $(wildcard tools/life_mngr/*.h) $(MANAGE_DEPS) tools/life_mngr/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $@"
	$(Q)gcc $(MANAGE_CFLAGS) -o $@ $(LIFE_MNGR_SRC) $(MANAGE_SRC) -ljansson -lsystemd

ALL += $(BUILD)/life_mngr

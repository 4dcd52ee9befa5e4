# SPDX-License-Identifier: BSD-3-Clause
# build/board_inspector

BOARD_INSPECTOR_SRC := $(wildcard tools/board_inspector/*.c)

$(BUILD)/board_inspector: $(BOARD_INSPECTOR_SRC) $(wildcard tools/board_inspector/*.h) tools/board_inspector/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $@"
	$(Q)gcc -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Werror -D_GNU_SOURCE \
		-I. $$(pkg-config --cflags libxml-2.0) -ffile-prefix-map=$(CURDIR)=. -o $@ $(BOARD_INSPECTOR_SRC) \
		$$(pkg-config --libs libxml-2.0)

ALL += $(BUILD)/board_inspector

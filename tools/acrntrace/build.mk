# SPDX-License-Identifier: BSD-3-Clause
# build/acrntrace

ACRNTRACE_SRC := $(wildcard tools/acrntrace/*.c) tools/common/args.c

$(BUILD)/acrntrace: $(ACRNTRACE_SRC) $(wildcard tools/acrntrace/*.h tools/common/*.h hypervisor/public/*.h) tools/acrntrace/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $@"
	$(Q)gcc -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Werror -D_GNU_SOURCE \
		-I. -Ihypervisor -ffile-prefix-map=$(CURDIR)=. -o $@ $(ACRNTRACE_SRC)

ALL += $(BUILD)/acrntrace

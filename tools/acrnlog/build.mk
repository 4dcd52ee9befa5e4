# SPDX-License-Identifier: BSD-3-Clause
# build/acrnlog

ACRNLOG_SRC := $(wildcard tools/acrnlog/*.c) tools/common/args.c

$(BUILD)/acrnlog: $(ACRNLOG_SRC) $(wildcard tools/acrnlog/*.h tools/common/*.h hypervisor/public/*.h) tools/acrnlog/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $@"
	$(Q)gcc -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Werror -D_GNU_SOURCE \
		-I. -Ihypervisor -ffile-prefix-map=$(CURDIR)=. -o $@ $(ACRNLOG_SRC)

ALL += $(BUILD)/acrnlog

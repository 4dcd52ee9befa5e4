# SPDX-License-Identifier: BSD-3-Clause
# build/acrnctl, and what it shares with acrnd

MANAGE_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Werror -D_GNU_SOURCE \
	-I. -Ihypervisor -ffile-prefix-map=$(CURDIR)=.
MANAGE_SRC := $(addprefix tools/common/,args.c hypervisor.c launch.c monitor.c place.c serial.c settings.c vms.c)
MANAGE_DEPS := $(MANAGE_SRC) $(wildcard tools/common/*.h hypervisor/public/*.h) tools/acrnctl/build.mk

ACRNCTL_SRC := $(wildcard tools/acrnctl/*.c)

$(BUILD)/acrnctl: $(ACRNCTL_SRC) $(wildcard tools/acrnctl/*.h) $(MANAGE_DEPS)
	@mkdir -p $(@D)
	@echo "  CC       $@"
	$(Q)gcc $(MANAGE_CFLAGS) -o $@ $(ACRNCTL_SRC) $(MANAGE_SRC) -ljansson

ALL += $(BUILD)/acrnctl

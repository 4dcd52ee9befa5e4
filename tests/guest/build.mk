# SPDX-License-Identifier: BSD-3-Clause
# Guest programs: tests/guest/lib with some of the hypervisor's own dependency-free
# files, and build/guest/cases.elf, all cases in one (doc/testing.md).

GUEST_CC ?= gcc
GUEST_LIB_SRC := $(wildcard tests/guest/lib/*.c tests/guest/lib/*.S) hypervisor/lib/printf.c hypervisor/lib/string.c
GUEST_CASES_SRC := $(wildcard tests/guest/cases/*.c tests/guest/cases/*.S)
guest_obj = $(patsubst %,$(BUILD)/guest/obj/%.o,$(1))
GUEST_LIB_OBJ := $(call guest_obj,$(GUEST_LIB_SRC))
GUEST_CASES_OBJ := $(call guest_obj,$(GUEST_CASES_SRC))

GUEST_CFLAGS := -std=gnu11 -ffreestanding -nostdlib -mno-red-zone -mgeneral-regs-only \
	-fno-pic -fno-pie -fno-stack-protector -fno-strict-aliasing -fno-asynchronous-unwind-tables \
	-fno-tree-loop-distribute-patterns -fno-delete-null-pointer-checks -fcf-protection=none \
	-O2 -g -Wall -Wextra -Wshadow -Wmissing-prototypes -Wundef -Wvla -Werror \
	-Itests/guest -Ihypervisor -ffile-prefix-map=$(CURDIR)=. -MMD -MP
GUEST_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=0x1000 \
	-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -T tests/guest/lib/guest.lds

$(BUILD)/guest/obj/%.o: % tests/guest/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $<"
	$(Q)$(GUEST_CC) $(GUEST_CFLAGS) -c -o $@ $<

define guest_link
	@echo "  LINK     $@"
	$(Q)$(GUEST_CC) $(GUEST_LDFLAGS) -o $@ $(filter %.o,$^)
endef

$(BUILD)/guest/cases.elf: tests/guest/lib/guest.lds $(GUEST_LIB_OBJ) $(GUEST_CASES_OBJ)
	$(guest_link)

.PHONY: guest
guest: $(BUILD)/guest/cases.elf
ALL += $(BUILD)/guest/cases.elf

-include $(GUEST_LIB_OBJ:.o=.d) $(GUEST_CASES_OBJ:.o=.d)
-include $(wildcard tests/guest/*/build.mk)

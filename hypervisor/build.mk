# SPDX-License-Identifier: BSD-3-Clause
# The hypervisor image, build/quercus.elf: every .c and .S of the folders in
# HV_DIRS (paths from the top folder), linked by hypervisor/quercus.lds.

HV_DIRS := . lib log config cpu mm irq hw sched vmx vm io assign emul emul/vpci machine hypercall exit debug boot
HV_CC ?= gcc
HV_SRC := $(foreach d,$(HV_DIRS),$(wildcard hypervisor/$(d)/*.c hypervisor/$(d)/*.S))
HV_SRC := $(sort $(patsubst hypervisor/./%,hypervisor/%,$(HV_SRC)))
HV_OBJ := $(patsubst %,build/%.o,$(HV_SRC))

HV_CFLAGS := -std=gnu11 -ffreestanding -nostdlib -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	-fno-pic -fno-pie -fno-stack-protector -fno-strict-aliasing -fno-asynchronous-unwind-tables \
	-fno-tree-loop-distribute-patterns -fno-delete-null-pointer-checks -fcf-protection=none \
	-O2 -g -Wall -Wextra -Wshadow -Wmissing-prototypes -Wundef -Wvla -Werror \
	-Ihypervisor -I. -ffile-prefix-map=$(CURDIR)=. -MMD -MP
HV_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=0x1000 \
	-Wl,-z,noexecstack -Wl,--fatal-warnings

build/hypervisor/%.c.o: hypervisor/%.c hypervisor/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $<"
	$(Q)$(HV_CC) $(HV_CFLAGS) -c -o $@ $<

build/hypervisor/%.S.o: hypervisor/%.S hypervisor/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $<"
	$(Q)$(HV_CC) $(HV_CFLAGS) -c -o $@ $<

build/quercus.elf: hypervisor/quercus.lds $(HV_OBJ)
	@echo "  LINK     $@"
	$(Q)$(HV_CC) $(HV_LDFLAGS) -T $< -o $@ $(HV_OBJ)

.PHONY: hypervisor
hypervisor: build/quercus.elf
ALL += build/quercus.elf
-include $(HV_OBJ:.o=.d)

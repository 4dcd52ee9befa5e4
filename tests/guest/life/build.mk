# SPDX-License-Identifier: BSD-3-Clause
# build/guest/life.elf: VMs that reset, crash, switch off or tick on, for the cases of the VMs' life (doc/testing.md).

GUEST_LIFE_OBJ := $(call guest_obj,$(wildcard tests/guest/life/*.c))

$(BUILD)/guest/life.elf: tests/guest/lib/guest.lds $(GUEST_LIB_OBJ) $(GUEST_LIFE_OBJ)
	$(guest_link)

guest: $(BUILD)/guest/life.elf
ALL += $(BUILD)/guest/life.elf

-include $(GUEST_LIFE_OBJ:.o=.d)

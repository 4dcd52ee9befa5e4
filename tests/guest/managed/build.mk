# SPDX-License-Identifier: BSD-3-Clause
# build/guest/managed.elf: a user VM that takes orders, for cases that drive the management tools.

GUEST_MANAGED_OBJ := $(call guest_obj,$(wildcard tests/guest/managed/*.c))

$(BUILD)/guest/managed.elf: tests/guest/lib/guest.lds $(GUEST_LIB_OBJ) $(GUEST_MANAGED_OBJ)
	$(guest_link)

guest: $(BUILD)/guest/managed.elf
ALL += $(BUILD)/guest/managed.elf

-include $(GUEST_MANAGED_OBJ:.o=.d)

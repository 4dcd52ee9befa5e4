# SPDX-License-Identifier: BSD-3-Clause
# build/guest/service.elf: cases that run as the kernel of the Service VM (doc/testing.md).

GUEST_SERVICE_OBJ := $(call guest_obj,$(wildcard tests/guest/service/*.c tests/guest/service/*.S))

$(BUILD)/guest/service.elf: tests/guest/lib/guest.lds $(GUEST_LIB_OBJ) $(GUEST_SERVICE_OBJ)
	$(guest_link)

guest: $(BUILD)/guest/service.elf
ALL += $(BUILD)/guest/service.elf

-include $(GUEST_SERVICE_OBJ:.o=.d)

# SPDX-License-Identifier: BSD-3-Clause
# build/guest/sched.elf: several VMs on one CPU measure what they get of it (doc/testing.md).

GUEST_SCHED_OBJ := $(call guest_obj,$(wildcard tests/guest/sched/*.c))

$(BUILD)/guest/sched.elf: tests/guest/lib/guest.lds $(GUEST_LIB_OBJ) $(GUEST_SCHED_OBJ)
	$(guest_link)

guest: $(BUILD)/guest/sched.elf
ALL += $(BUILD)/guest/sched.elf

-include $(GUEST_SCHED_OBJ:.o=.d)

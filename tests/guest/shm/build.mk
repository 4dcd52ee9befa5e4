# SPDX-License-Identifier: BSD-3-Clause
# build/guest/shm.elf: two VMs that share memory, doorbells and a serial line (doc/testing.md).

GUEST_SHM_OBJ := $(call guest_obj,$(wildcard tests/guest/shm/*.c))

$(BUILD)/guest/shm.elf: tests/guest/lib/guest.lds $(GUEST_LIB_OBJ) $(GUEST_SHM_OBJ)
	$(guest_link)

guest: $(BUILD)/guest/shm.elf
ALL += $(BUILD)/guest/shm.elf

-include $(GUEST_SHM_OBJ:.o=.d)

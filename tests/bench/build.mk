# SPDX-License-Identifier: BSD-3-Clause
# Guests that measure paths, and the table of `make bench`.

BENCH_DM_OBJ := $(call guest_obj,tests/bench/guest/dm.c)

$(BUILD)/guest/bench_dm.elf: tests/guest/lib/guest.lds $(GUEST_LIB_OBJ) $(BENCH_DM_OBJ)
	$(guest_link)

ALL += $(BUILD)/guest/bench_dm.elf

bench: all images
	@tests/bench/run

-include $(BENCH_DM_OBJ:.o=.d)

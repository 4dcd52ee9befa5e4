# SPDX-License-Identifier: BSD-3-Clause
# Guests that measure paths, build/guest/bench_NAME.elf, and the table of `make bench`.

BENCH_GUESTS := $(patsubst tests/bench/guest/%.c,$(BUILD)/guest/bench_%.elf,$(wildcard tests/bench/guest/*.c))
BENCH_OBJ := $(call guest_obj,$(wildcard tests/bench/guest/*.c))

$(BENCH_GUESTS): $(BUILD)/guest/bench_%.elf: $(call guest_obj,tests/bench/guest/%.c) tests/guest/lib/guest.lds $(GUEST_LIB_OBJ)
	$(guest_link)

ALL += $(BENCH_GUESTS)

# goal bench JSON=1  the same as JSON
bench: all images
	@tests/bench/run $(if $(JSON),--json)

-include $(BENCH_OBJ:.o=.d)

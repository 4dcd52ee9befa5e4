# SPDX-License-Identifier: BSD-3-Clause
# Guests that measure paths, build/guest/bench_NAME.elf, and the table of `make bench`.

BENCH_GUESTS := $(patsubst tests/bench/guest/%.c,$(BUILD)/guest/bench_%.elf,$(wildcard tests/bench/guest/*.c))
BENCH_LIB_OBJ := $(call guest_obj,$(wildcard tests/bench/lib/*.c))
BENCH_OBJ := $(call guest_obj,$(wildcard tests/bench/guest/*.c tests/bench/guest/*.S)) $(BENCH_LIB_OBJ)

$(BENCH_OBJ): GUEST_CFLAGS += -Itests
$(BENCH_GUESTS): $(BUILD)/guest/bench_%.elf: $(call guest_obj,tests/bench/guest/%.c) tests/guest/lib/guest.lds \
		$(BENCH_LIB_OBJ) $(GUEST_LIB_OBJ)
	$(guest_link)

# The Service VM's kernel makes user VMs as the cases of tests/guest/service do.
$(BUILD)/guest/bench_service.elf: $(call guest_obj,tests/bench/guest/user.S $(addprefix tests/guest/service/,hc.c uservm.c payload.S))

ALL += $(BENCH_GUESTS)

# goal bench JSON=1  the same as JSON; ACCOUNT=1: also by function; UPDATE=1: writes figures.cfg
bench: all images
	@tests/bench/run $(if $(JSON),--json) $(if $(ACCOUNT),--account) $(if $(UPDATE),--update) $(CASE)

-include $(BENCH_OBJ:.o=.d)

# SPDX-License-Identifier: BSD-3-Clause
# Fuzz targets, one program per tests/fuzz/fuzz_<file>.c, whose head names what it links:
#   /* fuzz: src1.c src2.c */  /* fuzz-flags: -Idevicemodel */  /* fuzz-libs: -lxml2 */
# `make fuzz` runs each for FUZZ_SECONDS or FUZZ_RUNS inputs, FUZZ=fuzz_x only that one; inputs found are kept
# in build/fuzz/<name>.corpus. Without clang there is nothing to run, and it says so.

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 10
# Inputs of each, at most; 0: as many as the time allows.
FUZZ_RUNS ?= 0
FUZZ_CFLAGS := -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -Wall -Wextra -Werror -DUNIT_TEST
FUZZ_INCLUDES := -Itests/fake -Ihypervisor -I.
FUZZ_NAMES := $(notdir $(basename $(or $(FUZZ:%=tests/fuzz/%.c),$(sort $(wildcard tests/fuzz/fuzz_*.c)))))

# $(call fuzz_head,KEY,TARGET): the words after "KEY:" in the comments at the target's head.
fuzz_head = $(shell sed -n '1,40s|^/\* $(1): *\(.*\) \*/ *$$|\1|p' tests/fuzz/$(2).c)

define fuzz_program
$(BUILD)/fuzz/$(1): $(2)
	@mkdir -p $$(@D)
	@echo "  FUZZ     $(1)"
	$$(Q)$$(FUZZ_CC) $$(FUZZ_CFLAGS) $(call fuzz_head,fuzz-flags,$(1)) $$(FUZZ_INCLUDES) -o $$@ $(2) \
		$(call fuzz_head,fuzz-libs,$(1))
endef

# Reading the heads costs a shell each: only when a goal needs them.
ifneq ($(filter fuzz $(BUILD)/fuzz/%,$(MAKECMDGOALS)),)
$(foreach target,$(FUZZ_NAMES),$(eval $(call fuzz_program,$(target),\
	tests/fuzz/$(target).c $(call fuzz_head,fuzz,$(target)))))
endif

# goal fuzz          runs the fuzz targets; FUZZ_SECONDS each (10)
.PHONY: fuzz
fuzz: $(if $(shell command -v $(FUZZ_CC)),$(FUZZ_NAMES:%=$(BUILD)/fuzz/%))
	@tests/fuzz/run_all $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZ_RUNS) $^

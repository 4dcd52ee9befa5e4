# SPDX-License-Identifier: BSD-3-Clause
# What `make coverage` measures: unit tests and a hypervisor that count how often each line runs (doc/testing.md).

COVERAGE := $(BUILD)/coverage
# counters.c knows GCC 12's structures. Atomic: several CPUs count. The seed: counts stay valid while the code is the same.
COVERAGE_CFLAGS = $(HV_CFLAGS) --coverage -frandom-seed=$< -fprofile-update=atomic -fprofile-info-section=.gcov_info
COVERAGE_OBJ := $(patsubst %,$(COVERAGE)/%.o,$(filter %.c,$(HV_SRC)))
COVERAGE_PARTS := $(COVERAGE)/quercus.lds $(COVERAGE_OBJ) $(filter %.S.o,$(HV_OBJ)) build/tests/coverage/counters.c.o
COVERAGE_WRAP := -Wl,--wrap=console_getc -Wl,--wrap=power_off -Wl,--wrap=power_reset

$(COVERAGE)/hypervisor/%.c.o: hypervisor/%.c hypervisor/build.mk tests/coverage/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $< (coverage)"
	$(Q)$(HV_CC) $(COVERAGE_CFLAGS) -c -o $@ $<

build/tests/coverage/counters.c.o: tests/coverage/counters.c hypervisor/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $<"
	$(Q)$(HV_CC) $(HV_CFLAGS) -c -o $@ $<

# The compiler's list of all counters lies among what is only read.
$(COVERAGE)/quercus.lds: hypervisor/quercus.lds tests/coverage/build.mk
	@mkdir -p $(@D)
	$(Q)sed 's/^.*fixup_end = .;/&\n\t\tgcov_info_start = .;\n\t\tKEEP(*(.gcov_info))\n\t\tgcov_info_end = .;/' $< >$@

$(COVERAGE)/quercus.elf: $(COVERAGE_PARTS)
	@echo "  LINK     $@"
	$(Q)$(HV_CC) $(HV_LDFLAGS) $(COVERAGE_WRAP) -T $< -o $@ $(filter %.o,$^)

# For cases with the faults of tests/plant.
$(COVERAGE)/quercus-plant.elf: $(COVERAGE_PARTS) build/tests/plant/plant.c.o
	@echo "  LINK     $@"
	$(Q)$(HV_CC) $(HV_LDFLAGS) $(COVERAGE_WRAP) -Wl,--wrap=vpm_create -T $< -o $@ $(filter %.o,$^)

# The unit tests of the hypervisor's files, without sanitizers: they count only. Their fakes leave out what -O1 sees is never called.
COVERAGE_UNITS = $(notdir $(basename $(shell grep -l '^/\* unit:.*hypervisor/' tests/unit/test_*.c)))
COVERAGE_UNIT_CFLAGS := -std=gnu11 -O1 -g --coverage -fprofile-update=atomic -Wall -Wextra -DUNIT_TEST

.PHONY: coverage coverage-unit
coverage-unit:
	@find $(COVERAGE)/unit -name '*.gcda' -delete 2>/dev/null || true
	@+$(MAKE) --no-print-directory READY=1 BUILD=$(COVERAGE) UNIT='$(COVERAGE_UNITS)' \
		UNIT_CFLAGS='$(COVERAGE_UNIT_CFLAGS)' unit

# CASE=name: only these system cases are run again; the others' last results are counted.
coverage: all images $(COVERAGE)/quercus.elf $(COVERAGE)/quercus-plant.elf coverage-unit
	@tests/coverage/selftest
	@tests/coverage/run $(CASE)

-include $(COVERAGE_OBJ:.o=.d) build/tests/coverage/counters.c.d

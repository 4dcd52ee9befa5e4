# SPDX-License-Identifier: BSD-3-Clause
# Unit tests: one program per tests/unit/test_<file>.c, whose head names what it links:
#   /* unit: src1.c src2.c */  /* unit-flags: -Idevicemodel */  /* unit-libs: -lxml2 */
# All are built with ASan and UBSan; `make unit` runs all, UNIT=test_x (or several) only that one.

UNIT_CC ?= gcc
UNIT_CFLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -Wall -Wextra -Werror -DUNIT_TEST
UNIT_INCLUDES := -Itests/fake -Ihypervisor -I.
UNIT_NAMES := $(notdir $(basename $(or $(UNIT:%=tests/unit/%.c),$(sort $(wildcard tests/unit/test_*.c)))))
UNIT_TESTS := $(UNIT_NAMES:%=$(BUILD)/unit/%)

# $(call unit_head,KEY,TEST): the words after "KEY:" in the comments at the test's head.
unit_head = $(shell sed -n '1,40s|^/\* $(1): *\(.*\) \*/ *$$|\1|p' tests/unit/$(2).c)

# $(call unit_folder,FLAGS): where the objects built with FLAGS are: tests with the same flags share them.
unit_space := $(subst ,, )
unit_folder = $(BUILD)/unit/objects/with$(subst =,.,$(subst /,.,$(subst $(unit_space),,$(1))))

# $(call unit_object,FOLDER,SOURCE,FLAGS): its rule, once. hvconfig's schema.c has the schemas inside.
define unit_object
ifndef unit_has_$(1)/$(2)
unit_has_$(1)/$(2) := yes
$(1)/$(2:.c=.o): $(2) $(if $(filter %/hvconfig/schema.c,$(2)),$(wildcard misc/config/schema/*.xsd))
	@mkdir -p $$(@D)
	$$(Q)$$(UNIT_CC) $$(UNIT_CFLAGS) $$(UNIT_INCLUDES) $(3) -MMD -MP -c -o $$@ $$<
-include $(1)/$(2:.c=.d)
endif
endef

# $(call unit_program,TEST,SOURCES,FLAGS)
define unit_program
$(foreach source,$(2),$(eval $(call unit_object,$(call unit_folder,$(3)),$(source),$(3))))
$(BUILD)/unit/$(1): $(patsubst %.c,$(call unit_folder,$(3))/%.o,$(2))
	@echo "  UNIT     $(1)"
	$$(Q)$$(UNIT_CC) $$(UNIT_CFLAGS) -o $$@ $$^ $(call unit_head,unit-libs,$(1)) \
		-Wl,--wrap=_mark_point -lcheck -lsubunit -lm -lrt -lpthread
endef

# Reading the heads costs a shell each: only when a goal needs them.
ifneq ($(filter unit check test $(BUILD)/unit/%,$(MAKECMDGOALS)),)
$(foreach test,$(UNIT_NAMES),$(eval $(call unit_program,$(test),\
	tests/unit/$(test).c tests/fake/mark_point.c $(call unit_head,unit,$(test)),$(call unit_head,unit-flags,$(test)))))
endif

# -k: a test that does not build is one failure, the others still run. The program of an earlier build must not pass for it.
UNIT_MAKE = $(MAKE) --no-print-directory READY=1 UNIT='$(UNIT)'
unit:
	@+$(if $(UNIT_TESTS),$(UNIT_MAKE) -k $(UNIT_TESTS) || \
		for test in $(UNIT_TESTS); do $(UNIT_MAKE) UNIT=$$(basename $$test) -q $$test >/dev/null 2>&1 || rm -f $$test; done)
	@tests/unit/run_all $(BUILD)/logs/unit $(UNIT_TESTS)

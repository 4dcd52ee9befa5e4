# SPDX-License-Identifier: BSD-3-Clause
# Scenarios that only system cases use: tests/system/scenarios/NAME.xml.

TEST_SCENARIOS := $(basename $(notdir $(wildcard tests/system/scenarios/*.xml)))
images: $(TEST_SCENARIOS:%=$(BUILD)/scenarios/tests/%.bin)

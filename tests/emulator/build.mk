# SPDX-License-Identifier: BSD-3-Clause
# Bochs 3.0 with machine checks and microcode revisions, for the cases of tests/system/cases.d/emulator.cfg.

.PHONY: emulator
emulator: $(BUILD)/bochs3-built

$(BUILD)/bochs3-built: tests/emulator/build tests/emulator/models.hpp
	$(Q)tests/emulator/build $@

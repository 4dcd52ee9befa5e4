# SPDX-License-Identifier: BSD-3-Clause
# Bochs 3.0 with machine checks, microcode revisions and a device with MSI, for the cases of tests/system/cases.d/emulator.cfg.

.PHONY: emulator
emulator: $(BUILD)/bochs3-built

$(BUILD)/bochs3-built: tests/emulator/build tests/emulator/models.hpp tests/emulator/models_msi.hpp
	$(Q)tests/emulator/build $@

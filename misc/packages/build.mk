# SPDX-License-Identifier: BSD-3-Clause
# Debian packages: build/packages. VERSION=x builds them under another version.

PACKAGED := $(shell sed 's/\#.*//' misc/packages/programs | cut -f1)

.PHONY: packages packages-test
packages: $(BUILD)/quercus.elf $(PACKAGED:%=$(BUILD)/%) $(SCENARIOS:%=$(BUILD)/scenarios/%.bin) hsm-dkms
	@misc/packages/install misc/packages/list.packages
	@misc/packages/build $(BUILD)/packages $(VERSION)

# Built, checked by lintian, installed in a Debian root, upgraded, removed, purged.
packages-test: packages
	@tests/packages/run

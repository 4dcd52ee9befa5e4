# SPDX-License-Identifier: BSD-3-Clause
# Quercus: what a newcomer needs is `make run` and `make test`; `make help` lists the rest.
#
# Every goal first installs the Debian packages that are missing, then runs make
# again with READY=1: only then are the components' build.mk read, so that they may
# rely on every tool being there.

BUILD := build
SCENARIO ?= hybrid_rt
Q := $(if $(V),,@)

.PHONY: all run test check check-system nightly bench iso image depends packages unit lint clean help
.DEFAULT_GOAL := all

ifneq ($(READY),1)
# ---------------------------------------------------------------- outer make
.NOTPARALLEL:
GOALS := $(or $(MAKECMDGOALS),all)
WORK := $(filter-out depends clean help,$(GOALS))
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

depends:
	@misc/packages/install

clean:
	@rm -rf $(BUILD)

help:
	@sed -n 's/^# goal //p' Makefile

# The first goal that is not one of the above carries all of them.
ifneq ($(WORK),)
$(firstword $(WORK)): depends $(if $(filter clean,$(GOALS)),clean)
	@+$(MAKE) --no-print-directory $(JOBS) $(if $(filter check,$(WORK)),-k) READY=1 $(WORK)
$(wordlist 2,$(words $(WORK)),$(WORK)): $(firstword $(WORK)) ;
endif

else
# ---------------------------------------------------------------- inner make
# Kernel headers of the Service VM's kernel, for hsm_driver (evaluated when used).
KERNEL_RELEASE = $(shell dpkg-query -W -f '$${Depends}\n' linux-headers-cloud-amd64 | \
	sed -n 's/^linux-headers-\([^ ,]*\).*/\1/p')
KDIR = /usr/src/linux-headers-$(KERNEL_RELEASE)

# Components: each adds its final products to ALL.
ALL :=
all:
-include hypervisor/build.mk devicemodel/build.mk hsm_driver/build.mk
-include misc/config/build.mk misc/image/build.mk misc/image/disk/build.mk misc/packages/build.mk
-include $(wildcard tools/*/build.mk)
-include tests/unit/build.mk tests/guest/build.mk tests/system/build.mk tests/emulator/build.mk tests/lint/build.mk
-include tests/bench/build.mk tests/fuzz/build.mk tests/plant/build.mk tests/tools/build.mk tests/coverage/build.mk

all: $(ALL)

# goal run           build, boot scenario SCENARIO (default hybrid_rt), attach to its console
run: $(BUILD)/images/$(SCENARIO).iso
	@misc/run/run --name run-$(SCENARIO) --interactive --timeout $(or $(TIMEOUT),3600) $<

# goal test          everything: lint, unit and system tests; ends in N passed, N failed
test:
	@+tests/run_all

# goal check         lint, unit tests and tools, about a minute
check: lint unit tools

# goal check-system  boots emulators; GROUP=name runs one group, CASE=name one case
check-system: all images
	@tests/system/run $(if $(GROUP),--group $(GROUP)) $(CASE)

# goal nightly       what takes hours: a thousand faults, a million random calls
nightly: all images emulator $(BUILD)/initramfs/service_vm_virsh.cpio
	@tests/system/run --group nightly

# goal iso           small bootable image of SCENARIO, all of it in memory: build/images/SCENARIO.iso
iso: $(BUILD)/images/$(SCENARIO).iso
	@echo "$<"

# goal image         disk image with Debian as Service VM (SCENARIO=shared KERNEL=cloud, or amd64 for boards): build/images/SCENARIO.img
image: $(BUILD)/images/$(DISK_SCENARIO).img
	@echo "$<"
endif

# goal all           builds every component
# goal unit          unit tests under sanitizers
# goal tools         acrnctl and the like, with a fake hypervisor
# goal virt-manager-test  stock virt-manager, on a screen of its own
# goal hsm-test      the kernel module with a fake hypervisor, in QEMU
# goal lint          layers, sizes, headers, journeys, licence lines
# goal misra         cppcheck and its MISRA C:2012 rules alone
# goal coverage      which lines of the hypervisor ran in unit tests and guests; CASE=name: doc/testing.md
# goal emulator      a Bochs with machine checks, microcode revisions, split locks and MSI, for the cases of cases.d/emulator.cfg
# goal acrn-kernel   a Service VM kernel with ACRN guest support, for the cases of group acrn
# goal bench         the table of what paths cost; JSON=1, ACCOUNT=1, UPDATE=1, CASE=name: doc/testing.md
# goal packages      Debian packages of Quercus, to install by hand: build/packages (VERSION=x)
# goal packages-test the packages installed, upgraded, removed and purged in a Debian root
# goal depends       installs the Debian packages that building needs and that are missing
# goal clean         removes build/

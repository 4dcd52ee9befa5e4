# SPDX-License-Identifier: BSD-3-Clause
# build/virtacrnd. wire.h and wire.c are made of wire.x by rpcgen, which leaves variables unused.

VIRT_SRC := $(wildcard tools/virtacrnd/*.c) $(addprefix tools/common/,journal.c peer.c)
VIRT_WIRE := $(BUILD)/wire/wire
VIRT_CFLAGS := $(MANAGE_CFLAGS) -Ihypervisor -I$(dir $(VIRT_WIRE)) -I/usr/include/tirpc -I/usr/include/libxml2

$(VIRT_WIRE).h: tools/virtacrnd/wire.x tools/virtacrnd/build.mk
	@mkdir -p $(@D)
	@echo "  RPCGEN   $@"
	@rm -f $@ $(VIRT_WIRE).c
	$(Q)cd $(<D) && rpcgen -C -h -o $(abspath $@) $(<F) && rpcgen -C -c -o $(abspath $(VIRT_WIRE).c) $(<F)

$(VIRT_WIRE).c: $(VIRT_WIRE).h ;

$(VIRT_WIRE).o: $(VIRT_WIRE).c
	$(Q)gcc -std=gnu11 -O2 -g -I$(@D) -I/usr/include/tirpc -c -o $@ $<

$(BUILD)/virtacrnd: $(VIRT_SRC) $(wildcard tools/virtacrnd/*.h) $(VIRT_WIRE).o $(MANAGE_DEPS) tools/virtacrnd/build.mk
	@echo "  CC       $@"
	$(Q)gcc $(VIRT_CFLAGS) -o $@ $(VIRT_SRC) $(MANAGE_SRC) $(VIRT_WIRE).o -ltirpc -lxml2 -ljansson -lsystemd -lpthread

ALL += $(BUILD)/virtacrnd

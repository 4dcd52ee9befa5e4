# SPDX-License-Identifier: BSD-3-Clause
# What the case bad_input runs in the Service VM: a hostile device model, and the guest
# of a VM that must live on beside it.

TAMPER_SRC := $(addprefix tests/system/tamper/,main.c victim.c calls.c memory.c life.c ioreq.c)
BYSTANDER_OBJ := $(call guest_obj,tests/system/tamper/bystander.c)

$(BUILD)/tamper: $(TAMPER_SRC) tests/system/tamper/victim.h $(wildcard hypervisor/public/*.h)
	@mkdir -p $(@D)
	@echo "  CC       $@"
	$(Q)gcc -std=gnu11 -O1 -g -Wall -Wextra -Werror -D_GNU_SOURCE -Itests/system/tamper -Ihypervisor \
		-ffile-prefix-map=$(CURDIR)=. -o $@ $(TAMPER_SRC) -lpthread

$(BUILD)/guest/bystander.elf: tests/guest/lib/guest.lds $(GUEST_LIB_OBJ) $(BYSTANDER_OBJ)
	$(guest_link)

ALL += $(BUILD)/tamper $(BUILD)/guest/bystander.elf

-include $(BYSTANDER_OBJ:.o=.d)

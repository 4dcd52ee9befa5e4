# SPDX-License-Identifier: BSD-3-Clause
# build/guest/hv_cpus.elf: the hypervisor, but for its boot order: it starts the CPUs and no VM (doc/testing.md).

HV_CPUS_INIT := $(BUILD)/guest/obj/hv_cpus/init.o
$(HV_CPUS_INIT): tests/guest/hv_cpus/init.c hypervisor/build.mk tests/guest/hv_cpus/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $<"
	$(Q)$(HV_CC) $(HV_CFLAGS) -c -o $@ $<

$(BUILD)/guest/hv_cpus.elf: hypervisor/quercus.lds $(HV_CPUS_INIT) $(filter-out build/hypervisor/init.c.o,$(HV_OBJ))
	@echo "  LINK     $@"
	$(Q)$(HV_CC) $(HV_LDFLAGS) -T $< -o $@ $(filter %.o,$^)

guest: $(BUILD)/guest/hv_cpus.elf
ALL += $(BUILD)/guest/hv_cpus.elf

-include $(HV_CPUS_INIT:.o=.d)

# SPDX-License-Identifier: BSD-3-Clause
# build/quercus-plant.elf: the hypervisor with faults planted into it, for system cases (plant.c). Nothing else uses it.

build/tests/plant/plant.c.o: tests/plant/plant.c hypervisor/build.mk
	@mkdir -p $(@D)
	@echo "  CC       $<"
	$(Q)$(HV_CC) $(HV_CFLAGS) -c -o $@ $<

build/quercus-plant.elf: hypervisor/quercus.lds $(HV_OBJ) build/tests/plant/plant.c.o
	@echo "  LINK     $@"
	$(Q)$(HV_CC) $(HV_LDFLAGS) -Wl,--wrap=vpm_create -T $< -o $@ $(filter %.o,$^)

ALL += build/quercus-plant.elf
-include build/tests/plant/plant.c.d

/* SPDX-License-Identifier: BSD-3-Clause */
/* Building each kind of VM with its real parts: whatever allocation, thread or vector cannot be had, all that was made is given back. */
/* unit: hypervisor/machine/machine.c hypervisor/machine/memory.c hypervisor/machine/slots.c hypervisor/machine/devices.c hypervisor/machine/dma.c hypervisor/emul/vpci/ivshmem.c hypervisor/emul/vpci/ivshmem_ring.c tests/fake/vtd.c hypervisor/io/region.c hypervisor/io/ioreq.c hypervisor/io/asyncio.c hypervisor/emul/vpic.c hypervisor/emul/vioapic.c hypervisor/emul/vlapic_mmio.c hypervisor/emul/vuart.c hypervisor/lib/ring.c hypervisor/emul/vrtc.c hypervisor/emul/rtc_time.c hypervisor/emul/vpm.c hypervisor/emul/testdev.c hypervisor/emul/vpci/cap.c hypervisor/emul/vpci/hsm_function.c hypervisor/emul/vpci/passthru.c hypervisor/emul/vpci/vmsi.c hypervisor/emul/vpci/vmsix.c hypervisor/emul/vpci/vmsix_table.c hypervisor/emul/vpci/vpci.c hypervisor/assign/intx.c hypervisor/assign/msi.c hypervisor/assign/damper.c hypervisor/mm/e820.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/mtrr.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/hv_string.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/percpu.h"
#include "hv_vm.h"
#include "hw/acpi.h"
#include "hw/pci.h"
#include "irq/ioapic.h"
#include "irq/vector.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "machine/machine.h"
#include "machine/ownership.h"
#include "machine/slots.h"
#include "machine/wait.h"
#include "mm/e820.h"
#include "mm/hostmap.h"
#include "vm_mem.h"
#include "vm_time.h"

#define RAM_SIZE	(16ul << 20)
#define MOST_STEPS	5000u
#define VM_ID		5u

/* ---- the machine ---- */

struct acpi_info acpi;
static unsigned int nr_vectors, nr_events;

uint32_t ioapic_count(void) { return 1; }
void ioapic_mask(uint32_t gsi) { (void)gsi; }
void ioapic_unmask(uint32_t gsi) { (void)gsi; }
void vector_put(uint8_t vector) { (void)vector; nr_vectors--; }
void ownership_event(const char *what) { (void)what; nr_events++; }
uint32_t pci_read(uint16_t bdf, uint32_t reg, uint32_t size) { (void)bdf; (void)reg; return size == 4 ? ~0u : (1u << 8 * size) - 1; }
void pci_write(uint16_t bdf, uint32_t reg, uint32_t size, uint32_t value) { (void)bdf; (void)reg; (void)size; (void)value; }
void pci_scan(void (*fn)(uint16_t bdf, void *arg), void *arg) { (void)fn; (void)arg; }
void *hostmap_device(hpa_t start, uint64_t size) { (void)start; (void)size; return NULL; }

void ioapic_info(uint32_t i, uint64_t *base, uint32_t *gsi_base, uint32_t *nr_pins, uint32_t *id)
{
	*base = 0xfec00000 + i;
	*gsi_base = *id = 0;
	*nr_pins = 24;
}

int ioapic_route(uint32_t gsi, uint8_t vector, uint32_t apic_id, bool level, bool low)
{
	(void)gsi; (void)vector; (void)apic_id; (void)level; (void)low;
	return 0;
}

int vector_get(void (*fn)(void *arg, uint8_t vector), void *arg)
{
	(void)fn;
	(void)arg;
	return 0x40 + (int)nr_vectors++;
}

/* Threads obey at once. */
void wait_until(bool (*done)(void *arg), void *arg)
{
	unsigned int i, j;

	for (i = 0; i < MAX_VMS; i++) {
		for (j = 0; vm_table[i] && j < vm_table[i]->nr_vcpus; j++) {
			struct vcpu *v = vm_table[i]->vcpus[j];

			v->state = v->requests & 1ul << REQ_EXIT ? VCPU_OFFLINE : VCPU_PAUSED;
			if (v->requests & 1ul << REQ_EXIT && v->thread.state != THREAD_NEW)
				v->thread.state = THREAD_DEAD;
		}
	}
	ck_assert(done(arg));
}

/* ---- what is built ---- */

static struct scenario_vm cfg;
static struct { struct scenario s; struct scenario_vm vms[3]; } scenario;
static uint8_t *ram;
static unsigned int pages;

static void setup(void)
{
	hv_machine_reset();
	scenario.s = (struct scenario){ .nr_vms = 3 };
	scenario.vms[0] = (struct scenario_vm){ .load_order = SCENARIO_PRE_LAUNCHED, .priority = 200 };
	scenario.vms[1] = (struct scenario_vm){ .load_order = SCENARIO_POST_LAUNCHED, .priority = 9 };
	scenario.vms[2] = (struct scenario_vm){ .load_order = SCENARIO_POST_LAUNCHED, .priority = 4 };
	slots_init(&scenario.s);
	acpi = (struct acpi_info){ .lapic_base = 0xfee00000, .pm1a_cnt = 0xb004, .pm1_cnt_len = 2, .pm_tmr = 0xb008,
				   .nr_ioapics = 1 };
	e820_firmware = (struct e820_map){ 1, { { 0, 1ul << 30, E820_RAM, 0 } } };
	host_e820 = e820_firmware;
	ck_assert_int_eq(e820_carve(&host_e820, 0x200000, 0x123000, E820_RESERVED), 0);
	ram = aligned_alloc(SIZE_2M, RAM_SIZE);
	fake_mem_fail_at = 0;
	pages = fake_mem_pages;
}

static void teardown(void)
{
	free(ram);
	ck_assert_uint_eq(fake_mem_pages, pages);
	ck_assert_uint_eq(nr_vectors, 0);
}

static int build(uint8_t load_order, uint64_t cpus, struct vm **vm)
{
	const struct machine_request req = { .name = "built", .cpu_affinity = cpus, .ram = hpa((uint64_t)ram) };

	cfg = (struct scenario_vm){ .load_order = load_order, .cpu_affinity = cpus, .memory_size = RAM_SIZE,
				    .options = SCENARIO_OPT_TESTDEV | SCENARIO_OPT_KVM_LEAF };
	if (load_order != SCENARIO_POST_LAUNCHED)
		cfg.vuarts[0] = (struct scenario_vuart){ .type = SCENARIO_VUART_CONSOLE, .io_base = 0x3f8, .irq = 4 };
	return machine_build(VM_ID, &cfg, &req, vm);
}

static void expect_nothing(void)
{
	ck_assert_ptr_null(vm_table[VM_ID]);
	ck_assert_uint_eq(fake_mem_pages, pages);
	ck_assert_uint_eq(hv_threads.nr_created, hv_threads.nr_destroyed);
	ck_assert_uint_eq(nr_vectors, 0);
}

/* The n-th page is not there, for each n until all are: then it is built, and all given back by destroying it. */
START_TEST(each_page_missing)
{
	struct vm *vm = NULL;
	unsigned int n;
	int err = -1;

	for (n = 1; n < MOST_STEPS && err; n++) {
		fake_mem_fail_at = n;
		err = build((uint8_t)_i, 7, &vm);
		if (!err)
			break;
		ck_assert_int_eq(err, -ENOMEM);
		ck_assert_uint_eq(fake_mem_fail_at, 0);
		expect_nothing();
	}
	fake_mem_fail_at = 0;
	ck_assert_int_eq(err, 0);
	/* As many as it takes pages, and tables of the EPT are among them. */
	ck_assert_uint_gt(n, 15);
	ck_assert_ptr_eq(vm_table[VM_ID], vm);
	ck_assert_uint_eq(vm->nr_vcpus, 3);
	machine_destroy(vm);
	expect_nothing();
}
END_TEST

START_TEST(each_thread_missing)
{
	struct vm *vm;
	unsigned int n;

	for (n = 1; n <= 3; n++) {
		hv_threads.fail_at = n;
		ck_assert_int_eq(build((uint8_t)_i, 7, &vm), -EBUSY);
		expect_nothing();
	}
	hv_threads.fail_at = 0;
	ck_assert_int_eq(build((uint8_t)_i, 7, &vm), 0);
	machine_destroy(vm);
	expect_nothing();
}
END_TEST

/* The Service VM's vCPUs do not sink below those user VMs whose I/O they do; nobody else has such a floor. */
START_TEST(service_floor)
{
	struct vm *vm;

	ck_assert_int_eq(build((uint8_t)_i, 7, &vm), 0);
	for (uint16_t i = 0; i < vm->nr_vcpus; i++)
		ck_assert_uint_eq(vm->vcpus[i]->thread.params.floor, vm->load_order == SCENARIO_SERVICE ? 9 : 0);
	machine_destroy(vm);
}
END_TEST

/* The scenario's TSC rate, which a real local APIC cannot follow. */
START_TEST(tsc_rate)
{
	struct machine_request req = { .name = "built", .cpu_affinity = 1, .ram = hpa((uint64_t)ram) };
	struct vm *vm;

	cfg = (struct scenario_vm){ .load_order = SCENARIO_POST_LAUNCHED, .cpu_affinity = 1, .tsc_khz = fake_tsc_khz * 2 };
	req.flags = SCENARIO_FLAG_LAPIC_PT | SCENARIO_FLAG_RT;
	ck_assert_int_eq(machine_build(VM_ID, &cfg, &req, &vm), -EINVAL);
	expect_nothing();
	req.flags = 0;
	ck_assert_int_eq(machine_build(VM_ID, &cfg, &req, &vm), 0);
	ck_assert_uint_eq(vtsc_from_host(&vm->tsc, 1000), 2000);
	machine_destroy(vm);
	expect_nothing();
}
END_TEST

/* A page missing at a reset: the VM stays one that can be reset again, or destroyed. */
START_TEST(reset_without_memory)
{
	struct vm *vm;
	unsigned int n, held;
	int err = -1;

	ck_assert_int_eq(build((uint8_t)_i, 3, &vm), 0);
	held = fake_mem_pages;
	for (n = 1; n < MOST_STEPS && err; n++) {
		fake_mem_fail_at = n;
		err = machine_reset(vm);
		ck_assert(!err || err == -ENOMEM);
		ck_assert_uint_le(fake_mem_pages, held);
	}
	fake_mem_fail_at = 0;
	ck_assert_int_eq(machine_reset(vm), 0);
	ck_assert_uint_eq(fake_mem_pages, held);
	ck_assert_uint_eq(vm->state, VM_CREATED);
	machine_destroy(vm);
	expect_nothing();
}
END_TEST

/* Destroyed in each state; the memory check hears of each change. */
START_TEST(destroyed_in_any_state)
{
	unsigned int state;

	for (state = 0; state < 5; state++) {
		struct vm *vm;
		unsigned int events = nr_events;

		ck_assert_int_eq(build((uint8_t)_i, 1, &vm), 0);
		if (state)
			ck_assert_int_eq(machine_start(vm), 0);
		if (state == 2 || state == 3)
			ck_assert_int_eq(machine_pause(vm), 0);
		if (state == 3)
			ck_assert_int_eq(machine_resume(vm), 0);
		if (state == 4)
			machine_stop(vm);
		machine_destroy(vm);
		ck_assert_uint_eq(nr_events, events + 2);
		expect_nothing();
	}
}
END_TEST

START_TEST(wrong_requests)
{
	struct machine_request req = { .name = "built", .cpu_affinity = 1, .ram = hpa((uint64_t)ram) };
	struct vm *vm, *other;

	cfg = (struct scenario_vm){ .load_order = SCENARIO_POST_LAUNCHED };
	ck_assert_int_eq(machine_build(MAX_VMS, &cfg, &req, &vm), -EINVAL);
	req.cpu_affinity = 0;
	ck_assert_int_eq(machine_build(VM_ID, &cfg, &req, &vm), -EINVAL);
	req.cpu_affinity = 1ul << nr_pcpus;
	ck_assert_int_eq(machine_build(VM_ID, &cfg, &req, &vm), -EINVAL);
	req.cpu_affinity = 1;
	req.name = "sixteen_letters_";
	ck_assert_int_eq(machine_build(VM_ID, &cfg, &req, &vm), -EINVAL);
	expect_nothing();
	ck_assert_int_eq(build(SCENARIO_POST_LAUNCHED, 1, &vm), 0);
	ck_assert_int_eq(build(SCENARIO_POST_LAUNCHED, 2, &other), -EEXIST);
	ck_assert_ptr_eq(vm_table[VM_ID], vm);
	machine_destroy(vm);
	expect_nothing();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("machine");
	TCase *t = tcase_create("machine");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_page_missing, SCENARIO_PRE_LAUNCHED, SCENARIO_POST_LAUNCHED + 1);
	tcase_add_loop_test(t, each_thread_missing, SCENARIO_PRE_LAUNCHED, SCENARIO_POST_LAUNCHED + 1);
	tcase_add_loop_test(t, service_floor, SCENARIO_PRE_LAUNCHED, SCENARIO_POST_LAUNCHED + 1);
	tcase_add_test(t, tsc_rate);
	tcase_add_loop_test(t, reset_without_memory, SCENARIO_PRE_LAUNCHED, SCENARIO_POST_LAUNCHED + 1);
	tcase_add_loop_test(t, destroyed_in_any_state, SCENARIO_PRE_LAUNCHED, SCENARIO_POST_LAUNCHED + 1);
	tcase_add_test(t, wrong_requests);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The Service VM's interrupt pins: physical ones follow its virtual ones. */
/* unit: hypervisor/assign/intx.c hypervisor/assign/damper.c tests/fake/vm_time.c tests/fake/vpci_bus.c tests/fake/vm_vm.c tests/fake/vm_mem.c tests/fake/vm_virq.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "vm_time.h"
#include "vm_virq.h"
#include "vm_vm.h"
#include "vpci_bus.h"
#include "assign/intx.h"
#include "cpu/percpu.h"
#include "irq/ioapic.h"
#include "lib/errno.h"
#include "x86/apicreg.h"

#define PIN	9u
#define LEVEL	(IOAPIC_RTE_LEVEL | IOAPIC_RTE_ACTIVE_LOW)

static struct {
	uint8_t vector;
	uint32_t apic_id;
	bool level, low, open;
} pin[24];

static struct vm *vm;

int ioapic_route(uint32_t gsi, uint8_t vector, uint32_t apic_id, bool level, bool active_low)
{
	if (gsi >= 24)
		return -EINVAL;
	pin[gsi].vector = vector;
	pin[gsi].apic_id = apic_id;
	pin[gsi].level = level;
	pin[gsi].low = active_low;
	pin[gsi].open = false;
	return 0;
}

void ioapic_mask(uint32_t gsi)
{
	if (gsi < 24)
		pin[gsi].open = false;
}

void ioapic_unmask(uint32_t gsi)
{
	pin[gsi].open = true;
}

static void device_pulls(uint32_t gsi)
{
	if (pin[gsi].open)
		bus_fire(0xfee00000, pin[gsi].vector);
}

static void setup(void)
{
	bus_reset();
	fake_time_reset();
	memset(pin, 0, sizeof(pin));
	fake_virq = (struct fake_virq){ 0 };
	vm = fake_vm_create(2);
	vm->state = VM_RUNNING;
	vm->pic_edges = 0xffff;
	vm->vcpus[1]->pcpu_id = 1;
	percpu_area[0].apic_id = 4;
	percpu_area[1].apic_id = 6;
}

static void teardown(void)
{
	intx_release(vm);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	fake_vm_destroy(vm);
}

START_TEST(edges)
{
	intx_rte_changed(vm, PIN, 0x31);
	ck_assert(pin[PIN].open && !pin[PIN].level && !pin[PIN].low);
	ck_assert_uint_eq(pin[PIN].apic_id, 4);
	device_pulls(PIN);
	device_pulls(PIN);
	ck_assert_uint_eq(fake_virq.rises[PIN], 2);
	ck_assert(!fake_virq.line[PIN]);
	ck_assert(pin[PIN].open);
}
END_TEST

/* An edge for one vCPU that the PIC need not see goes there at once; all others by both controllers. */
START_TEST(plain_edges_go_straight)
{
	static const uint64_t others[] = {
		0x31 | 7 << 8, 0x31 | 1 << 8, 0x31 | IOAPIC_RTE_LOGICAL, 0x31 | 0xfful << IOAPIC_RTE_DEST_SHIFT,
		0x31 | 5ul << IOAPIC_RTE_DEST_SHIFT, 0x31 | LEVEL
	};
	unsigned int i;

	vm->pic_edges = 0;
	intx_rte_changed(vm, PIN, 0x31 | 1ul << IOAPIC_RTE_DEST_SHIFT);
	device_pulls(PIN);
	ck_assert_uint_eq(fake_virq.nr_posts, 1);
	ck_assert(fake_virq.post_vcpu == vm->vcpus[1] && fake_virq.post_vector == 0x31 && !fake_virq.post_level);
	intx_rte_changed(vm, PIN, 0x42);
	device_pulls(PIN);
	ck_assert(fake_virq.post_vcpu == vm->vcpus[0] && fake_virq.post_vector == 0x42);
	ck_assert_uint_eq(fake_virq.nr_lines, 0);
	vm->pic_edges = 1u << PIN;
	device_pulls(PIN);
	ck_assert_uint_eq(fake_virq.rises[PIN], 1);
	/* The timer's input of the PIC has another number. */
	vm->pic_edges = ~(1u << 0) & 0xffff;
	intx_rte_changed(vm, 2, 0x43);
	device_pulls(2);
	ck_assert_uint_eq(fake_virq.post_vector, 0x43);
	ck_assert_uint_eq(fake_virq.nr_posts, 3);
	vm->pic_edges = 1u << 0;
	device_pulls(2);
	ck_assert_uint_eq(fake_virq.rises[2], 1);
	vm->pic_edges = 0;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		unsigned int before = fake_virq.nr_lines;

		intx_rte_changed(vm, PIN, others[i]);
		device_pulls(PIN);
		ck_assert_msg(fake_virq.nr_lines > before, "entry %lx", others[i]);
	}
	ck_assert_uint_eq(fake_virq.nr_posts, 3);
}
END_TEST

/* Held back and let go, it is still the guest's newest entry that says where. */
START_TEST(plain_edges_are_damped)
{
	vm->pic_edges = 0;
	vm->intr_delay = 1000;
	intx_rte_changed(vm, PIN, 0x31);
	device_pulls(PIN);
	device_pulls(PIN);
	intx_rte_changed(vm, PIN, 0x32);
	ck_assert_uint_eq(fake_virq.nr_posts, 0);
	fake_time_pass(1000);
	ck_assert_uint_eq(fake_virq.nr_posts, 1);
	ck_assert_uint_eq(fake_virq.post_vector, 0x32);
}
END_TEST

START_TEST(levels_are_masked_until_the_guests_eoi)
{
	intx_rte_changed(vm, PIN, 0x31 | LEVEL);
	ck_assert(pin[PIN].level && pin[PIN].low);
	device_pulls(PIN);
	ck_assert(fake_virq.line[PIN]);
	ck_assert(!pin[PIN].open);
	device_pulls(PIN);
	ck_assert_uint_eq(fake_virq.rises[PIN], 1);
	intx_ended(vm, PIN);
	ck_assert(!fake_virq.line[PIN]);
	ck_assert(pin[PIN].open);
	device_pulls(PIN);
	ck_assert_uint_eq(fake_virq.rises[PIN], 2);
}
END_TEST

START_TEST(follows_the_destination_with_one_vector)
{
	uint8_t vector;

	intx_rte_changed(vm, PIN, 0x31);
	vector = pin[PIN].vector;
	intx_rte_changed(vm, PIN, 0x31 | 1ul << IOAPIC_RTE_DEST_SHIFT);
	ck_assert_uint_eq(pin[PIN].apic_id, 6);
	ck_assert_uint_eq(pin[PIN].vector, vector);
	ck_assert_uint_eq(fake_bus.nr_vectors, 1);
	/* Nobody named: the first vCPU. */
	intx_rte_changed(vm, PIN, 0x31 | 0x55ul << IOAPIC_RTE_DEST_SHIFT);
	ck_assert_uint_eq(pin[PIN].apic_id, 4);
}
END_TEST

START_TEST(masking_gives_the_vector_back)
{
	uint8_t vector;

	intx_rte_changed(vm, PIN, 0x31);
	vector = pin[PIN].vector;
	intx_rte_changed(vm, PIN, 0x31 | IOAPIC_RTE_MASKED);
	ck_assert(!pin[PIN].open);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	bus_fire(0xfee00000, vector);
	ck_assert_uint_eq(fake_virq.nr_lines, 0);
	/* The guest's late EOI must not open it. */
	intx_ended(vm, PIN);
	ck_assert(!pin[PIN].open);
}
END_TEST

START_TEST(release_masks_all)
{
	uint32_t i;

	for (i = 16; i < 24; i++)
		intx_rte_changed(vm, i, (0x31 + i) | LEVEL);
	ck_assert_uint_eq(fake_bus.nr_vectors, 8);
	intx_release(vm);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	for (i = 16; i < 24; i++)
		ck_assert(!pin[i].open);
}
END_TEST

START_TEST(counts_of_open_pins)
{
	uint64_t w[8];
	struct vm *other = fake_vm_create(1);

	intx_rte_changed(vm, PIN, 0x31);
	intx_rte_changed(vm, PIN + 1, 0x32);
	device_pulls(PIN);
	device_pulls(PIN);
	ck_assert_uint_eq(intx_counts(vm, w, 8), 4);
	ck_assert(w[0] == pin[PIN].vector && w[1] == 2 && w[2] == pin[PIN + 1].vector && w[3] == 0);
	ck_assert_uint_eq(intx_counts(vm, w, 3), 2);
	ck_assert_uint_eq(intx_counts(vm, w, 1), 0);
	ck_assert_uint_eq(intx_counts(other, w, 8), 0);
	/* Closed for a moment they go on; another owner starts from 0. */
	intx_rte_changed(vm, PIN, 0x31 | IOAPIC_RTE_MASKED);
	ck_assert_uint_eq(intx_counts(vm, w, 8), 2);
	intx_rte_changed(vm, PIN, 0x31);
	device_pulls(PIN);
	ck_assert(intx_counts(vm, w, 8) == 4 && w[1] == 3);
	intx_release(vm);
	intx_rte_changed(other, PIN, 0x31);
	ck_assert(intx_counts(other, w, 8) == 2 && w[1] == 0);
	intx_release(other);
	fake_vm_destroy(other);
}
END_TEST

START_TEST(damped_edges_merge)
{
	unsigned int i;
	uint64_t w[2];

	vm->intr_delay = 1000;
	intx_rte_changed(vm, PIN, 0x31);
	for (i = 0; i < 100; i++) {
		device_pulls(PIN);
		fake_time_pass(100);
	}
	ck_assert_uint_eq(fake_virq.rises[PIN], 10);
	ck_assert(intx_counts(vm, w, 2) == 2 && w[1] == 100);
	fake_time_pass(1000);
	ck_assert_uint_eq(fake_virq.rises[PIN], 10);
	/* One that waits is not lost when the damping ends, nor doubled. */
	device_pulls(PIN);
	vm->intr_delay = 0;
	ck_assert_uint_eq(fake_virq.rises[PIN], 10);
	fake_time_pass(1000);
	ck_assert_uint_eq(fake_virq.rises[PIN], 11);
	vm->intr_delay = 1000;
	device_pulls(PIN);
	vm->intr_delay = 0;
	device_pulls(PIN);
	ck_assert_uint_eq(fake_virq.rises[PIN], 12);
	fake_time_pass(1000);
	ck_assert_uint_eq(fake_virq.rises[PIN], 12);
}
END_TEST

START_TEST(damped_levels_stay_masked)
{
	vm->intr_delay = 1000;
	intx_rte_changed(vm, PIN, 0x31 | LEVEL);
	device_pulls(PIN);
	ck_assert(!pin[PIN].open && !fake_virq.line[PIN]);
	fake_time_pass(999);
	ck_assert(!fake_virq.line[PIN]);
	fake_time_pass(1);
	ck_assert(fake_virq.line[PIN]);
	intx_ended(vm, PIN);
	ck_assert(pin[PIN].open);
}
END_TEST

/* The timer cannot be stopped from another CPU: it finds nothing, and serves the next owner's interrupt. */
START_TEST(release_while_damped)
{
	struct vm *other = fake_vm_create(1);

	other->pic_edges = 0xffff;
	vm->intr_delay = 1000;
	intx_rte_changed(vm, PIN, 0x31);
	device_pulls(PIN);
	intx_release(vm);
	other->intr_delay = 1000;
	intx_rte_changed(other, PIN, 0x31);
	fake_time_pass(500);
	device_pulls(PIN);
	ck_assert_uint_eq(fake_virq.rises[PIN], 0);
	fake_time_pass(500);
	ck_assert_uint_eq(fake_virq.rises[PIN], 1);
	device_pulls(PIN);
	intx_release(other);
	fake_time_pass(1000);
	ck_assert_uint_eq(fake_virq.rises[PIN], 1);
	fake_vm_destroy(other);
}
END_TEST

START_TEST(beyond_the_pins)
{
	intx_rte_changed(vm, 240, 0x31);
	intx_rte_changed(vm, 240, 0x31 | LEVEL);
	intx_ended(vm, 240);
	intx_reserve(~0u);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
	ck_assert_uint_eq(fake_virq.nr_lines, 0);
}
END_TEST

START_TEST(vectors_run_out)
{
	fake_bus.max_vectors = 0;
	intx_rte_changed(vm, PIN, 0x31);
	ck_assert(!pin[PIN].open);
	fake_bus.max_vectors = 1;
	intx_rte_changed(vm, PIN, 0x31);
	ck_assert(pin[PIN].open);
}
END_TEST

/* Reserved once means for ever: a pin no other test uses. */
START_TEST(reserved_pins_stay_masked)
{
	intx_reserve(4);
	intx_rte_changed(vm, 4, 0x31);
	intx_ended(vm, 4);
	ck_assert(!pin[4].open);
	ck_assert_uint_eq(fake_bus.nr_vectors, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("intx");
	TCase *c = tcase_create("pins");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, edges);
	tcase_add_test(c, plain_edges_go_straight);
	tcase_add_test(c, plain_edges_are_damped);
	tcase_add_test(c, levels_are_masked_until_the_guests_eoi);
	tcase_add_test(c, follows_the_destination_with_one_vector);
	tcase_add_test(c, masking_gives_the_vector_back);
	tcase_add_test(c, release_masks_all);
	tcase_add_test(c, counts_of_open_pins);
	tcase_add_test(c, damped_edges_merge);
	tcase_add_test(c, damped_levels_stay_masked);
	tcase_add_test(c, release_while_damped);
	tcase_add_test(c, beyond_the_pins);
	tcase_add_test(c, vectors_run_out);
	tcase_add_test(c, reserved_pins_stay_masked);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

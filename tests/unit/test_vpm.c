/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual power management: what a VM's reset and power-off registers do, and what reaches the machine. */
/* unit: hypervisor/emul/vpm.c tests/fake/vm_vm.c tests/fake/vm_mem.c tests/fake/vm_io.c */
#include <check.h>
#include <stdlib.h>

#include "vm_io.h"
#include "vm_mem.h"
#include "vm_vm.h"
#include "emul/vpm.h"
#include "hw/acpi.h"
#include "lib/errno.h"
#include "x86/insn.h"

#define PM1A	0xb004u
#define PM1B	0xb104u

struct acpi_info acpi;

static struct vm *vm;
static struct vcpu *v;
static unsigned int nr_off, nr_reset;

static void note_off(struct vm *who)
{
	ck_assert_ptr_eq(who, vm);
	nr_off++;
}

static void note_reset(struct vm *who)
{
	ck_assert_ptr_eq(who, vm);
	nr_reset++;
}

static const struct vpm_ops ops = { .power_off = note_off, .reset = note_reset };

static void make(uint8_t load_order)
{
	fake_io_reset();
	fake_cpu_reset();
	nr_off = nr_reset = 0;
	acpi = (struct acpi_info){
		.pm1a_cnt = PM1A, .pm1b_cnt = PM1B, .pm1_cnt_len = 2, .reset_port = 0xb2, .reset_value = 0x73,
		.s5_typa = 5, .s5_typb = 3, .s5_found = true,
	};
	vm = fake_vm_create(1);
	vm->load_order = load_order;
	v = vm->vcpus[0];
	ck_assert_int_eq(vpm_create(vm, &ops), 0);
}

static void setup_service(void)
{
	make(SCENARIO_SERVICE);
}

static void setup_pre(void)
{
	make(SCENARIO_PRE_LAUNCHED);
}

static void teardown(void)
{
	vpm_destroy(vm);
	vpm_destroy(vm);
	ck_assert_uint_eq(fake_io_nr_regions(), 0);
	fake_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static void out(uint16_t port, uint8_t size, uint32_t value)
{
	fake_io_write(v, IO_PORT, port, size, value);
	ck_assert_int_eq(fake_io_result, IO_DONE);
}

/* What reached the machine since the last call: number of writes, and the last one. */
static uint32_t machine_writes(struct fake_port_write *last)
{
	uint32_t n = fake_cpu.nr_log;

	if (n)
		*last = fake_cpu.log[n - 1];
	fake_cpu.nr_log = 0;
	return n;
}

static void nothing_reached_machine(void)
{
	struct fake_port_write w;

	ck_assert_uint_eq(machine_writes(&w), 0);
}

static void reached(uint16_t port, uint8_t size, uint32_t value)
{
	struct fake_port_write w;

	ck_assert_uint_eq(machine_writes(&w), 1);
	ck_assert_uint_eq(w.port, port);
	ck_assert_uint_eq(w.size, size);
	ck_assert_uint_eq(w.value, value);
}

START_TEST(pre_power_off)
{
	out(VPM_SLEEP_CTL, 1, 5 << 2);			/* without SLP_EN */
	out(VPM_SLEEP_CTL, 1, 0x20 | 3 << 2);		/* not S5 */
	out(VPM_SLEEP_STS, 1, 0x20 | 5 << 2);
	ck_assert_uint_eq(nr_off, 0);
	ck_assert_uint_eq(fake_in(v, VPM_SLEEP_CTL), 0);
	ck_assert_uint_eq(fake_in(v, VPM_SLEEP_STS), 0);
	out(VPM_SLEEP_CTL, 1, 0x20 | 5 << 2);
	ck_assert_uint_eq(nr_off, 1);
	ck_assert_uint_eq(nr_reset, 0);
	nothing_reached_machine();
}
END_TEST

START_TEST(cf9)
{
	out(VPM_RESET_PORT, 1, 0x02);
	ck_assert_uint_eq(nr_reset, 0);
	ck_assert_uint_eq(fake_in(v, VPM_RESET_PORT), 0x02);
	out(VPM_RESET_PORT, 1, 0x06);
	ck_assert_uint_eq(nr_reset, 1);
	out(VPM_RESET_PORT, 1, 0x0e);
	ck_assert_uint_eq(nr_reset, 2);
	out(VPM_RESET_PORT, 2, 0x06);
	out(VPM_RESET_PORT, 4, 0x06060606);
	ck_assert_uint_eq(nr_reset, 2);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, VPM_RESET_PORT, 2), 0xff0a);
	nothing_reached_machine();
}
END_TEST

START_TEST(pm1_power_off)
{
	out(PM1A, 2, 0x2000 | 5 << 10 | 1);
	ck_assert_uint_eq(nr_off, 1);
	out(PM1B, 2, 0x2000 | 3 << 10);
	ck_assert_uint_eq(nr_off, 1);
	out(PM1A + 1, 1, 0x20 | 5 << 2);		/* by its high byte */
	ck_assert_uint_eq(nr_off, 2);
	nothing_reached_machine();
}
END_TEST

START_TEST(pm1_passes_the_rest)
{
	out(PM1A, 2, 0x1401);
	reached(PM1A, 2, 0x1401);
	out(PM1A, 1, 0x01);
	reached(PM1A, 1, 0x01);
	out(PM1B, 2, 0x0001);
	reached(PM1B, 2, 0x0001);
	/* Another sleep state: SLP_EN does not. */
	out(PM1A, 2, 0x2000 | 1 << 10 | 1);
	reached(PM1A, 2, 1 << 10 | 1);
	out(PM1A + 1, 1, 0x20 | 1 << 2);
	reached(PM1A + 1, 1, 1 << 2);
	out(PM1B, 2, 0x2000 | 5 << 10);			/* block A's S5, but not block B's */
	reached(PM1B, 2, 5 << 10);
	fake_cpu.port[PM1A] = 0x1234;
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, PM1A, 2), 0x1234);
	/* Without an _S5_ package nothing powers off. */
	acpi.s5_found = false;
	out(PM1A, 2, 0x2000 | 5 << 10);
	reached(PM1A, 2, 5 << 10);
	ck_assert_uint_eq(nr_off, 0);
}
END_TEST

START_TEST(keyboard_controller)
{
	out(0x64, 1, 0xfe);
	out(0x64, 1, 0xf0);
	ck_assert_uint_eq(nr_reset, 2);
	nothing_reached_machine();
	out(0x64, 1, 0xff);
	reached(0x64, 1, 0xff);
	out(0x64, 1, 0xae);
	reached(0x64, 1, 0xae);
	out(0x60, 1, 0x00);
	reached(0x60, 1, 0x00);
	/* The output port's bit 0 is the reset line. */
	out(0x64, 1, 0xd1);
	reached(0x64, 1, 0xd1);
	out(0x60, 1, 0xdf);
	reached(0x60, 1, 0xdf);
	out(0x64, 1, 0xd1);
	reached(0x64, 1, 0xd1);
	out(0x60, 1, 0xde);
	nothing_reached_machine();
	ck_assert_uint_eq(nr_reset, 3);
	fake_cpu.port[0x64] = 0x1c;
	ck_assert_uint_eq(fake_in(v, 0x64), 0x1c);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0x64, 2), 0xff1c);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0x64, 4), 0xffffff1c);
}
END_TEST

START_TEST(other_reset_ports)
{
	out(0x92, 1, 0x02);
	reached(0x92, 1, 0x02);
	out(0x92, 1, 0x03);
	ck_assert_uint_eq(nr_reset, 1);
	out(0xb2, 1, 0x72);
	ck_assert_uint_eq(nr_reset, 1);
	reached(0xb2, 1, 0x72);
	out(0xb2, 1, 0x73);
	ck_assert_uint_eq(nr_reset, 2);
	nothing_reached_machine();
}
END_TEST

START_TEST(reset_register_may_be_cf9)
{
	vpm_destroy(vm);
	acpi.reset_port = VPM_RESET_PORT;
	acpi.pm1b_cnt = 0;
	ck_assert_int_eq(vpm_create(vm, &ops), 0);
	out(VPM_RESET_PORT, 1, 0x06);
	ck_assert_uint_eq(nr_reset, 1);
	fake_io_write(v, IO_PORT, PM1B, 2, 0);
	ck_assert_int_eq(fake_io_result, IO_MISS);
}
END_TEST

START_TEST(create_errors)
{
	struct vm *other = fake_vm_create(1);

	other->load_order = SCENARIO_POST_LAUNCHED;
	ck_assert_int_eq(vpm_create(other, &ops), -EINVAL);
	other->load_order = SCENARIO_SERVICE;
	fake_mem_empty = true;
	ck_assert_int_eq(vpm_create(other, &ops), -ENOMEM);
	fake_mem_empty = false;
	/* PM1 blocks on top of each other: firmware's fault, all of it is undone. */
	acpi.pm1b_cnt = PM1A + 1;
	ck_assert_int_eq(vpm_create(other, &ops), -EEXIST);
	ck_assert_ptr_null(other->vpm);
	fake_vm_destroy(other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vpm");
	TCase *c = tcase_create("service"), *p = tcase_create("pre-launched");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(p, setup_pre, teardown);
	tcase_add_test(p, pre_power_off);
	tcase_add_test(p, cf9);
	tcase_add_checked_fixture(c, setup_service, teardown);
	tcase_add_test(c, cf9);
	tcase_add_test(c, pm1_power_off);
	tcase_add_test(c, pm1_passes_the_rest);
	tcase_add_test(c, keyboard_controller);
	tcase_add_test(c, other_reset_ports);
	tcase_add_test(c, reset_register_may_be_cf9);
	tcase_add_test(c, create_errors);
	suite_add_tcase(s, c);
	suite_add_tcase(s, p);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

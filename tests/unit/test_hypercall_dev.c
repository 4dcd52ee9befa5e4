/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypercalls that give a VM devices of the hypervisor, and what they keep others from doing. */
/* unit: hypervisor/hypercall/dispatch.c hypervisor/hypercall/hc_vm.c hypervisor/hypercall/hc_mem.c hypervisor/hypercall/hc_io.c hypervisor/hypercall/hc_dev.c hypervisor/hypercall/hc_trace.c hypervisor/hypercall/hc_stats.c hypervisor/cpu/trace.c hypervisor/machine/machine.c hypervisor/machine/memory.c hypervisor/machine/slots.c hypervisor/machine/severity.c hypervisor/mm/e820.c hypervisor/io/ioreq.c hypervisor/io/asyncio.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/hv_machine.c tests/fake/vtd.c tests/fake/hv_string.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include "test_hypercall_setup.h"
#include "assign/intx.h"
#include "assign/msi.h"
#include "lib/errno.h"
#include "public/dev.h"
#include "vm/gpa.h"

/* No interrupts are counted here. */
uint32_t intx_counts(const struct vm *vm, uint64_t *words, uint32_t max) { return (void)vm, (void)words, (void)max, 0; }
uint32_t msi_counts(const struct vm *vm, uint64_t *words, uint32_t max) { return (void)vm, (void)words, (void)max, 0; }

static int64_t vdev(uint64_t call, uint64_t id, uint64_t slot, const char *args, uint32_t size)
{
	struct acrn_vdev *v = arg();

	memset(v, 0, sizeof(*v));
	v->id.value = id;
	v->slot = slot;
	v->io_addr[0] = 0x1000;
	v->io_addr[1] = 0x2000;
	v->io_addr[2] = 0x4000000c;
	v->io_addr[3] = 0x12;
	v->io_addr[4] = 0xc001;
	v->io_size[2] = size;
	memcpy(v->args, args, strnlen(args, sizeof(v->args)));
	return hc(call, 1, ARG);
}

START_TEST(virtual_devices)
{
	const struct ivshmem_request *r = &hv_vdev.request;
	char endless[129];

	make_user();
	ck_assert_int_eq(vdev(HC_ADD_VDEV, VDEV_ID_IVSHMEM, 0x30, "hv:/shm", 4096), 0);
	ck_assert_str_eq(hv_vdev.region, "shm");
	ck_assert_uint_eq(r->bdf, 0x30);
	ck_assert_uint_eq(r->size, 4096);
	ck_assert_uint_eq(r->start[0], 0x1000);
	ck_assert_uint_eq(r->start[1], 0x2000);
	ck_assert_uint_eq(r->start[2], 0x124000000c);
	ck_assert_uint_eq(r->start[3], 0xc001);
	ck_assert_int_eq(vdev(HC_ADD_VDEV, VDEV_ID_IVSHMEM | 7ul << 32, 0x30, "/shm2", 0), 0);
	ck_assert_str_eq(hv_vdev.region, "shm2");
	ck_assert_int_eq(vdev(HC_ADD_VDEV, VDEV_ID_IVSHMEM, 0xffff, "shm3", 0), 0);
	ck_assert_str_eq(hv_vdev.region, "shm3");
	ck_assert_uint_eq(hv_vdev.nr_added, 3);
	ck_assert_int_eq(vdev(HC_REMOVE_VDEV, VDEV_ID_IVSHMEM, 0x30, "", 0), 0);
	ck_assert_uint_eq(hv_vdev.removed, 0x30);
	memset(endless, 'a', sizeof(endless));
	ck_assert_int_eq(vdev(HC_ADD_VDEV, VDEV_ID_IVSHMEM, 0x30, endless, 0), -EINVAL);
	ck_assert_int_eq(vdev(HC_ADD_VDEV, VDEV_ID_IVSHMEM, 0, "shm", 0), -EINVAL);
	ck_assert_int_eq(vdev(HC_ADD_VDEV, VDEV_ID_IVSHMEM, 0x10030, "shm", 0), -EINVAL);
	ck_assert_int_eq(vdev(HC_ADD_VDEV, 0x12345678, 0x30, "shm", 0), -EINVAL);
	/* Known to the interface, not to us. */
	ck_assert_int_eq(vdev(HC_ADD_VDEV, VDEV_ID_UART, 0x30, "", 0), -ENOTTY);
	ck_assert_int_eq(vdev(HC_ADD_VDEV, VDEV_ID_ROOT_PORT, 0x30, "", 0), -ENOTTY);
	/* Not once it runs. */
	vm_table[2]->state = VM_RUNNING;
	ck_assert_int_eq(vdev(HC_ADD_VDEV, VDEV_ID_IVSHMEM, 0x30, "shm", 0), -EINVAL);
	ck_assert_int_eq(vdev(HC_REMOVE_VDEV, VDEV_ID_IVSHMEM, 0x30, "", 0), -EINVAL);
	vm_table[2]->state = VM_PAUSED;
	ck_assert_int_eq(vdev(HC_ADD_VDEV, VDEV_ID_IVSHMEM, 0x30, "shm", 0), -EINVAL);
	ck_assert_int_eq(vdev(HC_REMOVE_VDEV, VDEV_ID_IVSHMEM, 0x38, "", 0), 0);
	vm_table[2]->state = VM_CREATED;
	ck_assert_uint_eq(hv_vdev.nr_added, 3);
}
END_TEST

/* Where a device of the hypervisor has memory nobody else maps, unmaps or changes rights. */
START_TEST(memory_of_virtual_devices)
{
	struct wp_data wp = { .gpa = 0x201000 };
	hpa_t shared;

	make_user();
	hv_vdev.at = 0x201000;
	hv_vdev.size = 0x1000;
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_ADD, RAM, 0x200000, 0, 0x2000 }), -EINVAL);
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_DEL, 0, 0x200000, 0, 0x4000 }), -EINVAL);
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_MODIFY, RAM, 0x201000, 0, 0x1000 }), -EINVAL);
	memcpy(arg(), &wp, sizeof(wp));
	ck_assert_int_eq(hc(HC_VM_WRITE_PROTECT_PAGE, 1, ARG), -EINVAL);
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_ADD, RAM, 0x202000, 0, 0x1000 }), 0);
	/* What the Service VM shares with others it cannot lend. */
	ck_assert_int_eq(gpa_to_hpa(service, gpa(0x3000), &shared), 0);
	hv_vdev.shared = shared.v;
	hv_vdev.shared_size = 4096;
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_ADD, RAM, 0x300000, 0x2000, 0x2000 }), -EINVAL);
	hv_vdev.shared_size = 0;
	ck_assert_int_eq(region(1, (struct vm_memory_region){ MR_ADD, RAM, 0x300000, 0x2000, 0x2000 }), 0);
	ck_assert_int_eq(hv_vdev.nr_locks, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hypercall_dev");
	TCase *c = tcase_create("hypercall_dev");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, virtual_devices);
	tcase_add_test(c, memory_of_virtual_devices);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

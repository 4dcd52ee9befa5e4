/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arguments that no honest Service VM gives. Each is refused, and afterwards a
 * VM can be made, run and destroyed as before.
 */
#include "service/service.h"

#include "lib/console.h"
#include "lib/errno.h"
#include "lib/report.h"
#include "lib/string.h"
#include "lib/util.h"
#include "public/irq.h"
#include "public/mem.h"
#include "service/hc.h"
#include "service/payload.h"
#include "service/uservm.h"

#define WB_RWX		(MEM_ACCESS_RWX | MEM_TYPE_WB)
#define HV_IMAGE	0x200000ul	/* where the hypervisor's image is linked to */
#define DEVICE		0xfed00000ul	/* the HPET: mapped, and no RAM */
#define LAPIC_PAGE	0xfee00000ul

static struct uservm vm;

/* Addresses that no structure can lie at. */
static const uint64_t bad_places[] = {
	HV_IMAGE, HV_IMAGE + 0x1000, HV_IMAGE - 4, DEVICE, LAPIC_PAGE, 0xfffffffcul, 1ul << 32, 1ul << 40, 1ul << 46, 1ul << 47,
	1ul << 48, 0xffff800000000000ul, 0xfffffffffffffff8ul, ~0ul,
};

static void pointers(void)
{
	static const struct { uint64_t id; bool names_vm; } calls[] = {
		{ HC_GET_API_VERSION, false }, { HC_CREATE_VM, false }, { HC_SET_VCPU_REGS, true }, { HC_INJECT_MSI, true },
		{ HC_VM_INTR_MONITOR, true }, { HC_SET_IOREQ_BUFFER, true }, { HC_VM_GPA2HPA, true },
		{ HC_VM_SET_MEMORY_REGIONS, false }, { HC_VM_WRITE_PROTECT_PAGE, true }, { HC_Q_VM_STATE, true },
	};
	unsigned int c, i, bad = 0;

	for (c = 0; c < ARRAY_SIZE(calls); c++) {
		for (i = 0; i < ARRAY_SIZE(bad_places); i++) {
			int64_t r = calls[c].names_vm ? hc(calls[c].id, vm.id, bad_places[i]) : hc(calls[c].id, bad_places[i], 0);

			if (r != -EFAULT) {
				bad++;
				report(false, "call 0x%lx with a structure at 0x%lx gives -EFAULT (%ld)", calls[c].id,
				       bad_places[i], r);
			}
		}
	}
	report(!bad, "%lu calls refuse %lu places where nothing of the Service VM is", ARRAY_SIZE(calls),
	       ARRAY_SIZE(bad_places));
}

static void crossing(void)
{
	uint8_t *two = arena_get(2);
	struct acrn_gpa2hpa *v = (void *)(two + PAGE_SIZE - 3);

	v->gpa = 0x10000;
	report(!hc(HC_VM_GPA2HPA, vm.id, GPA(v)) && v->hpa == GPA(vm.ram) + 0x10000,
	       "a structure that is not aligned and crosses a page is read and written whole");
}

static void ids(void)
{
	static const uint64_t wrong[] = { 0, 15, 16, 17, 0xffff, 0x10000, 0x100000001ul, 1ul << 63, ~0ul, ~0ul - 1 };
	static const uint64_t calls[] = {
		HC_DESTROY_VM, HC_START_VM, HC_PAUSE_VM, HC_RESET_VM, HC_SET_VCPU_REGS, HC_INJECT_MSI,
		HC_SET_IRQLINE, HC_SET_IOREQ_BUFFER, HC_NOTIFY_REQUEST_FINISH, HC_VM_GPA2HPA, HC_VM_WRITE_PROTECT_PAGE,
	};
	const uint64_t page = GPA(arena_get(1));
	unsigned int c, i, bad = 0;

	for (c = 0; c < ARRAY_SIZE(calls); c++)
		for (i = 0; i < ARRAY_SIZE(wrong); i++)
			bad += hc(calls[c], wrong[i], page) != -EINVAL;
	report_eq(bad, 0, "calls for a VM that is none, is pre-launched or is the Service VM itself give -EINVAL");
	report_eq((uint64_t)hc(HC_PAUSE_VM, vm.id + (1ul << 32), 0), (uint64_t)-EINVAL, "an id is taken in all 64 bits");
	report_eq((uint64_t)hc(HC_NOTIFY_REQUEST_FINISH, vm.id, 1), (uint64_t)-EINVAL, "no such vCPU");
	report_eq((uint64_t)hc(HC_NOTIFY_REQUEST_FINISH, vm.id, 1ul << 32), (uint64_t)-EINVAL, "nor one beyond 32 bits");
}

static int64_t create(const char *name, size_t len, uint64_t flags, uint64_t affinity)
{
	struct acrn_vm_creation v = { .vm_flag = flags, .cpu_affinity = affinity };
	int64_t r;

	memcpy(v.name, name, len);
	r = hc(HC_CREATE_VM, GPA(&v), 0);
	if (!r)
		(void)hc(HC_DESTROY_VM, v.vmid, 0);
	return r;
}

static void creation(void)
{
	struct acrn_vm_creation *half = (void *)(HV_IMAGE - 24);
	int64_t r;

	report_eq((uint64_t)create("", 1, 0, 1), (uint64_t)-EINVAL, "no VM without a name");
	report_eq((uint64_t)create("0123456789abcdef", 16, 0, 1), (uint64_t)-EINVAL, "nor with a name that does not end");
	report_eq((uint64_t)create("hostile", 8, 0, 1), (uint64_t)-EEXIST, "nor two of one name");
	report_eq((uint64_t)create("service", 8, 0, 1), (uint64_t)-EEXIST, "nor one of the Service VM's name");
	report_eq((uint64_t)create("cpu", 4, 0, 1ul << 2), (uint64_t)-EINVAL, "nor on a CPU that is not there");
	report_eq((uint64_t)create("cpu", 4, 0, 1ul << 63), (uint64_t)-EINVAL, "nor on CPU 63");
	report_eq((uint64_t)create("cpu", 4, 0, ~0ul), (uint64_t)-EINVAL, "nor on all that could be");
	report_eq((uint64_t)create("user", 5, 0, 1ul << 2), (uint64_t)-EINVAL, "nor outside a record's affinity");
	report_eq((uint64_t)create("lapic", 6, VM_FLAG_LAPIC_PT, 2), (uint64_t)-EINVAL, "nor with LAPIC_PT without RT");
	r = create("lapic", 6, VM_FLAG_LAPIC_PT | VM_FLAG_RT, 1);
	report(r < 0, "nor with the local APIC of the CPU that the Service VM runs on (%ld)", r);
	r = create("lapic", 6, VM_FLAG_LAPIC_PT | VM_FLAG_RT, 2);
	report(r < 0, "nor with that of a CPU where another VM is (%ld)", r);
	r = create("\x1b[2J\nPANIC", 11, 0, 2);
	report(r < 0, "nor with a name that plays with the console (%ld)", r);
	memset(half, 0, 24);
	str_copy((char *)half->name, "half", 16);
	report_eq((uint64_t)hc(HC_CREATE_VM, GPA(half), 0), (uint64_t)-EFAULT, "nor when half of its structure is out of reach");
	report_eq((uint64_t)create("half", 5, 0, 2), 0, "and that left nothing behind");
}

static bool mapped_at(uint64_t gpa)
{
	struct acrn_gpa2hpa v = { gpa, 0 };

	return !hc(HC_VM_GPA2HPA, vm.id, GPA(&v)) && v.hpa != HPA_INVALID;
}

static void regions(void)
{
	const uint64_t own = GPA(vm.ram), base = 0x40000000;
	const struct {
		const char *what;
		struct vm_memory_region r;
	} bad[] = {
		{ "the hypervisor's image", { MR_ADD, WB_RWX, base, HV_IMAGE, PAGE_SIZE } },
		{ "a range that ends in it", { MR_ADD, WB_RWX, base, HV_IMAGE - PAGE_SIZE, 2 * PAGE_SIZE } },
		{ "the local APIC's page", { MR_ADD, WB_RWX, base, LAPIC_PAGE, PAGE_SIZE } },
		{ "all memory", { MR_ADD, WB_RWX, base, 0, 1ul << 32 } },
		{ "memory beyond the machine's", { MR_ADD, WB_RWX, base, 1ul << 45, PAGE_SIZE } },
		{ "a wrapping backing", { MR_ADD, WB_RWX, base, -PAGE_SIZE, 2 * PAGE_SIZE } },
		{ "a wrapping place", { MR_ADD, WB_RWX, -PAGE_SIZE, own, 2 * PAGE_SIZE } },
		{ "a place at 2^46", { MR_ADD, WB_RWX, 1ul << 46, own, PAGE_SIZE } },
		{ "a place at 2^52", { MR_ADD, WB_RWX, 1ul << 52, own, PAGE_SIZE } },
		{ "a size of 0", { MR_ADD, WB_RWX, base, own, 0 } },
		{ "a size of 1", { MR_ADD, WB_RWX, base, own, 1 } },
		{ "a size of 2^52", { MR_ADD, WB_RWX, base, own, 1ul << 52 } },
		{ "a size of 2^64 less a page", { MR_ADD, WB_RWX, base, own, -PAGE_SIZE } },
		{ "a place that is not aligned", { MR_ADD, WB_RWX, base + 8, own, PAGE_SIZE } },
		{ "a backing that is not aligned", { MR_ADD, WB_RWX, base, own + 8, PAGE_SIZE } },
		{ "no rights", { MR_ADD, MEM_TYPE_WB, base, own, PAGE_SIZE } },
		{ "write without read", { MR_ADD, MEM_TYPE_WB | MEM_ACCESS_WRITE, base, own, PAGE_SIZE } },
		{ "no memory type", { MR_ADD, MEM_ACCESS_RWX, base, own, PAGE_SIZE } },
		{ "two memory types", { MR_ADD, MEM_ACCESS_RWX | MEM_TYPE_WB | MEM_TYPE_UC, base, own, PAGE_SIZE } },
		{ "type 1", { 1, WB_RWX, base, own, PAGE_SIZE } },
		{ "type ~0", { ~0u, WB_RWX, base, own, PAGE_SIZE } },
		{ "rights with bits nobody knows", { MR_ADD, WB_RWX | 0x80000000u, base, own, PAGE_SIZE } },
		{ "MODIFY without rights", { MR_MODIFY, MEM_TYPE_WB, 0, 0, PAGE_SIZE } },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct vm_memory_region *r = &bad[i].r;
		int64_t err = uvm_region(&vm, *r);

		report(err < 0 && !mapped_at(base), "a region is refused: %s (%ld)", bad[i].what, err);
	}
	report(mapped_at(0), "what was mapped before still is");
}

/* A call that fails leaves the map as it was. */
static void half_done(void)
{
	const uint64_t base = 0x40000000, own = GPA(vm.ram);
	struct vm_memory_region r[2] = {
		{ MR_ADD, WB_RWX, base, own, PAGE_SIZE }, { MR_ADD, WB_RWX, base + PAGE_SIZE, HV_IMAGE, PAGE_SIZE },
	};
	struct set_regions s = { .vmid = (uint16_t)vm.id, .mr_num = 2, .regions_gpa = GPA(r) };
	int64_t err;

	err = uvm_region(&vm, (struct vm_memory_region){ MR_ADD, 0, 0, own, UVM_RAM });
	report(err < 0 && mapped_at(0), "wrong rights over what is mapped leave it mapped (%ld)", err);
	err = uvm_region(&vm, (struct vm_memory_region){ MR_ADD, WB_RWX, 0, HV_IMAGE - PAGE_SIZE, 2 * PAGE_SIZE });
	report(err < 0 && mapped_at(0) && mapped_at(PAGE_SIZE), "a backing that ends half-way leaves it mapped (%ld)", err);
	err = hc(HC_VM_SET_MEMORY_REGIONS, GPA(&s), 0);
	report(err < 0 && !mapped_at(base + PAGE_SIZE), "the second of two regions is refused (%ld)", err);
	report_eq((uint64_t)uvm_region(&vm, (struct vm_memory_region){ MR_DEL, 0, base, 0, SIZE_2M }), 0, "deleting more than is mapped is no error");
	report(!mapped_at(base) && mapped_at(0), "and takes only that");
	s.mr_num = ~0u;
	report_eq((uint64_t)hc(HC_VM_SET_MEMORY_REGIONS, GPA(&s), 0), (uint64_t)-EINVAL, "4 billion regions are refused");
	s.mr_num = 0;
	report_eq((uint64_t)hc(HC_VM_SET_MEMORY_REGIONS, GPA(&s), 0), 0, "no region is no error");
	s.mr_num = 2;
	s.regions_gpa = ~0ul - 15;
	report_eq((uint64_t)hc(HC_VM_SET_MEMORY_REGIONS, GPA(&s), 0), (uint64_t)-EFAULT, "a list that wraps is refused");
	s.regions_gpa = GPA(r);
	s.vmid = 0;
	report_eq((uint64_t)hc(HC_VM_SET_MEMORY_REGIONS, GPA(&s), 0), (uint64_t)-EINVAL, "the Service VM's own map is closed");
}

static void ioreq_page(void)
{
	static const uint64_t places[] = {
		HV_IMAGE, LAPIC_PAGE, DEVICE, 0x1008, 1ul << 40, 1ul << 52, ~0ul, ~0xffful,
	};
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		bad += uvm_set_ioreq(&vm, places[i]) >= 0;
	report_eq(bad, 0, "an IOREQ page that is no page of RAM is refused");
	report_eq((uint64_t)uvm_set_ioreq(&vm, GPA(vm.io)), 0, "the right one is taken once more");
}

static void protect(void)
{
	static const uint64_t places[] = { 0x40000000, UVM_RAM, 8, 1ul << 46, 1ul << 52, ~0ul, ~0xffful };
	struct wp_data wp = { .set = 1 };
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		wp.gpa = places[i];
		bad += hc(HC_VM_WRITE_PROTECT_PAGE, vm.id, GPA(&wp)) >= 0;
	}
	wp.gpa = 0;
	wp.set = 2;
	bad += hc(HC_VM_WRITE_PROTECT_PAGE, vm.id, GPA(&wp)) >= 0;
	report_eq(bad, 0, "only pages that are mapped can be write-protected");
}

static void lines(void)
{
	const struct acrn_msi_entry bad[] = {
		{ 0, 0x41 }, { 0xfed00000, 0x41 }, { ~0ul, ~0ul }, { 0xfee00000, 0x300 }, { 0xfee00000, 0x700 },
		{ 0xfee05000, 0x41 },
	};
	struct acrn_intr_monitor m = { .cmd = 7 };
	unsigned int i, taken = 0;

	taken += hc(HC_SET_IRQLINE, vm.id, IRQLINE(5, 4)) >= 0;
	taken += hc(HC_SET_IRQLINE, vm.id, IRQLINE(5, ~0u)) >= 0;
	taken += hc(HC_SET_IRQLINE, vm.id, IRQLINE(24, 0)) >= 0;
	taken += hc(HC_SET_IRQLINE, vm.id, IRQLINE(~0u, 0)) >= 0;
	taken += hc(HC_SET_IRQLINE, vm.id, IRQLINE(1u << 31, 2)) >= 0;
	report_eq(taken, 0, "lines and operations that do not exist are refused");
	for (i = 0, taken = 0; i < ARRAY_SIZE(bad); i++)
		taken |= (unsigned int)(hc(HC_INJECT_MSI, vm.id, GPA(&bad[i])) >= 0) << i;
	report_eq(taken, 0, "messages that are no MSI, or for nobody, are refused");
	report_eq((uint64_t)hc(HC_VM_INTR_MONITOR, vm.id, GPA(&m)), (uint64_t)-EINVAL, "an unknown monitor command is refused");
}

/* A vCPU's registers: refused at once, or the VM stops at its first entry. */
static void registers(void)
{
	struct acrn_vcpu_regs r = { 0 };
	unsigned int taken = 0;

	r.vcpu_id = 1;
	taken += hc(HC_SET_VCPU_REGS, vm.id, GPA(&r)) >= 0;
	r.vcpu_id = 0xffff;
	taken += hc(HC_SET_VCPU_REGS, vm.id, GPA(&r)) >= 0;
	r.vcpu_id = 0;
	r.reserved[2] = 1;
	taken += hc(HC_SET_VCPU_REGS, vm.id, GPA(&r)) >= 0;
	r.reserved[2] = 0;
	r.vcpu_regs.reserved_64[3] = 1;
	taken += hc(HC_SET_VCPU_REGS, vm.id, GPA(&r)) >= 0;
	r.vcpu_regs.reserved_64[3] = 0;
	r.vcpu_regs.cr4 = ~0ul;
	taken += hc(HC_SET_VCPU_REGS, vm.id, GPA(&r)) >= 0;
	r.vcpu_regs.cr4 = 0;
	r.vcpu_regs.cr0 = 1ul << 31;
	taken += hc(HC_SET_VCPU_REGS, vm.id, GPA(&r)) >= 0;
	r.vcpu_regs.cr0 = 1ul << 32;
	taken += hc(HC_SET_VCPU_REGS, vm.id, GPA(&r)) >= 0;
	r.vcpu_regs.cr0 = 0;
	r.vcpu_regs.ia32_efer = 1ul << 12;
	taken += hc(HC_SET_VCPU_REGS, vm.id, GPA(&r)) >= 0;
	report_eq(taken, 0, "registers that cannot be are refused");
	r.vcpu_regs.ia32_efer = 0;
	r.vcpu_regs.cr0 = 0x21;
	r.vcpu_regs.rflags = ~0ul;
	r.vcpu_regs.rip = 1ul << 47;
	r.vcpu_regs.cs_ar = ~0u;
	r.vcpu_regs.gdt.base = 1ul << 63;
	if (hc(HC_SET_VCPU_REGS, vm.id, GPA(&r))) {
		report(true, "registers no CPU loads are refused");
		return;
	}
	report(!uvm_start(&vm) && uvm_wait_state(&vm, Q_VM_STOPPED) && uvm_state(&vm).reason == Q_STOP_CRASHED,
	       "registers no CPU loads stop the VM, with the reason: %.39s", uvm_state(&vm).why);
	report(!uvm_pause(&vm) && !uvm_reset(&vm) && uvm_state(&vm).state == Q_VM_CREATED, "which is reset as any other");
}

static void still_fine(void)
{
	report(uvm_prepare(&vm, payload_spin) && !uvm_start(&vm) && uvm_wait_box(&vm, MB_DONE, 1),
	       "after all that the VM itself runs");
	uvm_end(&vm);
	if (uvm_boot(&vm, "after", payload_spin)) {
		report(uvm_wait_box(&vm, MB_DONE, 1), "and a new one does");
		uvm_end(&vm);
	}
}

void case_hostile(void)
{
	uvm_init(&vm, 2);
	if (uvm_create(&vm, "hostile") || !uvm_prepare(&vm, payload_spin)) {
		report(false, "VM hostile is made");
		return;
	}
	pointers();
	crossing();
	ids();
	creation();
	regions();
	half_done();
	ioreq_page();
	protect();
	lines();
	registers();
	still_fine();
}

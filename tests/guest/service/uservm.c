/* SPDX-License-Identifier: BSD-3-Clause */
#include "service/uservm.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "lib/string.h"
#include "lib/util.h"
#include "public/mem.h"
#include "service/hc.h"
#include "service/payload.h"
#include "x86/desc.h"
#include "x86/insn.h"

#define AR_CODE32	0xc09bu
#define AR_CODE16	0x9bu
#define GDT_CODE32	0x00cf9b000000ffffull
#define GDT_DATA32	0x00cf93000000ffffull
#define CR0_PE_NE	0x21u
#define IDT_LIMIT	2047u

void uvm_init(struct uservm *u, uint64_t affinity)
{
	*u = (struct uservm){ .io = arena_get(1), .ram = arena_get(UVM_RAM / PAGE_SIZE), .affinity = affinity };
}

int64_t uvm_create(struct uservm *u, const char *name)
{
	struct acrn_vm_creation v = { .cpu_affinity = u->affinity };
	int64_t err;

	str_copy((char *)v.name, name, sizeof(v.name));
	err = hc(HC_CREATE_VM, GPA(&v), 0);
	u->id = err ? 0 : v.vmid;
	return err;
}

int64_t uvm_region(const struct uservm *u, struct vm_memory_region r)
{
	const struct set_regions s = { .vmid = (uint16_t)u->id, .mr_num = 1, .regions_gpa = GPA(&r) };

	return hc(HC_VM_SET_MEMORY_REGIONS, GPA(&s), 0);
}

int64_t uvm_set_ioreq(const struct uservm *u, uint64_t page)
{
	return hc(HC_SET_IOREQ_BUFFER, u->id, GPA(&page));
}

static uint64_t place_of(const uint8_t *symbol)
{
	return PAYLOAD_AT + (uint64_t)(symbol - payload);
}

static int64_t set_regs(const struct uservm *u, uint64_t rip, uint16_t idt_limit)
{
	struct acrn_vcpu_regs r = { 0 };

	r.vcpu_regs.rip = rip;
	r.vcpu_regs.cr0 = CR0_PE_NE;
	r.vcpu_regs.cs_ar = AR_CODE32;
	r.vcpu_regs.cs_limit = 0xffffffffu;
	r.vcpu_regs.cs_sel = 8;
	r.vcpu_regs.ss_sel = r.vcpu_regs.ds_sel = r.vcpu_regs.es_sel = 16;
	r.vcpu_regs.gprs.rsp = PAYLOAD_STACK;
	r.vcpu_regs.gprs.r8 = u->r8;
	r.vcpu_regs.rflags = 2;
	r.vcpu_regs.gdt.base = PAYLOAD_GDT;
	r.vcpu_regs.gdt.limit = 23;
	r.vcpu_regs.idt.base = PAYLOAD_IDT;
	r.vcpu_regs.idt.limit = idt_limit;
	return hc(HC_SET_VCPU_REGS, u->id, GPA(&r));
}

int64_t uvm_set_start(const struct uservm *u, uint64_t rip)
{
	return set_regs(u, rip, IDT_LIMIT);
}

int64_t uvm_set_regs(const struct uservm *u, const uint8_t *entry)
{
	return set_regs(u, place_of(entry), entry == payload_triple ? 0 : IDT_LIMIT);
}

int64_t uvm_set_real(const struct uservm *u, const uint8_t *entry)
{
	struct acrn_vcpu_regs r = { 0 };

	r.vcpu_regs.rip = (uint64_t)(entry - payload);
	r.vcpu_regs.cs_sel = PAYLOAD_AT >> 4;
	r.vcpu_regs.cs_base = PAYLOAD_AT;
	r.vcpu_regs.cs_ar = AR_CODE16;
	r.vcpu_regs.cs_limit = 0xffffu;
	r.vcpu_regs.cr0 = 0x20;
	r.vcpu_regs.rflags = 2;
	return hc(HC_SET_VCPU_REGS, u->id, GPA(&r));
}

/* A 32-bit interrupt gate (SDM vol 3, 6.11). */
static void set_gate(const struct uservm *u, uint8_t vector, const uint8_t *handler)
{
	uint64_t at = place_of(handler);

	((uint64_t *)(u->ram + PAYLOAD_IDT))[vector] = (at & 0xffff) | 8ull << 16 | 0x8e00ull << 32 | (at >> 16) << 48;
}

static void fill_memory(const struct uservm *u)
{
	uint64_t *gdt = (uint64_t *)(u->ram + PAYLOAD_GDT);

	memset(u->ram, 0, UVM_RAM);
	gdt[1] = GDT_CODE32;
	gdt[2] = GDT_DATA32;
	set_gate(u, MSI_VECTOR, payload_isr_msi);
	set_gate(u, LINE_VECTOR, payload_isr_line);
	set_gate(u, 2, payload_isr_nmi);
	set_gate(u, 6, payload_isr_ud);
	memcpy(u->ram + PAYLOAD_AT, payload, (size_t)(payload_end - payload));
}

bool uvm_prepare(const struct uservm *u, const uint8_t *entry)
{
	fill_memory(u);
	return !uvm_region(u, (struct vm_memory_region){ MR_ADD, MEM_ACCESS_RWX | MEM_TYPE_WB, 0, GPA(u->ram), UVM_RAM }) &&
	       !uvm_set_ioreq(u, GPA(u->io)) &&
	       !(entry == payload_real ? uvm_set_real(u, entry) : uvm_set_regs(u, entry));
}

bool uvm_boot(struct uservm *u, const char *name, const uint8_t *entry)
{
	int64_t err = uvm_create(u, name);

	if (err)
		return report(false, "VM %s can be made (%ld)", name, err);
	if (!uvm_prepare(u, entry))
		return report(false, "VM %s gets memory, IOREQ page and registers", name);
	err = uvm_start(u);
	return err ? report(false, "VM %s starts (%ld)", name, err) : true;
}

bool uvm_end(struct uservm *u)
{
	int64_t paused = uvm_pause(u), destroyed = uvm_destroy(u);

	return !paused && !destroyed ? true : report(false, "the VM ends (pause %ld, destroy %ld)", paused, destroyed);
}

int64_t uvm_start(const struct uservm *u)
{
	return hc(HC_START_VM, u->id, 0);
}

int64_t uvm_pause(const struct uservm *u)
{
	return hc(HC_PAUSE_VM, u->id, 0);
}

int64_t uvm_reset(const struct uservm *u)
{
	return hc(HC_RESET_VM, u->id, 0);
}

int64_t uvm_destroy(struct uservm *u)
{
	int64_t err = hc(HC_DESTROY_VM, u->id, 0);

	if (!err)
		u->id = 0;
	return err;
}

struct hc_q_vm_state uvm_state(const struct uservm *u)
{
	struct hc_q_vm_state s;

	memset(&s, 0xff, sizeof(s));
	if (hc(HC_Q_VM_STATE, u->id, GPA(&s)))
		s.state = ~0u;
	return s;
}

volatile uint32_t *uvm_box(const struct uservm *u, unsigned int word)
{
	return (volatile uint32_t *)(u->ram + MAILBOX) + word;
}

bool uvm_wait_box(const struct uservm *u, unsigned int word, uint32_t value)
{
	uint64_t end = rdtsc() + clock_from_us(UVM_WAIT_US);

	while (*uvm_box(u, word) != value) {
		if (rdtsc() > end)
			return false;
		cpu_pause();
	}
	return true;
}

bool uvm_wait_state(const struct uservm *u, uint32_t state)
{
	uint64_t end = rdtsc() + clock_from_us(UVM_WAIT_US);

	while (uvm_state(u).state != state)
		if (rdtsc() > end)
			return false;
	return true;
}

bool uvm_wait_ioreq(const struct uservm *u)
{
	uint64_t end = rdtsc() + clock_from_us(UVM_WAIT_US);

	while (__atomic_load_n(&u->io->req_slot[0].processed, __ATOMIC_ACQUIRE) != IOREQ_PENDING) {
		if (rdtsc() > end)
			return false;
		cpu_pause();
	}
	return true;
}

int64_t uvm_answer(const struct uservm *u, uint64_t value)
{
	u->io->req_slot[0].reqs.mmio_request.value = value;
	__atomic_store_n(&u->io->req_slot[0].processed, IOREQ_COMPLETE, __ATOMIC_RELEASE);
	return hc(HC_NOTIFY_REQUEST_FINISH, u->id, 0);
}

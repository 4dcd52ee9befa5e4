/* SPDX-License-Identifier: BSD-3-Clause */
/* VMCS life and its fixed fields (SDM vol 3, ch. 24). */
#include "vmx/vmcs.h"

#include "cpu/percpu.h"
#include "lib/errno.h"
#include "log/log.h"
#include "log/panic.h"
#include "mm/frame.h"
#include "vmx/caps.h"
#include "vmx/entry.h"
#include "x86/desc.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

struct field_value {
	uint32_t field;
	uint64_t value;
};

int vmcs_create(struct vmcs_state *v)
{
	*v = (struct vmcs_state){ .region = frame_get(1) };
	if (!v->region)
		return ERR(-ENOMEM);
	v->region_pa = hva_to_hpa(v->region).v;
	*(uint32_t *)v->region = vmx_caps.basic_revision;
	return 0;
}

void vmcs_destroy(struct vmcs_state *v)
{
	frame_put(v->region, 1);
	v->region = NULL;
}

void vmcs_load(struct vmcs_state *v)
{
	if (vmptrld(&v->region_pa))
		panic("VMPTRLD of %lx refused", v->region_pa);
}

void vmcs_unload(struct vmcs_state *v)
{
	if (vmclear(&v->region_pa))
		panic("VMCLEAR of %lx refused", v->region_pa);
	v->launched = false;
}

static int write_all(const struct field_value *f, size_t n)
{
	for (; n; f++, n--) {
		if (vmwrite_fails(f->field, f->value)) {
			log_err("VMCS field %x does not take %lx\n", f->field, f->value);
			return ERR(-EINVAL);
		}
	}
	return 0;
}

/* Base in the 16-byte TSS descriptor (7.2.3). */
static uint64_t tss_base(const struct desc_ptr *gdt)
{
	const uint64_t *d = (const uint64_t *)(gdt->base + SEL_TSS);

	return (d[0] >> 16 & 0xffffffu) | (d[0] >> 56 & 0xffu) << 24 | d[1] << 32;
}

/* Host state that is the same for every entry on this CPU (24.5). */
static int setup_host(void)
{
	struct desc_ptr gdt, idt;

	sgdt(&gdt);
	sidt(&idt);
	const struct field_value fields[] = {
		{ VMCS_HOST_CR0, read_cr0() },
		{ VMCS_HOST_CR3, read_cr3() },
		{ VMCS_HOST_CR4, read_cr4() },
		{ VMCS_HOST_CS, SEL_CODE },
		{ VMCS_HOST_SS, SEL_DATA },
		{ VMCS_HOST_DS, SEL_DATA },
		{ VMCS_HOST_ES, SEL_DATA },
		{ VMCS_HOST_FS, 0 },
		{ VMCS_HOST_GS, 0 },
		{ VMCS_HOST_TR, SEL_TSS },
		{ VMCS_HOST_FS_BASE, 0 },
		{ VMCS_HOST_GS_BASE, rdmsr(MSR_GS_BASE) },
		{ VMCS_HOST_TR_BASE, tss_base(&gdt) },
		{ VMCS_HOST_GDTR_BASE, gdt.base },
		{ VMCS_HOST_IDTR_BASE, idt.base },
		{ VMCS_HOST_SYSENTER_CS, 0 },
		{ VMCS_HOST_SYSENTER_ESP, 0 },
		{ VMCS_HOST_SYSENTER_EIP, 0 },
		{ VMCS_HOST_PAT, rdmsr(MSR_PAT) },
		{ VMCS_HOST_EFER, rdmsr(MSR_EFER) },
		{ VMCS_HOST_RIP, (uint64_t)vmx_exit_point },
	};

	return write_all(fields, ARRAY_SIZE(fields));
}

static int setup_controls(struct vmcs_state *v, const struct vmcs_setup *s)
{
	v->pin = vmx_caps_adjust(VMX_PIN, s->pin);
	v->proc = vmx_caps_adjust(VMX_PROC, s->proc);
	v->proc2 = vmx_caps_adjust(VMX_PROC2, s->proc2);
	v->exit = vmx_caps_adjust(VMX_EXIT, s->exit);
	v->entry = vmx_caps_adjust(VMX_ENTRY, s->entry);
	const struct field_value fields[] = {
		{ VMCS_PIN_CTLS, v->pin },
		{ VMCS_PROC_CTLS, v->proc },
		{ VMCS_PROC2_CTLS, v->proc2 },
		{ VMCS_EXIT_CTLS, v->exit },
		{ VMCS_ENTRY_CTLS, v->entry },
		{ VMCS_EXCEPTION_BITMAP, s->exceptions },
		{ VMCS_PF_MASK, 0 },
		{ VMCS_PF_MATCH, 0 },
		{ VMCS_CR3_TARGETS, 0 },
		{ VMCS_EXIT_MSR_STORE_COUNT, 0 },
		{ VMCS_EXIT_MSR_LOAD_COUNT, 0 },
		{ VMCS_ENTRY_MSR_LOAD_COUNT, 0 },
		{ VMCS_ENTRY_INTR_INFO, 0 },
		{ VMCS_LINK_POINTER, ~0ul },
		{ VMCS_EPTP, s->eptp },
		{ VMCS_VPID, s->vpid },
		{ VMCS_MSR_BITMAP, s->msr_bitmap.v },
		{ VMCS_IO_BITMAP_A, s->io_bitmaps.v },
		{ VMCS_IO_BITMAP_B, s->io_bitmaps.v + 4096 },
		{ VMCS_CR0_MASK, s->cr0_mask },
		{ VMCS_CR4_MASK, s->cr4_mask },
		{ VMCS_TSC_OFFSET, 0 },
	};

	return write_all(fields, ARRAY_SIZE(fields));
}

/* Fields that exist only with the control that uses them. */
static int setup_optional(const struct vmcs_state *v, const struct vmcs_setup *s)
{
	const struct {
		bool present;
		struct field_value f;
	} fields[] = {
		{ v->proc & PROC_TPR_SHADOW, { VMCS_VIRT_APIC, s->virt_apic.v } },
		{ v->proc & PROC_TPR_SHADOW, { VMCS_TPR_THRESHOLD, 0 } },
		{ v->proc2 & PROC2_APIC_ACCESS, { VMCS_APIC_ACCESS, s->apic_access.v } },
		{ v->proc2 & PROC2_VID, { VMCS_GUEST_INTR_STATUS, 0 } },
		{ v->pin & PIN_POSTED_INTR, { VMCS_POSTED_VECTOR, s->posted_vector } },
		{ v->pin & PIN_POSTED_INTR, { VMCS_POSTED_DESC, s->posted_desc.v } },
		{ v->proc2 & PROC2_XSAVES, { VMCS_XSS_EXIT_BITMAP, s->xss_exits } },
		{ v->proc2 & PROC2_TSC_SCALING, { VMCS_TSC_MULTIPLIER, s->tsc_multiplier } },
		{ v->proc2 & PROC2_PLE, { VMCS_PLE_GAP, 128 } },
		{ v->proc2 & PROC2_PLE, { VMCS_PLE_WINDOW, 4096 } },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		int err = fields[i].present ? write_all(&fields[i].f, 1) : 0;

		if (err)
			return err;
	}
	return 0;
}

int vmcs_setup(struct vmcs_state *v, const struct vmcs_setup *s)
{
	int err = setup_controls(v, s);

	if (!err)
		err = setup_host();
	if (!err)
		err = setup_optional(v, s);
	v->host_rsp = 0;
	return err;
}

static void change(uint32_t *word, enum vmx_word which, uint32_t field, uint32_t value)
{
	value = vmx_caps_adjust(which, value);
	if (value == *word)
		return;
	*word = value;
	vmwrite(field, value);
}

void vmcs_change_proc(struct vmcs_state *v, uint32_t set, uint32_t clear)
{
	change(&v->proc, VMX_PROC, VMCS_PROC_CTLS, (v->proc & ~clear) | set);
}

void vmcs_change_proc2(struct vmcs_state *v, uint32_t set, uint32_t clear)
{
	change(&v->proc2, VMX_PROC2, VMCS_PROC2_CTLS, (v->proc2 & ~clear) | set);
}

void vmcs_change_pin(struct vmcs_state *v, uint32_t set, uint32_t clear)
{
	change(&v->pin, VMX_PIN, VMCS_PIN_CTLS, (v->pin & ~clear) | set);
}

void vmcs_change_exit(struct vmcs_state *v, uint32_t set, uint32_t clear)
{
	change(&v->exit, VMX_EXIT, VMCS_EXIT_CTLS, (v->exit & ~clear) | set);
}

void vmcs_change_entry(struct vmcs_state *v, uint32_t set, uint32_t clear)
{
	change(&v->entry, VMX_ENTRY, VMCS_ENTRY_CTLS, (v->entry & ~clear) | set);
}

int vmcs_enter(struct vmcs_state *v, uint64_t *gpr)
{
	int err;

	if (likely(v->launched))
		return vmx_enter(gpr, VMX_ENTER_RESUME, &v->host_rsp);
	err = vmx_enter(gpr, 0, &v->host_rsp);
	v->launched = !err;
	return err;
}

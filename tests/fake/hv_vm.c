/* SPDX-License-Identifier: BSD-3-Clause */
/* See hv_vm.h. */
#include "hv_vm.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "io/ioreq.h"
#include "irq/lapic.h"
#include "irq/timer.h"
#include "irq/vector.h"
#include "lib/util.h"
#include "mm/frame.h"
#include "vm/gpa.h"
#include "vm/run_hook.h"
#include "vm/vcpu_arch.h"
#include "vmx/caps.h"
#include "vmx/vmcs.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

struct hv_thread_counts hv_threads;
bool hv_features[NR_FEATURES];
struct hv_lapic hv_lapic;
struct vmx_caps vmx_caps;

static struct scenario_vm configs[MAX_VMS];

/* Threads: they never run. */
int thread_create(struct thread *t, const char *name, uint32_t pcpu_id, void (*body)(void *), void *arg)
{
	(void)name;
	if (hv_threads.fail_at && !--hv_threads.fail_at)
		return -EBUSY;
	hv_threads.nr_created++;
	hv_threads.last = t;
	*t = (struct thread){ .pcpu_id = pcpu_id, .state = THREAD_NEW, .body = body, .arg = arg };
	return 0;
}

void thread_destroy(struct thread *t)
{
	if (t->state != THREAD_NEW && t->state != THREAD_DEAD)
		abort();
	hv_threads.nr_destroyed++;
}

void thread_start(struct thread *t)
{
	if (t->state != THREAD_NEW)
		abort();
	t->state = THREAD_BLOCKED;
	hv_threads.nr_started++;
}

void thread_wake(struct thread *t)
{
	(void)t;
	hv_threads.nr_woken++;
}

void thread_block(void)
{
	hv_threads.nr_blocked++;
	if (hv_threads.on_block)
		hv_threads.on_block();
}

void thread_yield(void) { hv_threads.nr_yielded++; }
void schedule(void) { hv_threads.nr_yielded++; }
struct thread_times thread_times(const struct thread *t) { return (struct thread_times){ tsc_now(), t->run_ticks, t->wait_ticks }; }
bool thread_is_dead(const struct thread *t) { return t->state == THREAD_DEAD; }
void vcpu_thread_body(void *arg) { (void)arg; }
void vcpu_switch_out(struct thread *t) { (void)t; }

bool feature_has(enum feature f) { return hv_features[f]; }

/* VMCS: its fields are fake_vmx; one region at a time is looked at. */
int vmcs_create(struct vmcs_state *v)
{
	*v = (struct vmcs_state){ .region = frame_get(1) };
	return v->region ? 0 : -ENOMEM;
}

void vmcs_destroy(struct vmcs_state *v)
{
	frame_put(v->region, 1);
	v->region = NULL;
}

void vmcs_load(struct vmcs_state *v) { fake_vmx.loaded = v->region; }
void vmcs_unload(struct vmcs_state *v) { v->launched = false; }

int vmcs_setup(struct vmcs_state *v, const struct vmcs_setup *s)
{
	v->pin = vmx_caps_adjust(VMX_PIN, s->pin);
	v->proc = vmx_caps_adjust(VMX_PROC, s->proc);
	v->proc2 = vmx_caps_adjust(VMX_PROC2, s->proc2);
	v->exit = vmx_caps_adjust(VMX_EXIT, s->exit);
	v->entry = vmx_caps_adjust(VMX_ENTRY, s->entry);
	vmwrite(VMCS_CR0_MASK, s->cr0_mask);
	vmwrite(VMCS_CR4_MASK, s->cr4_mask);
	vmwrite(VMCS_PIN_CTLS, v->pin);
	vmwrite(VMCS_PROC_CTLS, v->proc);
	vmwrite(VMCS_PROC2_CTLS, v->proc2);
	vmwrite(VMCS_ENTRY_CTLS, v->entry);
	vmwrite(VMCS_TSC_MULTIPLIER, v->proc2 & PROC2_TSC_SCALING ? s->tsc_multiplier : 0);
	vmwrite(VMCS_POSTED_DESC, s->posted_desc.v);
	vmwrite(VMCS_POSTED_VECTOR, s->posted_vector);
	return 0;
}

static void change(uint32_t *word, enum vmx_word which, uint32_t field, uint32_t value)
{
	*word = vmx_caps_adjust(which, value);
	vmwrite(field, *word);
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

/* The physical local APIC. */
bool lapic_is_x2apic(void) { return hv_lapic.x2apic; }
void lapic_timer_arm(uint64_t tsc_deadline) { hv_lapic.nr_arms += !tsc_deadline; }
bool lapic_has_timer(void) { return !hv_lapic.no_timer; }
uint64_t timer_next(void) { return hv_lapic.timer_next; }
bool console_is_bochs(void) { return hv_lapic.in_bochs; }
uint64_t lapic_timer_counts(uint64_t ticks) { return ticks / HV_LAPIC_TICKS + 1; }

void lapic_hold(uint8_t vector)
{
	if (hv_lapic.nr_held < HV_LAPIC_HELD)
		hv_lapic.held[hv_lapic.nr_held] = vector;
	hv_lapic.nr_held++;
}

void lapic_reclaim(void) { hv_lapic.nr_reclaims++; }
void timer_expire(void) { hv_lapic.nr_expires++; }

void vector_set(uint8_t vector, void (*fn)(void *arg, uint8_t vector), void *arg)
{
	(void)arg;
	hv_lapic.handled_vector = vector;
	hv_lapic.handler = fn;
}

void lapic_send_fixed(uint32_t apic_id, uint8_t vector)
{
	hv_lapic.nr_fixed++;
	hv_lapic.fixed_apic_id = apic_id;
	hv_lapic.fixed_vector = vector;
}

void hv_machine_reset(void)
{
	unsigned int i;

	memset(&fake_vmx, 0, sizeof(fake_vmx));
	fake_cpu_reset();
	for (i = 0; i < NR_FEATURES; i++)
		hv_features[i] = true;
	memset(&vmx_caps, 0, sizeof(vmx_caps));
	memset(vmx_caps.may, 0xff, sizeof(vmx_caps.may));
	vmx_caps.cr0_may = vmx_caps.cr4_may = ~0ul;
	memset(&hv_threads, 0, sizeof(hv_threads));
	memset(&hv_lapic, 0, sizeof(hv_lapic));
	hv_lapic.x2apic = true;
	memset(vm_table, 0, sizeof(vm_table));
	service_vm = NULL;
	nr_pcpus = 4;
	for (i = 0; i < nr_pcpus; i++)
		percpu_area[i] = (struct percpu){ .pcpu_id = i, .apic_id = i };
	fake_cpuid_set(0xd, 0, (struct cpuid_regs){ 7, 832, 832, 0 });
	pgtable_set_caps(2, 2, true);
	guest_cr4_mask = 0x770ffful;
	guest_xcr0_mask = 7;
}

void hv_vcpu_start(struct vcpu *vcpu)
{
	vmcs_load(&vcpu->arch->vmcs);
	if (vcpu_arch_start(vcpu))
		abort();
	vcpu->state = VCPU_RUNNING;
}

struct vm *hv_vm_create(uint16_t vm_id, uint8_t load_order, uint16_t nr_vcpus)
{
	static const uint8_t severity[] = { SCENARIO_SEVERITY_RT, SCENARIO_SEVERITY_SERVICE, SCENARIO_SEVERITY_STANDARD };
	struct vm *vm = calloc(1, sizeof(*vm));
	uint8_t *ram = aligned_alloc(SIZE_2M, HV_RAM_SIZE);
	uint16_t i;

	memset(ram, 0, HV_RAM_SIZE);
	configs[vm_id] = (struct scenario_vm){
		.load_order = load_order, .severity = severity[load_order], .cpu_affinity = 0xf,
	};
	vm->vm_id = vm_id;
	vm->load_order = load_order;
	vm->cfg = &configs[vm_id];
	memcpy(vm->name, "test", 5);
	vm->ram_hpa = (uint64_t)ram;
	vm->ram_size = HV_RAM_SIZE;
	vm->vpid_base = (uint16_t)(1 + 64 * vm_id);
	vm->io_bitmaps = frame_get(2);
	vm->state = VM_CREATED;
	if (gpa_create(vm) || gpa_map(vm, gpa(0), hpa(vm->ram_hpa), HV_RAM_SIZE, PG_R | PG_W | PG_X | PG_WB))
		abort();
	for (i = 0; i < nr_vcpus; i++) {
		if (vcpu_create(vm, i, i, &vm->vcpus[i]))
			abort();
		vm->nr_vcpus++;
	}
	if (load_order == SCENARIO_SERVICE)
		service_vm = vm;
	vm_table[vm_id] = vm;
	if (nr_vcpus)
		hv_vcpu_start(vm->vcpus[0]);
	return vm;
}

void hv_vm_destroy(struct vm *vm)
{
	uint16_t i;

	if (service_vm == vm)
		service_vm = NULL;
	vm_table[vm->vm_id] = NULL;
	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_destroy(vm->vcpus[i]);
	gpa_destroy(vm);
	frame_put(vm->io_bitmaps, 2);
	free((void *)vm->ram_hpa);
	free(vm);
}

uint8_t *hv_vm_ram(const struct vm *vm)
{
	return (uint8_t *)vm->ram_hpa;
}

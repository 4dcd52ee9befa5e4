/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Machine checks. Each CPU judges by its own banks, so nobody waits for anybody: a CPU that only heard the broadcast goes on.
 * What a guest ran ends that VM, and whose memory is lost ends, too; what the hypervisor itself needs ends everything.
 */
#include "cpu/idt.h"
#include "cpu/mce.h"
#include "cpu/percpu.h"
#include "exit/exit.h"
#include "lib/bits.h"
#include "log/log.h"
#include "log/panic.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

static struct mce_report pending[MAX_PCPUS];	/* own CPU: found where nothing may be logged; MCE_NOTHING: said */

static bool is_hypervisors(uint64_t at)
{
	hpa_t pool, image;
	uint64_t pool_size, image_size;

	frame_pool(&pool, &pool_size);
	hostmap_image(&image, &image_size);
	return at - pool.v < pool_size || at - image.v < image_size;
}

/* Memory of a user VM is mapped in the Service VM, too: it is asked last. NULL: nobody's. */
static struct vm *owner(uint64_t at, uint64_t *where)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++)
		if (vm_table[i] && !vm_is_service(vm_table[i]) && !pgtable_find(&vm_table[i]->ept, hpa(at), where))
			return vm_table[i];
	return service_vm && !pgtable_find(&service_vm->ept, hpa(at), where) ? service_vm : NULL;
}

static void memory_lost(struct vcpu *vcpu, uint64_t at)
{
	uint64_t where = 0;
	struct vm *vm;

	if (is_hypervisors(at))
		panic("machine check: memory of the hypervisor at %lx is lost", at);
	vm_table_enter();
	vm = owner(at, &where);
	if (vm && vm != vcpu->vm)
		vm_crash(vm, "machine check: its memory at %lx (machine %lx) is lost", where, at);
	vm_table_leave();
	vm_crash(vcpu->vm, "machine check: vCPU %u used memory that is lost, machine address %lx", vcpu->vcpu_id, at);
}

int exit_machine_check(struct vcpu *vcpu)
{
	struct mce_report r;

	mce_read(&r);
	mce_log(&r);
	switch (r.verdict) {
	case MCE_FATAL:
		panic("machine check: the state of CPU %u is in doubt", vcpu->pcpu_id);
	case MCE_MEMORY:
		memory_lost(vcpu, r.addr);
		break;
	case MCE_CONTEXT:
		vm_crash(vcpu->vm, "machine check on CPU %u while vCPU %u ran", vcpu->pcpu_id, vcpu->vcpu_id);
		break;
	default:
		break;
	}
	return 0;
}

static void log_pending(void)
{
	struct mce_report *r = &pending[this_pcpu_id()];

	if (r->verdict == MCE_NOTHING)
		return;
	mce_log(r);
	r->verdict = MCE_NOTHING;
}

void exit_log_machine_check(struct vcpu *vcpu __unused)
{
	log_pending();
}

void exit_host_machine_check(void)
{
	struct percpu *p = this_cpu();
	struct mce_report *r = &pending[p->pcpu_id];

	mce_read(r);
	if (r->verdict > MCE_LOGGED)
		panic("machine check in the hypervisor on CPU %u: %u banks, the first %u, status %lx address %lx, MCG_STATUS %lx",
		      p->pcpu_id, r->nr_events, r->event[0].bank, r->event[0].status, r->event[0].addr, r->mcg_status);
	/* Before a vCPU's next entry or by the idle loop, whichever comes first. */
	p->idle_work = log_pending;
	if (p->vcpu)
		atomic_set_bit(&p->vcpu->requests, REQ_MACHINE_CHECK);
}

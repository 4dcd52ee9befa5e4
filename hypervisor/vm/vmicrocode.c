/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm/vmicrocode.h"

#include "cpu/microcode.h"
#include "cpu/percpu.h"
#include "irq/ipi.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "vm/gpa.h"
#include "vm/gva.h"
#include "vm/lapic_pt.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/vm.h"
#include "x86/insn.h"

#define LEAST_REVISION	0x100u
#define ALREADY		"one was loaded since the machine's start"

static bool applied;	/* by who has lapic_pt_hold() */

/* One update of all CPUs; touched by one CPU after the other. */
struct round {
	const void *update;
	uint32_t next;		/* CPU to be called next */
	uint32_t nr_loaded, revision;
};

static bool may_update(const struct vm *vm)
{
	return vm_is_service(vm) && (vm->options & SCENARIO_OPT_MICROCODE);
}

static int copy(struct vcpu *vcpu, uint64_t linear, void *buf, uint32_t size)
{
	uint8_t *to = buf;

	while (size) {
		uint32_t n = MIN(size, (uint32_t)(PAGE_SIZE - (linear & (PAGE_SIZE - 1)))), error;
		gpa_t at;

		if (gva_translate(vcpu, linear, GVA_READ, &at, &error) || gpa_read(vcpu->vm, at, to, n))
			return -EFAULT;
		linear += n;
		to += n;
		size -= n;
	}
	return 0;
}

static void load_here(void *arg)
{
	struct round *r = arg;

	r->revision = microcode_apply(r->update);
	r->nr_loaded += r->revision == ((const struct microcode_header *)r->update)->revision;
}

/*
 * Each CPU calls the next one and waits for it, so that when the last one is called none is in a guest; what it then asks
 * of each, they do while they wait. A core's other thread must not run a guest while its microcode changes.
 */
static void gather(void *arg)
{
	struct round *r = arg;
	uint32_t i;

	if (r->next < nr_pcpus) {
		ipi_call(r->next++, gather, r);
		return;
	}
	for (i = 0; i < nr_pcpus; i++)
		ipi_call(i, load_here, r);
}

/* Nobody else is at it. */
static const char *load_once(const void *update)
{
	struct round r = { .update = update };

	if (applied)
		return ALREADY;
	gather(&r);
	if (!r.nr_loaded)
		return "no processor took it";
	WRITE_ONCE(applied, true);
	if (r.nr_loaded == nr_pcpus)
		log_info("microcode: all %u CPUs have revision 0x%x", nr_pcpus, r.revision);
	else
		log_err("microcode: %u of %u CPUs have taken the update, the others not: start the machine again\n", r.nr_loaded, nr_pcpus);
	return NULL;
}

static const char *load_all(const void *update)
{
	const char *why;
	int err = lapic_pt_hold();

	if (err)
		return err == -EBUSY ? "another one is being loaded" :
		       "a guest owns the local APIC of a CPU, which so cannot be stopped for it; stop that VM first";
	why = load_once(update);
	lapic_pt_release();
	return why;
}

/* The update at `linear` of the guest, whose header is read twice: for its size, and with the rest. */
static const char *update(struct vcpu *vcpu, uint64_t linear)
{
	struct microcode_header h;
	const char *why = NULL;
	uint32_t size;
	void *own;

	if (copy(vcpu, linear, &h, sizeof(h)))
		return "its header is not in the VM's memory";
	size = microcode_size(&h);
	if (!size)
		return "there is no header before its data, or one with sizes that do not fit";
	own = frame_get(PAGES(size));
	if (!own)
		return "there is no memory for a copy of it";
	if (copy(vcpu, linear, own, size))
		why = "not all of it is in the VM's memory";
	if (!why)
		why = microcode_check(own, size);
	if (!why)
		why = load_all(own);
	frame_put(own, PAGES(size));
	return why;
}

int vmicrocode_update(struct vcpu *vcpu, uint32_t msr __unused, uint64_t value)
{
	const char *why;

	if (!may_update(vcpu->vm)) {
		if (!vcpu->arch->update_refused)
			log_warn("vm %s: a microcode update by vCPU %u is refused; load it by the firmware, or give the Service VM option "
				 "microcode", vcpu->vm->name, vcpu->vcpu_id);
		vcpu->arch->update_refused = true;
		return 0;
	}
	why = READ_ONCE(applied) ? ALREADY : update(vcpu, value - sizeof(struct microcode_header));
	if (why)
		log_warn("vm %s: a microcode update is refused: %s", vcpu->vm->name, why);
	return 0;
}

/* In the high half. Who cannot update gets at least what Linux asks of any CPU before it trusts its deadline timer. */
int vmicrocode_revision(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	if (may_update(vcpu->vm)) {
		*value = (uint64_t)microcode_revision() << 32;
		return 0;
	}
	if (rdmsr_safe(msr, value) || *value >> 32 < LEAST_REVISION)
		*value = (uint64_t)LEAST_REVISION << 32;
	return 0;
}

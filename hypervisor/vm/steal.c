/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm/steal.h"

#include "cpu/tsc.h"
#include "lib/util.h"
#include "log/log.h"
#include "vm/gpa.h"
#include "vm/memuse.h"
#include "vm/run_hook.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define ENABLE		1ul
#define RESERVED	0x3eul
#define ADDRESS(v)	((v) & ~0x3ful)
#define PREEMPTED	1u

/* The guest reads `steal` between two looks at an even and unchanged `version`; `preempted` stands alone. */
struct record {
	uint64_t steal;		/* ns */
	uint32_t version, flags;
	uint8_t preempted, reserved[47];
};
_Static_assert(sizeof(struct record) == 64, "steal record");

bool steal_is_shown(const struct vm *vm)
{
	return vm->options & SCENARIO_OPT_KVM_LEAF;
}

/* Looked up each time: the guest, or its device model, may have taken the page away. Then nobody reads the record any more. */
static struct record *find(struct vcpu *vcpu)
{
	struct record *r = gpa_ptr(vcpu->vm, gpa(ADDRESS(vcpu->steal.msr)), sizeof(*r));

	if (r)
		return r;
	log_warn("vm %s: vCPU %u: no RAM at %lx, where it wants its steal time: no longer told", vcpu->vm->name, vcpu->vcpu_id,
		 ADDRESS(vcpu->steal.msr));
	vcpu->steal.msr = 0;
	return NULL;
}

/* What the guest has in `steal` is where counting goes on, so a kernel started by another one begins with its own zero. */
static void update(struct record *r, uint64_t ns)
{
	uint32_t version = READ_ONCE(r->version) | 1;

	WRITE_ONCE(r->version, version);
	/* Stores are seen in order (SDM vol 3, 8.2.2): odd before the new time, that before even. The compiler keeps volatile ones so. */
	WRITE_ONCE(r->steal, READ_ONCE(r->steal) + ns);
	WRITE_ONCE(r->flags, 0);
	WRITE_ONCE(r->preempted, 0);
	WRITE_ONCE(r->version, version + 1);
}

void steal_switch_in(struct vcpu *vcpu)
{
	uint64_t waited = vcpu->thread.wait_ticks;
	struct record *r;

	memuse_begin();
	r = find(vcpu);
	if (r)
		update(r, tsc_to_ns(waited - vcpu->steal.told));
	memuse_end();
	vcpu->steal.told = waited;
}

/* Who halts gave its CPU away: nobody needs to help it out of a lock. */
void steal_switch_out(struct vcpu *vcpu)
{
	struct record *r;

	if (vcpu->state == VCPU_HALTED)
		return;
	memuse_begin();
	r = find(vcpu);
	if (r)
		WRITE_ONCE(r->preempted, PREEMPTED);
	memuse_end();
}

int steal_read(struct vcpu *vcpu, uint32_t msr __unused, uint64_t *value)
{
	*value = vcpu->steal.msr;
	return !steal_is_shown(vcpu->vm);
}

int steal_write(struct vcpu *vcpu, uint32_t msr __unused, uint64_t value)
{
	struct record *r;

	if (!steal_is_shown(vcpu->vm) || (value & RESERVED))
		return 1;
	if (!(value & ENABLE)) {
		vcpu->steal.msr = 0;
		return 0;
	}
	memuse_begin();
	r = gpa_ptr(vcpu->vm, gpa(ADDRESS(value)), sizeof(*r));
	if (r)
		update(r, 0);
	memuse_end();
	if (!r)
		return 1;
	/* Counting begins here: what the vCPU waited for before was told to nobody. */
	vcpu->steal = (struct steal){ .msr = value, .told = vcpu->thread.wait_ticks };
	vcpu->thread.switch_out = vcpu_switch_out;
	return 0;
}

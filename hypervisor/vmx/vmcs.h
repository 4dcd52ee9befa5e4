/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One VMCS and the way into the guest and back. Mechanism only: no exit
 * reason, no policy. All but create/destroy run on the CPU where it is loaded.
 */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"

struct vmcs_state {
	void *region;			/* (o) 4 KiB, direct map */
	uint64_t region_pa;		/* its operand for VMPTRLD and VMCLEAR */
	bool launched;			/* VMLAUNCH was done since the last VMCLEAR */
	uint64_t host_rsp;		/* what VMCS_HOST_RSP holds */
	uint32_t pin, proc, proc2, exit, entry;	/* current control words */
};

/* What a guest needs from its VMCS at the start. */
struct vmcs_setup {
	uint32_t pin, proc, proc2, exit, entry;	/* wanted bits; adjusted to what the CPU takes */
	uint32_t exceptions;		/* vectors that exit */
	uint64_t eptp;
	uint16_t vpid;
	hpa_t msr_bitmap;		/* 4 KiB (24.6.9) */
	hpa_t io_bitmaps;		/* 8 KiB (24.6.4) */
	hpa_t virt_apic, apic_access;	/* 0: not used */
	hpa_t posted_desc;		/* 64 bytes, aligned (30.6) */
	uint8_t posted_vector;
	uint64_t cr0_mask, cr4_mask;	/* bits the hypervisor owns */
	uint64_t xss_exits;
	uint64_t tsc_multiplier;	/* 48 bits behind the point (24.6.5); with PROC2_TSC_SCALING */
};

int vmcs_create(struct vmcs_state *v) __must_check;
void vmcs_destroy(struct vmcs_state *v);

/* Makes it current here / takes it off this CPU (VMCLEAR; next entry is a launch). Panics when the CPU refuses our own page. */
void vmcs_load(struct vmcs_state *v);
void vmcs_unload(struct vmcs_state *v);

/* Writes all control and host fields. 0, or -EINVAL naming the field in the log. */
int vmcs_setup(struct vmcs_state *v, const struct vmcs_setup *s) __must_check;

/* Sets and clears bits in a control word; writes only a changed value. */
void vmcs_change_proc(struct vmcs_state *v, uint32_t set, uint32_t clear);
void vmcs_change_proc2(struct vmcs_state *v, uint32_t set, uint32_t clear);
void vmcs_change_pin(struct vmcs_state *v, uint32_t set, uint32_t clear);
void vmcs_change_exit(struct vmcs_state *v, uint32_t set, uint32_t clear);
void vmcs_change_entry(struct vmcs_state *v, uint32_t set, uint32_t clear);

/* Runs the guest until its next exit. 0, or -EINVAL: VMfail, see VMCS_INSN_ERROR. Interrupts off. */
int vmcs_enter(struct vmcs_state *v, uint64_t *gpr);

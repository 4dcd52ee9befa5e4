/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual machine: its parts are pointers to types owned by their folders. */
#pragma once

#include "lib/spinlock.h"
#include "lib/types.h"
#include "mm/pgtable.h"
#include "public/scenario.h"
#include "vm/hyperv.h"
#include "vm/mtrr.h"
#include "vm/vcpu.h"
#include "vm/vtsc.h"

struct io_regions;
struct vioapic;
struct vpic;
struct vuart;
struct vrtc;
struct vpm;
struct vpci;
struct ioreq_page;
struct ivshmem_set;
struct vtd_domain;

/* Numbers as users of vm_list know them. */
enum vm_state { VM_POWERED_OFF, VM_CREATED, VM_RUNNING, VM_READY_TO_POWEROFF, VM_PAUSED };

/* Why a VM stopped by itself. */
enum vm_stop { VM_STOP_NONE, VM_STOP_CRASH, VM_STOP_TRIPLE_FAULT, VM_STOP_RESET, VM_STOP_POWER_OFF };

/* Calls from low layers to devices above them, set when the device is built (doc/layers.md, rule 6). */
struct vm_hooks {
	int (*line)(struct vm *vm, uint32_t gsi, bool level);	/* vIOAPIC + vPIC input; -EINVAL: no such line */
	void (*eoi)(struct vm *vm, uint8_t vector);		/* EOI broadcast of a level vector */
	int (*extint_pending)(struct vm *vm);			/* vPIC: vector waiting, or -1; no side effect */
	int (*extint_accept)(struct vm *vm);			/* vPIC: INTA cycle, returns the vector or -1 */
	void (*stopped)(struct vm *vm, enum vm_stop why);	/* the VM crashed, or asks for reset or power-off; any CPU */
	bool (*touch)(struct vm *vm, uint64_t gpa);		/* first touch of an unmapped address: true when it is mapped now */
	void (*upcall)(struct vm *vm);				/* Service VM: a request page needs a look; any CPU */
};

struct vm {
	uint16_t vm_id;				/* (o) index in the table */
	char name[SCENARIO_VM_NAME_SIZE];	/* (i) */
	const struct scenario_vm *cfg;		/* (o) its record in the scenario, or the free slot's own */
	uint8_t load_order;			/* (o) */
	uint64_t flags;				/* (i) SCENARIO_FLAG_ */
	uint32_t options;			/* (i) SCENARIO_OPT_ */
	enum vm_state state;			/* [lock] */
	struct spinlock lock;			/* life cycle; taken before any device lock */
	uint16_t nr_vcpus;			/* (i) */
	struct vcpu *vcpus[MAX_VCPUS_PER_VM];	/* (i) */
	struct pgtable ept;			/* (i) */
	uint64_t eptp;				/* (i) SDM vol 3, 25.6.11 */
	struct memtypes memtypes;		/* its own lock: MTRRs and CR0.CD in force */
	struct hyperv hyperv;
	struct vtsc tsc;			/* (i) */
	void *io_bitmaps;			/* (i) 8 KiB, bit = port exits (SDM vol 3, 24.6.4) */
	uint16_t vpid_base;			/* (o) vpid = vpid_base + vcpu_id, never 0 */
	uint64_t affinity;			/* (i) pCPUs of its vCPUs, in order */
	struct vtd_domain *dma;			/* (i) what its devices reach; NULL: nothing, or DMA is not confined */
	bool lapic_pt;				/* (i) LAPIC passthrough wanted */
	uint64_t ram_hpa, ram_size;		/* (i) contiguous RAM of a pre-launched VM, else 0 */
	struct vm_hooks hooks;			/* (i) */
	struct io_regions *io;			/* (i) */
	struct vioapic *vioapic;		/* (i) */
	struct vpic *vpic;			/* (i) */
	uint16_t pic_edges;			/* [vPIC lock], others read it: inputs at which an edge changes something */
	bool pic_out;				/* [vPIC lock], others read it as a hint: INTR to the CPU */
	struct vuart *vuart[SCENARIO_MAX_VUARTS]; /* (i) */
	struct vrtc *vrtc;			/* (i) */
	struct vpm *vpm;			/* (i) */
	struct vpci *vpci;			/* (i) */
	uint8_t upcall_vector;			/* Service VM: used while the HSM function has no MSI */
	struct ioreq_page *ioreq;		/* [lock] post-launched: page shared with the Service VM */
	struct ivshmem_set *ivshmem;		/* (i) */
	uint64_t intr_delay;			/* atomic; TSC ticks its devices' interrupts are held back, 0: they are not */
	uint32_t nr_restarts;
	enum vm_stop stop;			/* [lock] why it stopped by itself, last time */
	bool held;				/* [lock] paused by the operator */
	bool crashed;				/* set by vm_crash(); the VM is not entered again until reset */
	char crash_reason[128];			/* [lock] set by vm_crash(), kept for the shell */
	uint64_t crash_info[8];
};

extern struct vm *vm_table[MAX_VMS];	/* NULL: free */
/*
 * Who follows pointers of vm_table outside the VM's own threads does it between these; a
 * VM is freed only when it has left the table and nobody is inside. Any CPU; may sleep inside.
 */
void vm_table_enter(void);
void vm_table_leave(void);
bool vm_table_quiet(void *unused);

extern struct vm *service_vm;		/* NULL: none in this scenario */

/* The guest or its device model broke a rule it cannot go on from: stops the VM with a report; others run on. Any CPU. */
void vm_crash(struct vm *vm, const char *why, ...) __printf(2, 3);

/* Opens (exits = false) or closes ports to the guest. Before the VM runs. */
void vm_port_intercept(struct vm *vm, uint16_t port, uint32_t nr, bool exits);

/* The kind, also while service_vm is not set yet. */
static inline bool vm_is_service_order(const struct vm *vm) { return vm->load_order == SCENARIO_SERVICE; }

static inline bool vm_is_service(const struct vm *vm) { return vm == service_vm; }

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One VM, and the rules its parts live by.
 *
 * Threads: the main thread runs the IOREQ loop; the event thread runs fd and timer callbacks;
 * backends may have I/O threads of their own.
 *
 * Locks: vm->lock is THE device lock. It is held around every bus and PCI handler and every event
 * callback, so device code needs no locks of its own except against its I/O threads. An I/O thread
 * may take it to touch device state, and must not hold anything the other threads wait for then.
 * Order: vm->lock -> a backend's own lock -> irq/MSI-X leaf locks. mem_ptr(), irq_*() and
 * pci_msix_fire() need no lock.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/bus.h"
#include "core/config.h"
#include "core/hsm.h"
#include "core/irq.h"
#include "core/mem.h"

struct event_loop;
struct control;
struct intr_monitor;
struct monitor;
struct pci_bus;
struct acrn_vcpu_regs;
struct ioreq_pci_ops;

#define VM_NAME_MAX 15

/* Why the run loop should end; the first one asked for wins, but all others win over a reset. */
enum vm_stop {
	VM_RUN = 0,
	VM_STOP_POWEROFF,	/* the guest entered S5 */
	VM_STOP_RESET,		/* the guest asked for a reset: start it afresh */
	VM_STOP_SIGNAL,		/* SIGTERM or SIGINT */
	VM_STOP_CRASH,		/* the guest or the hypervisor gave up */
	VM_STOP_DEBUG_EXIT,	/* the guest wrote vm->exit_code to the debug exit port */
	VM_STOP_DESTROY,	/* the command socket said so */
};

/* What acrn-dm ends with, if the guest did not choose a code by --debugexit. */
enum {
	DM_EXIT_OK = 0,		/* the guest powered off, or somebody ended the VM */
	DM_EXIT_FAILURE = 1,	/* acrn-dm, Linux or the hypervisor could not do something */
	DM_EXIT_USAGE = 2,	/* bad command line */
	DM_EXIT_CRASH = 3,	/* the guest crashed */
	DM_EXIT_RESET = 4,	/* the guest asked for a reset, and --exit_on_reset was given */
};

/* Where the VM is in its life. */
enum vm_life {
	VM_LIFE_CREATED = 0,	/* not started for the first time */
	VM_LIFE_RUNNING,
	VM_LIFE_PAUSED,		/* by the command socket, or not begun because of --paused */
	VM_LIFE_STOPPING,	/* the run loop has ended: a reset or the end follows */
};

/* Why it crashed. */
struct vm_crash {
	bool triple_fault;
	uint32_t vcpu_id;
	uint64_t rip;
	char why[40];
};

struct vm {
	char name[VM_NAME_MAX + 1];
	struct config config;
	struct hsm hsm;
	uint16_t vmid;			/* as the HSM returned it */
	unsigned int nr_vcpus;
	struct mem mem;
	struct bus bus;
	struct irq_lines irq;
	struct event_loop *events;
	struct pci_bus *pci;		/* owned by pci/bus.c */
	const struct ioreq_pci_ops *pci_ops;	/* set by pci/bus.c: who answers configuration cycles */
	void *ioreq_page;		/* owned by core/ioreq.c */
	uint32_t state_seq;		/* last value of the hypervisor's stop counter seen */
	void *platform;			/* owned by devices.c */
	struct intr_monitor *intr_monitor;	/* owned by devices.c; NULL: none */
	pthread_mutex_t lock;		/* the device lock */
	pthread_t loop_thread;
	_Atomic int stop;		/* enum vm_stop */
	_Atomic int in_loop;		/* the IOREQ loop is running */
	int exit_code;			/* for VM_STOP_DEBUG_EXIT */
	struct vm_crash crash;		/* for VM_STOP_CRASH; main thread */
	enum vm_life life;		/* device lock */
	bool start_paused;		/* its vCPUs wait for the first command resume; device lock */
	bool reset_asked;		/* by the command socket; device lock */
	/* The guest's next power-off is to be a reset; owned by core/reboot.c, device lock */
	struct { bool wished, overdue; unsigned int limit_s; uint64_t nr_overdue; struct timer *timer; } reboot;
	uint64_t nr_resets;		/* device lock */
	uint64_t nr_requests;		/* I/O requests answered; counted by the main thread */
	uint64_t created_ns;		/* clock_ns() then */
	struct monitor *monitor;	/* owned by core/monitor.c; NULL: no command socket */
	struct control *controls;	/* core/control.h; device lock */
	/* True if the guest listens to it; else it is pressed only with @unheard. Set by platform/pm.c; device lock. */
	struct { bool (*press)(void *arg, bool unheard); void *arg; } power_button;
	bool created, running;		/* what to undo; main thread, in its loop also under the device lock */
};

#define VM_INITIALIZER { .hsm.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER, .irq.lock = PTHREAD_MUTEX_INITIALIZER }

static inline void vm_lock(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
}

static inline void vm_unlock(struct vm *vm)
{
	pthread_mutex_unlock(&vm->lock);
}

/*
 * Open the HSM and create the VM described by vm->config (name, cpu affinity). Sets name, vmid and
 * nr_vcpus. -errno with a message; nothing is left behind.
 */
int vm_create(struct vm *vm);

/* Pause if needed, destroy, close the HSM. Harmless on a VM that was never created. */
void vm_destroy(struct vm *vm);

/* Start (or go on), pause: 0 or -errno with a message. */
int vm_start(struct vm *vm);
int vm_pause(struct vm *vm);

/* Bring a paused VM back to "created": vCPUs and interrupt controllers as at power-on. */
int vm_reset(struct vm *vm);

/* Load the boot CPU's registers. VM not running. */
int vm_set_bsp(struct vm *vm, const struct acrn_vcpu_regs *regs);

/* Ask the run loop to end for @why. Any thread. */
void vm_request_stop(struct vm *vm, enum vm_stop why);

/* The guest switched itself off: the run loop ends, or the VM is reset where a reboot is wished for. Device lock held. */
void vm_power_off(struct vm *vm);

/* What has been asked for, VM_RUN when nothing. */
enum vm_stop vm_stop_reason(struct vm *vm);

/* True if a reset was asked for; the request is taken back, so that the loop can run again. */
bool vm_take_reset(struct vm *vm);

/* The program's exit code after a run that ended with @err: DM_EXIT_* or the guest's choice. */
int vm_exit_code(struct vm *vm, int err);

/* The same as a word: "poweroff", "reset", "signal", "crash", "debug_exit", "destroyed" or "failure". */
const char *vm_stop_name(struct vm *vm, int err);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VMs as libvirt's clients see them: the VMs of tools/common/vms.h, with a UUID. Nothing is kept in memory: what is defined is on
 * disk, what runs has a command socket. The id of one that runs is its acrn-dm's process id. Besides them those of other.h.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/common/hypervisor.h"
#include "tools/common/vms.h"

struct call;
struct json_t;
struct wire_dom;

struct domain {
	struct vm_info vm;
	uint8_t uuid[16];
	bool other;			/* no acrn-dm's: see other.h */
	struct hypervisor_vm seen;	/* of one that is */
};

/* What a VM has and has used; zeros where nobody says. */
struct domain_facts {
	uint64_t kib;
	unsigned int vcpus;
	uint64_t cpu_ns;	/* of its virtual CPUs, or of its acrn-dm where nobody tells theirs */
};

/* All, sorted by name; free() *@out. 0 or -errno. */
int domain_list(struct domain **out, size_t *nr);
bool domain_find(const char *name, struct domain *out);

/* Its UUID, without asking its acrn-dm, which is process @pid (0: it does not run). */
void domain_uuid(const char *name, int pid, uint8_t *uuid);

/* The one that a client means, by its UUID; -1 with the call's error: also if the call changes something and it can only be looked at. */
int domain_get(struct call *call, const struct wire_dom *wanted, struct domain *out);

/*
 * What @flags (VIR_DOMAIN_AFFECT_*) mean of it: one or both of VIR_DOMAIN_AFFECT_LIVE and _CONFIG; without any the run, if it runs. 0
 * with the call's error: it has no run, or no definition.
 */
unsigned int domain_affects(struct call *call, const struct domain *d, unsigned int flags);

/* What it runs by, or its definition; free() it. NULL: a launch file of acrnctl's knows. */
char *domain_text(const struct domain *d);

/* Time that the virtual CPUs had by a result of "statistics", 0: it does not tell. */
uint64_t domain_run_ns(const struct json_t *statistics);

/* VIR_VCPU_* of one of "vcpu_stats"; one whose state nobody tells runs. */
int domain_vcpu_state(const struct json_t *vcpu);

/* CPUs of its virtual CPUs, one each in this order, bit n = CPU n; of one that runs, or by its definition. 0: not known. */
uint64_t domain_cpus(const struct domain *d, bool live);

/* What its acrn-dm says to a command without arguments ("query", "statistics"); json_decref() it. NULL: nothing. */
struct json_t *domain_ask(const struct domain *d, const char *command);

/* VIR_CONNECT_LIST_DOMAINS_* that hold for it, and whether it is wanted by such flags: of each group that has some, one must hold. */
unsigned int domain_list_flags(void);
bool domain_is_wanted(const struct domain *d, unsigned int flags);

int domain_id(const struct domain *d);
bool domain_is_up(const struct domain *d);
void domain_facts(const struct domain *d, struct domain_facts *facts);

/* VIR_DOMAIN_*, and its reason. */
int domain_state(const struct domain *d, int *reason);

/* Fill what is sent to clients. False: no memory. */
bool domain_put(const struct domain *d, struct wire_dom *out);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Domains that no acrn-dm runs: pre-launched VMs and the Service VM, as the hypervisor tells of them (tools/common/hypervisor.h).
 * They can be looked at, and that is all. Where it tells nothing, there are none. Any thread.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct domain;
struct json_t;

/* Ids of those that run are OTHER_ID + slot: above PID_MAX_LIMIT (4194304), so that no acrn-dm's process has such a number. */
#define OTHER_ID	5000000

/* All of them, in the order of their slots, into @out[Q_VM_SLOTS]; their number. */
size_t other_list(struct domain *out);
bool other_find(const char *name, struct domain *out);

/* VIR_DOMAIN_*, and its reason. */
int other_state(const struct domain *d, int *reason);

/* What acrn-dm would say to "query" and "statistics", as far as the hypervisor knows; json_decref() it. NULL: nothing. */
struct json_t *other_ask(const struct domain *d, const char *command);

/* XML that says what is known; @live: with its id. free() it. NULL: no memory. */
char *other_text(const struct domain *d, bool live);

/* What whoever wants to change it is told. Returns -1 with the call's error. */
int other_refuse(struct call *call, const struct domain *d);

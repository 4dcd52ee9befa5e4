/* SPDX-License-Identifier: BSD-3-Clause */
/* What definitions and domains without one have to agree on. */
#pragma once

struct call;
struct domain;
struct domxml;
struct domxml_change;
struct domxml_why;

/* Of two definitions at once one comes first, and the other sees it. */
void define_lock(void);
void define_unlock(void);

/* With the lock: name and UUID must both be new, or both be the same domain's. -1 with the call's error. */
int define_check_clash(struct call *call, const struct domxml *x);

/* The definition of @d as @change makes it, into *@x; and writing such. With the lock. -1 with the call's error. */
int define_change(struct call *call, const struct domain *d, const struct domxml_change *change, struct domxml *x);
int define_write(struct call *call, const struct domxml *x);

/* XML that is not taken: whatever is wrong with it, a name of the hypervisor's comes first. Returns -1 with the call's error. */
int define_refuse(struct call *call, const struct domxml_why *why);

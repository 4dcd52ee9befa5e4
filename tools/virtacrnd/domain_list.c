/* SPDX-License-Identifier: BSD-3-Clause */
/* Which domains a list is to have. */
#include <libvirt/libvirt.h>

#include "tools/common/settings.h"
#include "tools/virtacrnd/domain.h"

/* Each pair or group of bits: a domain must have one of those that are asked for. */
static const unsigned int groups[] = {
	VIR_CONNECT_LIST_DOMAINS_ACTIVE | VIR_CONNECT_LIST_DOMAINS_INACTIVE,
	VIR_CONNECT_LIST_DOMAINS_PERSISTENT | VIR_CONNECT_LIST_DOMAINS_TRANSIENT,
	VIR_CONNECT_LIST_DOMAINS_RUNNING | VIR_CONNECT_LIST_DOMAINS_PAUSED | VIR_CONNECT_LIST_DOMAINS_SHUTOFF | VIR_CONNECT_LIST_DOMAINS_OTHER,
	VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE | VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE,
	VIR_CONNECT_LIST_DOMAINS_AUTOSTART | VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART,
	VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT | VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT,
	VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT | VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT,
};

#define NR_GROUPS (sizeof(groups) / sizeof(groups[0]))

static bool starts_itself(const struct domain *d)
{
	struct settings s;
	char why[256];
	bool yes = d->other;

	if (yes || !d->vm.defined)
		return yes;
	yes = settings_read(d->vm.name, &s, why, sizeof(why)) == 0 && s.autostart;
	settings_free(&s);
	return yes;
}

/* The bits that hold for a domain: saved states, snapshots and checkpoints are not made. */
static unsigned int bits_of(const struct domain *d)
{
	int reason, state = domain_state(d, &reason);

	return (domain_is_up(d) ? VIR_CONNECT_LIST_DOMAINS_ACTIVE : VIR_CONNECT_LIST_DOMAINS_INACTIVE) |
	       (d->vm.defined ? VIR_CONNECT_LIST_DOMAINS_PERSISTENT : VIR_CONNECT_LIST_DOMAINS_TRANSIENT) |
	       (state == VIR_DOMAIN_RUNNING ? VIR_CONNECT_LIST_DOMAINS_RUNNING :
		state == VIR_DOMAIN_PAUSED ? VIR_CONNECT_LIST_DOMAINS_PAUSED :
		state == VIR_DOMAIN_SHUTOFF ? VIR_CONNECT_LIST_DOMAINS_SHUTOFF : VIR_CONNECT_LIST_DOMAINS_OTHER) |
	       (starts_itself(d) ? VIR_CONNECT_LIST_DOMAINS_AUTOSTART : VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART) |
	       VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE | VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT | VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT;
}

bool domain_is_wanted(const struct domain *d, unsigned int flags)
{
	unsigned int bits = flags ? bits_of(d) : 0;

	for (size_t i = 0; i < NR_GROUPS; i++)
		if (flags & groups[i] && !(flags & groups[i] & bits))
			return false;
	return true;
}

unsigned int domain_list_flags(void)
{
	unsigned int all = 0;

	for (size_t i = 0; i < NR_GROUPS; i++)
		all |= groups[i];
	return all;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Definitions: define, undefine, autostart, and what they say. */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/journal.h"
#include "tools/common/launch.h"
#include "tools/common/settings.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/define.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/host.h"
#include "tools/virtacrnd/other.h"
#include "tools/virtacrnd/row.h"
#include "tools/virtacrnd/store.h"
#include "tools/virtacrnd/uuid.h"
#include "wire.h"

#define UNDEFINE_FLAGS	(VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM | \
			 VIR_DOMAIN_UNDEFINE_KEEP_NVRAM | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA)

static pthread_mutex_t defining = PTHREAD_MUTEX_INITIALIZER;

void define_lock(void)
{
	pthread_mutex_lock(&defining);
}

void define_unlock(void)
{
	pthread_mutex_unlock(&defining);
}

int define_check_clash(struct call *call, const struct domxml *x)
{
	char text[UUID_TEXT];
	struct domain *all;
	uint8_t uuid[16];
	int result = 0;
	size_t nr;

	if (domain_list(&all, &nr))
		return call_fail(call, VIR_ERR_INTERNAL_ERROR, "the VMs' folders cannot be read");
	for (size_t i = 0; i < nr && !result; i++) {
		bool same_name = !strcmp(all[i].vm.name, x->name), same_uuid = !memcmp(all[i].uuid, x->uuid, 16);

		if (same_name && all[i].other)
			result = other_refuse(call, &all[i]);
		else if (same_name && all[i].vm.defined && !store_uuid(x->name, uuid))
			result = call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is defined by a launch file of acrnctl's; \"acrnctl del %s\" removes it",
					   x->name, x->name);
		else if (same_name && !same_uuid)
			result = call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s' already exists with uuid %s", x->name,
					   uuid_text(all[i].uuid, text));
		else if (same_uuid && !same_name)
			result = call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s' is already defined with uuid %s", all[i].vm.name,
					   uuid_text(x->uuid, text));
	}
	free(all);
	/* One that is just being created does not run yet. */
	if (!result && store_once_uuid(x->name, uuid) && memcmp(uuid, x->uuid, 16) != 0)
		result = call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s' already exists with uuid %s", x->name, uuid_text(uuid, text));
	return result;
}

int define_refuse(struct call *call, const struct domxml_why *why)
{
	struct domain d;

	return domain_find(why->name, &d) && d.other ? other_refuse(call, &d) : call_fail(call, why->code, "%s", why->text);
}

int define_write(struct call *call, const struct domxml *x)
{
	char why[512];

	return store_write(x, host_dm(), why, sizeof(why)) ? call_fail(call, VIR_ERR_OPERATION_FAILED, "%s", why) : 0;
}

int define_change(struct call *call, const struct domain *d, const struct domxml_change *change, struct domxml *x)
{
	char *text = store_text(d->vm.name);
	struct domxml_why why;
	bool ok = text && domxml_change(text, change, host_new_xml(), x, &why);

	if (!text)
		call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is defined by a launch file of acrnctl's, which says no more than how it is run", d->vm.name);
	else if (!ok)
		call_fail(call, why.code, "%s", why.text);
	free(text);
	return ok ? 0 : -1;
}

static int define(struct call *call, const char *xml, wire_dom *ret)
{
	struct domxml_why why;
	struct domxml x;
	struct domain d;
	int result;

	if (!domxml_read(xml, host_new_xml(), &x, &why))
		return define_refuse(call, &why);
	define_lock();
	result = define_check_clash(call, &x);
	if (!result)
		result = define_write(call, &x);
	define_unlock();
	if (!result && (!domain_find(x.name, &d) || !domain_put(&d, ret)))
		result = call_fail(call, VIR_ERR_NO_DOMAIN, "domain '%s' was removed again", x.name);
	if (!result)
		journal(LOG_NOTICE, x.name, "defined by client %u (user %u)", call->client->number, (unsigned int)call->client->uid);
	domxml_free(&x);
	return result;
}

static int define_xml(struct call *call, void *args, void *ret)
{
	return define(call, *(char **)args, ret);
}

/* Validation is no more than what is always checked. */
static int define_xml_flags(struct call *call, void *args, void *ret)
{
	const wire_xml_flags *in = args;

	return call_check_flags(call, in->flags, VIR_DOMAIN_DEFINE_VALIDATE) ? -1 : define(call, in->xml, ret);
}

static int undefine_locked(struct call *call, const struct domain *d)
{
	uint8_t uuid[16];
	int err;

	if (!d->vm.defined)
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' has no definition", d->vm.name);
	if (!store_uuid(d->vm.name, uuid))
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is defined by a launch file of acrnctl's; \"acrnctl del %s\" removes it",
				 d->vm.name, d->vm.name);
	err = store_remove(d->vm.name);
	if (err)
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': its definition: %s", d->vm.name, strerror(-err));
	journal(LOG_NOTICE, d->vm.name, "undefined by client %u (user %u)", call->client->number, (unsigned int)call->client->uid);
	return 0;
}

static int undefine_domain(struct call *call, const wire_dom *wanted)
{
	struct domain d;
	int result, lock;

	if (domain_get(call, wanted, &d))
		return -1;
	lock = launch_lock(d.vm.name);
	if (lock == -EWOULDBLOCK)
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is being started", d.vm.name);
	define_lock();
	result = undefine_locked(call, &d);
	define_unlock();
	if (lock >= 0)
		close(lock);
	return result;
}

static int undefine(struct call *call, void *args, void *ret)
{
	(void)ret;
	return undefine_domain(call, args);
}

static int undefine_flags(struct call *call, void *args, void *ret)
{
	const wire_dom_flags *in = args;

	(void)ret;
	return call_check_flags(call, in->flags, UNDEFINE_FLAGS) ? -1 : undefine_domain(call, &in->dom);
}

static int set_autostart(struct call *call, void *args, void *ret)
{
	const wire_dom_int *in = args;
	struct settings s;
	struct domain d;
	char why[512];
	int err;

	(void)ret;
	if (domain_get(call, &in->dom, &d))
		return -1;
	if (!d.vm.defined)
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' has no definition that could be started", d.vm.name);
	if (settings_read(d.vm.name, &s, why, sizeof(why)))
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "%s", why);
	s.autostart = in->value;
	err = settings_write(d.vm.name, &s);
	settings_free(&s);
	return err ? call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': its settings: %s", d.vm.name, strerror(-err)) : 0;
}

/* Of a VM whose launch file says all: what acrn-dm tells of it. */
static char *describe(const struct domain *d)
{
	char uuid[UUID_TEXT], id[32] = "", vcpu[48] = "", *text;
	struct domain_facts facts;

	domain_facts(d, &facts);
	if (domain_id(d) > 0)
		snprintf(id, sizeof(id), " id='%d'", domain_id(d));
	if (facts.vcpus)
		snprintf(vcpu, sizeof(vcpu), "  <vcpu>%u</vcpu>\n", facts.vcpus);
	if (asprintf(&text,
		     "<domain type='acrn'%s>\n"
		     "  <name>%s</name>\n"
		     "  <uuid>%s</uuid>\n"
		     "  <memory unit='KiB'>%llu</memory>\n"
		     "%s"
		     "  <os>\n"
		     "    <type arch='x86_64'>hvm</type>\n"
		     "  </os>\n"
		     "  <devices>\n"
		     "    <emulator>%s</emulator>\n"
		     "  </devices>\n"
		     "</domain>\n",
		     id, d->vm.name, uuid_text(d->uuid, uuid), (unsigned long long)facts.kib, vcpu, host_dm()) < 0)
		return NULL;
	return text;
}

/* With what clients wrote down about it. */
static char *describe_all(const struct domain *d)
{
	char *text = describe(d), *notes = store_notes(d->vm.name), *both = text && notes ? domxml_notes_show(text, notes) : NULL;

	free(notes);
	if (!both)
		return text;
	free(text);
	return both;
}

/* One that only runs is what it runs by, without what is the run's. */
static char *without_definition(const struct domain *d)
{
	char *text = store_live(d->vm.name, d->vm.pid), *bare = NULL;
	struct domxml_why why;
	struct domxml x;

	if (text && domxml_read(text, host_old_xml(), &x, &why)) {
		bare = domxml_text(&x, -1);
		domxml_free(&x);
	}
	free(text);
	return bare ? bare : store_once_text(d->vm.name);
}

static int get_xml_desc(struct call *call, void *args, void *ret)
{
	const wire_dom_flags *in = args;
	char *text = NULL;
	struct domain d;

	if (call_check_flags(call, in->flags, VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_MIGRATABLE))
		return -1;
	if (in->flags & VIR_DOMAIN_XML_SECURE && call->client->read_only)
		return call_fail(call, VIR_ERR_OPERATION_DENIED, "operation get_xml_desc with secure data forbidden for read only access");
	if (domain_get(call, &in->dom, &d))
		return -1;
	if (d.other)
		text = other_text(&d, !(in->flags & VIR_DOMAIN_XML_INACTIVE));
	else if (domain_is_up(&d) && !(in->flags & VIR_DOMAIN_XML_INACTIVE))
		text = store_live(d.vm.name, d.vm.pid);
	if (!text)
		text = d.vm.defined ? store_text(d.vm.name) : without_definition(&d);
	*(char **)ret = text ? text : describe_all(&d);
	return *(char **)ret ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

const struct call_row calls_define[] = {
	{ 11, "define_xml", ROW_TEXT, ROW(wire_dom), 0, define_xml },
	{ 350, "define_xml_flags", ROW(wire_xml_flags), ROW(wire_dom), 0, define_xml_flags },
	{ 35, "undefine", ROW(wire_dom), ROW_VOID, 0, undefine },
	{ 231, "undefine_flags", ROW(wire_dom_flags), ROW_VOID, 0, undefine_flags },
	{ 29, "set_autostart", ROW(wire_dom_int), ROW_VOID, 0, set_autostart },
	{ 14, "get_xml_desc", ROW(wire_dom_flags), ROW_TEXT, CALL_READ, get_xml_desc },
	{ 0 }
};

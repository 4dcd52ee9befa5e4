/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written down about a domain: title, description, elements of others. Of the run and of the definition apart. */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/define.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/events.h"
#include "tools/virtacrnd/host.h"
#include "tools/virtacrnd/other.h"
#include "tools/virtacrnd/row.h"
#include "tools/virtacrnd/start.h"
#include "tools/virtacrnd/store.h"
#include "wire.h"

#define URI_MAX	1024u	/* bytes */

/* A namespace is that of an element, and an element is of one. */
static int check_type(struct call *call, int type, const char *uri)
{
	if (type < VIR_DOMAIN_METADATA_DESCRIPTION || type > VIR_DOMAIN_METADATA_ELEMENT)
		return call_fail(call, VIR_ERR_INVALID_ARG, "metadata of type %d; 0 (description), 1 (title) and 2 (element) are known", type);
	if (type != VIR_DOMAIN_METADATA_ELEMENT)
		return uri ? call_fail(call, VIR_ERR_INVALID_ARG, "a title or description has no namespace; '%.100s' is given", uri) : 0;
	if (!uri || !*uri || strlen(uri) > URI_MAX)
		return call_fail(call, VIR_ERR_INVALID_ARG, "the URI of the element's namespace has %zu bytes; 1 to %u are allowed", uri ? strlen(uri) : 0,
				 URI_MAX);
	return 0;
}

static char *text_of(const struct domain *d, unsigned int affects)
{
	char *text;

	if (d->other)
		return other_text(d, affects == VIR_DOMAIN_AFFECT_LIVE);
	text = affects == VIR_DOMAIN_AFFECT_LIVE ? domain_text(d) : store_text(d->vm.name);
	return text ? text : store_notes(d->vm.name);
}

static int get_metadata(struct call *call, void *args, void *ret)
{
	static const char *const names[] = { "description", "title", "metadata of that namespace" };
	const wire_meta_ask *in = args;
	const char *uri = in->uri ? *in->uri : NULL;
	unsigned int affects;
	struct domain d;
	char *text;

	if (check_type(call, in->type, uri) || domain_get(call, &in->dom, &d))
		return -1;
	if (in->flags == (VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG))
		return call_fail(call, VIR_ERR_INVALID_ARG, "live and config exclude each other");
	affects = domain_affects(call, &d, in->flags);
	if (!affects)
		return -1;
	text = text_of(&d, affects);
	*(char **)ret = text ? domxml_meta(text, in->type, uri) : NULL;
	free(text);
	return *(char **)ret ? 0 : call_fail(call, VIR_ERR_NO_DOMAIN_METADATA, "domain '%s' has no %s", d.vm.name, names[in->type]);
}

/* What it runs by, changed; free() it. NULL with the call's error. */
static char *change_live(struct call *call, const struct domain *d, const struct domxml_change *change)
{
	char *old = store_live(d->vm.name, d->vm.pid), *new = NULL;
	struct domxml_why why;
	struct domxml x;

	if (!old) {
		call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' runs by a launch file that is no definition, which has no place for that; \"acrnctl add\" or \"virsh define\" makes one that has",
			  d->vm.name);
		return NULL;
	}
	if (domxml_change(old, change, host_old_xml(), &x, &why)) {
		new = domxml_text(&x, d->vm.pid);
		domxml_free(&x);
		if (!new)
			call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
	} else {
		call_fail(call, why.code, "%s", why.text);
	}
	free(old);
	return new;
}

static int write_live(struct call *call, const struct domain *d, const char *text)
{
	int err = start_keep_changed(d->vm.name, d->vm.pid, text);

	return err ? call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': what it runs by: %s", d->vm.name,
			       err == -ESRCH ? "it has ended meanwhile" : strerror(-err)) : 0;
}

/* What a change would write, NULL: not there. */
struct change {
	char *live, *notes;
	bool defines;
	struct domxml x;		/* if it defines */
};

/* A launch file of acrnctl's has notes beside it, for its runs and for itself, unless it runs by something else. */
static unsigned int in_notes(const struct domain *d, unsigned int affects)
{
	char *live;

	if (!store_has_notes(d->vm.name))
		return 0;
	live = store_live(d->vm.name, d->vm.pid);
	free(live);
	return live ? affects & ~(unsigned int)VIR_DOMAIN_AFFECT_LIVE : affects;
}

static int change_notes(struct call *call, const struct domain *d, const struct domxml_meta *meta, char **new)
{
	char *old = store_notes(d->vm.name);
	struct domxml_why why;

	*new = domxml_notes_change(old, d->vm.name, meta, &why);
	free(old);
	return *new ? 0 : call_fail(call, why.code, "%s", why.text);
}

/* All is looked at before something is written: what is refused changes nothing. */
static int prepare(struct call *call, const struct domain *d, const struct domxml_meta *meta, unsigned int affects, struct change *c)
{
	const struct domxml_change change = { domxml_make_meta, meta };
	unsigned int notes = in_notes(d, affects);

	affects &= ~notes;
	if (affects & VIR_DOMAIN_AFFECT_LIVE && !(c->live = change_live(call, d, &change)))
		return -1;
	if (notes && change_notes(call, d, meta, &c->notes))
		return -1;
	if (!(affects & VIR_DOMAIN_AFFECT_CONFIG))
		return 0;
	c->defines = define_change(call, d, &change, &c->x) == 0;
	return c->defines ? 0 : -1;
}

static int write_notes(struct call *call, const struct domain *d, const char *text)
{
	int err = store_write_notes(d->vm.name, text);

	return err ? call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': what is written down about it: %s", d->vm.name, strerror(-err)) : 0;
}

static int set_locked(struct call *call, const struct domain *d, const struct domxml_meta *meta, unsigned int affects)
{
	struct change c = { 0 };
	int result = prepare(call, d, meta, affects, &c);

	if (!result && c.defines)
		result = define_write(call, &c.x);
	if (!result && c.notes)
		result = write_notes(call, d, c.notes);
	if (!result && c.live)
		result = write_live(call, d, c.live);
	domxml_free(&c.x);
	free(c.notes);
	free(c.live);
	return result;
}

static void tell(const struct domain *d, const struct domxml_meta *meta)
{
	wire_dom dom;

	if (domain_put(d, &dom))
		events_metadata(&dom, meta->type, meta->uri);
	free(dom.name);
}

static int set_metadata(struct call *call, void *args, void *ret)
{
	const wire_meta *in = args;
	struct domxml_meta meta = { in->type, in->text ? *in->text : NULL, in->key ? *in->key : NULL, in->uri ? *in->uri : NULL };
	unsigned int affects;
	struct domain d;
	int result;

	(void)ret;
	if (check_type(call, meta.type, meta.uri))
		return -1;
	if (meta.type == VIR_DOMAIN_METADATA_ELEMENT ? meta.text && !meta.key : !!meta.key)
		return call_fail(call, VIR_ERR_INVALID_ARG, meta.key ? "a title or description has no prefix" : "an element needs a prefix for its namespace");
	if (domain_get(call, &in->dom, &d))
		return -1;
	affects = domain_affects(call, &d, in->flags);
	if (!affects)
		return -1;
	define_lock();
	result = set_locked(call, &d, &meta, affects);
	define_unlock();
	if (!result)
		tell(&d, &meta);
	return result;
}

const struct call_row calls_meta[] = {
	{ 264, "set_metadata", ROW(wire_meta), ROW_VOID, 0, set_metadata },
	{ 265, "get_metadata", ROW(wire_meta_ask), ROW_TEXT, CALL_READ, get_metadata },
	{ 0 }
};

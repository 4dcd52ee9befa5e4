/* SPDX-License-Identifier: BSD-3-Clause */
/* create_xml: a domain that is there as long as it runs, or one run of a defined one by another XML. */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/launch.h"
#include "tools/common/monitor.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/define.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/host.h"
#include "tools/virtacrnd/row.h"
#include "tools/virtacrnd/start.h"
#include "tools/virtacrnd/store.h"
#include "wire.h"

#define LAST_RUN_MS	3000u	/* in which the process of a run that is over ends */
#define LOOK_US		20000

/* A run by the same name that has told its end may take a moment to end. */
static int wait_for_last_run(struct call *call, const char *name)
{
	uint64_t end = monitor_now_ms() + LAST_RUN_MS;
	struct domain d;

	for (;;) {
		if (domain_find(name, &d) && domain_is_up(&d))
			return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is already %s", name, d.vm.state);
		if (store_forget_once(name))
			return 0;
		if (monitor_now_ms() > end)
			return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is being started already, or its acrn-dm does not end", name);
		usleep(LOOK_US);
	}
}

/* Its launch file, with its lock; -1 with the call's error. @lock is on its definition, -1: none. */
static int write_file(struct call *call, const struct domxml *x, int *lock)
{
	char why[512];
	int held;

	if (define_check_clash(call, x))
		return -1;
	*lock = launch_lock(x->name);
	if (*lock == -EWOULDBLOCK)
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is being started already", x->name);
	if (wait_for_last_run(call, x->name))
		return -1;
	held = store_write_once(x, host_dm(), why, sizeof(why));
	return held >= 0 ? held : call_fail(call, VIR_ERR_OPERATION_FAILED, "%s", why);
}

static int run(struct call *call, const struct domxml *x, unsigned int flags, int held)
{
	struct launch launch = { .name = x->name, .paused = flags & VIR_DOMAIN_START_PAUSED, .once = true, .held = held };
	char *text = domxml_text(x, -1);
	int result = start_launch(call, &launch, text, flags);

	free(text);
	return result;
}

static int create(struct call *call, const struct domxml *x, unsigned int flags)
{
	int held, result, lock = -1;

	define_lock();
	held = write_file(call, x, &lock);
	define_unlock();
	result = held < 0 ? -1 : run(call, x, flags, held);
	if (held >= 0)
		close(held);
	if (lock >= 0)
		close(lock);
	if (result && held >= 0)
		store_forget_once(x->name);
	return result;
}

static int create_xml(struct call *call, void *args, void *ret)
{
	const wire_xml_flags *in = args;
	struct domxml_why why;
	struct domxml x;
	struct domain d;
	int result;

	/* Validation is no more than what is always checked. */
	if (call_check_flags(call, in->flags, VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_AUTODESTROY | VIR_DOMAIN_START_VALIDATE))
		return -1;
	if (!domxml_read(in->xml, host_new_xml(), &x, &why))
		return define_refuse(call, &why);
	result = create(call, &x, in->flags);
	if (!result && (!domain_find(x.name, &d) || !domain_put(&d, ret)))
		result = call_fail(call, VIR_ERR_NO_DOMAIN, "domain '%s' has ended again", x.name);
	domxml_free(&x);
	return result;
}

/* What acrn-dm would be called with. */
static int xml_to_native(struct call *call, void *args, void *ret)
{
	const wire_native *in = args;
	struct domxml_why why;
	struct domxml x;

	if (call_check_flags(call, in->flags, 0))
		return -1;
	if (strcmp(in->format, "acrn-dm") != 0)
		return call_fail(call, VIR_ERR_INVALID_ARG, "format '%.60s': acrn-dm is what there is", in->format);
	if (!domxml_read(in->xml, host_new_xml(), &x, &why))
		return call_fail(call, why.code, "%s", why.text);
	*(char **)ret = store_command(&x, host_dm());
	domxml_free(&x);
	return *(char **)ret ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

const struct call_row calls_create[] = {
	{ 136, "domain_xml_to_native", ROW(wire_native), ROW_TEXT, 0, xml_to_native },
	{ 10, "create_xml", ROW(wire_xml_flags), ROW(wire_dom), 0, create_xml },
	{ 0 }
};

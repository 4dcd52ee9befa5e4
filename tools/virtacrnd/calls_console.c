/* SPDX-License-Identifier: BSD-3-Clause */
/* open_console: a serial port as a stream. */
#include <errno.h>
#include <jansson.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include "tools/common/serial.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/row.h"
#include "tools/virtacrnd/stream.h"
#include "wire.h"

/* "serial0" and "console0" are com1. NULL: any. False: it is no port's name. */
static bool port_of(const char *dev, char *port, size_t size)
{
	int n, end = 0;

	if ((sscanf(dev, "serial%1d%n", &n, &end) == 1 || sscanf(dev, "console%1d%n", &n, &end) == 1) && !dev[end]) {
		snprintf(port, size, "com%d", n + 1);
		return true;
	}
	return false;
}

static int open_port(struct call *call, const struct domain *d, const char *port)
{
	json_t *query = domain_ask(d, "query");
	const char *backend = serial_backend(query, port);
	int fd = -1;

	if (!query)
		call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': its acrn-dm does not answer", d->vm.name);
	else if (!backend)
		call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s' has no serial port %s; <console type='pty'/> makes one", d->vm.name,
			  port ? port : "");
	else if ((fd = serial_open(backend)) < 0)
		call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': its serial port on %s: %s", d->vm.name, backend,
			  errno == EINVAL ? "nobody can connect there; pty:PATH, socket:PATH and tcp:PORT can be" : strerror(errno));
	json_decref(query);
	return fd;
}

static int open_console(struct call *call, void *args, void *ret)
{
	const wire_console *in = args;
	char port[16];
	struct domain d;
	int fd;

	(void)ret;
	/* Always safe: there is one at a time. */
	if (call_check_flags(call, in->flags, VIR_DOMAIN_CONSOLE_SAFE) || domain_get(call, &in->dom, &d))
		return -1;
	if (!domain_is_up(&d))
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is not running", d.vm.name);
	if (in->dev && !port_of(*in->dev, port, sizeof(port)))
		return call_fail(call, VIR_ERR_INVALID_ARG, "device '%.60s': serial0 to serial3 are there", *in->dev);
	fd = open_port(call, &d, in->dev ? port : NULL);
	if (fd < 0)
		return -1;
	call->stream = stream_create(call->client, &call->head, d.vm.name, fd, NULL);
	if (call->stream)
		return 0;
	return call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': %s", d.vm.name,
			 errno == EBUSY ? "another client has its console" : strerror(errno));
}

const struct call_row calls_console[] = {
	{ 201, "open_console", ROW(wire_console), ROW_VOID, 0, open_console },
	{ 0 }
};

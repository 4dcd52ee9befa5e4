/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/start.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdlib.h>

#include "tools/common/journal.h"
#include "tools/common/launch.h"
#include "tools/common/monitor.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/host.h"
#include "tools/virtacrnd/reap.h"
#include "tools/virtacrnd/store.h"

#define START_MS	30000u

/* Two that keep the same: the first does. */
static pthread_mutex_t keeping = PTHREAD_MUTEX_INITIALIZER;

static void keep(const char *name, pid_t pid, const char *text)
{
	struct domxml_why why;
	struct domxml x;
	char *live = NULL;

	if (domxml_read(text, host_old_xml(), &x, &why)) {
		live = domxml_text(&x, pid);
		domxml_free(&x);
	}
	if (live && store_write_live(name, live))
		journal(LOG_WARNING, name, "its XML is not kept: a later definition will show as if it ran");
	free(live);
}

void start_keep(const char *name, pid_t pid, const char *text)
{
	char *there;

	pthread_mutex_lock(&keeping);
	there = store_live(name, pid);
	if (text && !there)
		keep(name, pid, text);
	free(there);
	pthread_mutex_unlock(&keeping);
}

int start_finish(struct call *call, const char *name, pid_t pid, const char *text)
{
	char why[1024];
	int err;

	start_keep(name, pid, text);
	err = launch_wait(name, pid, monitor_now_ms() + START_MS, why, sizeof(why));
	reap_add(pid);
	if (err)
		return call_fail(call, err == -ETIMEDOUT ? VIR_ERR_OPERATION_TIMEOUT : VIR_ERR_OPERATION_FAILED, "domain '%s': %s", name, why);
	journal(LOG_NOTICE, name, "started by client %u (user %u)", call->client->number, (unsigned int)call->client->uid);
	return 0;
}

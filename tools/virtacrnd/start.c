/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/start.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

int start_keep_changed(const char *name, pid_t pid, const char *text)
{
	char *there;
	int err;

	pthread_mutex_lock(&keeping);
	there = store_live(name, pid);
	err = there ? store_write_live(name, text) : -ESRCH;
	pthread_mutex_unlock(&keeping);
	free(there);
	return err;
}

/* acrn-dm ends the VM when the connection ends on which it was told so: that one is the client's from here on. */
static int tie(struct call *call, const char *name)
{
	json_t *answer = NULL;
	struct monitor m;
	int err = monitor_open(&m, name, monitor_now_ms() + MONITOR_ANSWER_MS, NULL);

	if (err)
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': its command socket, by which it would end with you: %s", name, strerror(-err));
	err = monitor_ask(&m, "tie", NULL, &answer);
	if (err)
		call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': its acrn-dm %s", name, err == -ETIMEDOUT ? "does not answer" : "ended meanwhile");
	else if (!monitor_ok(answer))
		err = call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': it cannot end with you: %s", name, monitor_error_text(answer));
	if (!err) {
		err = client_keep(call->client, m.fd);
		m.fd = -1;
		if (err)
			call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
	}
	json_decref(answer);
	monitor_close(&m);
	return err ? -1 : 0;
}

int start_finish(struct call *call, const char *name, pid_t pid, const char *text, unsigned int flags)
{
	bool with_us = flags & VIR_DOMAIN_START_AUTODESTROY;
	char why[1024];
	int err;

	start_keep(name, pid, text);
	err = launch_wait(name, pid, monitor_now_ms() + START_MS, why, sizeof(why));
	if (err)
		call_fail(call, err == -ETIMEDOUT ? VIR_ERR_OPERATION_TIMEOUT : VIR_ERR_OPERATION_FAILED, "domain '%s': %s", name, why);
	/* Where that fails, nobody would end it. Still our child, and its process group's first. */
	else if (with_us && (err = tie(call, name)))
		kill(-pid, SIGTERM);
	reap_add(pid);
	if (err)
		return -1;
	journal(LOG_NOTICE, name, "started by client %u (user %u)%s", call->client->number, (unsigned int)call->client->uid,
		with_us ? ", ends with its connection" : "");
	return 0;
}

int start_launch(struct call *call, struct launch *launch, const char *text, unsigned int flags)
{
	int ends[2] = { -1, -1 }, result, err;
	char why[1024];
	pid_t pid;

	launch->tied = flags & VIR_DOMAIN_START_AUTODESTROY;
	if (launch->tied && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': no socket to tie it to: %s", launch->name, strerror(errno));
	launch->tie = ends[1];
	err = launch_start(launch, &pid, why, sizeof(why));
	if (launch->tied)
		close(ends[1]);
	if (err)
		result = call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': %s", launch->name, why);
	else
		result = start_finish(call, launch->name, pid, text, flags);
	/* In vain if the client is gone: then it is closed, and the VM ends. */
	if (launch->tied && !result)
		client_keep(call->client, ends[0]);
	else if (launch->tied)
		close(ends[0]);
	return result;
}

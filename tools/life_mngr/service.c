/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Service VM: knows by their lines which VMs have a life_mngr, takes requests from those that may make them, and takes
 * all VMs down before the system goes. A VM of an acrn-dm is off when its command socket is gone; of others, such as
 * pre-launched ones, only their word is to be had, and the hypervisor keeps the machine on until they are off.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "tools/common/journal.h"
#include "tools/common/monitor.h"
#include "tools/common/vms.h"
#include "tools/life_mngr/line.h"
#include "tools/life_mngr/protocol.h"
#include "tools/life_mngr/role.h"

#define LOOK_US		200000u		/* how often it is looked whether VMs are off */
#define FORCE_MS	10000u		/* for a VM that was ended by force */

struct peer {
	struct line *line;
	char name[LINE_MESSAGE_MAX];	/* "": not heard of yet */
	bool asked, acked;		/* by poweroff_cmd */
	bool silent;			/* did not answer it */
	bool off;
};

enum going { UP, DOWN_TO_POWEROFF, DOWN_TO_REBOOT, DOWN_TO_LEAVE };

static sd_event *loop;
static const struct conf *conf;
static struct peer peers[CONF_LINES_MAX];
static unsigned int nr_peers;
static enum going going;
static bool forced;
static uint64_t deadline;
static sd_event_source *look;

static bool is_dm(const struct peer *p, struct vm_info *vm)
{
	return vms_find(p->name, vm) && vms_is_up(vm);
}

static void finish(void)
{
	look = sd_event_source_disable_unref(look);
	if (going == DOWN_TO_POWEROFF)
		role_run(conf->poweroff, "all VMs are off");
	else if (going == DOWN_TO_REBOOT)
		role_run(conf->reboot, "all VMs are off");
	else
		sd_event_exit(loop, 0);
}

/* Ends what did not end; what cannot be ended so is reported. */
static void force(struct peer *p)
{
	struct monitor m;
	struct vm_info vm;

	if (!is_dm(p, &vm)) {
		journal(LOG_ERR, p->name, "did not shut down in %u seconds, and it has no acrn-dm that could end it", conf->timeout_s);
		p->off = true;
		return;
	}
	journal(LOG_WARNING, p->name, "did not shut down in %u seconds: ended by force", conf->timeout_s);
	if (monitor_open(&m, p->name, monitor_now_ms() + 1000, NULL) == 0) {
		if (monitor_send(&m, "destroy", NULL))
			journal(LOG_ERR, p->name, "its acrn-dm does not take commands");
		monitor_close(&m);
	}
}

static void look_at(struct peer *p)
{
	struct vm_info vm;

	if (p->off)
		return;
	if (is_dm(p, &vm)) {
		/* A guest that cannot hear us over the line has a power button all the same. */
		return;
	}
	/* Gone, or never to be seen: then its word counts. */
	if (p->acked || (p->silent && vms_find(p->name, &vm))) {
		journal(LOG_NOTICE, p->name, "is off");
		p->off = true;
	}
}

static int look_again(sd_event_source *source, uint64_t usec, void *arg)
{
	bool all = true;

	(void)arg;
	for (unsigned int i = 0; i < nr_peers; i++) {
		look_at(&peers[i]);
		all = all && (peers[i].off || !peers[i].asked);
	}
	if (!all && monitor_now_ms() > deadline) {
		for (unsigned int i = 0; i < nr_peers; i++) {
			if (!peers[i].asked || peers[i].off)
				continue;
			if (!forced)
				force(&peers[i]);
			else
				journal(LOG_ERR, peers[i].name, "cannot be ended");
		}
		all = forced;
		forced = true;
		deadline = monitor_now_ms() + FORCE_MS;
	}
	if (all) {
		finish();
		return 0;
	}
	sd_event_source_set_time(source, usec + LOOK_US);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static void go_down(enum going to)
{
	if (going != UP) {
		/* The system goes down anyway, perhaps because we said so. */
		if (to == DOWN_TO_LEAVE)
			going = to;
		if (to == DOWN_TO_LEAVE && !look)
			finish();
		return;
	}
	going = to;
	deadline = monitor_now_ms() + conf->timeout_s * 1000ull;
	for (unsigned int i = 0; i < nr_peers; i++) {
		if (!peers[i].name[0])
			continue;
		peers[i].asked = true;
		journal(LOG_NOTICE, peers[i].name, "is told to shut down");
		line_ask(peers[i].line, SAY_POWEROFF, ACK_POWEROFF, NULL);
	}
	sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu", conf->timeout_s * 1000000ull + 2 * FORCE_MS * 1000ull);
	sd_event_add_time_relative(loop, &look, CLOCK_MONOTONIC, LOOK_US, 1000, look_again, NULL);
}

/* "sync:NAME": a VM comes up. */
static void synced(struct peer *p, const char *name)
{
	if (!place_name_ok(name)) {
		journal(LOG_WARNING, NULL, "%s: \"%s\" is no name of a VM", line_path(p->line), name);
		return;
	}
	/* One VM must not take another's place. */
	for (unsigned int i = 0; i < nr_peers; i++) {
		if (&peers[i] == p || strcmp(peers[i].name, name) != 0)
			continue;
		journal(LOG_WARNING, name, "is at %s, and %s claims that name too: refused", line_path(peers[i].line), line_path(p->line));
		return;
	}
	if (strcmp(p->name, name) != 0)
		journal(LOG_NOTICE, name, "is at %s", line_path(p->line));
	strcpy(p->name, name);
	line_say(p->line, ACK_SYNC);
}

static void asked_by_vm(struct peer *p, const char *what)
{
	bool reboot = !strcmp(what, REQ_REBOOT);
	const char *allowed = reboot ? conf->may_reboot : conf->may_shutdown;

	if (strcmp(allowed, line_path(p->line)) != 0) {
		journal(LOG_WARNING, p->name, "The user VM is not allowed to trigger system %s", reboot ? "reboot" : "shutdown");
		line_say(p->line, reboot ? NO_REBOOT : NO_SHUTDOWN);
		return;
	}
	journal(LOG_NOTICE, p->name, "asks for a system %s", reboot ? "reboot" : "shutdown");
	line_say(p->line, reboot ? ACK_REQ_REBOOT : ACK_REQ_SHUTDOWN);
	go_down(reboot ? DOWN_TO_REBOOT : DOWN_TO_POWEROFF);
}

static void heard(struct line *line, const char *message)
{
	struct peer *p = line_arg(line);

	if (!strncmp(message, SAY_SYNC ":", strlen(SAY_SYNC ":")))
		synced(p, message + strlen(SAY_SYNC ":"));
	else if (!strcmp(message, REQ_SHUTDOWN) || !strcmp(message, REQ_REBOOT))
		asked_by_vm(p, message);
	else if (strncmp(message, "ack_", 4) != 0)
		journal(LOG_INFO, NULL, "%s: \"%s\" means nothing here", line_path(line), message);
}

static void answered(struct line *line, const char *question, const char *answer)
{
	struct peer *p = line_arg(line);

	if (!answer)
		journal(LOG_ERR, p->name, "does not answer %s", question);
	if (strcmp(question, SAY_POWEROFF) != 0)
		return;
	p->acked = answer != NULL;
	p->silent = !answer;
}

static const struct line_ops ops = { .heard = heard, .answered = answered };

static int begin(sd_event *event, const struct conf *c)
{
	loop = event;
	conf = c;
	for (; nr_peers < c->nr_lines; nr_peers++) {
		peers[nr_peers].line = line_open(event, c->line[nr_peers], &ops, &peers[nr_peers]);
		if (!peers[nr_peers].line)
			return -ENOMEM;
	}
	return 0;
}

/* "req_user_vm_shutdown:NAME" and the like. */
static void request_for_vm(struct local_client *client, const char *name, bool reboot)
{
	for (unsigned int i = 0; i < nr_peers; i++) {
		if (!*name || strcmp(peers[i].name, name) != 0)
			continue;
		line_ask(peers[i].line, reboot ? SAY_VM_REBOOT : SAY_VM_SHUTDOWN, reboot ? ACK_VM_REBOOT : ACK_VM_SHUTDOWN, NULL);
		local_answer(client, reboot ? ACK_REQ_VM_REBOOT : ACK_REQ_VM_SHUTDOWN);
		return;
	}
	local_answer(client, NO_SUCH_VM);
}

static void request(struct local_client *client, const char *text)
{
	if (!strcmp(text, REQ_SHUTDOWN)) {
		local_answer(client, ACK_REQ_SHUTDOWN);
		go_down(DOWN_TO_POWEROFF);
	} else if (!strcmp(text, REQ_REBOOT)) {
		local_answer(client, ACK_REQ_REBOOT);
		go_down(DOWN_TO_REBOOT);
	} else if (!strncmp(text, REQ_VM_SHUTDOWN ":", strlen(REQ_VM_SHUTDOWN ":"))) {
		request_for_vm(client, text + strlen(REQ_VM_SHUTDOWN ":"), false);
	} else if (!strncmp(text, REQ_VM_REBOOT ":", strlen(REQ_VM_REBOOT ":"))) {
		request_for_vm(client, text + strlen(REQ_VM_REBOOT ":"), true);
	} else {
		local_answer(client, "unknown request");
	}
}

static void leave(void)
{
	go_down(DOWN_TO_LEAVE);
}

static void end(void)
{
	for (unsigned int i = 0; i < nr_peers; i++)
		line_close(peers[i].line);
}

const struct role service_role = { .begin = begin, .request = request, .leave = leave, .end = end };

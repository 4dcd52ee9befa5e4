/* SPDX-License-Identifier: BSD-3-Clause */
/* A user VM: says its name, obeys the Service VM, and passes local requests on to it. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tools/common/journal.h"
#include "tools/common/monitor.h"
#include "tools/life_mngr/line.h"
#include "tools/life_mngr/protocol.h"
#include "tools/life_mngr/role.h"

#define SYNC_US		5000000u	/* between two times that our name is said */
#define SAID_AGAIN_MS	10000u		/* in which the same order is not a new one */

static sd_event *loop;
static const struct conf *conf;
static struct line *line;
static struct local_client *asking;	/* waits for the Service VM's word */
static sd_event_source *again;
static bool known;

static const struct order {
	const char *message, *ack;
	bool reboot;
} orders[] = {
	{ SAY_POWEROFF, ACK_POWEROFF, false },
	{ SAY_VM_SHUTDOWN, ACK_VM_SHUTDOWN, false },
	{ SAY_VM_REBOOT, ACK_VM_REBOOT, true },
};

static void heard(struct line *from, const char *message)
{
	static uint64_t obeyed_ms;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const struct order *order = &orders[i];

		if (strcmp(message, order->message) != 0)
			continue;
		/* It may be said again because the answer was lost: answered again, done once. */
		line_say(from, order->ack);
		if (!obeyed_ms || monitor_now_ms() - obeyed_ms > SAID_AGAIN_MS)
			role_run(order->reboot ? conf->reboot : conf->poweroff, order->message);
		obeyed_ms = monitor_now_ms();
		return;
	}
	if (strcmp(message, ACK_SYNC) != 0)
		journal(LOG_INFO, NULL, "%s: \"%s\" means nothing here", line_path(from), message);
}

static void answered(struct line *from, const char *question, const char *answer)
{
	if (!strncmp(question, SAY_SYNC, strlen(SAY_SYNC))) {
		if (!known)
			journal(LOG_NOTICE, NULL, "%s: the Service VM knows us as %s", line_path(from), conf->name);
		known = true;
		return;
	}
	if (!answer)
		journal(LOG_ERR, NULL, "%s: the Service VM does not answer %s", line_path(from), question);
	local_answer(asking, answer ? answer : NO_ANSWER);
	asking = NULL;
}

static const struct line_ops ops = { .heard = heard, .answered = answered };

/* Also later, now and then: a life_mngr that was started again in the Service VM knows nobody. */
static int say_name(sd_event_source *source, uint64_t usec, void *arg)
{
	char sync[LINE_MESSAGE_MAX];

	(void)arg;
	if (!asking) {
		snprintf(sync, sizeof(sync), SAY_SYNC ":%.100s", conf->name);
		line_ask(line, sync, ACK_SYNC, NULL);
		line_keep_asking(line);
	}
	sd_event_source_set_time(source, usec + SYNC_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int begin(sd_event *event, const struct conf *c)
{
	loop = event;
	conf = c;
	line = line_open(event, c->line[0], &ops, NULL);
	if (!line)
		return -ENOMEM;
	return sd_event_add_time_relative(event, &again, CLOCK_MONOTONIC, 0, 1000, say_name, NULL);
}

static void request(struct local_client *client, const char *text)
{
	if (asking) {
		local_answer(client, "busy");
	} else if (!strcmp(text, REQ_SHUTDOWN)) {
		asking = client;
		line_ask(line, REQ_SHUTDOWN, ACK_REQ_SHUTDOWN, NO_SHUTDOWN);
	} else if (!strcmp(text, REQ_REBOOT)) {
		asking = client;
		line_ask(line, REQ_REBOOT, ACK_REQ_REBOOT, NO_REBOOT);
	} else {
		local_answer(client, "unknown request");
	}
}

static void leave(void)
{
	sd_event_exit(loop, 0);
}

static void end(void)
{
	sd_event_source_disable_unref(again);
	line_close(line);
}

const struct role user_role = { .begin = begin, .request = request, .leave = leave, .end = end };

/* SPDX-License-Identifier: BSD-3-Clause */
/* life_mngr: shutdown and reboot across VMs, over a serial line to each. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "tools/common/journal.h"
#include "tools/life_mngr/protocol.h"
#include "tools/life_mngr/role.h"

#define CONF_PATH	"/etc/life_mngr/life_mngr.conf"
#define REQUEST_S	10u

static const char usage[] =
	"usage: life_mngr [-c FILE] [-t]             run\n"
	"       life_mngr -r REQUEST                 ask the life_mngr of this VM\n\n"
	"  -c, --config FILE     (" CONF_PATH ")\n"
	"  -t, --stdout          write messages to standard output\n"
	"  -r, --request WHAT    shutdown or reboot the system; in the Service VM also shutdown:VM or reboot:VM\n"
	"  -h, --help\n\n"
	"SIGTERM: in the Service VM, shut the VMs down and end. SIGINT: end.\n";

static const struct option longs[] = {
	{ "config", required_argument, NULL, 'c' }, { "stdout", no_argument, NULL, 't' },
	{ "request", required_argument, NULL, 'r' }, { "help", no_argument, NULL, 'h' }, { 0 }
};

static const struct role *role;
static const char *conf_path = CONF_PATH, *wanted;

void role_run(const char *command, const char *what)
{
	pid_t pid;

	journal(LOG_NOTICE, NULL, "%s: %s", what, command);
	pid = fork();
	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGCHLD, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		journal(LOG_ERR, NULL, "%s: %s", command, strerror(errno));
}

/* 0: go on; 1: help was shown; 2: wrong, and said. */
static int parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "c:tr:h", longs, NULL)) != -1) {
		if (c == 'c')
			conf_path = optarg;
		else if (c == 't')
			journal_to_stdout();
		else if (c == 'r')
			wanted = optarg;
		else if (c == 'h')
			fputs(usage, stdout);
		else
			return 2;
		if (c == 'h')
			return 1;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "life_mngr: \"%s\" is no option; --help lists them\n", argv[optind]);
	return 2;
}

/* The command line's short words for requests. */
static int request(const char *what)
{
	const char *name = strchr(what, ':');
	size_t len = name ? (size_t)(name - what) : strlen(what);
	bool reboot = len == 6 && !strncmp(what, "reboot", len), shutdown = len == 8 && !strncmp(what, "shutdown", len);
	char text[128];

	if ((!reboot && !shutdown) || (name && !name[1])) {
		fprintf(stderr, "life_mngr: -r takes shutdown, reboot, shutdown:VM or reboot:VM, not \"%s\"\n", what);
		return 2;
	}
	if (name)
		snprintf(text, sizeof(text), "%s%s", reboot ? REQ_VM_REBOOT : REQ_VM_SHUTDOWN, name);
	else
		snprintf(text, sizeof(text), "%s", reboot ? REQ_REBOOT : REQ_SHUTDOWN);
	return local_request(text, REQUEST_S);
}

static int told_to_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	(void)source, (void)arg;
	if (info->ssi_signo == SIGINT) {
		sd_event_exit(sd_event_source_get_event(source), 0);
		return 0;
	}
	sd_notify(0, "STOPPING=1");
	role->leave();
	return 0;
}

static int prepare(sd_event *event, const struct conf *conf)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	err = sd_event_add_signal(event, NULL, SIGTERM, told_to_stop, NULL);
	if (err >= 0)
		err = sd_event_add_signal(event, NULL, SIGINT, told_to_stop, NULL);
	if (err >= 0)
		err = role->begin(event, conf);
	if (err >= 0)
		err = local_open(event, role->request);
	if (err >= 0)
		err = sd_event_set_watchdog(event, true);
	return err;
}

int main(int argc, char **argv)
{
	static struct conf conf;
	sd_event *event = NULL;
	char why[512];
	int err = parse(argc, argv);

	if (err)
		return err == 1 ? 0 : 2;
	if (wanted)
		return request(wanted);
	if (conf_read(conf_path, &conf, why, sizeof(why))) {
		journal(LOG_ERR, NULL, "%s", why);
		return 2;
	}
	role = conf.service_vm ? &service_role : &user_role;
	err = sd_event_default(&event);
	if (err >= 0)
		err = prepare(event, &conf);
	if (err >= 0) {
		journal(LOG_INFO, NULL, "ready");
		sd_notify(0, "READY=1");
		err = sd_event_loop(event);
	}
	if (err < 0)
		journal(LOG_ERR, NULL, "%s", strerror(-err));
	local_close();
	role->end();
	sd_event_unref(event);
	return err != 0;
}

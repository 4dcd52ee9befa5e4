/* SPDX-License-Identifier: BSD-3-Clause */
/* virtacrnd: lets clients of libvirt manage the user VMs of this Service VM, as acrn:///system. */
#include <errno.h>
#include <getopt.h>
#include <libxml/parser.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "tools/common/journal.h"
#include "tools/virtacrnd/host.h"
#include "tools/virtacrnd/limits.h"
#include "tools/virtacrnd/listen.h"
#include "tools/virtacrnd/pool.h"
#include "tools/virtacrnd/reap.h"
#include "tools/virtacrnd/relay.h"
#include "tools/virtacrnd/server.h"
#include "tools/virtacrnd/watch.h"

static const char usage[] =
	"usage: virtacrnd [OPTION...]\n"
	"Serves clients of libvirt (virsh -c acrn:///system).\n\n"
	"  -s, --socket PATH    where it listens (" LISTEN_PATH "); PATH" LISTEN_RO " is for looking only\n"
	"  -g, --group NAME     members may manage VMs besides root\n"
	"  -d, --acrn-dm PATH   the device model (/usr/bin/acrn-dm)\n"
	"  -S, --scenario PATH  the scenario module, for its limits (of /boot/quercus, as /etc/default/quercus says)\n"
	"  -L, --libvirt DIR    where libvirt's own daemons listen, for networks and the like (" RELAY_FOLDER ")\n"
	"  -t, --stdout         write messages to standard output\n"
	"  -h, --help\n";

static const struct option longs[] = {
	{ "socket", required_argument, NULL, 's' }, { "group", required_argument, NULL, 'g' },
	{ "acrn-dm", required_argument, NULL, 'd' }, { "scenario", required_argument, NULL, 'S' },
	{ "libvirt", required_argument, NULL, 'L' },
	{ "stdout", no_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' }, { 0 }
};

static const char *path = LISTEN_PATH, *group;

/* 0: go on; 1: help was shown; 2: wrong, and said. */
static int parse(int argc, char **argv)
{
	int c;

	host_set_dm("/usr/bin/acrn-dm");
	while ((c = getopt_long(argc, argv, "s:g:d:S:L:th", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			path = optarg;
			break;
		case 'g':
			group = optarg;
			break;
		case 'd':
			host_set_dm(optarg);
			break;
		case 'S':
			limits_set_scenario(optarg);
			break;
		case 'L':
			relay_set_folder(optarg);
			break;
		case 't':
			journal_to_stdout();
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		default:
			return 2;
		}
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "virtacrnd: \"%s\" is no option; --help lists them\n", argv[optind]);
	return 2;
}

static int prepare(sd_event *event)
{
	sigset_t set;
	int err;

	/* Before there are threads. */
	xmlInitParser();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	err = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_signal(event, NULL, SIGCHLD, reap_all, NULL);
	if (err >= 0)
		err = sd_event_set_watchdog(event, true);
	if (err >= 0)
		err = watch_begin(event);
	return err < 0 ? err : listen_begin(event, path, group);
}

int main(int argc, char **argv)
{
	sd_event *event = NULL;
	int err = parse(argc, argv);

	if (err)
		return err == 1 ? 0 : 2;
	err = sd_event_default(&event);
	if (err >= 0)
		err = prepare(event);
	if (err >= 0) {
		journal(LOG_INFO, NULL, "ready");
		sd_notify(0, "READY=1");
		err = sd_event_loop(event);
	}
	if (err < 0)
		journal(LOG_ERR, NULL, "cannot go on: %s", strerror(-err));
	/* First the calls under way: their clients hear how they ended. */
	pool_end();
	server_end();
	watch_end();
	listen_end();
	sd_event_unref(event);
	return err != 0;
}

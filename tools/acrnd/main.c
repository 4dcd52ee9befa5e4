/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnd: starts VMs when the Service VM comes up or their time has come, and shuts them down with it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "tools/common/journal.h"
#include "tools/acrnd/start.h"
#include "tools/acrnd/stop.h"
#include "tools/common/args.h"
#include "tools/common/place.h"

static const char usage[] =
	"usage: acrnd [OPTION...]\n"
	"Starts user VMs (those with autostart, and at their start_at), and shuts them down when it is told to end.\n\n"
	"  -d, --delay SECONDS   wait before the first start (0)\n"
	"  -t, --stdout          write messages to standard output\n"
	"  -n, --no-start        start nothing\n"
	"  -h, --help\n\n"
	"SIGTERM: shut all VMs down and end; a second one: at once. SIGINT: end, the VMs go on.\n";

static const struct option longs[] = {
	{ "delay", required_argument, NULL, 'd' }, { "stdout", no_argument, NULL, 't' },
	{ "no-start", no_argument, NULL, 'n' }, { "help", no_argument, NULL, 'h' }, { 0 }
};

static bool no_start, stopping;
static uint64_t delay_s;

/* 0: go on; 1: help was shown; 2: wrong, and said. */
static int parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "d:tnh", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			if (args_number(optarg, 0, 86400, &delay_s))
				break;
			fprintf(stderr, "acrnd: -d takes seconds, 0 to 86400, not \"%s\"\n", optarg);
			return 2;
		case 't':
			journal_to_stdout();
			break;
		case 'n':
			no_start = true;
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
	fprintf(stderr, "acrnd: \"%s\" is no option; --help lists them\n", argv[optind]);
	return 2;
}

/* Two of us would start everything twice. The lock goes with the process. */
static int lock(void)
{
	char path[PLACE_PATH_MAX];
	int fd, err = place_run_make();

	if (err) {
		journal(LOG_ERR, NULL, "%s: %s", place_run(path, "", ""), strerror(-err));
		return err;
	}
	fd = open(place_run(path, "acrnd", ".lock"), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	err = errno;
	journal(LOG_ERR, NULL, "%s: %s", path, err == EWOULDBLOCK ? "another acrnd is running" : strerror(err));
	return -err;
}

static int told_to_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	(void)info, (void)arg;
	if (stopping) {
		stop_force();
		return 0;
	}
	stopping = true;
	sd_notify(0, "STOPPING=1\nSTATUS=Shutting VMs down");
	start_end();
	stop_begin(sd_event_source_get_event(source));
	return 0;
}

static int told_to_leave(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	(void)info, (void)arg;
	journal(LOG_NOTICE, NULL, "ending, the VMs go on");
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int prepare(sd_event *event)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	err = sd_event_add_signal(event, NULL, SIGTERM, told_to_stop, NULL);
	if (err >= 0)
		err = sd_event_add_signal(event, NULL, SIGINT, told_to_leave, NULL);
	if (err >= 0 && !no_start)
		err = start_begin(event, delay_s);
	if (err >= 0)
		err = sd_event_set_watchdog(event, true);
	return err;
}

int main(int argc, char **argv)
{
	sd_event *event = NULL;
	int err = parse(argc, argv);

	if (err)
		return err == 1 ? 0 : 2;
	if (lock())
		return 1;
	err = sd_event_default(&event);
	if (err >= 0)
		err = prepare(event);
	if (err >= 0) {
		journal(LOG_INFO, NULL, "ready");
		sd_notify(0, "READY=1\nSTATUS=Watching VMs");
		err = sd_event_loop(event);
	}
	if (err < 0)
		journal(LOG_ERR, NULL, "%s", strerror(-err));
	if (stopping)
		start_set_alarm();
	start_end();
	sd_event_unref(event);
	return err != 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One VM is being started at a time: the next comes when it runs, has failed, or took too long. A launch file that ends
 * later is told of, whatever the VM did.
 */
#include "tools/acrnd/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "tools/common/journal.h"
#include "tools/common/launch.h"
#include "tools/common/monitor.h"
#include "tools/common/settings.h"
#include "tools/common/vms.h"

#define START_MS	30000u		/* until a start is given up */
#define LOOK_US		50000u		/* how often it is looked at meanwhile */
#define ALARM		"/sys/class/rtc/rtc0/wakealarm"	/* env ACRN_RTC_ALARM */

/* A VM that waits for its start. */
struct waiting {
	char name[PLACE_NAME_MAX + 1];
	unsigned int order;
	struct waiting *next;
};

static sd_event *loop;
static struct waiting *queue;		/* by order */
static char now_starting[PLACE_NAME_MAX + 1];	/* "": none */
static uint64_t deadline;
static int lock = -1;			/* keeps acrnctl from starting it too */
static sd_event_source *look, *timed, *changes;
static bool ended;

static void start_next(void);

static void enqueue(const char *name, unsigned int order)
{
	struct waiting **at = &queue, *w;

	if (!strcmp(name, now_starting))
		return;
	for (w = queue; w; w = w->next)
		if (!strcmp(w->name, name))
			return;
	w = calloc(1, sizeof(*w));
	if (!w)
		return;
	strcpy(w->name, name);
	w->order = order;
	while (*at && (*at)->order <= order)
		at = &(*at)->next;
	w->next = *at;
	*at = w;
}

static void unlock(void)
{
	if (lock >= 0)
		close(lock);
	lock = -1;
}

static void done_starting(void)
{
	unlock();
	now_starting[0] = 0;
	look = sd_event_source_disable_unref(look);
	start_next();
}

/* Ends a source that belongs to the loop, which lets go of it when it floats no more. */
static void drop(sd_event_source *source)
{
	sd_event_source_ref(source);
	sd_event_source_set_floating(source, false);
	sd_event_source_disable_unref(source);
}

static int child_ended(sd_event_source *source, const siginfo_t *info, void *arg)
{
	int status = info->si_code == CLD_EXITED ? info->si_status << 8 : info->si_status;
	const char *name = arg;
	char why[1024];
	bool early = !strcmp(name, now_starting);

	launch_why(name, status, why, sizeof(why));
	journal(early ? LOG_ERR : status ? LOG_WARNING : LOG_NOTICE, name, "%s%s", early ? "did not start: " : "", why);
	drop(source);
	if (early)
		done_starting();
	return 0;
}

static int look_again(sd_event_source *source, uint64_t usec, void *arg)
{
	struct vm_info vm;

	(void)arg;
	if (vms_find(now_starting, &vm) && (!strcmp(vm.state, "running") || !strcmp(vm.state, "paused"))) {
		journal(LOG_NOTICE, now_starting, "started");
		done_starting();
	} else if (monitor_now_ms() > deadline) {
		journal(LOG_ERR, now_starting, "does not run %u seconds after its start, left alone", START_MS / 1000);
		done_starting();
	} else {
		sd_event_source_set_time(source, usec + LOOK_US);
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	return 0;
}

/* Hear of its end, whenever that is. */
static void watch_child(const char *name, pid_t pid)
{
	char *copy = strdup(name);
	sd_event_source *source;

	if (!copy || sd_event_add_child(loop, &source, pid, WEXITED, child_ended, copy) < 0) {
		free(copy);
		return;
	}
	sd_event_source_set_destroy_callback(source, free);
	sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
}

/* False: it could not even be tried, or need not. */
static bool start(const char *name)
{
	struct vm_info vm;
	char why[512];
	pid_t pid;

	lock = launch_lock(name);
	if (lock < 0) {
		journal(LOG_INFO, name, "is being started already, or there is no definition: %s", strerror(-lock));
		return false;
	}
	if (vms_find(name, &vm) && vms_is_up(&vm)) {
		journal(LOG_INFO, name, "is %s already", vm.state);
		return false;
	}
	if (launch_start(&(struct launch){ .name = name }, &pid, why, sizeof(why))) {
		journal(LOG_ERR, name, "did not start: %s", why);
		return false;
	}
	watch_child(name, pid);
	return true;
}

static void start_next(void)
{
	while (!ended && !*now_starting && queue) {
		struct waiting *w = queue;

		queue = w->next;
		if (!start(w->name)) {
			unlock();
		} else {
			strcpy(now_starting, w->name);
			deadline = monitor_now_ms() + START_MS;
			sd_event_add_time_relative(loop, &look, CLOCK_MONOTONIC, LOOK_US, 1000, look_again, NULL);
		}
		free(w);
	}
}

/* One VM's settings, for whom it may concern. */
typedef void (*settings_fn)(const char *name, struct settings *s, void *arg);

static void each_definition(settings_fn fn, void *arg)
{
	struct vm_info *vms;
	char why[512];
	size_t nr;

	if (vms_list(&vms, &nr))
		return;
	for (size_t i = 0; i < nr; i++) {
		struct settings s;

		if (!vms[i].defined)
			continue;
		if (settings_read(vms[i].name, &s, why, sizeof(why))) {
			journal(LOG_ERR, vms[i].name, "%s", why);
			continue;
		}
		fn(vms[i].name, &s, arg);
		settings_free(&s);
	}
	free(vms);
}

static void take_autostart(const char *name, struct settings *s, void *arg)
{
	(void)arg;
	if (s->autostart)
		enqueue(name, s->order);
}

/* Those whose time has come are queued, once; *@arg becomes the earliest time still to come. */
static void take_timed(const char *name, struct settings *s, void *arg)
{
	time_t *earliest = arg;

	if (!s->start_at)
		return;
	if (s->start_at > time(NULL)) {
		if (!*earliest || s->start_at < *earliest)
			*earliest = s->start_at;
		return;
	}
	journal(LOG_NOTICE, name, "its start is due");
	s->start_at = 0;
	/* First, so that it is not started again and again if it fails. */
	if (settings_write(name, s))
		journal(LOG_ERR, name, "its settings cannot be written, so its start is left out");
	else
		enqueue(name, s->order);
}

static int time_has_come(sd_event_source *source, uint64_t usec, void *arg);

static void look_at_times(void)
{
	time_t earliest = 0;

	if (ended)
		return;
	each_definition(take_timed, &earliest);
	timed = sd_event_source_disable_unref(timed);
	if (earliest)
		sd_event_add_time(loop, &timed, CLOCK_REALTIME, earliest * 1000000ull, 1000, time_has_come, NULL);
	start_next();
}

static int time_has_come(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source, (void)usec, (void)arg;
	look_at_times();
	return 0;
}

static int definitions_changed(sd_event_source *source, const struct inotify_event *event, void *arg)
{
	(void)source, (void)arg;
	/* One that is renamed has its settings before its launch file. */
	if (event->len && (strstr(event->name, PLACE_SETTINGS) || strstr(event->name, PLACE_LAUNCH)))
		look_at_times();
	return 0;
}

static int begin(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)usec, (void)arg;
	drop(source);
	if (ended)
		return 0;
	each_definition(take_autostart, NULL);
	look_at_times();
	return 0;
}

int start_begin(sd_event *event, unsigned int delay_s)
{
	char path[PLACE_PATH_MAX];
	int err = place_conf_make();

	loop = event;
	if (!err)
		err = sd_event_add_inotify(loop, &changes, place_conf(path, "", ""), IN_MOVED_TO | IN_CLOSE_WRITE,
					   definitions_changed, NULL);
	if (err < 0)
		return err;
	return sd_event_add_time_relative(loop, NULL, CLOCK_MONOTONIC, delay_s * 1000000ull, 1000, begin, NULL);
}

void start_end(void)
{
	ended = true;
	now_starting[0] = 0;
	unlock();
	look = sd_event_source_disable_unref(look);
	timed = sd_event_source_disable_unref(timed);
	changes = sd_event_source_disable_unref(changes);
	while (queue) {
		struct waiting *w = queue;

		queue = w->next;
		free(w);
	}
}

static void take_earliest(const char *name, struct settings *s, void *arg)
{
	time_t *earliest = arg;

	(void)name;
	if (s->start_at > time(NULL) && (!*earliest || s->start_at < *earliest))
		*earliest = s->start_at;
}

void start_set_alarm(void)
{
	const char *path = getenv("ACRN_RTC_ALARM") ? getenv("ACRN_RTC_ALARM") : ALARM;
	time_t earliest = 0;
	int fd;

	each_definition(take_earliest, &earliest);
	if (!earliest)
		return;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	/* The kernel takes a new time only after the old one was taken back. */
	if (fd < 0 || dprintf(fd, "0\n") < 0 || lseek(fd, 0, SEEK_SET) || dprintf(fd, "%lld\n", (long long)earliest) < 0)
		journal(LOG_WARNING, NULL, "%s: %s; the machine will not wake by itself for the next timed start", path,
			strerror(errno));
	else
		journal(LOG_NOTICE, NULL, "the machine's clock will wake it for the next timed start");
	if (fd >= 0)
		close(fd);
}

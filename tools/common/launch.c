/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/common/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/common/monitor.h"
#include "tools/common/place.h"
#include "tools/common/settings.h"

#define TAIL_SIZE	512
#define POLL_US		20000
#define EXIT_NOT_RUN	127		/* as of a shell */
#define BUSY_TRIES	200
#define BUSY_US		5000
#define SHELL		"/bin/sh"

/* Only what its owner alone can change is run as that owner, or as root. */
static int check_file(const struct launch *launch, const char *path, char *why, size_t why_size)
{
	struct stat st;

	if (stat(path, &st)) {
		snprintf(why, why_size, "%s: %s", path, strerror(errno));
		return -errno;
	}
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & (S_IWGRP | S_IWOTH)) {
		snprintf(why, why_size, "%s: must belong to root and be writable by its owner only", path);
		return -EPERM;
	}
	if (!S_ISREG(st.st_mode) || (!launch->once && access(path, X_OK))) {
		snprintf(why, why_size, "%s: is no executable file; chmod 755 would make it one", path);
		return -EACCES;
	}
	return 0;
}

int launch_lock(const char *name)
{
	char path[PLACE_PATH_MAX];
	int fd = open(place_conf(path, name, PLACE_LAUNCH), O_RDONLY | O_CLOEXEC), err;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	err = errno;
	if (fd >= 0)
		close(fd);
	return -err;
}

/* A file that is just written may still be open for writing in a child of another thread's, until that executes. */
static void execute(const char *path, char **argv)
{
	for (int i = 0; i < BUSY_TRIES; i++) {
		execv(path, argv);
		if (errno != ETXTBSY)
			break;
		usleep(BUSY_US);
	}
}

/* A daemon gives its own signs of life; its VMs' would stand for it. */
static void leave_watchdog(const struct launch *launch, pid_t parent)
{
	const char *whom = getenv("WATCHDOG_PID");

	if (!launch->heir || !whom || atol(whom) != parent) {
		unsetenv("NOTIFY_SOCKET");
		unsetenv("WATCHDOG_USEC");
	}
	unsetenv("WATCHDOG_PID");
}

static void hand_tie_on(const struct launch *launch)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", launch->tie);
	if (launch->tied && !fcntl(launch->tie, F_SETFD, 0))
		setenv("ACRN_TIED", number, 1);
	else
		unsetenv("ACRN_TIED");
}

static void __attribute__((noreturn)) become(const struct launch *launch, const char *path, struct settings *s, int log)
{
	char *argv[SETTINGS_ARGS_MAX + 3] = { SHELL, (char *)path }, path_of[PLACE_PATH_MAX];
	char monitor[PLACE_PATH_MAX + SETTINGS_GROUP_MAX + 8];
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	for (int i = 0; s->arg[i]; i++)
		argv[i + 2] = s->arg[i];
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	snprintf(monitor, sizeof(monitor), "%s%s%s", place_run(path_of, launch->name, PLACE_SOCKET), *s->group ? ",group=" : "", s->group);
	setenv("ACRN_CMD_MONITOR", monitor, 1);
	if (launch->paused)
		setenv("ACRN_PAUSED", "1", 1);
	else
		unsetenv("ACRN_PAUSED");
	hand_tie_on(launch);
	leave_watchdog(launch, getppid());
	if (launch->once)
		fcntl(launch->held, F_SETFD, 0);
	/* A file of ours in /run is the shell's to read: systemd lets nothing be executed there. */
	if (launch->once)
		execute(SHELL, argv);
	else
		execute(path, argv + 1);
	dprintf(2, "%s: %s\n", path, strerror(errno));
	_exit(EXIT_NOT_RUN);
}

int launch_start(const struct launch *launch, pid_t *pid, char *why, size_t why_size)
{
	char path[PLACE_PATH_MAX], log_path[PLACE_PATH_MAX];
	struct settings s;
	int log, err;

	if (launch->once)
		place_run(path, launch->name, PLACE_ONCE);
	else
		place_conf(path, launch->name, PLACE_LAUNCH);
	err = check_file(launch, path, why, why_size);
	if (!err)
		err = settings_read(launch->name, &s, why, why_size);
	if (err)
		return err;
	place_run_make();
	log = open(place_run(log_path, launch->name, PLACE_LOG), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (log < 0) {
		err = -errno;
		snprintf(why, why_size, "%s: %s", log_path, strerror(-err));
	} else {
		*pid = fork();
		if (*pid == 0)
			become(launch, path, &s, log);
		if (*pid < 0) {
			err = -errno;
			snprintf(why, why_size, "no process: %s", strerror(-err));
		}
		close(log);
	}
	settings_free(&s);
	return err;
}

/* The last line of the log that holds something, cut to fit. */
static void last_line(const char *name, char *line, size_t size)
{
	char path[PLACE_PATH_MAX], buf[TAIL_SIZE + 1];
	int fd = open(place_run(path, name, PLACE_LOG), O_RDONLY | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = end > 0 ? pread(fd, buf, TAIL_SIZE, end > TAIL_SIZE ? end - TAIL_SIZE : 0) : 0;
	char *start;

	if (fd >= 0)
		close(fd);
	while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == '\r' || buf[n - 1] == ' '))
		n--;
	buf[n > 0 ? n : 0] = 0;
	start = strrchr(buf, '\n');
	snprintf(line, size, "%s", start ? start + 1 : buf);
}

void launch_why(const char *name, int status, char *why, size_t why_size)
{
	char line[TAIL_SIZE + 1], path[PLACE_PATH_MAX];

	last_line(name, line, sizeof(line));
	if (WIFSIGNALED(status))
		snprintf(why, why_size, "its launch file was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(why, why_size, "its launch file ended with %d", WEXITSTATUS(status));
	if (*line)
		snprintf(why + strlen(why), why_size - strlen(why), ": %s (more in %s)", line, place_run(path, name, PLACE_LOG));
}

static bool is_begun(const json_t *from)
{
	const char *state = json_string_value(json_object_get(from, "state"));

	return state && (!strcmp(state, "running") || !strcmp(state, "paused"));
}

/* It runs, or is paused: the greeting or an event says so. */
static int wait_running(struct monitor *m, json_t *greeting, uint64_t deadline)
{
	json_t *line;
	bool begun;
	int err;

	if (is_begun(greeting))
		return 0;
	err = monitor_ask(m, "subscribe", NULL, &line);
	if (err)
		return err;
	begun = is_begun(json_object_get(line, "result"));
	json_decref(line);
	if (begun)
		return 0;
	err = monitor_event(m, "started", deadline, &line);
	if (!err)
		json_decref(line);
	return err;
}

int launch_wait(const char *name, pid_t pid, uint64_t deadline, char *why, size_t why_size)
{
	while (monitor_now_ms() < deadline) {
		struct monitor m;
		json_t *greeting;
		int status, err = monitor_open(&m, name, deadline, &greeting);

		if (!err) {
			err = wait_running(&m, greeting, deadline);
			json_decref(greeting);
			monitor_close(&m);
			if (!err)
				return 0;
		}
		if (waitpid(pid, &status, WNOHANG) == pid) {
			launch_why(name, status, why, why_size);
			return -ECHILD;
		}
		usleep(POLL_US);
	}
	snprintf(why, why_size, "it did not run in time; see its output in the log, or \"acrnctl list\" for what it does");
	return -ETIMEDOUT;
}

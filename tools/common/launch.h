/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting a VM by its launch file. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Keep others from starting VM @name, or deleting it, until the descriptor returned is closed. -EWOULDBLOCK: somebody does so
 * now; another -errno.
 */
int launch_lock(const char *name);

/* A start of VM @name. */
struct launch {
	const char *name;
	bool heir;		/* the caller ends soon: what systemd's watchdog expects of it, it expects of acrn-dm from now on */
	bool paused;		/* its virtual CPUs wait for command resume */
	bool tied;		/* the VM ends when the other end of socket @tie closes, from the first moment on */
	int tie;
	/*
	 * By the file RUN/NAME.once.sh, which need not be a definition. The process keeps @held open, a descriptor with a lock
	 * (flock(2)) on the file: so the file is in use exactly as long as it is locked.
	 */
	bool once;
	int held;
};

/*
 * Run its launch file in a session of its own, with its output in RUN/NAME.log; the environment tells acrn-dm where to make its
 * socket (ACRN_CMD_MONITOR), whether to wait (ACRN_PAUSED) and with what to end (ACRN_TIED). 0 with *@pid, or -errno with @why. A launch file that others than
 * its owner and root may write is refused.
 */
int launch_start(const struct launch *launch, pid_t *pid, char *why, size_t why_size);

/*
 * Wait until the VM runs, or is paused: 0; -ETIMEDOUT; -ECHILD when the launch file ended before. @why has its exit code and its last
 * line. @pid, a child of ours, is reaped if it ended.
 */
int launch_wait(const char *name, pid_t pid, uint64_t deadline, char *why, size_t why_size);

/* What process @status (of waitpid) and the last line of the VM's log say. */
void launch_why(const char *name, int status, char *why, size_t why_size);

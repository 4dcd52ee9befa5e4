/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows when a VM's launch file is running. */
#pragma once
#include <sys/types.h>

struct call;

/* Keep @text (NULL: none is known) as the XML that VM @name runs by as process @pid, for dumpxml while its definition may change. Any thread. */
void start_keep(const char *name, pid_t pid, const char *text);

/* Exchange that for @text, if it is still that process that runs. 0, or -errno: -ESRCH if not. Any thread. */
int start_keep_changed(const char *name, pid_t pid, const char *text);

struct launch;

/*
 * Launch a VM for a client; what it lives by is tied to the client's connection where @flags have VIR_DOMAIN_START_AUTODESTROY. Then,
 * with the XML @text that it is launched by, start_finish(). Any thread. -1 with the call's error.
 */
int start_launch(struct call *call, struct launch *launch, const char *text, unsigned int flags);

/*
 * Keep @text (NULL: none is known) as the XML that VM @name runs by as process @pid, our child, and wait until it runs, or is paused. With
 * VIR_DOMAIN_START_AUTODESTROY in @flags it ends with the client's connection. Any thread. -1 with the call's error.
 */
int start_finish(struct call *call, const char *name, pid_t pid, const char *text, unsigned int flags);

/* SPDX-License-Identifier: BSD-3-Clause */
/* VMs that we started are our children: when they end nobody else takes their status. */
#pragma once
#include <sys/types.h>

struct sd_event_source;
struct signalfd_siginfo;

/* To be taken when it ends. */
void reap_add(pid_t pid);

/* For SIGCHLD: take those that have ended. */
int reap_all(struct sd_event_source *source, const struct signalfd_siginfo *info, void *arg);

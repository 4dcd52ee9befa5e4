/* SPDX-License-Identifier: BSD-3-Clause */
/* On which of the Service VM's CPUs a process may run: all of its threads. */
#pragma once
#include <sched.h>

/* Those of all threads together. 0 or -errno. */
int affinity_get(pid_t pid, cpu_set_t *set);

/* For each thread, and those that it starts from now on. 0 or -errno: some threads may have it already. */
int affinity_set(pid_t pid, const cpu_set_t *set);

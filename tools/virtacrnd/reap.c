/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/reap.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

struct child {
	struct child *next;
	pid_t pid;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct child *children;	/* [lock] */

/* Only those: others are waited for by the call that started them. */
int reap_all(struct sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct child **at = &children;

	(void)source, (void)info, (void)arg;
	pthread_mutex_lock(&lock);
	while (*at) {
		struct child *child = *at;

		if (waitpid(child->pid, NULL, WNOHANG) == 0) {
			at = &child->next;
			continue;
		}
		*at = child->next;
		free(child);
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

void reap_add(pid_t pid)
{
	struct child *child = malloc(sizeof(*child));

	if (!child)
		return;
	pthread_mutex_lock(&lock);
	*child = (struct child){ children, pid };
	children = child;
	pthread_mutex_unlock(&lock);
	/* It may have ended before it was on the list. */
	reap_all(NULL, NULL, NULL);
}

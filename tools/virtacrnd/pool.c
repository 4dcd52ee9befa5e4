/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"

/* Fewer than an acrn-dm has places for clients, who are acrnctl and acrnd, too. */
#define THREADS_MAX	12u

struct job {
	struct job *next;
	struct client *client;
	uint8_t *bytes;
	size_t size;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
/* [lock] */
static struct job *first, **last = &first;
static pthread_t threads[THREADS_MAX];
static unsigned int nr_threads, nr_idle, nr_jobs;
static bool ending;

static struct job *take(void)
{
	struct job *job;

	pthread_mutex_lock(&lock);
	nr_idle++;
	while (!first && !ending)
		pthread_cond_wait(&changed, &lock);
	nr_idle--;
	job = ending ? NULL : first;
	if (job) {
		first = job->next;
		nr_jobs--;
		if (!first)
			last = &first;
	}
	pthread_mutex_unlock(&lock);
	return job;
}

static void job_free(struct job *job)
{
	client_call_done(job->client);
	client_put(job->client);
	free(job->bytes);
	free(job);
}

static void *work(void *arg)
{
	struct job *job;

	(void)arg;
	while ((job = take())) {
		calls_serve(job->client, job->bytes, job->size);
		job_free(job);
	}
	return NULL;
}

int pool_submit(struct client *client, uint8_t *bytes, size_t size)
{
	struct job *job = malloc(sizeof(*job));

	if (!job) {
		free(bytes);
		return -ENOMEM;
	}
	client_get(client);
	atomic_fetch_add(&client->nr_calls, 1);
	*job = (struct job){ NULL, client, bytes, size };
	pthread_mutex_lock(&lock);
	*last = job;
	last = &job->next;
	nr_jobs++;
	if (nr_jobs > nr_idle && nr_threads < THREADS_MAX && pthread_create(&threads[nr_threads], NULL, work, NULL) == 0)
		nr_threads++;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	return 0;
}

void pool_end(void)
{
	pthread_mutex_lock(&lock);
	ending = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	while (nr_threads)
		pthread_join(threads[--nr_threads], NULL);
	while (first) {
		struct job *job = first;

		first = job->next;
		job_free(job);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every period the counts are read and compared with the last ones. Over the threshold: delay on,
 * and off again after the duration; then the watching goes on. A second without the delay is
 * needed to see whether the storm is over, so a storm that lasts is damped again and again.
 */
#include "core/intr_monitor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/timer.h"
#include "core/vm.h"
#include "public/irq.h"

#define NS_PER_S	1000000000ull
#define NS_PER_MS	1000000ull

struct intr_monitor {
	struct vm *vm;
	struct timer *timer;
	uint64_t threshold;		/* interrupts of one source a second */
	uint64_t period_s, delay_ms, duration_ms;
	bool damping;
	bool failed;			/* said once */
	uint64_t last[INTR_MONITOR_WORDS];	/* pairs (source, count) */
	unsigned int nr_words;
};

static uint64_t last_count(const struct intr_monitor *m, uint64_t source)
{
	for (unsigned int i = 0; i + 1 < m->nr_words; i += 2)
		if (m->last[i] == source)
			return m->last[i + 1];
	return 0;
}

/* Interrupts of the busiest source since the last look; 0 with a message when they cannot be had. */
static uint64_t look(struct intr_monitor *m, uint64_t *source)
{
	uint64_t words[INTR_MONITOR_WORDS], most = 0;
	unsigned int n = 0;
	int err = hsm_intr_counts(&m->vm->hsm, words, &n);

	if (err && !m->failed)
		log_warn("interrupt monitor: no counts: %s", strerror(-err));
	m->failed = err;
	for (unsigned int i = 0; i + 1 < n; i += 2) {
		uint64_t before = last_count(m, words[i]);
		/* Fewer than before: somebody else has the number now. */
		uint64_t more = words[i + 1] >= before ? words[i + 1] - before : words[i + 1];

		if (more > most) {
			most = more;
			*source = words[i];
		}
	}
	memcpy(m->last, words, n * sizeof(words[0]));
	m->nr_words = n;
	return most;
}

static void watch(struct intr_monitor *m)
{
	timer_arm(m->timer, clock_ns() + m->period_s * NS_PER_S, 0);
}

static void relax(struct intr_monitor *m)
{
	uint64_t source;
	int err = hsm_intr_delay(&m->vm->hsm, 0);

	if (err)
		log_error("interrupt monitor: the delay stays: %s", strerror(-err));
	m->damping = false;
	/* What came meanwhile is no storm of the next period. */
	look(m, &source);
	watch(m);
}

static void damp(struct intr_monitor *m, uint64_t source, uint64_t rate)
{
	int err = hsm_intr_delay(&m->vm->hsm, m->delay_ms);

	if (err) {
		log_error("interrupt monitor: no delay: %s", strerror(-err));
		watch(m);
		return;
	}
	log_warn("interrupt storm: source %llu, %llu a second; each is delayed %llu ms for %llu ms",
		 (unsigned long long)source, (unsigned long long)rate, (unsigned long long)m->delay_ms,
		 (unsigned long long)m->duration_ms);
	m->damping = true;
	timer_arm(m->timer, clock_ns() + m->duration_ms * NS_PER_MS, 0);
}

static void expired(void *arg, uint64_t nr_expired)
{
	struct intr_monitor *m = arg;
	uint64_t source = 0, rate;

	(void)nr_expired;
	if (m->damping) {
		relax(m);
		return;
	}
	rate = look(m, &source) / m->period_s;
	if (rate > m->threshold)
		damp(m, source, rate);
	else
		watch(m);
}

int intr_monitor_open(struct vm *vm, struct intr_monitor **out)
{
	const struct config *cfg = &vm->config;
	struct intr_monitor *m;
	int err;

	*out = NULL;
	if (!config_get(cfg, "intr_monitor.threshold"))
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->vm = vm;
	m->threshold = config_get_u64(cfg, "intr_monitor.threshold", 0);
	m->period_s = config_get_u64(cfg, "intr_monitor.period", 1);
	m->delay_ms = config_get_u64(cfg, "intr_monitor.delay", 1);
	m->duration_ms = config_get_u64(cfg, "intr_monitor.duration", 1);
	err = timer_open(vm, (struct timer_handler){ expired, m }, &m->timer);
	if (err) {
		log_error("interrupt monitor: %s", strerror(-err));
		free(m);
		return err;
	}
	watch(m);
	*out = m;
	return 0;
}

void intr_monitor_close(struct intr_monitor *m)
{
	if (!m)
		return;
	timer_close(m->timer);
	free(m);
}

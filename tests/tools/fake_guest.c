/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest inside build/tools/acrn-dm: the real device model, linked with tests/fake/dm_hsm.c instead of its HSM calls. What the
 * guest does is said by words of the environment's FAKE_GUEST:
 *
 *	listen		takes the power button's interrupt and switches itself off
 *	hang		takes the interrupt, and that is all
 *	chatter		prints "tick" on com1 again and again
 *	poweroff=MS	switches itself off after MS milliseconds;  reset=MS resets once;  crash=MS
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/layout.h"
#include "dm_hsm.h"
#include "public/irq.h"

#define OUT(port, val, bytes)	{ IOREQ_TYPE_PORTIO, IOREQ_WRITE, port, bytes, val }
#define TICK_US			2000

static const struct fake_step listen_steps[] = { OUT(0x402, 0x0100, 2) };
static const struct fake_step off_steps[] = { OUT(0x404, 0x2000 | 5 << 10, 2) };
static const struct fake_step reset_steps[] = { OUT(0xCF9, 6, 1) };
static const struct fake_step tick_steps[] = {
	OUT(0x3F8, 't', 1), OUT(0x3F8, 'i', 1), OUT(0x3F8, 'c', 1), OUT(0x3F8, 'k', 1), OUT(0x3F8, '\n', 1),
};

static const char *words;
static int boots_seen;			/* hsm_vm_start() calls that a boot belongs to */
static bool listening, was_reset;
static long long boot_ms;

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* Milliseconds behind "word=", -1: the word is not there. */
static long long word_ms(const char *word)
{
	const char *at = strstr(words, word);

	return at && at[strlen(word)] == '=' ? atoll(at + strlen(word) + 1) : -1;
}

static bool is_time(const char *word)
{
	long long ms = word_ms(word);

	return ms >= 0 && now_ms() - boot_ms >= ms;
}

static void play(const struct fake_step *steps, int nr)
{
	fake_hsm.step = steps;
	fake_hsm.nr_steps = nr;
	fake_hsm.next_step = 0;
}

static void boot(void)
{
	boots_seen = fake_hsm.nr_resets + 1;
	boot_ms = now_ms();
	listening = false;
}

/* The guest has nothing under way: what it does next. Looked at again and again, as long as it is not paused. */
static void live(void)
{
	/* Again and again: one that comes before the fake HSM sleeps is lost. */
	ualarm(TICK_US, TICK_US);
	if (fake_hsm.nr_resets + 1 != boots_seen)
		boot();
	if (!fake_hsm.running)
		return;
	if (!listening && (strstr(words, "listen") || strstr(words, "hang"))) {
		listening = true;
		fake_hsm.nr_irqs = 0;
		play(listen_steps, 1);
	} else if ((strstr(words, "listen") && fake_hsm_count_irq(LAYOUT_GSI_SCI, IRQLINE_SET_HIGH)) || is_time("poweroff")) {
		play(off_steps, 1);
	} else if (is_time("reset") && !was_reset) {
		was_reset = true;
		play(reset_steps, 1);
	} else if (is_time("crash")) {
		fake_hsm.state = (struct hc_q_vm_state){ .state = Q_VM_STOPPED, .reason = Q_STOP_TRIPLE_FAULT };
	} else if (strstr(words, "chatter")) {
		play(tick_steps, 5);
	}
}

static void wake(int signo)
{
	(void)signo;
}

static void __attribute__((constructor)) prepare(void)
{
	struct sigaction sa = { .sa_handler = wake };

	words = getenv("FAKE_GUEST") ? getenv("FAKE_GUEST") : "";
	sigaction(SIGALRM, &sa, NULL);
	fake_hsm.when_idle = live;
}

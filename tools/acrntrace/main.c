/* SPDX-License-Identifier: BSD-3-Clause */
/* acrntrace: from the rings of /dev/acrn_trace_N to a trace and its summary. */
#include <cpuid.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctf.h"
#include "options.h"
#include "public/hypercall.h"
#include "ring.h"
#include "summary.h"

struct recorder {
	struct ring ring;
	struct ctf_stream *ctf;
	FILE *raw;
};

static struct options options;
static struct summary summary;
static struct recorder recorders[ARGS_MAX_CPUS];
static unsigned int nr_recorders;
static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

/* The hypervisor's own figure; elsewhere a guess keeps times readable. */
static uint64_t tsc_khz(void)
{
	uint32_t a, b, c, d;

	__cpuid(HV_CPUID_BASE, a, b, c, d);
	if (b != HV_CPUID_SIGNATURE || a < HV_CPUID_TIMING)
		return 1000000;
	__cpuid(HV_CPUID_TIMING, a, b, c, d);
	return a ? a : 1000000;
}

static int make_folders(const char *path)
{
	char part[4096];

	for (size_t i = 1; i < sizeof(part); i++) {
		if (path[i] && path[i] != '/')
			continue;
		snprintf(part, i + 1, "%s", path);
		if (mkdir(part, 0755) && errno != EEXIST)
			return -errno;
		if (!path[i])
			return 0;
	}
	return -ENAMETOOLONG;
}

static int open_output(struct recorder *r)
{
	char path[4096];

	if (!options.raw) {
		r->ctf = ctf_stream_open(options.out, r->ring.cpu);
		return r->ctf ? 0 : -errno;
	}
	snprintf(path, sizeof(path), "%s/%u", options.out, r->ring.cpu);
	r->raw = fopen(path, "w");
	return r->raw ? 0 : -errno;
}

/* One CPU after the other until there is no device. 0, or 1: failed, and said. */
static int open_all(void)
{
	for (uint32_t cpu = 0; cpu < ARGS_MAX_CPUS; cpu++) {
		struct recorder *r = &recorders[nr_recorders];
		char path[64];
		int err;

		if (options.some_cpus && !options.cpus[cpu])
			continue;
		snprintf(path, sizeof(path), "/dev/acrn_trace_%u", cpu);
		err = ring_open(&r->ring, path, cpu);
		if (err == -ENOENT && !options.some_cpus)
			break;
		if (err) {
			fprintf(stderr, "acrntrace: %s: %s%s\n", path, strerror(-err),
				err == -EBUSY ? "; is another acrntrace running?" : "");
			return 1;
		}
		nr_recorders++;
		if (!options.keep_old)
			ring_clear(&r->ring);
	}
	if (!nr_recorders)
		fprintf(stderr, "acrntrace: no /dev/acrn_trace_0: this runs in the Service VM, with quercus_hsm loaded\n");
	return !nr_recorders;
}

static void put(void *arg, const struct acrn_trace_entry *entry)
{
	struct recorder *r = arg;

	summary_put(&summary, r->ring.cpu, entry);
	if (r->ctf)
		ctf_put(r->ctf, entry);
	if (r->raw)
		fwrite(entry, sizeof(*entry), 1, r->raw);
}

static int drain_all(void)
{
	for (unsigned int i = 0; i < nr_recorders; i++) {
		struct recorder *r = &recorders[i];

		if (ring_drain(&r->ring, put, r) < 0) {
			fprintf(stderr, "acrntrace: CPU %u: somebody else changed the ring\n", r->ring.cpu);
			return 1;
		}
		summary.cpus[r->ring.cpu].lost = r->ring.lost;
		if (r->ctf)
			r->ctf->lost = r->ring.lost;
	}
	return 0;
}

/* Waits a period; true when "q" was typed. A closed standard input is nobody's wish. */
static bool told_to_stop(void)
{
	static int watched = STDIN_FILENO;
	struct pollfd in = { .fd = watched, .events = POLLIN };
	char text[64];
	ssize_t n;

	if (poll(&in, 1, (int)options.period_ms) <= 0 || !in.revents)
		return false;
	n = read(STDIN_FILENO, text, sizeof(text));
	if (n <= 0)
		watched = -1;
	return n > 0 && (text[0] == 'q' || text[0] == 'Q');
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int record(void)
{
	int64_t end = now_ms() + (int64_t)options.seconds * 1000;

	while (!stopped && (!options.seconds || now_ms() < end)) {
		if (drain_all())
			return 1;
		if (told_to_stop())
			break;
	}
	return drain_all();
}

static int close_all(void)
{
	int bad = 0;

	for (unsigned int i = 0; i < nr_recorders; i++) {
		struct recorder *r = &recorders[i];

		ring_close(&r->ring);
		if (r->ctf && ctf_stream_close(r->ctf))
			bad = 1;
		if (r->raw && (ferror(r->raw) | fclose(r->raw)))
			bad = 1;
	}
	if (bad)
		fprintf(stderr, "acrntrace: %s: not all could be written\n", options.out);
	return bad;
}

static int prepare_output(void)
{
	int err;

	if (!options.out)
		return 0;
	err = make_folders(options.out);
	if (!err && !options.raw)
		err = ctf_metadata(options.out, summary.tsc_khz);
	for (unsigned int i = 0; i < nr_recorders && !err; i++)
		err = open_output(&recorders[i]);
	if (err)
		fprintf(stderr, "acrntrace: %s: %s\n", options.out, strerror(-err));
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int failed = options_parse(&options, argc, argv);

	if (failed)
		return failed == 1 ? 0 : 2;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	summary.tsc_khz = tsc_khz();
	failed = open_all() || prepare_output();
	if (options.clear_only) {
		for (unsigned int i = 0; i < nr_recorders; i++)
			ring_clear(&recorders[i].ring);
		return close_all() || failed;
	}
	failed = failed || record();
	failed |= close_all();
	if (options.json)
		summary_json(&summary, stdout);
	else if (options.summary)
		summary_print(&summary, stdout);
	else if (options.out && !failed)
		printf("%s\n", options.out);
	return failed;
}

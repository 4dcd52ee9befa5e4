/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnlog: from the rings of /dev/acrn_hvlog_cur_N to log files. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/common/args.h"
#include "files.h"
#include "lines.h"

static const char usage[] =
	"Usage: acrnlog [OPTION]...\n"
	"Writes the hypervisor's log to files, in the Service VM.\n\n"
	"  -s, --size MB       of one file, 0: no limit (1)\n"
	"  -n, --number N      of files to keep (4)\n"
	"  -t, --interval MS   look at the log every MS milliseconds (100)\n"
	"  -o, --output DIR    folder of the files (/var/log/acrnlog); -: standard output\n"
	"      --once          end when all that is there has been written\n"
	"      --json          a JSON object a line\n"
	"  -h, --help\n";

enum { OPT_JSON = 256, OPT_ONCE };

static const struct option longs[] = {
	{ "size", required_argument, NULL, 's' }, { "number", required_argument, NULL, 'n' },
	{ "interval", required_argument, NULL, 't' }, { "output", required_argument, NULL, 'o' },
	{ "once", no_argument, NULL, OPT_ONCE }, { "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' }, { 0 }
};

static uint64_t size_mb = 1, number = 4, interval_ms = 100;
static const char *output = "/var/log/acrnlog";
static bool once, json;
static int devices[ARGS_MAX_CPUS];
static unsigned int nr_devices;
static struct files files;
static struct lines lines;
static volatile sig_atomic_t stopped;
static bool failed;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static bool take(int c)
{
	switch (c) {
	case 's':
		return args_number(optarg, 0, 1 << 20, &size_mb);
	case 'n':
		return args_number(optarg, 1, 1000000, &number);
	case 't':
		return args_number(optarg, 1, 1000000, &interval_ms);
	case 'o':
		output = optarg;
		return *optarg;
	case OPT_ONCE:
		once = true;
		return true;
	case OPT_JSON:
		json = true;
		return true;
	default:
		return false;
	}
}

/* 0: go on; 1: help was printed; 2: wrong, and said. */
static int parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "s:n:t:o:h", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return 1;
		}
		if (!take(c)) {
			if (c != '?')
				fprintf(stderr, "acrnlog: option -%c does not take \"%s\"; --help says what it takes\n", c, optarg);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "acrnlog: \"%s\" is no option; --help lists them\n", argv[optind]);
		return 2;
	}
	return 0;
}

static void write_json(FILE *out, const struct line *line, bool gap)
{
	if (line->seq != NO_SEQ)
		fprintf(out, "{\"us\":%llu,\"cpu\":%u,\"severity\":%u,\"seq\":%llu,\"gap\":%s,\"text\":",
			(unsigned long long)line->us, line->cpu, line->severity, (unsigned long long)line->seq,
			gap ? "true" : "false");
	else
		fprintf(out, "{\"text\":");
	args_json_string(out, line->text + line->message, strlen(line->text + line->message));
	fprintf(out, "}\n");
}

static void emit(void *arg, const struct line *line, bool gap)
{
	FILE *out = files.dir ? files_line(&files) : stdout;

	(void)arg;
	if (!out) {
		fprintf(stderr, "acrnlog: %s: %s\n", output, strerror(errno));
		failed = true;
		stopped = 1;
		return;
	}
	if (json) {
		write_json(out, line, gap);
		return;
	}
	if (gap)
		fprintf(out, "WARNING: lines are missing here; a shorter interval (-t) loses fewer\n");
	fprintf(out, "%s\n", line->text);
}

static int open_devices(void)
{
	for (; nr_devices < ARGS_MAX_CPUS; nr_devices++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/dev/acrn_hvlog_cur_%u", nr_devices);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && nr_devices)
			return 0;
		if (fd < 0) {
			fprintf(stderr, "acrnlog: %s: %s%s\n", path, strerror(errno), errno == EBUSY ?
				"; is another acrnlog running?" : "; this runs in the Service VM, with quercus_hsm loaded");
			return 1;
		}
		devices[nr_devices] = fd;
	}
	return 0;
}

/* All that is there now. */
static void read_all(void)
{
	static char buf[SBUF_LOG_ELE_SIZE * 256];

	for (unsigned int cpu = 0; cpu < nr_devices; cpu++) {
		ssize_t n;

		while ((n = read(devices[cpu], buf, sizeof(buf))) > 0)
			for (ssize_t i = 0; i < n; i += SBUF_LOG_ELE_SIZE)
				lines_put(&lines, cpu, buf + i, SBUF_LOG_ELE_SIZE);
	}
	lines_round(&lines);
	fflush(files.dir ? files.now : stdout);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int err = parse(argc, argv);

	if (err)
		return err == 1 ? 0 : 2;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	lines_init(&lines, emit, NULL);
	if (open_devices())
		return 1;
	err = strcmp(output, "-") ? files_open(&files, output, size_mb << 20, number) : 0;
	if (err) {
		fprintf(stderr, "acrnlog: %s: %s\n", output, strerror(-err));
		return 1;
	}
	do {
		const struct timespec wait = { (time_t)(interval_ms / 1000), (long)(interval_ms % 1000) * 1000000 };

		read_all();
		if (!once && !stopped)
			nanosleep(&wait, NULL);
	} while (!once && !stopped);
	lines_flush(&lines);
	if (files.dir && files.now && files_close(&files))
		failed = true;
	return failed;
}

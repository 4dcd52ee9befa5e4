/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <getopt.h>
#include <string.h>
#include <time.h>

static const char usage[] =
	"Usage: acrntrace [OPTION]...\n"
	"Records what the hypervisor does, in the Service VM, until \"q\" is typed.\n\n"
	"  -i, --period MS     look at the rings every MS milliseconds, 1 to 999 (10)\n"
	"  -t, --time SECONDS  stop by itself\n"
	"  -a, --cpus LIST     only these CPUs, such as 0,2-3\n"
	"  -r, --old           include what was recorded before the start\n"
	"  -c, --clear         forget what was recorded, and end\n"
	"  -o, --output DIR    folder for the trace (./acrntrace/DATE-TIME)\n"
	"      --raw           entries as the hypervisor writes them, a file a CPU, instead of CTF\n"
	"      --summary       print sums by exit reason, interrupt and CPU; files only with -o\n"
	"      --json          the same as JSON\n"
	"  -h, --help\n"
	"Read a trace by: babeltrace2 DIR\n";

enum { OPT_RAW = 256, OPT_SUMMARY, OPT_JSON };

static const struct option longs[] = {
	{ "period", required_argument, NULL, 'i' }, { "time", required_argument, NULL, 't' },
	{ "cpus", required_argument, NULL, 'a' }, { "old", no_argument, NULL, 'r' },
	{ "clear", no_argument, NULL, 'c' }, { "output", required_argument, NULL, 'o' },
	{ "raw", no_argument, NULL, OPT_RAW }, { "summary", no_argument, NULL, OPT_SUMMARY },
	{ "json", no_argument, NULL, OPT_JSON }, { "help", no_argument, NULL, 'h' }, { 0 }
};

static bool take(struct options *o, int c)
{
	switch (c) {
	case 'i':
		return args_number(optarg, 1, 999, &o->period_ms);
	case 't':
		return args_number(optarg, 1, 1000000, &o->seconds);
	case 'a':
		o->some_cpus = true;
		return args_cpus(optarg, o->cpus);
	case 'r':
		o->keep_old = true;
		return true;
	case 'c':
		o->clear_only = true;
		return true;
	case 'o':
		o->out = optarg;
		return *optarg;
	case OPT_RAW:
		o->raw = true;
		return true;
	case OPT_JSON:
		o->json = true;
		return true;
	case OPT_SUMMARY:
		o->summary = true;
		return true;
	default:
		return false;
	}
}

static void name_output(struct options *o)
{
	time_t now = time(NULL);
	struct tm tm;

	if (o->out || o->summary || o->json || o->clear_only)
		return;
	strftime(o->named, sizeof(o->named), "acrntrace/%Y%m%d-%H%M%S", localtime_r(&now, &tm));
	o->out = o->named;
}

int options_parse(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){ .period_ms = 10 };
	optind = 1;
	while ((c = getopt_long(argc, argv, "i:t:a:rco:h", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return 1;
		}
		if (!take(o, c)) {
			if (c != '?')
				fprintf(stderr, "acrntrace: option -%c does not take \"%s\"; --help says what it takes\n",
					c, optarg ? optarg : "");
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "acrntrace: \"%s\" is no option; --help lists them\n", argv[optind]);
		return 2;
	}
	name_output(o);
	return 0;
}

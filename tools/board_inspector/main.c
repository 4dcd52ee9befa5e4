/* SPDX-License-Identifier: BSD-3-Clause */
/* board_inspector: writes the board file and says what Quercus can do on this board. */
#include <errno.h>
#include <getopt.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "verdict.h"
#include "xml.h"

enum { DONE = 0, NOT_FIT = 1, TROUBLE = 2 };

struct options {
	const char *root, *out, *name;
};

static int usage(FILE *out)
{
	fputs("usage: board_inspector [--out FILE] [--root DIR] [BOARD]\n"
	      "  BOARD        name of the board; default: board\n"
	      "  --out FILE   where the board file goes; default: BOARD.xml; -: standard output, the summary goes to standard error\n"
	      "  --root DIR   look at the tree of /sys, /proc and /dev below DIR instead of this machine\n", out);
	return out == stdout ? DONE : TROUBLE;
}

static int trouble(const char *file, int error)
{
	fprintf(stderr, "board_inspector: %s: %s\n", file, strerror(error));
	return TROUBLE;
}

static bool name_is_right(const char *name)
{
	return name[0] && name[0] != '-' && strlen(name) < 32 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == strlen(name);
}

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "out", required_argument, NULL, 'o' }, { "root", required_argument, NULL, 'r' }, { "help", no_argument, NULL, 'h' }, { 0 }
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "o:r:h", longs, NULL)) != -1) {
		if (c == 'o')
			o->out = optarg;
		else if (c == 'r')
			o->root = optarg;
		else
			return usage(c == 'h' ? stdout : stderr);
	}
	if (argc - optind > 1)
		return usage(stderr);
	if (optind < argc)
		o->name = argv[optind];
	if (name_is_right(o->name))
		return -1;
	fprintf(stderr, "board_inspector: board name \"%s\": 1 to 31 letters, digits, '_', '-' or '.' are needed\n", o->name);
	return TROUBLE;
}

/* Writes beside the target and renames: a failure leaves what was there. */
static int write_board(const struct board *b, const struct options *o)
{
	char path[512], temp[520];
	bool written;
	FILE *out;

	if (!strcmp(o->out, "-"))
		return board_write(b, o->name, stdout) && !fflush(stdout) ? DONE : trouble("standard output", errno);
	if (o->out[0])
		snprintf(path, sizeof(path), "%s", o->out);
	else
		snprintf(path, sizeof(path), "%s.xml", o->name);
	snprintf(temp, sizeof(temp), "%s.new", path);
	out = fopen(temp, "w");
	if (!out)
		return trouble(temp, errno);
	written = board_write(b, o->name, out) && !fflush(out) && !fsync(fileno(out));
	if (fclose(out) || !written || rename(temp, path)) {
		int error = errno;

		unlink(temp);
		return trouble(path, error);
	}
	return DONE;
}

static int inspect(const struct options *o)
{
	struct board *b = calloc(1, sizeof(*b));
	struct source s;
	int rc = b ? source_open(&s, o->root) : -ENOMEM;

	if (rc) {
		free(b);
		return trouble(o->root, -rc);
	}
	board_cpus_read(b, &s);
	board_memory_read(b, &s);
	board_acpi_read(b, &s);
	board_pci_read(b, &s);
	board_devices_read(b, &s);
	source_close(&s);
	rc = write_board(b, o);
	if (rc == DONE && verdict_print(b, strcmp(o->out, "-") ? stdout : stderr) != VERDICT_RUNS)
		rc = NOT_FIT;
	free(b);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o = { .root = "/", .out = "", .name = "board" };
	int rc = read_options(argc, argv, &o);

	if (rc < 0)
		rc = inspect(&o);
	xmlCleanupParser();
	return rc;
}

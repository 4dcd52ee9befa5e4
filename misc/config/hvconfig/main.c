/* SPDX-License-Identifier: BSD-3-Clause */
/* hvconfig: checks scenario files and makes of them what hypervisor, boot loader and device model read. */
#include <errno.h>
#include <getopt.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "build.h"
#include "config/scenario.h"
#include "diff.h"
#include "explain.h"
#include "import.h"
#include "output.h"
#include "schema.h"
#include "show.h"

#define MODULE_MAX (sizeof(struct scenario) + SCENARIO_MAX_VMS * sizeof(struct scenario_vm))

enum { DONE = 0, REFUSED = 1, TROUBLE = 2 };

struct options {
	const char *board, *out, *folder, *kernel;
	char **files;
	int nr_files;
};

static int usage(FILE *out)
{
	fputs("usage: hvconfig check [--board BOARD.xml] FILE.xml...          are they right?\n"
	      "       hvconfig build [--board BOARD.xml] FILE.xml -o FILE.bin make the module for the boot loader\n"
	      "       hvconfig build [--board BOARD.xml] FILE.xml -d DIR      that, grub.cfg, launch scripts and libvirt domains\n"
	      "       hvconfig explain [--board BOARD.xml] FILE.xml           say in plain words what it makes\n"
	      "       hvconfig diff FILE.xml FILE.xml                         how do the two differ in what they mean?\n"
	      "       hvconfig import [-k KERNEL] ACRN.xml [-o FILE.xml]      take over a scenario file of ACRN\n"
	      "       hvconfig show FILE.bin                                  print a module as XML\n"
	      "       hvconfig doc                                            print the list of fields\n", out);
	return out == stdout ? DONE : TROUBLE;
}

static int trouble(const char *file)
{
	fprintf(stderr, "hvconfig: %s: %s\n", file, strerror(errno));
	return TROUBLE;
}

/* DONE with the board in *b (free()), NULL where the option is not given. */
static int load_board(const struct options *o, struct board **b)
{
	struct report r = { .file = o->board, .out = stderr };

	*b = NULL;
	if (!o->board)
		return DONE;
	*b = board_load(&r);
	if (!*b && !r.errors)
		return trouble(o->board);
	return *b ? DONE : REFUSED;
}

/* DONE with the setup in *s (setup_free()), or why not; everything is reported. */
static int load(const char *file, const struct board *board, struct setup **s)
{
	struct report r = { .file = file, .out = stderr };
	xmlDoc *doc = schema_load(&r);

	*s = NULL;
	if (!doc && !r.errors)
		return trouble(file);
	if (doc)
		*s = build_setup(doc, board, &r);
	xmlFreeDoc(doc);
	return *s ? DONE : REFUSED;
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

static int do_check(const struct options *o)
{
	struct board *board;
	int rc = load_board(o, &board);

	for (int i = 0; rc != TROUBLE && (board || !o->board) && i < o->nr_files; i++) {
		struct setup *s;

		rc = worse(rc, load(o->files[i], board, &s));
		if (s)
			printf("%s: scenario \"%s\" with %u VM%s is right%s%s\n", o->files[i], s->s->name, s->s->nr_vms,
			       s->s->nr_vms == 1 ? "" : "s", board ? " for board " : "", board ? board->name : "");
		setup_free(s);
	}
	free(board);
	return rc;
}

static int do_build(const struct options *o)
{
	struct board *board;
	struct setup *s = NULL;
	int rc = load_board(o, &board);

	if (!rc)
		rc = load(o->files[0], board, &s);
	if (s && o->out && !output_file(o->out, s->s, s->s->total_size, 0666))
		rc = trouble(o->out);
	if (s && o->folder && !output_folder(o->folder, s, board))
		rc = trouble(o->folder);
	setup_free(s);
	free(board);
	return rc;
}

static int do_explain(const struct options *o)
{
	struct board *board;
	struct setup *s = NULL;
	int rc = load_board(o, &board);

	if (!rc)
		rc = load(o->files[0], board, &s);
	if (s)
		explain_setup(s, board, stdout);
	setup_free(s);
	free(board);
	return rc;
}

/* As of diff(1): 0 the same, 1 different; so a refused file is trouble. */
static int do_diff(const struct options *o)
{
	struct setup *a, *b = NULL;
	int rc = load(o->files[0], NULL, &a);
	long nr;

	rc = worse(rc, load(o->files[1], NULL, &b));
	if (!rc) {
		nr = diff_setups(a, b, stdout);
		errno = ENOMEM;
		rc = nr < 0 ? trouble("diff") : nr ? REFUSED : DONE;
	} else {
		rc = TROUBLE;
	}
	setup_free(a);
	setup_free(b);
	return rc;
}

static int do_import(const struct options *o)
{
	struct report r = { .file = o->files[0], .out = stderr };
	xmlDoc *doc = schema_load_any(&r);
	char *text = NULL;
	int rc = DONE;

	if (!doc && !r.errors)
		return trouble(o->files[0]);
	if (doc)
		text = import_scenario(doc, o->kernel, &r);
	xmlFreeDoc(doc);
	if (text && o->out && !output_file(o->out, text, strlen(text), 0666))
		rc = trouble(o->out);
	else if (text && !o->out)
		fputs(text, stdout);
	free(text);
	return text ? rc : REFUSED;
}

static int do_show(const struct options *o)
{
	static _Alignas(8) unsigned char blob[MODULE_MAX + 1];
	const char *file = o->files[0];
	FILE *in = fopen(file, "rb");
	const struct scenario *s;
	struct scenario_error e;
	size_t size;
	bool failed;

	if (!in)
		return trouble(file);
	size = fread(blob, 1, sizeof(blob), in);
	failed = ferror(in);
	fclose(in);
	if (failed)
		return trouble(file);
	if (scenario_read(blob, (uint32_t)size, &s, &e)) {
		fprintf(stderr, "%s: error: %s\n", file, e.text);
		return REFUSED;
	}
	show_scenario(s, stdout);
	return DONE;
}

static int do_doc(const struct options *o)
{
	(void)o;
	return schema_print(stdout) ? trouble("the schema") : DONE;
}

static int do_help(const struct options *o)
{
	(void)o;
	return usage(stdout);
}

static const struct command {
	const char *name;
	int (*run)(const struct options *o);
	int min_files, max_files;
	bool board, out, folder, kernel;	/* options it takes */
	bool needs_target;		/* exactly one of -o and -d */
} commands[] = {
	{ "check", do_check, 1, 1024, true, false, false, false, false },
	{ "build", do_build, 1, 1, true, true, true, false, true },
	{ "explain", do_explain, 1, 1, true, false, false, false, false },
	{ "diff", do_diff, 2, 2, false, false, false, false, false },
	{ "import", do_import, 1, 1, false, true, false, true, false },
	{ "show", do_show, 1, 1, false, false, false, false, false },
	{ "doc", do_doc, 0, 0, false, false, false, false, false },
	{ "help", do_help, 0, 0, false, false, false, false, false },
	{ "--help", do_help, 0, 0, false, false, false, false, false },
};

/* As the schema has it. */
static bool kernel_is_right(const char *path)
{
	bool right = path[0] == '/' && path[1] && strlen(path) < SETUP_PATH_SIZE &&
		     strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.+:@=-") == strlen(path);

	if (!right)
		fprintf(stderr, "hvconfig: -k %s: an absolute path of up to %u letters, digits and /_.+:@=- is needed\n", path,
			SETUP_PATH_SIZE - 1);
	return right;
}

static bool read_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "board", required_argument, NULL, 'b' }, { "out", required_argument, NULL, 'o' },
		{ "dir", required_argument, NULL, 'd' }, { "kernel", required_argument, NULL, 'k' }, { 0 }
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "b:o:d:k:", longs, NULL)) != -1) {
		if (c == 'b')
			o->board = optarg;
		else if (c == 'o')
			o->out = optarg;
		else if (c == 'd')
			o->folder = optarg;
		else if (c == 'k' && kernel_is_right(optarg))
			o->kernel = optarg;
		else
			return false;
	}
	o->files = argv + optind;
	o->nr_files = argc - optind;
	return true;
}

static bool fits(const struct command *c, const struct options *o)
{
	if ((o->board && !c->board) || (o->out && !c->out) || (o->folder && !c->folder) || (o->kernel && !c->kernel))
		return false;
	if (c->needs_target && !o->out == !o->folder)
		return false;
	return o->nr_files >= c->min_files && o->nr_files <= c->max_files;
}

static int run(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct options o = { 0 };

		if (strcmp(argv[1], commands[i].name))
			continue;
		if (read_options(argc - 1, argv + 1, &o) && fits(&commands[i], &o))
			return commands[i].run(&o);
		break;
	}
	return usage(stderr);
}

int main(int argc, char **argv)
{
	int rc;

	LIBXML_TEST_VERSION
	rc = run(argc, argv);
	if (fflush(stdout)) {
		errno = errno ? errno : EIO;
		rc = trouble("standard output");
	}
	xmlCleanupParser();
	return rc;
}

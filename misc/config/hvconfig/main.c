/* SPDX-License-Identifier: BSD-3-Clause */
/* hvconfig: checks scenario files and makes the module the hypervisor reads. Exit: 0 done, 1 the input is refused, 2 usage or I/O. */
#include <errno.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "config/scenario.h"
#include "schema.h"
#include "show.h"

#define MODULE_MAX (sizeof(struct scenario) + SCENARIO_MAX_VMS * sizeof(struct scenario_vm))

enum { DONE = 0, REFUSED = 1, TROUBLE = 2 };

static int usage(void)
{
	fputs("usage: hvconfig check FILE.xml             is it right?\n"
	      "       hvconfig build FILE.xml -o FILE.bin make the module for the boot loader\n"
	      "       hvconfig show FILE.bin              print a module as XML\n"
	      "       hvconfig doc                        print the list of fields\n", stderr);
	return TROUBLE;
}

static int trouble(const char *file)
{
	fprintf(stderr, "hvconfig: %s: %s\n", file, strerror(errno));
	return TROUBLE;
}

/* DONE with the module in *s (free()), or why not; everything is reported. */
static int load(const char *file, struct scenario **s)
{
	struct report r = { .file = file, .out = stderr };
	xmlDoc *doc = schema_load(&r);

	*s = NULL;
	if (!doc && errno)
		return trouble(file);
	if (doc)
		*s = build_scenario(doc, &r);
	xmlFreeDoc(doc);
	return *s ? DONE : REFUSED;
}

static int do_check(const char *file)
{
	struct scenario *s;
	int rc = load(file, &s);

	if (s)
		printf("%s: scenario \"%s\" with %u VM%s is right\n", file, s->name, s->nr_vms, s->nr_vms == 1 ? "" : "s");
	free(s);
	return rc;
}

/* Writes beside the target and renames, so that a failure leaves nothing half-made. */
static int write_file(const char *file, const void *data, size_t size)
{
	size_t len = strlen(file) + sizeof(".new");
	char *temp = malloc(len);
	FILE *out = NULL;
	int rc = DONE;

	if (temp) {
		snprintf(temp, len, "%s.new", file);
		out = fopen(temp, "wb");
	}
	if (!out) {
		rc = trouble(file);
	} else {
		bool written = fwrite(data, 1, size, out) == size;

		if (fclose(out) || !written || rename(temp, file)) {
			rc = trouble(file);
			unlink(temp);
		}
	}
	free(temp);
	return rc;
}

static int do_build(const char *file, const char *target)
{
	struct scenario *s;
	int rc = load(file, &s);

	if (s)
		rc = write_file(target, s, s->total_size);
	free(s);
	return rc;
}

static int do_show(const char *file)
{
	static _Alignas(8) unsigned char blob[MODULE_MAX + 1];
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

static int run(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "check"))
		return do_check(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "build") && !strcmp(argv[3], "-o"))
		return do_build(argv[2], argv[4]);
	if (argc == 5 && !strcmp(argv[1], "build") && !strcmp(argv[2], "-o"))
		return do_build(argv[4], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "show"))
		return do_show(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "doc"))
		return schema_print(stdout) ? trouble("the schema") : DONE;
	return usage();
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

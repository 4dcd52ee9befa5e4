/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hvconfig against files: tests/golden/scenario has one broken scenario for each rule, tests/golden/import scenarios of ACRN, and
 * tests/golden/made one that has everything, with all that is made of it. What must be said stands at a file's end, in a comment
 * that begins "said"; what must be made, in a file beside it. GOLDEN_UPDATE=1 writes both as they are now: look at the difference.
 */
/* unit: misc/config/hvconfig/build.c misc/config/hvconfig/fill.c misc/config/hvconfig/fill_vuart.c misc/config/hvconfig/fill_launch.c misc/config/hvconfig/rules.c misc/config/hvconfig/board.c misc/config/hvconfig/schema.c misc/config/hvconfig/show.c misc/config/hvconfig/fields.c misc/config/hvconfig/values.c misc/config/hvconfig/report.c misc/config/hvconfig/import.c misc/config/hvconfig/import_xml.c misc/config/hvconfig/import_vm.c misc/config/hvconfig/import_vuart.c misc/config/hvconfig/import_launch.c misc/config/hvconfig/emit_grub.c misc/config/hvconfig/emit_launch.c misc/config/hvconfig/emit_domain.c misc/config/hvconfig/explain.c misc/config/hvconfig/output.c misc/config/hvconfig/diff.c misc/config/hvconfig/facts.c hypervisor/config/scenario.c hypervisor/config/scenario_vm.c hypervisor/config/scenario_set.c hypervisor/config/scenario_machine.c hypervisor/config/scenario_names.c hypervisor/lib/crc.c */
/* unit-flags: -Imisc/config/hvconfig -I/usr/include/libxml2 -D_GNU_SOURCE */
/* unit-libs: -lxml2 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "diff.h"
#include "emit.h"
#include "explain.h"
#include "import.h"
#include "output.h"
#include "schema.h"

#define GOLDEN	"tests/golden/"
#define SAID	"<!-- said\n"
#define LARGE	65536

static bool updating(void)
{
	return getenv("GOLDEN_UPDATE");
}

/* The whole file; "" when it is not there. free() it. */
static char *read_all(const char *path)
{
	char *text = calloc(1, LARGE);
	FILE *f = fopen(path, "r");

	ck_assert_ptr_nonnull(text);
	if (f) {
		ck_assert_uint_lt(fread(text, 1, LARGE - 1, f), LARGE - 1);
		fclose(f);
	}
	return text;
}

static void write_all(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_msg(f != NULL, "%s", path);
	fputs(text, f);
	fclose(f);
}

static void same_text(const char *path, const char *is, const char *wanted)
{
	ck_assert_msg(!strcmp(is, wanted), "%s\nis:\n%.1500s\nwanted:\n%.1500s", path, is, wanted);
}

/* Compares what was said of the file with the comment at its end. */
static void compare_said(const char *path, const char *said)
{
	char *text = read_all(path), *begin = strstr(text, SAID), *end, *all;

	if (updating()) {
		if (begin)
			*begin = '\0';
		ck_assert_int_ge(asprintf(&all, "%s%s%s-->\n", text, SAID, said), 0);
		write_all(path, all);
		free(all);
	} else {
		ck_assert_msg(begin != NULL, "%s does not say what must be said of it", path);
		begin += strlen(SAID);
		end = strstr(begin, "-->\n");
		ck_assert_ptr_nonnull(end);
		*end = '\0';
		same_text(path, said, begin);
	}
	free(text);
}

static void compare_file(const char *path, const char *text)
{
	char *wanted;

	if (updating()) {
		write_all(path, text);
		return;
	}
	wanted = read_all(path);
	same_text(path, text, wanted);
	free(wanted);
}

/* Findings without the file's name, which begins each line. */
static char *without_name(char *text, const char *name)
{
	size_t len = strlen(name);
	char *to = text, *from = text;

	while (*from) {
		if ((from == text || from[-1] == '\n') && !strncmp(from, name, len))
			from += len;
		*to++ = *from++;
	}
	*to = '\0';
	return text;
}

/* Reads a scenario; the findings are in *said (free()). */
static struct setup *load(const char *path, const struct board *board, char **said)
{
	struct report r = { .file = path };
	struct setup *setup = NULL;
	size_t size;
	xmlDoc *doc;

	r.out = open_memstream(said, &size);
	doc = schema_load(&r);
	if (doc)
		setup = build_setup(doc, board, &r);
	xmlFreeDoc(doc);
	fclose(r.out);
	ck_assert_msg((setup == NULL) == (r.errors > 0), "%s: %u errors", path, r.errors);
	without_name(*said, path);
	return setup;
}

static struct board *load_named_board(const char *name)
{
	char path[128];
	struct report r = { .file = path, .out = stderr };
	struct board *b;

	snprintf(path, sizeof(path), GOLDEN "scenario/boards/%s.xml", name);
	b = board_load(&r);
	ck_assert_msg(b != NULL, "%s", path);
	return b;
}

/* The board that a file's name asks for. */
static struct board *board_for(const char *name)
{
	return !strncmp(name, "board_", 6) ? load_named_board("small") : !strncmp(name, "old_", 4) ? load_named_board("old") : NULL;
}

static unsigned int each_xml(const char *folder, void (*act)(const char *path, const char *name))
{
	struct dirent **names;
	int nr = scandir(folder, &names, NULL, alphasort);
	unsigned int done = 0;

	for (int i = 0; i < nr; i++) {
		char path[320];

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (strstr(names[i]->d_name, ".xml")) {
			act(path, names[i]->d_name);
			done++;
		}
		free(names[i]);
	}
	if (nr >= 0)
		free(names);
	return done;
}

static void check_one(const char *path, const char *name)
{
	struct board *board = board_for(name);
	char *said;
	struct setup *setup = load(path, board, &said);

	compare_said(path, said);
	ck_assert_msg(said[0] || !strcmp(name, "right.xml") || !strcmp(name, "board_right.xml"), "%s breaks no rule", name);
	setup_free(setup);
	free(board);
	free(said);
}

START_TEST(a_broken_file_for_each_rule)
{
	ck_assert_uint_gt(each_xml(GOLDEN "scenario", check_one), 100);
}
END_TEST

/* Every sentence of the hypervisor's reader that a file can provoke is provoked by one of them. */
static void find_rule(FILE *all, const char *source)
{
	/* What only a module can be wrong in, or what the schema refuses before. */
	static const char *const module_only[] = {
		"is not known", "has unknown bits", "reserved", "is not terminated", "has bytes after", "printable ASCII", "has a blank",
		"is empty", "mask 0x%x names", "is filled, but only", "there may be up to", "is set beyond", "names no pCPU", "type none, but",
		"a VM has vuarts 0", "console has no peer", "0 pre_launched", "its name %s", "each VM needs", "checksum", "begins", "truncated",
		"version", "record sizes", "total size", "there must be",
		/* boot time: modules and policies are there or not */
		"module \\\"%s\\\" is missing", "which this hypervisor does not offer", "option %s is not offered",
		"this machine's TSC runs at",
	};
	FILE *f = fopen(source, "r");
	char line[512];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		char *begin = strstr(line, "refuse_vm(c, "), words[256] = "", got[LARGE];
		bool excused = false;
		size_t n = 0;

		begin = begin ? strstr(begin, "-1, \"") : NULL;
		if (!begin)
			continue;
		begin = strchr(begin, '"') + 1;
		begin[strcspn(begin, "\n")] = '\0';
		for (size_t i = 0; i < sizeof(module_only) / sizeof(module_only[0]); i++)
			excused |= strstr(begin, module_only[i]) != NULL;
		/* The longest stretch without a conversion. */
		for (char *p = begin; *p && *p != '"' && *p != '\\'; p += strcspn(p, "%\"\\")) {
			size_t len;

			if (*p == '%')
				p += strspn(p, "%l") + 1;
			len = strcspn(p, "%\"\\");
			if (len > n)
				snprintf(words, sizeof(words), "%.*s", (int)(n = len), p);
			if (!len && *p != '%')
				break;
		}
		rewind(all);
		n = fread(got, 1, sizeof(got) - 1, all);
		got[n] = '\0';
		ck_assert_msg(excused || n < 12 || strstr(got, words), "%s: no golden file breaks the rule that says \"%s\"", source, words);
	}
	fclose(f);
}

static FILE *all_said;

static void collect_said(const char *path, const char *name)
{
	char *text = read_all(path), *begin = strstr(text, SAID);

	(void)name;
	if (begin)
		fputs(begin, all_said);
	free(text);
}

START_TEST(every_rule_has_its_file)
{
	all_said = tmpfile();
	each_xml(GOLDEN "scenario", collect_said);
	find_rule(all_said, "hypervisor/config/scenario_vm.c");
	find_rule(all_said, "hypervisor/config/scenario_set.c");
	find_rule(all_said, "hypervisor/config/scenario_machine.c");
	fclose(all_said);
}
END_TEST

/* Files whose name says so are imported with a kernel for their user VMs. */
static const char *kernel_for(const char *name)
{
	return !strncmp(name, "kernel_", 7) ? "/vm/bzImage" : NULL;
}

static void import_one(const char *path, const char *name)
{
	struct report r = { .file = path };
	char *said, *text = NULL, out[320];
	struct setup *setup;
	size_t size;
	xmlDoc *doc;

	r.out = open_memstream(&said, &size);
	doc = schema_load_any(&r);
	if (doc)
		text = import_scenario(doc, kernel_for(name), &r);
	xmlFreeDoc(doc);
	fclose(r.out);
	ck_assert_msg((text == NULL) == (r.errors > 0), "%s", path);
	compare_said(path, without_name(said, path));
	free(said);
	if (text) {
		snprintf(out, sizeof(out), "%s", path);
		strcpy(strstr(out, ".xml"), ".out");
		compare_file(out, text);
		/* A file that needs no hand is right as it is. */
		setup = load(out, NULL, &said);
		ck_assert_msg(setup != NULL || !strncmp(name, "hand_", 5), "%s: %s", name, said);
		setup_free(setup);
		free(said);
	}
	free(text);
}

START_TEST(imports)
{
	ck_assert_uint_gt(each_xml(GOLDEN "import", import_one), 3);
}
END_TEST

static void compare_printed(const char *name, char *text)
{
	char path[128], *body = text;

	/* Another name: these are no files of ours, with our licence line. */
	snprintf(path, sizeof(path), GOLDEN "made/%s.made", name);
	if (strstr(name, ".sh")) {	/* kept without its first line, by which it would be a script of ours */
		ck_assert_int_eq(strncmp(text, "#!/bin/sh\n", 10), 0);
		body += 10;
	}
	compare_file(path, body);
	free(text);
}

static const char *const made[] = { "grub.cfg", "launch_all.sh", "all.xml", "launch_small.sh", "small.xml" };

/* The folder that build -d makes, file by file, then made again over itself. */
START_TEST(everything_is_made)
{
	struct board *board = load_named_board("small");
	char *said, dir[] = "/tmp/test_golden.XXXXXX", path[160];
	struct setup *setup = load(GOLDEN "made/scenario.xml", board, &said);

	ck_assert_msg(setup != NULL, "%s", said);
	ck_assert_str_eq(said, "");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (unsigned int pass = 0; pass < 2; pass++) {
		ck_assert(output_folder(dir, setup, board));
		for (unsigned int i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
			snprintf(path, sizeof(path), "%s/%s", dir, made[i]);
			compare_printed(made[i], read_all(path));
		}
	}
	for (unsigned int i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, made[i]);
		ck_assert_int_eq(access(path, strstr(path, ".sh") ? X_OK : R_OK), 0);
		unlink(path);
	}
	ck_assert_int_eq(system("grub-script-check " GOLDEN "made/grub.cfg.made"), 0);
	ck_assert_int_eq(system("shellcheck -s sh " GOLDEN "made/launch_all.sh.made " GOLDEN "made/launch_small.sh.made"), 0);
	snprintf(path, sizeof(path), "%s/everything.bin", dir);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	ck_assert(!output_folder("/nonexistent/dir", setup, board));
	setup_free(setup);
	free(board);
	free(said);
}
END_TEST

START_TEST(everything_is_explained)
{
	struct board *board = load_named_board("small");
	char *said, *text;
	struct setup *setup = load(GOLDEN "made/scenario.xml", board, &said);
	size_t size;
	FILE *out = open_memstream(&text, &size);

	explain_setup(setup, board, out);
	fclose(out);
	compare_printed("explained.txt", text);
	setup_free(setup);
	free(board);
	free(said);
}
END_TEST

static char *differences(const char *a, const char *b, long *nr)
{
	char *said_a, *said_b, *text;
	struct setup *from = load(a, NULL, &said_a), *to = load(b, NULL, &said_b);
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_msg(from && to, "%s%s", said_a, said_b);
	*nr = diff_setups(from, to, out);
	fclose(out);
	setup_free(from);
	setup_free(to);
	free(said_a);
	free(said_b);
	return text;
}

/* Written otherwise and meaning the same: no difference. Meaning something else: each difference, once. */
START_TEST(differences_of_meaning)
{
	long nr;
	char *text = differences(GOLDEN "made/before.xml", GOLDEN "made/rewritten.xml", &nr);

	ck_assert_str_eq(text, "");
	ck_assert_int_eq(nr, 0);
	free(text);
	text = differences(GOLDEN "made/before.xml", GOLDEN "made/after.xml", &nr);
	ck_assert_int_gt(nr, 0);
	compare_printed("differences.txt", text);
}
END_TEST

/* The page on the file format: its example is right, and its list of elements the schema's. */
START_TEST(page_is_true)
{
	char *page = read_all("doc/man/quercus-scenario.5"), *begin = strstr(page, "<scenario name"), *end, *said, *to, *list;
	char path[] = "/tmp/test_page.XXXXXX", wanted[1024] = "";
	const xmlNode *sequence;
	xmlDoc *schema = schema_document();

	ck_assert(begin && schema);
	end = strstr(begin, "</scenario>") + strlen("</scenario>");
	to = begin;
	for (char *from = begin; from < end; from++)
		if (*from != '\\')
			*to++ = *from;
	*to = '\0';
	close(mkstemp(path));
	write_all(path, begin);
	setup_free(load(path, NULL, &said));
	ck_assert_str_eq(said, "");
	unlink(path);
	free(said);
	sequence = schema_child(schema_child(xmlDocGetRootElement(schema), "complexType", "vm"), "sequence", NULL);
	for (xmlNode *n = sequence->children; n; n = n->next) {
		char name[64];

		if (n->type == XML_ELEMENT_NODE && schema_attribute(n, "name", name, sizeof(name)))
			snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%s%s", wanted[0] ? ", " : "", name);
	}
	list = strstr(page, "in this order: ");
	ck_assert_ptr_nonnull(list);
	list += strlen("in this order: ");
	list[strcspn(list, ".")] = '\0';
	for (char *p = list; *p; p++)
		if (*p == '\n')
			*p = ' ';
	ck_assert_str_eq(list, wanted);
	xmlFreeDoc(schema);
	free(page);
}
END_TEST

/* Boards that lie about their form or their numbers. */
START_TEST(bad_boards)
{
	static const struct { const char *from, *to, *said; } bad[] = {
		{ "<thread cpu_id=\"0\"", "<threat cpu_id=\"0\"", "threat" },
		{ "end=\"0x000000004fffffff\" type=\"Reserved\"", "end=\"0x0000000000000001\" type=\"System RAM\"", "range ends before it starts" },
		{ "0x000000003fffffff", "0x3fffffffffffffffffff", "is not accepted by the pattern" },
		{ "<board name", "<!DOCTYPE board [<!ENTITY a \"b\">]><board name", "DOCTYPE" },
		{ "</board>", "", "Premature end" },
	};
	char *right = read_all(GOLDEN "scenario/boards/small.xml");

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char path[] = "/tmp/test_board.XXXXXX", *text, *said, *at = strstr(right, bad[i].from);
		struct report r = { .file = path };
		size_t size;

		ck_assert_msg(at != NULL, "%s", bad[i].from);
		close(mkstemp(path));
		ck_assert_int_ge(asprintf(&text, "%.*s%s%s", (int)(at - right), right, bad[i].to, at + strlen(bad[i].from)), 0);
		write_all(path, text);
		r.out = open_memstream(&said, &size);
		ck_assert_ptr_null(board_load(&r));
		fclose(r.out);
		ck_assert_msg(strstr(said, bad[i].said), "\"%s\" is not in: %s", bad[i].said, said);
		unlink(path);
		free(text);
		free(said);
	}
	free(right);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hvconfig_golden");
	TCase *tc = tcase_create("golden");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_broken_file_for_each_rule);
	tcase_add_test(tc, every_rule_has_its_file);
	tcase_add_test(tc, imports);
	tcase_add_test(tc, everything_is_made);
	tcase_add_test(tc, everything_is_explained);
	tcase_add_test(tc, differences_of_meaning);
	tcase_add_test(tc, page_is_true);
	tcase_add_test(tc, bad_boards);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	xmlCleanupParser();
	return failed != 0;
}

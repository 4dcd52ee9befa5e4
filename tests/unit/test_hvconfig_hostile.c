/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hvconfig with files that are wrong in every way: each edit takes out, doubles, moves or spoils some of a right file, so that form,
 * numbers and names go wrong together. Whatever comes: refused with a reason, or taken and then made into everything there is.
 */
/* unit: misc/config/hvconfig/build.c misc/config/hvconfig/fill.c misc/config/hvconfig/fill_vuart.c misc/config/hvconfig/fill_launch.c misc/config/hvconfig/rules.c misc/config/hvconfig/board.c misc/config/hvconfig/schema.c misc/config/hvconfig/show.c misc/config/hvconfig/fields.c misc/config/hvconfig/values.c misc/config/hvconfig/report.c misc/config/hvconfig/import.c misc/config/hvconfig/import_xml.c misc/config/hvconfig/import_vm.c misc/config/hvconfig/import_vuart.c misc/config/hvconfig/import_launch.c misc/config/hvconfig/emit_grub.c misc/config/hvconfig/emit_launch.c misc/config/hvconfig/emit_domain.c misc/config/hvconfig/explain.c misc/config/hvconfig/diff.c misc/config/hvconfig/facts.c hypervisor/config/scenario.c hypervisor/config/scenario_vm.c hypervisor/config/scenario_set.c hypervisor/config/scenario_machine.c hypervisor/config/scenario_names.c hypervisor/lib/crc.c */
/* unit-flags: -Imisc/config/hvconfig -I/usr/include/libxml2 -D_GNU_SOURCE */
/* unit-libs: -lxml2 */
#include <check.h>
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
#include "schema.h"
#include "show.h"

#define ROUNDS	400u

static uint64_t seed = 1;

/* xorshift: the same edits each time. */
static uint32_t random_below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % n;
}

static const char *const texts[] = {
	"", "0", "4", "63", "64", "-1", "0-63", "0x10", "18446744073709551615", "99999999999G", "auto", "none", "yes", "rt lapic_pt", "safety",
	"service", "pre_launched", "post_launched", "user", "all", "pre", "a b", "\xc3\xa4", "<&\"'", "/x", "stdio", "file:/y", "shm", "y", "n",
	"SERVICE_VM", "PRE_LAUNCHED_VM", "RTVM", "COM2_BASE", "COM Port 9", "hv:/a, 2, 0:1:2:99", "hv:/", "0x2F8", "legacy", "Hypervisor",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

static const char *a_text(void)
{
	return texts[random_below(sizeof(texts) / sizeof(texts[0]))];
}

static unsigned int count_elements(const xmlNode *node)
{
	unsigned int nr = 1;

	for (const xmlNode *n = node->children; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE)
			nr += count_elements(n);
	return nr;
}

/* The index-th element in document order, `node` itself being 0. */
static xmlNode *element_at(xmlNode *node, unsigned int *index)
{
	xmlNode *found = NULL;

	if ((*index)-- == 0)
		return node;
	for (xmlNode *n = node->children; n && !found; n = n->next)
		if (n->type == XML_ELEMENT_NODE)
			found = element_at(n, index);
	return found;
}

static xmlNode *an_element(xmlDoc *doc)
{
	xmlNode *root = xmlDocGetRootElement(doc);
	unsigned int index = random_below(count_elements(root));

	return element_at(root, &index);
}

static void spoil_attribute(xmlNode *node)
{
	unsigned int nr = 0;

	for (const xmlAttr *a = node->properties; a; a = a->next)
		nr++;
	if (!nr) {
		xmlNewProp(node, (const xmlChar *)(random_below(2) ? "index" : "name"), (const xmlChar *)a_text());
		return;
	}
	nr = random_below(nr);
	for (xmlAttr *a = node->properties; a; a = a->next)
		if (nr-- == 0) {
			if (random_below(2))
				xmlRemoveProp(a);
			else
				xmlSetProp(node, a->name, (const xmlChar *)a_text());
			return;
		}
}

static void edit(xmlDoc *doc)
{
	xmlNode *root = xmlDocGetRootElement(doc), *node = an_element(doc), *other = an_element(doc);
	unsigned int what = random_below(6);

	if (what == 0 && node != root) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	} else if (what == 1 && node != root) {
		for (unsigned int i = random_below(20) + 1; i > 0; i--)
			xmlAddNextSibling(node, xmlCopyNode(node, 1));
	} else if (what == 2 && node != root) {
		xmlAddChild(other, xmlCopyNode(node, 1));
	} else if (what == 3) {
		spoil_attribute(node);
	} else if (what == 4 && !xmlFirstElementChild(node)) {
		xmlNodeSetContent(node, NULL);
		xmlNodeAddContent(node, (const xmlChar *)a_text());
	} else if (what == 5) {
		xmlNodeSetName(node, other->name);
	}
}

/* A right file with some edits, written where `path` says. */
static void write_edited(const char *from, const char *path)
{
	xmlDoc *doc = xmlReadFile(from, NULL, XML_PARSE_NONET);

	ck_assert_ptr_nonnull(doc);
	for (unsigned int i = random_below(4) + 1; i > 0; i--)
		edit(doc);
	ck_assert_int_gt(xmlSaveFile(path, doc), 0);
	xmlFreeDoc(doc);
}

static char path[] = "/tmp/test_hostile.XXXXXX", *said;
static struct report report;

static struct report *new_report(void)
{
	static size_t size;

	memset(&report, 0, sizeof(report));
	report.file = path;
	report.out = open_memstream(&said, &size);
	return &report;
}

static void end_report(bool taken)
{
	fclose(report.out);
	ck_assert_msg(taken == !report.errors, "taken %d, but: %.1000s", taken, said);
	ck_assert_msg(!report.errors || strstr(said, "error: "), "%.1000s", said);
	free(said);
}

static void make_everything(const struct setup *setup, const struct board *board)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	show_scenario(setup->s, out);
	emit_grub(setup, out);
	explain_setup(setup, board, out);
	for (unsigned int i = 0; i < setup->s->nr_vms; i++)
		if (setup->vm[i].launch.present) {
			emit_launch(setup, i, board, out);
			emit_domain(setup, i, out);
		}
	ck_assert_int_eq(diff_setups(setup, setup, out), 0);
	fclose(out);
	free(text);
}

static void start(void)
{
	strcpy(path, "/tmp/test_hostile.XXXXXX");
	close(mkstemp(path));
}

static void end(void)
{
	unlink(path);
}

START_TEST(scenarios)
{
	unsigned int taken = 0;
	struct board *board;

	report.file = "tests/golden/scenario/boards/small.xml";
	report.out = stderr;
	board = board_load(&report);
	ck_assert_ptr_nonnull(board);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		const struct board *b = i % 2 ? board : NULL;
		struct setup *setup = NULL;
		xmlDoc *doc;

		write_edited(i % 3 ? "tests/golden/made/scenario.xml" : "tests/golden/scenario/right.xml", path);
		doc = schema_load(new_report());
		if (doc)
			setup = build_setup(doc, b, &report);
		xmlFreeDoc(doc);
		end_report(setup);
		if (setup)
			make_everything(setup, b);
		taken += setup != NULL;
		setup_free(setup);
	}
	ck_assert_uint_gt(taken, 5);		/* not all edits break something, */
	ck_assert_uint_lt(taken, ROUNDS / 2);	/* and most do */
	free(board);
}
END_TEST

START_TEST(boards)
{
	for (unsigned int i = 0; i < ROUNDS / 4; i++) {
		struct board *b;

		write_edited("tests/golden/scenario/boards/small.xml", path);
		b = board_load(new_report());
		end_report(b);
		free(b);
	}
}
END_TEST

/* What is imported may need a hand, but it is XML, and of our form but for values that theirs had wrong. */
START_TEST(imports)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		char *text = NULL;
		xmlDoc *doc;

		write_edited(i % 2 ? "tests/golden/import/elements.xml" : "tests/golden/import/older.xml", path);
		doc = schema_load_any(new_report());
		if (doc)
			text = import_scenario(doc, i % 4 < 2 ? "/vm/bzImage" : NULL, &report);
		xmlFreeDoc(doc);
		end_report(text);
		if (!text)
			continue;
		doc = xmlReadMemory(text, (int)strlen(text), "imported", NULL, XML_PARSE_NONET);
		ck_assert_msg(doc != NULL, "%.2000s", text);
		xmlFreeDoc(doc);
		free(text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hvconfig_hostile");
	TCase *tc = tcase_create("hostile");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, start, end);
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, scenarios);
	tcase_add_test(tc, boards);
	tcase_add_test(tc, imports);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	xmlCleanupParser();
	return failed != 0;
}

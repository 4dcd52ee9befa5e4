/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target for what is written down about a domain (libFuzzer's entry point). The input is the type (1 byte), and words or XML. It is
 * refused with a sentence and a code, or taken: then it is what is got back, an element so that it can be given again, and the domain is
 * the same otherwise. Taken out, nothing is left of it. Kept apart from the domain (notes) it is the same as in it.
 */
/* fuzz: tools/virtacrnd/domxml.c tools/virtacrnd/domxml_change.c tools/virtacrnd/domxml_meta.c tools/virtacrnd/domxml_notes.c tools/virtacrnd/domxml_look.c tools/virtacrnd/domxml_device.c tools/virtacrnd/domxml_serial.c tools/virtacrnd/uuid.c tools/common/args.c tools/common/place.c */
/* fuzz-flags: -D_GNU_SOURCE -Ihypervisor -I/usr/include/libxml2 */
/* fuzz-libs: -lxml2 -lsystemd */
#include <libvirt/libvirt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/virtacrnd/domxml.h"

#define URI "http://x/"

static const struct domxml_host host = { .dm = "/usr/bin/acrn-dm" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char good[] =
	"<domain type='acrn'>\n <name>vm1</name>\n <uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>\n <memory unit='MiB'>32</memory>\n"
	" <os><type>hvm</type><kernel>/k</kernel></os>\n <metadata><o:o xmlns:o='http://o/'><o:p/></o:o></metadata>\n <devices/>\n</domain>";

/* The domain of @text with @words, NULL: they are refused, or the text; free() it. */
static char *set(const char *text, int type, const char *words)
{
	const struct domxml_meta meta = { type, words, type == VIR_DOMAIN_METADATA_ELEMENT ? "x" : NULL, URI };
	struct domxml_why why = { 0 };
	struct domxml x;
	char *new;

	if (!domxml_change(text, &(struct domxml_change){ domxml_make_meta, &meta }, &host, &x, &why)) {
		if (!why.code || !*why.text)
			abort();
		return NULL;
	}
	if (strcmp(x.name, "vm1") != 0 || x.kib != 32768 || x.nr_args != 4)
		abort();
	new = domxml_text(&x, -1);
	domxml_free(&x);
	return new;
}

static void check_again(const char *text, int type, const char *words)
{
	char *got = domxml_meta(text, type, URI), *again, *second;

	if (!got || (type != VIR_DOMAIN_METADATA_ELEMENT && strcmp(got, words) != 0))
		abort();
	again = set(text, type, got);
	second = again ? domxml_meta(again, type, URI) : NULL;
	/* At its limit it may have grown by what is said of its namespaces. */
	if (again ? !second || strcmp(got, second) != 0 : strlen(got) <= DOMXML_ELEMENT_MAX)
		abort();
	free(second);
	free(again);
	free(got);
}

static void same(char *one, char *other)
{
	if (!one || !other || strcmp(one, other) != 0)
		abort();
	free(one);
	free(other);
}

static void check_notes(const char *words, int type)
{
	static const char bare[] = "<domain type='acrn'><name>vm1</name><memory>1</memory></domain>";
	struct domxml_meta meta = { type, words, type == VIR_DOMAIN_METADATA_ELEMENT ? "x" : NULL, URI };
	struct domxml_why why = { 0 };
	char *notes = domxml_notes_change(NULL, "vm1", &meta, &why), *shown, *none;

	if (!notes) {
		if (!why.code || !*why.text)
			abort();
		return;
	}
	shown = domxml_notes_show(bare, notes);
	if (!shown)
		abort();
	same(domxml_meta(notes, type, URI), domxml_meta(shown, type, URI));
	meta.text = NULL;
	none = domxml_notes_change(notes, "vm1", &meta, &why);
	if (!none || *none)
		abort();
	free(none);
	free(shown);
	free(notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int type = size ? data[0] % 3 : 0;
	char *words, *text, *without, *other;

	words = size ? strndup((const char *)data + 1, size - 1) : strdup("");
	check_notes(words, type);
	text = set(good, type, words);
	if (text) {
		check_again(text, type, words);
		without = set(text, type, NULL);
		if (!without || domxml_meta(without, type, URI))
			abort();
		other = domxml_meta(without, VIR_DOMAIN_METADATA_ELEMENT, "http://o/");
		if (!other || strcmp(other, "<o><p/></o>") != 0)
			abort();
		free(other);
		free(without);
	}
	free(text);
	free(words);
	return 0;
}

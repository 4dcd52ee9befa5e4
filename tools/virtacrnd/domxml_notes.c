/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written down about a domain, kept apart from it: title, description, metadata. */
#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/virtacrnd/domxml_priv.h"

static const char *const kinds[] = { "title", "description", "metadata" };

static char *dump(xmlDoc *doc)
{
	xmlBuffer *buffer = xmlBufferCreate();
	char *text = NULL;

	if (buffer && xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 1) > 0 &&
	    asprintf(&text, "%s\n", (const char *)xmlBufferContent(buffer)) < 0)
		text = NULL;
	xmlBufferFree(buffer);
	return text;
}

static bool has_any(xmlNode *root)
{
	bool any = false;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		any |= domxml_child(root, kinds[i]) != NULL;
	return any;
}

static xmlDoc *begin(const char *name)
{
	char text[128];

	/* A VM's name has no character that XML would take for its own. */
	snprintf(text, sizeof(text), "<domain type='acrn'>\n  <name>%s</name>\n</domain>", name);
	return domxml_parse(text);
}

/* UTF-8 may have characters that XML does not. */
static bool can_be_read(const char *text, struct domxml_why *why)
{
	xmlDoc *doc = *text ? domxml_parse(text) : NULL;
	bool ok = doc || !*text;

	xmlFreeDoc(doc);
	why->code = VIR_ERR_XML_ERROR;
	if (!ok)
		snprintf(why->text, sizeof(why->text), "what is to be written down about it has a character that XML does not allow");
	else if (strlen(text) > DOMXML_MAX)
		snprintf(why->text, sizeof(why->text), "what is written down about it would have %zu bytes; at most %u are taken", strlen(text), DOMXML_MAX);
	return ok && strlen(text) <= DOMXML_MAX;
}

char *domxml_notes_change(const char *old, const char *name, const struct domxml_meta *meta, struct domxml_why *why)
{
	xmlDoc *doc = old ? domxml_parse(old) : begin(name);
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	char *new = NULL;

	*why = (struct domxml_why){ .code = VIR_ERR_INTERNAL_ERROR, .text = "what is written down about it cannot be read, or memory is out" };
	if (root && domxml_child(root, "name") && domxml_make_meta(root, meta, why))
		new = has_any(root) ? dump(doc) : strdup("");
	xmlFreeDoc(doc);
	if (!new || can_be_read(new, why))
		return new;
	free(new);
	return NULL;
}

static bool add(xmlNode *root, xmlNode *notes)
{
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		xmlNode *from = domxml_child(notes, kinds[i]), *to, *copy;

		if (!from)
			continue;
		to = domxml_add_child(root, kinds[i]);
		copy = to ? xmlDocCopyNode(from, root->doc, 1) : NULL;
		ok = copy;
		if (ok)
			xmlFreeNode(xmlReplaceNode(to, copy));
	}
	return ok;
}

char *domxml_notes_show(const char *text, const char *notes)
{
	xmlDoc *doc = domxml_parse(text), *more = domxml_parse(notes);
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL, *from = more ? xmlDocGetRootElement(more) : NULL;
	char *shown = NULL;

	if (root && from && add(root, from))
		shown = dump(doc);
	xmlFreeDoc(doc);
	xmlFreeDoc(more);
	return shown;
}

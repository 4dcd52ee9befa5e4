/* SPDX-License-Identifier: BSD-3-Clause */
/* What a text of domxml_text() says; it is not checked again. */
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

#include "tools/common/args.h"
#include "tools/virtacrnd/domxml_priv.h"
#include "tools/virtacrnd/uuid.h"

xmlDoc *domxml_parse(const char *text)
{
	return xmlReadMemory(text, strlen(text), "domain.xml", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

int domxml_id(const char *text)
{
	xmlDoc *doc = domxml_parse(text);
	xmlChar *id = doc && xmlDocGetRootElement(doc) ? xmlGetProp(xmlDocGetRootElement(doc), (const xmlChar *)"id") : NULL;
	uint64_t number;
	int result = id && args_number((char *)id, 1, INT32_MAX, &number) ? (int)number : -1;

	xmlFree(id);
	xmlFreeDoc(doc);
	return result;
}

bool domxml_uuid(const char *text, uint8_t *uuid)
{
	xmlDoc *doc = domxml_parse(text);
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL, *node = root ? domxml_child(root, "uuid") : NULL;
	xmlChar *words = node ? xmlNodeGetContent(node) : NULL;
	bool ok = words && uuid_read((char *)words, uuid);

	xmlFree(words);
	xmlFreeDoc(doc);
	return ok;
}

static bool is_element(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !strcmp((char *)node->name, name);
}

/* An attribute of a child, as far as it fits. False: there is none. */
static bool get(xmlNode *node, const char *child, const char *attribute, char *out, size_t size)
{
	xmlNode *found = domxml_child(node, child);
	xmlChar *text = found ? xmlGetProp(found, (const xmlChar *)attribute) : NULL;
	bool ok = text && (size_t)snprintf(out, size, "%s", (char *)text) < size;

	xmlFree(text);
	return ok;
}

static bool get_source(xmlNode *disk, char *out, size_t size)
{
	return get(disk, "source", "file", out, size) || get(disk, "source", "dev", out, size);
}

/* The disk whose source or target is @wanted: its other name if @target is asked for by its source, or its source. */
static bool find_disk(const char *text, const char *wanted, bool want_target, char *out, size_t size)
{
	xmlDoc *doc = domxml_parse(text);
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL, *devices = root ? domxml_child(root, "devices") : NULL;
	char source[DOMXML_PATH_MAX], target[32];
	bool found = false;

	for (xmlNode *node = devices ? devices->children : NULL; node && !found; node = node->next) {
		if (!is_element(node, "disk") || !get_source(node, source, sizeof(source)) || !get(node, "target", "dev", target, sizeof(target)))
			continue;
		found = !strcmp(wanted, source) || (!want_target && !strcmp(wanted, target));
		if (found)
			found = (size_t)snprintf(out, size, "%s", want_target ? target : source) < size;
	}
	xmlFreeDoc(doc);
	return found;
}

bool domxml_disk_source(const char *text, const char *disk, char *source, size_t size)
{
	return find_disk(text, disk, false, source, size);
}

bool domxml_disk_target(const char *text, const char *source, char *target, size_t size)
{
	return find_disk(text, source, true, target, size);
}

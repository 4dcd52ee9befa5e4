/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is written down about a domain: title, description, and elements of others in <metadata>, each of a namespace of its own. Such
 * an element stands there with the prefix that its owner chose; he gives and gets it without:
 *
 *	<tag a="1"/>, prefix "x", "http://x/"	<->	<x:tag xmlns:x="http://x/" a="1"/>
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <libxml/xmlmemory.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/virtacrnd/domxml_priv.h"

static bool refuse(struct domxml_why *why, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static bool refuse(struct domxml_why *why, int code, const char *fmt, ...)
{
	va_list ap;

	why->code = code;
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return false;
}

/* The element for one of the two texts. */
static const char *name_of(int type)
{
	return type == VIR_DOMAIN_METADATA_TITLE ? "title" : "description";
}

bool domxml_words_ok(int type, const char *text, struct domxml_why *why)
{
	size_t len = strlen(text), most = type == VIR_DOMAIN_METADATA_TITLE ? DOMXML_TITLE_MAX : DOMXML_DESCRIPTION_MAX;

	if (len > most)
		return refuse(why, VIR_ERR_INVALID_ARG, "a %s of %zu bytes; at most %zu are taken", name_of(type), len, most);
	if (!xmlCheckUTF8((const xmlChar *)text))
		return refuse(why, VIR_ERR_INVALID_ARG, "the %s is no UTF-8", name_of(type));
	for (; *text; text++) {
		bool breaks = *text == '\n' || *text == '\t' || *text == '\r';

		if ((unsigned char)*text < ' ' && (!breaks || type == VIR_DOMAIN_METADATA_TITLE))
			return refuse(why, VIR_ERR_INVALID_ARG, type == VIR_DOMAIN_METADATA_TITLE ?
				      "a title is one line without control characters; <description> may have more" :
				      "a description has no control characters but line breaks and tabs");
	}
	return true;
}

/* The next element of a tree in the order of its text, NULL: there is no more. */
static xmlNode *next_element(const xmlNode *root, xmlNode *node)
{
	xmlNode *next = xmlFirstElementChild(node);

	while (!next && node != root) {
		next = xmlNextElementSibling(node);
		node = node->parent;
	}
	return next;
}

static bool is_of(const xmlNode *node, const char *uri)
{
	return node->ns && !strcmp((const char *)node->ns->href, uri);
}

static xmlNode *find_element(const xmlNode *root, const char *uri)
{
	xmlNode *parent = domxml_child((xmlNode *)root, "metadata");
	xmlNode *node = parent ? xmlFirstElementChild(parent) : NULL;

	while (node && !is_of(node, uri))
		node = xmlNextElementSibling(node);
	return node;
}

static char *dump(xmlDoc *doc, xmlNode *node)
{
	xmlBuffer *buffer = xmlBufferCreate();
	char *text = NULL;

	if (buffer && xmlNodeDump(buffer, doc, node, 0, 0) > 0)
		text = strdup((const char *)xmlBufferContent(buffer));
	xmlBufferFree(buffer);
	return text;
}

/* @node as its owner gave it: nothing in it is of namespace @uri any more. */
static char *bare_text(const xmlNode *node, const char *uri)
{
	xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
	xmlNode *copy = doc ? xmlDocCopyNode((xmlNode *)node, doc, 1) : NULL;
	char *text;

	if (copy)
		xmlDocSetRootElement(doc, copy);
	for (xmlNode *at = copy; at; at = next_element(copy, at))
		if (is_of(at, uri))
			at->ns = NULL;
	/* An attribute may still be of it: then it has to stay said what that is. */
	for (xmlNs **ns = copy ? &copy->nsDef : NULL; ns && *ns; ) {
		xmlNs *gone = *ns;
		bool ours = !strcmp((const char *)gone->href, uri), used = false;

		for (xmlNode *at = copy; at && ours; at = next_element(copy, at))
			for (xmlAttr *attr = at->properties; attr; attr = attr->next)
				used |= attr->ns == gone;
		if (!ours || used) {
			ns = &gone->next;
			continue;
		}
		*ns = gone->next;
		xmlFreeNs(gone);
	}
	text = copy ? dump(doc, copy) : NULL;
	xmlFreeDoc(doc);
	return text;
}

char *domxml_meta(const char *text, int type, const char *uri)
{
	xmlDoc *doc = domxml_parse(text);
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL, *node = NULL;
	xmlChar *words;
	char *found = NULL;

	if (root)
		node = type == VIR_DOMAIN_METADATA_ELEMENT ? find_element(root, uri) : domxml_child(root, name_of(type));
	if (node && type == VIR_DOMAIN_METADATA_ELEMENT) {
		found = bare_text(node, uri);
	} else if (node) {
		words = xmlNodeGetContent(node);
		found = words ? strdup((char *)words) : NULL;
		xmlFree(words);
	}
	xmlFreeDoc(doc);
	return found;
}

xmlNode *domxml_add_child(xmlNode *root, const char *name)
{
	static const char *const before[] = { "name", "uuid", "title", "description" };
	xmlNode *node = xmlNewDocNode(root->doc, NULL, (const xmlChar *)name, NULL), *at = NULL;

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]) && strcmp(before[i], name) != 0; i++)
		at = domxml_child(root, before[i]) ?: at;
	if (!node || !at) {
		xmlFreeNode(node);
		return NULL;
	}
	xmlAddNextSibling(at, node);
	if (at->prev && xmlIsBlankNode(at->prev))
		xmlAddPrevSibling(node, xmlDocCopyNode(at->prev, root->doc, 1));
	return node;
}

static bool set_words(xmlNode *root, const struct domxml_meta *meta, struct domxml_why *why)
{
	xmlNode *node = domxml_child(root, name_of(meta->type));

	if (meta->text && !domxml_words_ok(meta->type, meta->text, why))
		return false;
	if (node && !meta->text)
		domxml_remove(node);
	if (!meta->text)
		return true;
	if (!node)
		node = domxml_add_child(root, name_of(meta->type));
	if (!node)
		return false;
	xmlNodeSetContent(node, NULL);
	xmlNodeAddContent(node, (const xmlChar *)meta->text);
	return true;
}

/* The namespace that the element's owner names, said at the element itself. */
static xmlNs *name_space(xmlNode *node, const struct domxml_meta *meta, struct domxml_why *why)
{
	xmlNs *ns = node->ns;

	if (ns && !is_of(node, meta->uri)) {
		refuse(why, VIR_ERR_INVALID_ARG, "<%s> is of namespace '%.100s', but its URI is said to be '%.100s'", (char *)node->name, (char *)ns->href,
		       meta->uri);
		return NULL;
	}
	for (xmlNs *def = node->nsDef; def && !ns; def = def->next)
		if (def->prefix && !strcmp((char *)def->prefix, meta->key) && !strcmp((char *)def->href, meta->uri))
			ns = def;
	if (!ns)
		ns = xmlNewNs(node, (const xmlChar *)meta->uri, (const xmlChar *)meta->key);
	if (!ns)
		refuse(why, VIR_ERR_INVALID_ARG, "the prefix '%.60s' is another namespace's in the XML", meta->key);
	return ns;
}

/* What is given as an element: all of it that has no namespace gets this one. NULL with *@why. */
static xmlNode *take_element(xmlDoc *doc, const struct domxml_meta *meta, struct domxml_why *why)
{
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	xmlNs *ns;

	if (!root || doc->intSubset) {
		refuse(why, VIR_ERR_XML_ERROR, root ? "a document type is not allowed" : "the metadata is no well-formed XML of one element");
		return NULL;
	}
	ns = name_space(root, meta, why);
	for (xmlNode *node = ns ? root : NULL; node; node = next_element(root, node)) {
		if (strchr((char *)node->name, ':')) {
			refuse(why, VIR_ERR_XML_ERROR, "<%.60s>: xmlns does not say what that prefix is", (char *)node->name);
			return NULL;
		}
		if (!node->ns)
			xmlSetNs(node, ns);
	}
	return ns ? root : NULL;
}

static bool check_element(const struct domxml_meta *meta, struct domxml_why *why)
{
	if (strlen(meta->text) > DOMXML_ELEMENT_MAX)
		return refuse(why, VIR_ERR_INVALID_ARG, "metadata of %zu bytes; at most %u are taken for a namespace", strlen(meta->text), DOMXML_ELEMENT_MAX);
	/* "xml..." is kept for XML itself. */
	if (xmlValidateNCName((const xmlChar *)meta->key, 0) != 0 || !strncasecmp(meta->key, "xml", 3))
		return refuse(why, VIR_ERR_INVALID_ARG, "'%.60s' is no prefix of a namespace: letters, digits and ._- that do not begin with xml are", meta->key);
	return true;
}

static void remove_elements(xmlNode *root, const char *uri)
{
	xmlNode *node = find_element(root, uri), *parent = domxml_child(root, "metadata");

	for (; node; node = find_element(root, uri))
		domxml_remove(node);
	if (parent && !xmlFirstElementChild(parent))
		domxml_remove(parent);
}

static bool set_element(xmlNode *root, const struct domxml_meta *meta, struct domxml_why *why)
{
	xmlDoc *doc;
	xmlNode *node = NULL, *parent;

	if (!meta->text) {
		remove_elements(root, meta->uri);
		return true;
	}
	if (!check_element(meta, why))
		return false;
	doc = domxml_parse(meta->text);
	node = take_element(doc, meta, why);
	if (node) {
		node = xmlDocCopyNode(node, root->doc, 1);
		remove_elements(root, meta->uri);
		parent = domxml_child(root, "metadata") ?: domxml_add_child(root, "metadata");
		if (node && parent)
			xmlAddChild(parent, node);
		else
			xmlFreeNode(node);
		node = parent ? node : NULL;
	}
	xmlFreeDoc(doc);
	return node;
}

bool domxml_make_meta(xmlNode *root, const void *arg, struct domxml_why *why)
{
	const struct domxml_meta *meta = arg;

	return meta->type == VIR_DOMAIN_METADATA_ELEMENT ? set_element(root, meta, why) : set_words(root, meta, why);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads and validates scenario files with the schema that is linked in. */
#include "schema.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <string.h>

#include "values.h"

/* The schemas travel inside the program, so that they always fit. Built from the top folder. */
__asm__(".pushsection .rodata\n"
	"schema_text:\n"
	".incbin \"misc/config/schema/scenario.xsd\"\n"
	"schema_text_end:\n"
	"board_text:\n"
	".incbin \"misc/config/schema/board.xsd\"\n"
	"board_text_end:\n"
	".popsection\n");
extern const char schema_text[] __asm__("schema_text");
extern const char schema_text_end[] __asm__("schema_text_end");
extern const char board_text[] __asm__("board_text");
extern const char board_text_end[] __asm__("board_text_end");

/* One of the schemas as text. */
struct text {
	const char *at;
	int size;
};

struct validation {
	struct report *report;
	xmlDoc *schema;
	long facet_line;	/* line of the last error about a form or word, -1: none */
};

static struct text scenario_schema(void)
{
	return (struct text){ schema_text, (int)(schema_text_end - schema_text) };
}

static xmlDoc *document(struct text t)
{
	return xmlReadMemory(t.at, t.size, "schema", NULL, XML_PARSE_NONET);
}

xmlDoc *schema_document(void)
{
	return document(scenario_schema());
}

bool schema_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name);
}

bool schema_attribute(xmlNode *node, const char *name, char *text, size_t size)
{
	xmlAttr *attr = xmlHasProp(node, (const xmlChar *)name);

	text[0] = '\0';
	return attr && value_collapse((xmlNode *)attr, text, size);
}

xmlNode *schema_child(const xmlNode *parent, const char *name, const char *value)
{
	for (xmlNode *n = parent->children; n; n = n->next) {
		xmlChar *has;
		bool same;

		if (n->type != XML_ELEMENT_NODE || strcmp((const char *)n->name, name))
			continue;
		if (!value)
			return n;
		has = xmlGetNoNsProp(n, (const xmlChar *)"name");
		same = has && !strcmp((const char *)has, value);
		xmlFree(has);
		if (same)
			return n;
	}
	return NULL;
}

void schema_documentation(const xmlNode *node, char *text, size_t size)
{
	const xmlNode *annotation = schema_child(node, "annotation", NULL);
	const xmlNode *doc = annotation ? schema_child(annotation, "documentation", NULL) : NULL;

	text[0] = '\0';
	if (doc)
		value_collapse(doc, text, size);
}

/* Depth first: the declaration (element or attribute) of `name` anywhere below `node`. */
static const xmlNode *find_declaration(const xmlNode *node, const char *kind, const char *name)
{
	const xmlNode *found = schema_child(node, kind, name);

	for (const xmlNode *n = node->children; n && !found; n = n->next)
		if (n->type == XML_ELEMENT_NODE)
			found = find_declaration(n, kind, name);
	return found;
}

/* Where an error names an attribute ("..., attribute 'irq': ..."), copies its name. */
static bool attribute_in(const char *message, char *name, size_t size)
{
	const char *at = strstr(message, "attribute '"), *end;

	if (!at)
		return false;
	at += strlen("attribute '");
	end = strchr(at, '\'');
	if (!end || (size_t)(end - at) >= size)
		return false;
	memcpy(name, at, (size_t)(end - at));
	name[end - at] = '\0';
	return true;
}

/* After an error, says what the field is, in the schema's words. */
static void explain(struct validation *v, long line, const xmlNode *node, const char *message)
{
	const xmlNode *root = xmlDocGetRootElement(v->schema), *declared = NULL;
	char attribute[64], text[512];
	const char *name;

	if (!node || !node->name)
		return;
	name = (const char *)node->name;
	if (node->type == XML_ATTRIBUTE_NODE)
		declared = find_declaration(root, "attribute", name);
	else
		declared = find_declaration(root, "element", name);
	if (declared && node->type == XML_ELEMENT_NODE && attribute_in(message, attribute, sizeof(attribute))) {
		const xmlNode *of = find_declaration(declared, "attribute", attribute);

		if (of) {
			declared = of;
			name = attribute;
		}
	}
	if (!declared)
		return;
	schema_documentation(declared, text, sizeof(text));
	if (text[0])
		report_note(v->report, line, "%s: %s", name, text);
}

#if LIBXML_VERSION >= 21200
static void on_error(void *arg, const xmlError *e)
#else
static void on_error(void *arg, xmlErrorPtr e)
#endif
{
	struct validation *v = arg;
	const xmlNode *node = e->node;
	long line = e->line;
	char message[512];

	if (e->domain == XML_FROM_SCHEMASV) {
		bool facet = e->code >= XML_SCHEMAV_CVC_LENGTH_VALID && e->code <= XML_SCHEMAV_CVC_ENUMERATION_VALID;
		bool again = e->code == XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1 || e->code == XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2;

		if (node)
			line = xmlGetLineNo((xmlNode *)node);
		/* libxml2 says first which rule a value breaks, then once more that it is not valid. */
		if (again && v->facet_line == line)
			return;
		v->facet_line = facet ? line : -1;
	}
	if (e->domain == XML_FROM_IO)
		return;		/* reported by the caller, with errno */
	snprintf(message, sizeof(message), "%s", e->message ? e->message : "not well-formed");
	message[strcspn(message, "\n")] = '\0';
	report_error(v->report, line, "%s", message);
	if (e->domain == XML_FROM_SCHEMASV)
		explain(v, line, node, message);
}

static void validate(struct validation *v, struct text t, xmlDoc *doc)
{
	xmlSchemaParserCtxt *parser = xmlSchemaNewMemParserCtxt(t.at, t.size);
	xmlSchema *schema = parser ? xmlSchemaParse(parser) : NULL;
	xmlSchemaValidCtxt *valid = schema ? xmlSchemaNewValidCtxt(schema) : NULL;
	int rc = -1;

	if (valid) {
		xmlSchemaSetValidStructuredErrors(valid, on_error, v);
		rc = xmlSchemaValidateDoc(valid, doc);
	}
	if (rc && !v->report->errors)
		report_error(v->report, 0, "the built-in schema cannot be used");
	xmlSchemaFreeValidCtxt(valid);
	xmlSchemaFree(schema);
	xmlSchemaFreeParserCtxt(parser);
}

static xmlDoc *read_xml(struct validation *v)
{
	struct report *r = v->report;
	xmlDoc *doc;

	errno = 0;
	xmlSetStructuredErrorFunc(v, on_error);
	doc = xmlReadFile(r->file, NULL, XML_PARSE_NONET);
	xmlSetStructuredErrorFunc(NULL, NULL);
	if (doc || r->errors)
		errno = 0;
	else if (!errno)
		errno = EIO;
	/* Entities could hide what a file says, or blow it up; nothing here needs them. */
	if (doc && doc->intSubset)
		report_error(r, 0, "a DOCTYPE is not allowed here; remove it");
	if (doc && r->errors) {
		xmlFreeDoc(doc);
		doc = NULL;
	}
	return doc;
}

static xmlDoc *load(struct report *r, struct text t)
{
	struct validation v = { .report = r, .schema = document(t), .facet_line = -1 };
	xmlDoc *doc;

	if (!v.schema) {
		errno = ENOMEM;
		return NULL;
	}
	doc = read_xml(&v);
	if (doc)
		validate(&v, t, doc);
	xmlFreeDoc(v.schema);
	return doc;
}

xmlDoc *schema_load(struct report *r)
{
	return load(r, scenario_schema());
}

xmlDoc *schema_load_board(struct report *r)
{
	xmlDoc *doc = load(r, (struct text){ board_text, (int)(board_text_end - board_text) });

	if (doc && r->errors) {
		xmlFreeDoc(doc);
		doc = NULL;
	}
	return doc;
}

xmlDoc *schema_load_any(struct report *r)
{
	struct validation v = { .report = r, .facet_line = -1 };

	return read_xml(&v);
}

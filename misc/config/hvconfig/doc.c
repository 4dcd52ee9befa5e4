/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of fields, printed from the schema. */
#include <string.h>

#include "schema.h"
#include "values.h"

#define WIDTH 100

struct doc {
	const xmlNode *schema;
	FILE *out;
};

static const char *attribute(const xmlNode *node, const char *name, char *text, size_t size)
{
	xmlChar *value = xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)name);

	snprintf(text, size, "%s", value ? (const char *)value : "");
	xmlFree(value);
	return text;
}

static bool is_element(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name);
}

static void print_wrapped(FILE *out, int indent, const char *text)
{
	while (*text) {
		size_t room = (size_t)(WIDTH - indent), len = strlen(text);

		if (len > room) {
			len = room;
			while (len > 0 && text[len] != ' ')
				len--;
			if (len == 0)
				len = strcspn(text, " ");
		}
		fprintf(out, "%*s%.*s\n", indent, "", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
}

/* The words a simple type allows, each with its meaning; a list type has its items' words. */
static void print_words(const struct doc *d, const char *type, int indent)
{
	const xmlNode *simple = schema_child(d->schema, "simpleType", type), *inner;
	char item[64], text[512];

	if (!simple)
		return;
	schema_documentation(simple, text, sizeof(text));
	print_wrapped(d->out, indent, text);
	inner = schema_child(simple, "list", NULL);
	if (inner)
		print_words(d, attribute(inner, "itemType", item, sizeof(item)), indent);
	inner = schema_child(simple, "restriction", NULL);
	for (const xmlNode *n = inner ? inner->children : NULL; n; n = n->next) {
		if (!is_element(n, "enumeration"))
			continue;
		schema_documentation(n, text, sizeof(text));
		fprintf(d->out, "%*s- %s: %s\n", indent, "", attribute(n, "value", item, sizeof(item)), text);
	}
}

static const char *occurrence(const xmlNode *node, char *text, size_t size)
{
	char min[16], max[16], use[16];

	if (is_element(node, "attribute"))
		return strcmp(attribute(node, "use", use, sizeof(use)), "required") ? "optional attribute" : "attribute";
	attribute(node, "minOccurs", min, sizeof(min));
	if (!attribute(node, "maxOccurs", max, sizeof(max))[0])
		return strcmp(min, "0") ? "element" : "optional element";
	snprintf(text, size, "%s to %s elements", min[0] ? min : "1", max);
	return text;
}

static void print_below(const struct doc *d, const xmlNode *node, int indent);

static void print_declaration(const struct doc *d, const xmlNode *node, int indent)
{
	char name[64], type[64], times[64], text[512];
	const xmlNode *complex;

	attribute(node, "type", type, sizeof(type));
	fprintf(d->out, "%*s%s (%s)\n", indent, "", attribute(node, "name", name, sizeof(name)),
		occurrence(node, times, sizeof(times)));
	schema_documentation(node, text, sizeof(text));
	print_wrapped(d->out, indent + 4, text);
	print_words(d, type, indent + 4);
	complex = schema_child(d->schema, "complexType", type);
	print_below(d, complex ? complex : node, indent + 4);
}

/* Prints the declarations below `node`: attributes before elements. */
static void print_below(const struct doc *d, const xmlNode *node, int indent)
{
	static const char *const groups[] = { "complexType", "simpleContent", "sequence", "extension" };
	static const char *const kinds[] = { "attribute", "element" };
	char base[64];

	if (is_element(node, "extension"))
		print_words(d, attribute(node, "base", base, sizeof(base)), indent);
	for (unsigned int k = 0; k < 2; k++)
		for (const xmlNode *n = node->children; n; n = n->next)
			if (is_element(n, kinds[k]))
				print_declaration(d, n, indent);
			else if (k == 1)
				for (unsigned int g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
					if (is_element(n, groups[g]))
						print_below(d, n, indent);
}

int schema_print(FILE *out)
{
	xmlDoc *schema = schema_document();
	struct doc d = { .schema = schema ? xmlDocGetRootElement(schema) : NULL, .out = out };

	if (!schema)
		return -1;
	print_declaration(&d, schema_child(d.schema, "element", "scenario"), 0);
	xmlFreeDoc(schema);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The XML side: the schema hvconfig carries inside, and files that keep to it. */
#pragma once

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdio.h>

#include "report.h"

/*
 * Reads and validates a scenario file. NULL with every error reported when it is no XML; errno is set when it cannot be read. Else the
 * document (xmlFreeDoc); with r->errors its form is wrong somewhere, and a reader must check what it takes.
 */
xmlDoc *schema_load(struct report *r);

/* The same for a board file, but NULL when anything is wrong. */
xmlDoc *schema_load_board(struct report *r);

/* XML that has another schema, or none we know: NULL with errors reported when it is no XML or has a DOCTYPE. */
xmlDoc *schema_load_any(struct report *r);

/* The schema itself as a document (xmlFreeDoc); NULL when out of memory. */
xmlDoc *schema_document(void);

/* Is it an element of this name? */
bool schema_is(const xmlNode *node, const char *name);

/* Copies an attribute with blanks collapsed; false and "" when it is not there, false when it does not fit. */
bool schema_attribute(xmlNode *node, const char *name, char *text, size_t size);

/* First child element of `parent` called `name` with attribute name="`value`" (value NULL: any); NULL: none. */
xmlNode *schema_child(const xmlNode *parent, const char *name, const char *value);

/* Copies what a schema node's annotation says into `text`, blanks collapsed; "" when there is none. */
void schema_documentation(const xmlNode *node, char *text, size_t size);

/* Prints the list of fields. 0, or -1 when out of memory. */
int schema_print(FILE *out);

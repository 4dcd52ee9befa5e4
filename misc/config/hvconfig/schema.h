/* SPDX-License-Identifier: BSD-3-Clause */
/* The XML side: the schema hvconfig carries inside, and files that keep to it. */
#pragma once

#include <libxml/tree.h>
#include <stdio.h>

#include "report.h"

/* Reads and validates a scenario file. The document (xmlFreeDoc), or NULL with every error reported; errno is set when it cannot be read. */
xmlDoc *schema_load(struct report *r);

/* The schema itself as a document (xmlFreeDoc); NULL when out of memory. */
xmlDoc *schema_document(void);

/* First child element of `parent` called `name` with attribute name="`value`" (value NULL: any); NULL: none. */
xmlNode *schema_child(const xmlNode *parent, const char *name, const char *value);

/* Copies what a schema node's annotation says into `text`, blanks collapsed; "" when there is none. */
void schema_documentation(const xmlNode *node, char *text, size_t size);

/* Prints the list of fields. 0, or -1 when out of memory. */
int schema_print(FILE *out);

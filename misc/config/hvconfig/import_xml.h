/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading a foreign document so that nothing is overlooked: what was taken is marked, and the rest listed in the end. */
#pragma once

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

/* Marks an element, all that is in it included, as understood. */
void import_take(xmlNode *node);

/* What is in the element is listed one by one, and not in one line for all. */
void import_open(xmlNode *node);

/* The text of the first child `name`, which counts as taken. False: it is not there, is empty or does not fit. */
bool import_text(xmlNode *parent, const char *name, char *text, size_t size);

/* The text of the element itself, which counts as taken. */
bool import_own_text(xmlNode *node, char *text, size_t size);

/* True when the child `name` says y. */
bool import_yes(xmlNode *parent, const char *name);

/* The child `name` as a number. */
bool import_number(xmlNode *parent, const char *name, uint64_t *value);

/* Makes a name of the characters that names here may have. */
void import_clean_name(char *name);

/* Warns of every element that says something and was not taken; a word about why, where there is one. */
void import_list_rest(const xmlNode *root, struct report *r);

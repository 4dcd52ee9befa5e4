/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files domxml*.c share. */
#pragma once
#include <libxml/tree.h>
#include <stdbool.h>

#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/limits.h"

/* A domain that is being read. */
struct reading {
	struct domxml *x;
	struct domxml_why *why;
	const char *dm;
	bool checked;			/* when it was defined: no limit is asked for again */
	struct limits limits;
	unsigned int next_slot, nr_disks;
	uint32_t slots;			/* a bit for each that is taken */
	bool port_used[4];
};

/* An element that is known, and what is done with it; NULL: it has no meaning here. */
struct element {
	const char *name;
	bool (*take)(struct reading *r, xmlNode *node);
};

/* Say what is wrong with @node. Returns false. */
bool domxml_refuse(struct reading *r, int code, const xmlNode *node, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Each child element of @parent by its row of @known (ended by one without name); one that has none is refused. */
bool domxml_each(struct reading *r, xmlNode *parent, const struct element *known);

/* Text of an attribute, or of the element itself (@attribute NULL), into @out; absent: "". What does not fit, or has bytes that
 * no argument may have, is refused. */
bool domxml_get(struct reading *r, xmlNode *node, const char *attribute, char *out, size_t size);
xmlNode *domxml_child(xmlNode *node, const char *name);

/* A new child of a domain, behind those that people expect it behind, with the same white space before it. NULL: no memory. */
xmlNode *domxml_add_child(xmlNode *root, const char *name);

/* Take @node out, and the white space before it. */
void domxml_remove(xmlNode *node);

/* The tree of a text; NULL: it is not well-formed. */
xmlDoc *domxml_parse(const char *text);

#define DOMXML_CPU_LIST	(3 * 64)	/* bytes of a list of all CPUs */

/* "1,3" of bits 1 and 3; returns @list, of DOMXML_CPU_LIST bytes. */
char *domxml_cpu_list(uint64_t cpus, char *list);

/* Whether this may be a title or a description, as @type says; false with *@why. */
bool domxml_words_ok(int type, const char *text, struct domxml_why *why);

/* Another argument of acrn-dm. */
bool domxml_arg(struct reading *r, const xmlNode *node, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The PCI slot that <address> names, or the next one that is free; an argument -s is begun. */
bool domxml_slot(struct reading *r, xmlNode *node, unsigned int *slot);

/* An attribute that is one of a few words (ended by NULL), into out[32]; absent is the first of them. */
bool domxml_is_one_of(struct reading *r, xmlNode *node, const char *attribute, const char *const *words, char *out);

/* <serial>, <console> */
bool domxml_serial(struct reading *r, xmlNode *node);
bool domxml_console(struct reading *r, xmlNode *node);

/* Say of a run's XML where its pseudo-terminals are, or, @live false, do not. */
void domxml_show_ttys(const struct domxml *x, bool live);

/* <devices> */
bool domxml_devices(struct reading *r, xmlNode *node);

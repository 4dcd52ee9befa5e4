/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a scenario document to a setup; shared by the files that fill it. The document's form may be wrong (then it is reported already):
 * what would not fit is passed over here.
 */
#pragma once

#include <libxml/tree.h>

#include "board.h"
#include "fields.h"
#include "report.h"
#include "setup.h"

#define TEXT_SIZE	1100u

struct build {
	struct report *report;
	struct scenario *s;
	struct setup *setup;
	xmlNode *root;
	const struct board *board;	/* NULL: not given */
	unsigned int vm_id;		/* the VM being filled */
	unsigned int form_errors;	/* how many errors there were before values were stored: those of form */
	unsigned int fill_errors;	/* and afterwards */
	xmlNode *vm_node[SCENARIO_MAX_VMS];
	xmlNode *vuart_node[SCENARIO_MAX_VMS][SCENARIO_MAX_VUARTS];
};

/* Everything: the hypervisor's fields, then each VM's. */
void fill_setup(struct build *b);

/* The vuarts of the VM at b->vm_id, and of all VMs the peers that were left out. */
void fill_vuarts(struct build *b, xmlNode *vm_node);
void fill_vuart_peers(struct build *b);

/* The launch element of the VM at b->vm_id, and of all VMs what was left out there. */
void fill_launch(struct build *b, xmlNode *launch);
void fill_launch_defaults(struct build *b);

/* Reports "vm "...": FIELD "TEXT" FAULT", unless the line has an error of form already, of which this is but the echo. */
void fill_refuse(struct build *b, xmlNode *node, const char *field, const char *text, const char *fault);

/* Fills a record from the attributes of `node`; those left out stay as they are. */
void fill_from_attributes(struct build *b, xmlNode *node, const struct field *fields, void *record);

/* Fills a record from the elements below `parent`. */
void fill_from_elements(struct build *b, xmlNode *parent, const struct field *fields, void *record);

/* Number of the VM of this name; -1: none. */
int fill_find_vm(const struct scenario *s, const char *name);

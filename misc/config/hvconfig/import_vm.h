/* SPDX-License-Identifier: BSD-3-Clause */
/* One VM of a foreign document, and what is said between VMs. */
#pragma once

#include <libxml/tree.h>

#include "public/scenario.h"
#include "report.h"
#include "setup.h"

struct import {
	struct report *report;
	xmlNode *root;
	struct setup *setup;
	struct scenario *s;			/* the setup's */
	const char *kernel;			/* of user VMs; NULL: nobody said */
	xmlNode *node[SCENARIO_MAX_VMS];	/* of the VM with this number here */
	unsigned int number[SCENARIO_MAX_VMS];	/* and its number there */
};

/* Of a VM element: when it is started (enum scenario_load_order); -1: it does not say. */
int import_load_order(xmlNode *node);

/* Fills s->vms[vm_id] but its serial ports. */
void import_vm(struct import *im, unsigned int vm_id);

/* Fills the launch element of VM vm_id, if it is a user VM's and its kernel is known. */
void import_launch(struct import *im, unsigned int vm_id);

/* Serial ports of all VMs, and what connects them. */
void import_vuarts(struct import *im);

/* SPDX-License-Identifier: BSD-3-Clause */
/* From a scenario document to all that it asks for, checked by the hypervisor's own reader. */
#pragma once

#include <libxml/tree.h>

#include "board.h"
#include "report.h"
#include "setup.h"

/* The setup (setup_free()); NULL with every error reported. `doc` comes from schema_load(). `board` may be NULL: not checked against one. */
struct setup *build_setup(xmlDoc *doc, const struct board *board, struct report *r);

/* The module alone (free()), total_size bytes. */
struct scenario *build_scenario(xmlDoc *doc, struct report *r);

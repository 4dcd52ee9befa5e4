/* SPDX-License-Identifier: BSD-3-Clause */
/* From a valid scenario document to the module, checked by the hypervisor's own reader. */
#pragma once

#include <libxml/tree.h>

#include "public/scenario.h"
#include "report.h"

/* The module (free()), total_size bytes; NULL with every error reported. `doc` comes from schema_load(). */
struct scenario *build_scenario(xmlDoc *doc, struct report *r);

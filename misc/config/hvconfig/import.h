/* SPDX-License-Identifier: BSD-3-Clause */
/* Scenario files of ACRN. */
#pragma once

#include <libxml/tree.h>

#include "report.h"

/*
 * The scenario as our XML (free()), as far as it maps; a warning for everything that is not taken over. `kernel`: the file that user VMs
 * boot, for their launch elements; NULL: they get none. NULL: it is no scenario file of ACRN, which is reported.
 */
char *import_scenario(xmlDoc *doc, const char *kernel, struct report *r);

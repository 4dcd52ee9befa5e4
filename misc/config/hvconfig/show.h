/* SPDX-License-Identifier: BSD-3-Clause */
/* A module back as XML. */
#pragma once

#include <stdio.h>

#include "public/scenario.h"

/* Prints a scenario that scenario_read() accepted as a file hvconfig reads; building that gives the same module again. */
void show_scenario(const struct scenario *s, FILE *out);

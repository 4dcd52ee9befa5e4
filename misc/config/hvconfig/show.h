/* SPDX-License-Identifier: BSD-3-Clause */
/* A module back as XML. */
#pragma once

#include <stdio.h>

#include "public/scenario.h"
#include "setup.h"

/* Prints a scenario that scenario_read() accepted as a file hvconfig reads; building that gives the same module again. */
void show_scenario(const struct scenario *s, FILE *out);

/* The same with what acrn-dm is to do; `setup`'s own scenario is not looked at. */
void show_setup(const struct scenario *s, const struct setup *setup, FILE *out);

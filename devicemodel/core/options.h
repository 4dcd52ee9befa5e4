/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line, turned into the configuration tree. */
#pragma once

struct config;

#define DM_VERSION "0.1"

enum options_result {
	OPTIONS_RUN,			/* start the VM */
	OPTIONS_DUMP,			/* print the configuration and end */
	OPTIONS_DONE,			/* help or version was printed */
	OPTIONS_BAD,			/* a message says what was wrong and what would be right */
};

/* Fill @cfg (keys: doc/feature/acrn-dm.md), defaults included. May reorder @argv. */
enum options_result options_parse(int argc, char **argv, struct config *cfg);

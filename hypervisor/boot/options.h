/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Boot options: words of the boot loader's command line, NAME or NAME=VALUE.
 * Known ones are listed in options.c; all other words are kept in order for
 * the Service VM's kernel.
 */
#pragma once

#include "lib/types.h"

/* Splits the command line. Boot CPU, before any other function here. */
void options_parse(const char *cmdline);

/* VALUE of a known option, "" when given without one, NULL when not given. The last one given counts. */
const char *option_value(const char *name);
bool option_set(const char *name);

/* The unknown words, joined by single blanks. */
const char *options_rest(void);

/* `uart=port@0xNNN`, `uart=disabled`: the port, 0 for none; COM1 when not given or not understood. */
uint16_t option_uart_port(void);

/* `loglevel=N`: 0 (nothing) to 4; LOG_INFO when not given or not understood. */
uint32_t option_loglevel(void);

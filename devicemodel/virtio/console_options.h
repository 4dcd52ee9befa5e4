/* SPDX-License-Identifier: BSD-3-Clause */
/* The option text of virtio-console, read and checked. */
#pragma once

#include <stdbool.h>

#define CONSOLE_PORTS_MAX 8
#define CONSOLE_NAME_MAX 32
#define CONSOLE_SPEC_MAX 512

struct console_port_options {
	bool console;			/* '@': a terminal of the guest (hvc), else a plain channel (vport) */
	char name[CONSOLE_NAME_MAX];	/* shown to the guest; "" = none */
	char spec[CONSOLE_SPEC_MAX];	/* for chr_open() */
};

struct console_options {
	unsigned int nr_ports;
	struct console_port_options port[CONSOLE_PORTS_MAX];
};

/*
 * Reads "PORT[,PORT...]", PORT being "[@]KIND[:NAME][=PATH][:server|:client]" with KIND one of stdio, tty, pty, file, tcp, socket.
 * -EINVAL with a message.
 */
int console_options_parse(const char *text, struct console_options *o);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The other end of a VM's serial port. */
#pragma once
#include <jansson.h>

/* What port @port ("com1", NULL: the first) is connected to, in a result of command "query"; NULL: there is no such port. */
const char *serial_backend(const json_t *query, const char *port);

/* A descriptor of the other end of @backend; -1 with errno, EINVAL for a kind nobody can connect to. */
int serial_open(const char *backend);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The legacy serial ports: numbers shared with the ACPI tables. */
#pragma once

#include <stdint.h>

#define UART_NR_PORTS 4

struct uart_wiring {
	const char *key;		/* configuration key of the backend */
	uint16_t port;			/* first of 8 ports */
	uint8_t gsi;
};

extern const struct uart_wiring uart_wiring[UART_NR_PORTS];

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console's 16550 UART, 115200 8N1: polled until uart_use_interrupts(), then by interrupts through two rings in memory.
 * One caller at a time: the console's lock; in a panic nobody else runs.
 */
#pragma once

#include "lib/types.h"

#define UART_OUT_SIZE	16384u	/* bytes of output that wait for the UART */

/* False: nothing answers at this I/O port, or it is 0; all else then does nothing. */
bool uart_open(uint16_t port);
bool uart_is_open(void);

/* From now on (`on`) the caller sees to it that uart_interrupt() is called. Off: what waits is sent by polling. */
void uart_use_interrupts(bool on);

/*
 * Sends `n` bytes, or keeps them for the interrupts: then uart_start() is to follow, once for many. Polls when the ring is
 * full, or when they must be sent `now`, with all that waits.
 */
void uart_write(const char *s, size_t n, bool now);
void uart_start(void);

/* Next byte received, or -1; whether there is one in memory. */
int uart_get(void);
bool uart_has_typed(void);

/* The UART has raised its interrupt (IIR): takes what has come, sends what waits, until it raises none. */
void uart_interrupt(void);

/* Bytes kept for the interrupts. */
uint32_t uart_waiting(void);

/* Sends what waits and lets the last byte leave the shift register; gives up on a UART that stays busy. */
void uart_flush(void);

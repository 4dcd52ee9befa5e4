/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hypervisor's console: every sink there is (UART of the `uart=` option,
 * else COM1; Bochs' port 0xE9; without UART the screen) gets each byte. Output is serialised by a lock.
 */
#pragma once

#include "lib/types.h"

/* Early: no memory, no paging needed beyond the boot tables. `uart_port` 0 = no UART. */
void console_init(uint16_t uart_port);
void console_write(const char *s, size_t n);
void console_printf(const char *fmt, ...) __printf(1, 2);

struct screen;

/*
 * Where there is no UART, shows output on this screen too, from its top on; NULL: no more, as a VM owns it now.
 * A panic still shows. Boot CPU.
 */
void console_screen(const struct screen *s);

/* Waits until the last byte has left the UART: before power-off and reset. Any context but NMI. */
void console_flush(void);

/* Next byte typed by the operator, or -1. Never blocks. */
int console_getc(void);

/* True under Bochs: its debug port answers. After console_init(). */
bool console_is_bochs(void);

bool console_has_uart(void);

/*
 * From now on output waits in memory for the UART, which interrupts: writers no longer wait for it. False: the interrupt
 * does not come, and the UART is polled as before. console_interrupt() must have been connected; opens interrupts. Manager thread.
 */
bool console_use_interrupts(void);

/* The UART's interrupt; true: there is something for console_getc(), or room again for who asked console_has_room(). */
bool console_interrupt(void);

/*
 * Little output waits for the UART. False: console_interrupt() will tell when; who brings much, as from VMs' consoles, does it
 * in pieces, so that nobody on this CPU waits long for it. Manager thread.
 */
bool console_has_room(void);

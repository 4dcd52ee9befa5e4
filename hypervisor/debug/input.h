/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's keys: the console UART's interrupt. */
#pragma once

/* `typed` is called (interrupt context) whenever bytes wait in console_getc(), or the console has room again. Manager thread, once. */
void input_init(void (*typed)(void));

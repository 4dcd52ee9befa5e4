/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtual 16550A UART with 64 KiB output and 4 KiB input rings. Its far end is
 * the operator's console (vm_console, tee) or another VM's vuart (null modem:
 * its DTR is our DSR and DCD, its RTS our CTS). Sending takes no time.
 * Interrupts pass only while the guest has OUT2 set, as on a PC.
 */
#pragma once

#include "lib/types.h"
#include "public/scenario.h"

struct vm;
struct vuart;

/*
 * Builds vm->vuart[index] by its scenario record; registers 8 ports; interrupts by virq_line(). Before the VM runs.
 * 0, -ENOMEM, -EEXIST (its ports are taken), -EINVAL (index, or a record of type NONE).
 */
int vuart_create(struct vm *vm, uint32_t index, const struct scenario_vuart *cfg) __must_check;
/* A connected peer goes on alone, its modem inputs drop. No such vuart: ignored. */
void vuart_destroy(struct vm *vm, uint32_t index);
/* Registers as after power-up, input forgotten; what the guest wrote can still be read. */
void vuart_reset(struct vm *vm, uint32_t index);

/* Joins two inter-VM vuarts (others: ignored); either VM may be reset or destroyed later. Any CPU. */
void vuart_connect(struct vuart *a, struct vuart *b);
/* Afterwards the peer sends nothing and raises no interrupt here. Any CPU. */
void vuart_disconnect(struct vuart *u);

/* Console side, any CPU: up to `size` bytes that the guest wrote; a byte for the guest, false when its input is full or looped back. */
uint32_t vuart_console_read(struct vuart *u, char *buf, uint32_t size);
bool vuart_console_put(struct vuart *u, uint8_t byte);
/* Bytes the guest wrote that found the ring full (oldest are overwritten, never blocks the guest). */
uint64_t vuart_dropped(const struct vuart *u);

/* Called, when set, each time a vuart's empty output ring gets a byte; any CPU, the vuart's lock held: only wakes someone. */
extern void (*vuart_output_hook)(void);

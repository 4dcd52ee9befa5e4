/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Character backends: where a UART's or console's bytes go. One is opened by a spec string:
 *   stdio | pty | file:PATH (or /path) | tcp:PORT | socket:PATH ...     (chr.c says what is right on an error)
 * Writes never block the device model. Input is pushed to one reader, which may refuse bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vm;
struct chr;

struct chr_reader {
	/*
	 * Input arrived: take up to @len bytes, return how many. Taking less stops the flow until
	 * chr_resume(). Event thread, device lock held. NULL = input is thrown away.
	 */
	size_t (*input)(void *arg, const uint8_t *buf, size_t len);
	/*
	 * The backend can take output again after chr_write() took less than it was offered. Event
	 * thread, device lock held. NULL = the writer never waits.
	 */
	void (*writable)(void *arg);
	void *arg;
};

/* Open the backend @spec. -errno with a message that lists what is right. Device lock or no threads yet. */
int chr_open(struct vm *vm, const char *spec, struct chr_reader reader, struct chr **out);

/*
 * Write up to @len bytes without blocking; returns how many were taken. Taking less means "full for
 * now", and reader.writable() follows. When nobody is connected, or on an error that will stay, all
 * bytes are taken and thrown away, so that a guest never waits for a console nobody reads.
 * Device lock held.
 */
size_t chr_write(struct chr *chr, const uint8_t *buf, size_t len);

/* The reader has room again: deliver what was held back (may call input() before it returns). */
void chr_resume(struct chr *chr);

/* Close, restore a terminal's modes, free. NULL is allowed. Device lock held or no threads. */
void chr_close(struct chr *chr);

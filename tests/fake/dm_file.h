/* SPDX-License-Identifier: BSD-3-Clause */
/* Files made by tests. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Put @len bytes into a file that lives in memory; returns a path that opens it, valid until the next
 * call with the same @slot (0..3).
 */
const char *fake_file(int slot, const void *data, size_t len);

/* A small valid bzImage of @size bytes (at least 4096), its protected-mode part filled with 0x90. */
void fake_bzimage(uint8_t *image, size_t size);

/* SPDX-License-Identifier: BSD-3-Clause */
/* UUIDs and their text. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define UUID_TEXT	37

/* "c7a5fdbd-edaf-9455-926a-d65c16db1809"; returns @text, of UUID_TEXT bytes. */
char *uuid_text(const uint8_t *uuid, char *text);

/* 32 hexadecimal digits, hyphens anywhere. False: it is none. */
bool uuid_read(const char *text, uint8_t *uuid);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A screen that the boot loader left on, as a console that only writes: text cells of an EGA, or pixels, which
 * get an 8x16 font. The screen is never read: what it shows is kept here.
 */
#pragma once

#include "lib/types.h"

struct screen {
	void *mem;			/* where it is mapped, uncached */
	uint32_t pitch;			/* bytes from line to line */
	uint32_t width, height;		/* characters or pixels */
	uint32_t pixel_size;		/* bytes, 2 to 4; 0: text */
};

/* Clears it and begins at its top. False: such a screen is not served. */
bool screen_open(const struct screen *s);
/* Shows a character; nothing before screen_open(). [lock] of log/console.c. */
void screen_put(char c);

/* Rows of a printable character's 5x7 glyph, bit 4 leftmost. */
extern const uint8_t screen_font['~' - ' ' + 1][7];

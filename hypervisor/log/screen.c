/* SPDX-License-Identifier: BSD-3-Clause */
/* See screen.h. */
#include "log/screen.h"

#include "lib/string.h"
#include "lib/util.h"
#include "x86/insn.h"

#define COLS_MAX	160u
#define ROWS_MAX	64u
#define CELL_W		8u
#define CELL_H		16u
#define GLYPH_ROWS	7u
#define TEXT_ATTR	0x0700u		/* light grey on black */

static struct screen screen;			/* mem NULL: none */
static uint32_t cols, rows, col, row;
static char cells[ROWS_MAX][COLS_MAX];		/* what it shows */

/* One line of 8 pixels; all bits set is white in every format. */
static void draw_line(uint8_t *at, uint32_t bits)
{
	for (uint32_t x = 0; x < CELL_W; x++, at += screen.pixel_size) {
		uint32_t color = bits >> (CELL_W - 1 - x) & 1 ? ~0u : 0;

		if (screen.pixel_size == 4)
			mmio_write32(at, color);
		else
			for (uint32_t i = 0; i < screen.pixel_size; i++)
				mmio_write8(at + i, (uint8_t)color);
	}
}

static void draw(uint32_t r, uint32_t c)
{
	uint8_t *mem = screen.mem;
	char ch = cells[r][c];

	if (!screen.pixel_size) {
		mmio_write16(mem + (uint64_t)r * screen.pitch + c * 2, (uint16_t)(TEXT_ATTR | (uint8_t)ch));
		return;
	}
	/* Each row of a glyph is two lines high; one line is free above and below. */
	for (uint32_t y = 0; y < CELL_H; y++) {
		uint32_t line = y - 1;	/* of the glyph; wraps around above it */
		uint32_t bits = line < 2 * GLYPH_ROWS ? screen_font[ch - ' '][line / 2] << 2 : 0;

		draw_line(mem + ((uint64_t)r * CELL_H + y) * screen.pitch + (uint64_t)c * CELL_W * screen.pixel_size, bits);
	}
}

static void set(uint32_t r, uint32_t c, char ch)
{
	if (cells[r][c] == ch)
		return;
	cells[r][c] = ch;
	draw(r, c);
}

static void new_line(void)
{
	col = 0;
	if (++row < rows)
		return;
	row = rows - 1;
	for (uint32_t r = 0; r < rows; r++)
		for (uint32_t c = 0; c < cols; c++)
			set(r, c, r + 1 < rows ? cells[r + 1][c] : ' ');
}

bool screen_open(const struct screen *s)
{
	uint32_t cell_w = s->pixel_size ? CELL_W : 1, cell_h = s->pixel_size ? CELL_H : 1;

	if (s->pixel_size == 1 || s->pixel_size > 4 ||
	    s->pitch < (uint64_t)s->width * (s->pixel_size ? s->pixel_size : 2) || s->width < cell_w || s->height < cell_h)
		return false;
	screen = *s;
	cols = MIN(s->width / cell_w, COLS_MAX);
	rows = MIN(s->height / cell_h, ROWS_MAX);
	row = col = 0;
	memset(cells, 0, sizeof(cells));
	for (uint32_t r = 0; r < rows; r++)
		for (uint32_t c = 0; c < cols; c++)
			set(r, c, ' ');
	return true;
}

void screen_put(char c)
{
	if (!screen.mem)
		return;
	if (c == '\n') {
		new_line();
	} else if (c == '\b') {
		col -= col != 0;
	} else if (c >= ' ' && c <= '~') {
		if (col == cols)
			new_line();
		set(row, col++, c);
	}
}

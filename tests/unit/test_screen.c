/* SPDX-License-Identifier: BSD-3-Clause */
/* A console on a fake framebuffer: text cells and pixels, lines, scrolling, odd sizes. */
/* unit: hypervisor/log/screen.c hypervisor/log/font.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "log/screen.h"

static uint8_t *mem;	/* exactly the screen: ASan sees every step outside */
static struct screen s;

static void open_screen(uint32_t width, uint32_t height, uint32_t pixel_size, uint32_t pitch)
{
	free(mem);
	mem = malloc((size_t)pitch * height);
	memset(mem, 0x5a, (size_t)pitch * height);
	s = (struct screen){ .mem = mem, .pitch = pitch, .width = width, .height = height, .pixel_size = pixel_size };
	ck_assert(screen_open(&s));
}

static void teardown(void)
{
	free(mem);
	mem = NULL;
}

static void print(const char *text)
{
	while (*text)
		screen_put(*text++);
}

static const char *text_row(uint32_t row)
{
	static char line[161];

	for (uint32_t i = 0; i < s.width; i++)
		line[i] = (char)mem[row * s.pitch + 2 * i];
	line[s.width] = 0;
	return line;
}

START_TEST(text_lines)
{
	open_screen(10, 3, 0, 20);
	ck_assert_str_eq(text_row(2), "          ");
	print("ab\ncdefghijklmnop\b");
	ck_assert_str_eq(text_row(0), "ab        ");
	ck_assert_str_eq(text_row(1), "cdefghijkl");
	ck_assert_str_eq(text_row(2), "mnop      ");
	print("X\x01\x80\n");
	ck_assert_str_eq(text_row(0), "cdefghijkl");
	ck_assert_str_eq(text_row(1), "mnoX      ");
	ck_assert_str_eq(text_row(2), "          ");
	ck_assert_uint_eq(mem[1], 7);
}
END_TEST

static uint32_t pixel(uint32_t x, uint32_t y)
{
	uint32_t v = 0;

	memcpy(&v, mem + (size_t)y * s.pitch + x * s.pixel_size, s.pixel_size);
	return v;
}

/* Cell (col, row) as the glyph's rows. */
static void ck_glyph(uint32_t col, uint32_t row, char c)
{
	for (uint32_t y = 0; y < 16; y++)
		for (uint32_t x = 0; x < 8; x++) {
			bool on = y && y < 15 && x >= 1 && x < 6 && (screen_font[c - ' '][(y - 1) / 2] >> (5 - x) & 1);
			uint32_t white = s.pixel_size == 4 ? ~0u : (1u << 8 * s.pixel_size) - 1;

			ck_assert_uint_eq(pixel(col * 8 + x, row * 16 + y), on ? white : 0);
		}
}

static const uint32_t sizes[] = { 2, 3, 4 };

START_TEST(pixels)
{
	open_screen(27, 37, sizes[_i], 30 * sizes[_i]);
	print("Ag\n%");
	ck_glyph(0, 0, 'A');
	ck_glyph(1, 0, 'g');
	ck_glyph(2, 0, ' ');
	ck_glyph(0, 1, '%');
	print("\n~");
	ck_glyph(0, 0, '%');
	ck_glyph(1, 0, ' ');
	ck_glyph(0, 1, '~');
	/* Below the last whole line of text nothing was drawn. */
	ck_assert_uint_eq(mem[36 * s.pitch], 0x5a);
}
END_TEST

START_TEST(an_A_looks_like_one)
{
	static const uint8_t a[7] = { 0x0e, 0x11, 0x11, 0x11, 0x1f, 0x11, 0x11 };

	ck_assert_mem_eq(screen_font['A' - ' '], a, 7);
	for (uint32_t i = 1; i < 95; i++)
		for (uint32_t j = 0; j < i; j++)
			ck_assert_msg(memcmp(screen_font[i], screen_font[j], 7), "'%c' looks like '%c'", ' ' + i, ' ' + j);
}
END_TEST

START_TEST(large_screens)
{
	open_screen(2000, 1200, 4, 8000);
	for (uint32_t i = 0; i < 20000; i++)
		screen_put((char)(' ' + i % 95));
	open_screen(200, 100, 0, 400);
	for (uint32_t i = 0; i < 20000; i++)
		screen_put((char)(' ' + i % 95));
}
END_TEST

START_TEST(odd_screens_are_refused)
{
	struct screen bad = { .mem = &bad, .pitch = 10, .width = 6, .height = 2 };

	ck_assert(!screen_open(&bad));		/* text: lines longer than the pitch */
	bad = (struct screen){ .mem = &bad, .pitch = 640, .width = 640, .height = 480, .pixel_size = 1 };
	ck_assert(!screen_open(&bad));
	bad.pixel_size = 2;
	ck_assert(!screen_open(&bad));
	bad.pixel_size = 5;
	bad.pitch = 10000;
	ck_assert(!screen_open(&bad));
	bad = (struct screen){ .mem = &bad, .pitch = 0, .width = 0, .height = 0, .pixel_size = 4 };
	ck_assert(!screen_open(&bad));
	bad = (struct screen){ .mem = &bad, .pitch = 4, .width = 0x80000001, .height = 99, .pixel_size = 4 };
	ck_assert(!screen_open(&bad));		/* the product wraps around in 32 bits */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("screen");
	TCase *t = tcase_create("screen");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, text_lines);
	tcase_add_loop_test(t, pixels, 0, 3);
	tcase_add_test(t, an_A_looks_like_one);
	tcase_add_test(t, large_screens);
	tcase_add_test(t, odd_screens_are_refused);
	suite_add_tcase(suite, t);
	r = srunner_create(suite);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

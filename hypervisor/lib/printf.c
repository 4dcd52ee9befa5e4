/* SPDX-License-Identifier: BSD-3-Clause */
/* Text formatting into a bounded buffer. */
#include "lib/printf.h"

#include "lib/string.h"

struct out {
	char *buf;
	size_t size, len;	/* len counts what did not fit, too */
};

struct spec {
	bool left, zero, plus, alt;
	int width, precision;	/* -1: none */
	unsigned int longs;	/* number of l's, 2 for z and j as well */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_n(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_text(struct out *o, const struct spec *s, const char *text)
{
	size_t max = s->precision < 0 ? SIZE_MAX : (size_t)s->precision;
	int len = (int)strnlen(text, max);

	if (!s->left)
		put_n(o, ' ', s->width - len);
	for (int i = 0; i < len; i++)
		put(o, text[i]);
	if (s->left)
		put_n(o, ' ', s->width - len);
}

/* `prefix` is the sign or "0x" that goes before zero padding. */
static void put_number(struct out *o, const struct spec *s, uint64_t v, unsigned int base,
		       const char *prefix)
{
	char digits[24];
	int n = 0, prefix_len = (int)strlen(prefix), zeros, fill;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	zeros = s->precision > n ? s->precision - n : 0;
	fill = s->width - prefix_len - zeros - n;
	if (s->zero && !s->left && s->precision < 0 && fill > 0) {
		zeros += fill;
		fill = 0;
	}
	if (!s->left)
		put_n(o, ' ', fill);
	while (*prefix)
		put(o, *prefix++);
	put_n(o, '0', zeros);
	while (n)
		put(o, digits[--n]);
	if (s->left)
		put_n(o, ' ', fill);
}

static int parse_number(const char **p, va_list *ap)
{
	int n = 0;

	if (**p == '*') {
		(*p)++;
		return va_arg(*ap, int);
	}
	while (**p >= '0' && **p <= '9' && n < 10000)
		n = n * 10 + *(*p)++ - '0';
	return n;
}

static void parse_spec(const char **p, struct spec *s, va_list *ap)
{
	*s = (struct spec){ .precision = -1 };
	for (;; (*p)++) {
		if (**p == '-')
			s->left = true;
		else if (**p == '0')
			s->zero = true;
		else if (**p == '+')
			s->plus = true;
		else if (**p == '#')
			s->alt = true;
		else
			break;
	}
	s->width = parse_number(p, ap);
	if (s->width < 0) {
		s->left = true;
		s->width = -s->width;
	}
	if (**p == '.') {
		(*p)++;
		s->precision = parse_number(p, ap);
	}
	for (; **p == 'l' || **p == 'z' || **p == 'h'; (*p)++)
		if (**p != 'h')
			s->longs++;
}

static void put_signed(struct out *o, const struct spec *s, va_list *ap)
{
	long v = s->longs ? va_arg(*ap, long) : va_arg(*ap, int);
	uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	put_number(o, s, magnitude, 10, v < 0 ? "-" : s->plus ? "+" : "");
}

/* One conversion; an unknown one is shown as it stands. */
static void convert(struct out *o, const struct spec *s, char c, va_list *ap)
{
	char one[2] = { 0, 0 };
	const char *text;
	uint64_t v;

	switch (c) {
	case 'd':
	case 'i':
		put_signed(o, s, ap);
		break;
	case 'u':
		v = s->longs ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned int);
		put_number(o, s, v, 10, "");
		break;
	case 'x':
		v = s->longs ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned int);
		put_number(o, s, v, 16, s->alt && v ? "0x" : "");
		break;
	case 'p':
		put_number(o, s, (uint64_t)va_arg(*ap, void *), 16, "0x");
		break;
	case 'c':
		one[0] = (char)va_arg(*ap, int);
		put_text(o, s, one);
		break;
	case 's':
		text = va_arg(*ap, const char *);
		put_text(o, s, text ? text : "(null)");
		break;
	default:
		put(o, '%');
		if (c != '%')
			put(o, c);
	}
}

/* See the header. Any context. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	struct spec s;
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt != '%') {
			put(&o, *fmt++);
			continue;
		}
		fmt++;
		parse_spec(&fmt, &s, &args);
		if (!*fmt)
			break;
		convert(&o, &s, *fmt++, &args);
	}
	va_end(args);
	if (size)
		buf[o.len < size ? o.len : size - 1] = 0;
	return (int)o.len;
}

/* See the header. Any context. */
int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

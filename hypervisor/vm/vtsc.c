/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm/vtsc.h"

#include "cpu/tsc.h"

/* Bit by bit: 128-bit division is not at hand. */
uint64_t vtsc_ratio(uint64_t n, uint64_t d, unsigned int fraction)
{
	uint64_t q = n / d, rest = n % d;

	while (fraction--) {
		rest <<= 1;
		q = q << 1 | (rest >= d);
		rest -= rest >= d ? d : 0;
	}
	return q;
}

void vtsc_init(struct vtsc *t, uint64_t khz)
{
	*t = (struct vtsc){ 0 };
	if (!khz || khz == tsc_khz())
		return;
	t->khz = khz;
	t->to_guest = vtsc_ratio(khz, tsc_khz(), VTSC_FRACTION);
	/* Of the ratio in use, not of the wanted one; one more where the division leaves a rest: a deadline may come late, not early. */
	t->to_host = vtsc_ratio(1ul << VTSC_FRACTION, t->to_guest, VTSC_FRACTION) + 1;
}

uint64_t vtsc_khz(const struct vtsc *t)
{
	return t->to_guest ? t->khz : tsc_khz();
}

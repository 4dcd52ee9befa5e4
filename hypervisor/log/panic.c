/* SPDX-License-Identifier: BSD-3-Clause */
/* Stopping the machine with a message. */
#include "log/panic.h"

#include "lib/printf.h"
#include "lib/string.h"
#include "log/console.h"
#include "x86/insn.h"

void (*panic_stop_others)(void);
static uint32_t nr_panics;

/* See the header. Any context. */
bool panic_active(void)
{
	return READ_ONCE(nr_panics) != 0;
}

/* See the header. Any context. */
void panic_halt(void)
{
	for (;;) {
		cpu_cli();
		cpu_hlt();
	}
}

/* See the header. Of several CPUs that panic at once the first one speaks. */
void panic(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	cpu_cli();
	if (__atomic_fetch_add(&nr_panics, 1, __ATOMIC_SEQ_CST) == 0) {
		if (panic_stop_others)
			panic_stop_others();
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		console_write("\nPANIC: ", 8);
		console_write(text, strlen(text));
		console_write("\n", 1);
	}
	panic_halt();
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Brings out the counters of a hypervisor built with GCC's coverage instrumentation (tests/coverage/build.mk), when Ctrl-\ is typed
 * at the console and before the machine goes off or resets. Not part of any product.
 *
 * They leave by the debug port 0xE9 of Bochs and QEMU, which costs the machine no time, while its text goes on: each byte of
 * the port with bit 7 set carries six bits of this stream, low bits first; tests/coverage/counters.py reads it:
 *
 *   "QCOV"
 *   for each object file:  1, name of its .gcda and a 0, version, stamp, checksum
 *       for each function: 2, ident, checksum of lines, checksum of flow graph, number of counters, counters
 *   0
 *   CRC-32 of all this, as a number
 *
 * Numbers are LEB128.
 */
#include "hw/power.h"
#include "lib/crc.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "log/console.h"
#include "x86/insn.h"

#if __GNUC__ != 12
#error "the structures below are GCC 12's"
#endif

#define DEBUG_PORT	0xe9
#define KEY_WRITE	0x1c	/* Ctrl-\ */
#define NR_KINDS	8	/* of counters; only the first, executions of arcs, is in use */

/* What the compiler emits (GCC 12, -fprofile-info-section): libgcc's gcov_info, gcov_fn_info and gcov_ctr_info. */
struct function {
	const struct object *key;	/* the object that holds it */
	uint32_t ident, lines, flow;
	struct {
		uint32_t nr;
		const uint64_t *values;
	} counters;
};

struct object {
	uint32_t version;
	const struct object *next;
	uint32_t stamp, checksum;
	const char *name;
	void *merge[NR_KINDS];
	uint32_t nr_functions;
	const struct function *const *functions;
};

/* The section that the linker script of this build gathers. */
extern const struct object *const gcov_info_start[], *const gcov_info_end[];

void __gcov_merge_add(void);
int __real_console_getc(void);
void __real_power_off(void) __noreturn;
void __real_power_reset(void) __noreturn;
int __wrap_console_getc(void);
void __wrap_power_off(void) __noreturn;
void __wrap_power_reset(void) __noreturn;

static struct spinlock lock = SPINLOCK_INIT;
/* [lock] Of the stream: bits that wait for the port, and the checksum. */
static uint32_t waiting, nr_waiting, crc;

/* The compiler's tables name it; nobody calls it. */
void __gcov_merge_add(void)
{
}

static void put_byte(uint8_t byte)
{
	crc = crc32_update(crc, &byte, 1);
	waiting |= (uint32_t)byte << nr_waiting;
	for (nr_waiting += 8; nr_waiting >= 6; nr_waiting -= 6) {
		outb(DEBUG_PORT, (uint8_t)(0x80 | (waiting & 0x3f)));
		waiting >>= 6;
	}
}

static void put_number(uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		put_byte((uint8_t)(v | 0x80));
	put_byte((uint8_t)v);
}

static void put_string(const char *s)
{
	do {
		put_byte((uint8_t)*s);
	} while (*s++);
}

static void put_function(const struct function *f)
{
	put_number(2);
	put_number(f->ident);
	put_number(f->lines);
	put_number(f->flow);
	put_number(f->counters.nr);
	for (uint32_t i = 0; i < f->counters.nr; i++)
		put_number(READ_ONCE(f->counters.values[i]));
}

static void put_object(const struct object *o)
{
	put_number(1);
	put_string(o->name);
	put_number(o->version);
	put_number(o->stamp);
	put_number(o->checksum);
	for (uint32_t i = 0; i < o->nr_functions; i++) {
		/* A function that the linker took from another object counts there. */
		if (o->functions[i] && o->functions[i]->key == o)
			put_function(o->functions[i]);
	}
}

static void write_counters(void)
{
	const struct object *const *o;

	spin_lock(&lock);
	waiting = nr_waiting = crc = 0;
	put_byte('Q');
	put_byte('C');
	put_byte('O');
	put_byte('V');
	for (o = gcov_info_start; o < gcov_info_end; o++)
		put_object(*o);
	put_number(0);
	put_number(crc);
	put_byte(0);	/* fills the last six bits up */
	spin_unlock(&lock);
	console_printf("coverage: counters are out\n");
	/* Those who switch the machine off have flushed already. */
	console_flush();
}

/* As the real one, but that Ctrl-\ is no key for the shell. */
int __wrap_console_getc(void)
{
	int c = __real_console_getc();

	if (c == KEY_WRITE) {
		write_counters();
		c = __real_console_getc();
	}
	return c;
}

void __wrap_power_off(void)
{
	write_counters();
	__real_power_off();
}

void __wrap_power_reset(void)
{
	write_counters();
	__real_power_reset();
}

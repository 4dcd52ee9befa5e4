/* SPDX-License-Identifier: BSD-3-Clause */
/* VM consoles. Output of a VM that is not attached waits in its vUART's ring, unless `tee` prints it. */
#include "debug/vmcon.h"

#include "emul/vuart.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "log/console.h"
#include "vm/vm.h"

#define LINE_SIZE	160u
#define PIECE		64u	/* bytes of one VM before the others get a turn */

struct line {
	uint32_t n;
	char text[LINE_SIZE];
};

static struct line lines[MAX_VMS];
static uint32_t attached = MAX_VMS;
static bool teeing;

static struct vuart *console_of(const struct vm *vm)
{
	return vm && vm->cfg->console < SCENARIO_MAX_VUARTS ? vm->vuart[vm->cfg->console] : NULL;
}

int vmcon_attach(uint32_t vm_id)
{
	if (vm_id >= MAX_VMS || !console_of(vm_table[vm_id]))
		return -ENOENT;
	attached = vm_id;
	return 0;
}

void vmcon_tee(bool on)
{
	teeing = on;
}

void vmcon_detach(void)
{
	attached = MAX_VMS;
}

bool vmcon_is_attached(void)
{
	return attached < MAX_VMS;
}

void vmcon_key(uint8_t byte)
{
	struct vuart *u = attached < MAX_VMS ? console_of(vm_table[attached]) : NULL;

	if (u)
		(void)vuart_console_put(u, byte);
}

static void print_line(const struct vm *vm, struct line *l)
{
	char text[LINE_SIZE + 32];
	int n = snprintf(text, sizeof(text), "[%s] ", vm->name);

	memcpy(text + n, l->text, l->n);
	text[n + (int)l->n] = '\n';
	console_write(text, (size_t)n + l->n + 1);
	l->n = 0;
}

/* Whole lines only, with the VM's name before them. */
static void tee(const struct vm *vm, struct line *l, const char *s, uint32_t n)
{
	for (; n; n--, s++) {
		if (*s == '\r')
			continue;
		if (*s != '\n')
			l->text[l->n++] = *s;
		if (*s == '\n' || l->n == LINE_SIZE)
			print_line(vm, l);
	}
}

/* True when there was something. */
static bool pump_one(const struct vm *vm, struct vuart *u, bool raw)
{
	char bytes[PIECE];
	uint32_t n = vuart_console_read(u, bytes, sizeof(bytes));

	if (raw)
		console_write(bytes, n);
	else
		tee(vm, &lines[vm->vm_id], bytes, n);
	return n;
}

static bool is_shown(uint32_t vm_id)
{
	return attached == vm_id || (teeing && !vmcon_is_attached());
}

bool vmcon_pump(void)
{
	static uint32_t next;	/* whose turn it is */
	bool moved = false;
	uint32_t n;

	for (n = 0; n < MAX_VMS; n++, next = (next + 1) % MAX_VMS) {
		struct vuart *u = console_of(vm_table[next]);

		if (!u || !is_shown(next))
			continue;
		if (!console_has_room())
			return false;
		moved |= pump_one(vm_table[next], u, attached == next);
	}
	return moved;
}

void vmcon_drain(void)
{
	uint32_t i;

	for (i = 0; i < MAX_VMS; i++) {
		struct vuart *u = console_of(vm_table[i]);

		while (u && is_shown(i) && pump_one(vm_table[i], u, attached == i))
			;
	}
}

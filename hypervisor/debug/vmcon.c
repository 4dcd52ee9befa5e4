/* SPDX-License-Identifier: BSD-3-Clause */
/* VM consoles. Output of a VM that is not attached waits in its vUART's ring, unless `tee` prints it. */
#include "debug/vmcon.h"

#include "emul/vuart.h"
#include "lib/errno.h"
#include "log/console.h"
#include "vm/vm.h"

#define LINE_SIZE	160u
#define BURST		4096u	/* bytes of one VM before the others get a turn */

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
	console_printf("[%s] %.*s\n", vm->name, (int)l->n, l->text);
	l->n = 0;
}

static void tee(const struct vm *vm, struct line *l, char c)
{
	if (c == '\n') {
		print_line(vm, l);
		return;
	}
	if (c == '\r')
		return;
	l->text[l->n++] = c;
	if (l->n == LINE_SIZE)
		print_line(vm, l);
}

/* True when there was something. */
static bool pump_one(const struct vm *vm, struct vuart *u, bool raw)
{
	uint32_t n;
	int c;

	for (n = 0; n < BURST; n++) {
		char byte;

		c = vuart_console_get(u);
		if (c < 0)
			return n;
		byte = (char)c;
		if (raw)
			console_write(&byte, 1);
		else
			tee(vm, &lines[vm->vm_id], byte);
	}
	return true;
}

bool vmcon_pump(void)
{
	bool moved = false;
	uint32_t i;

	for (i = 0; i < MAX_VMS; i++) {
		struct vuart *u = console_of(vm_table[i]);

		if (u && (attached == i || (teeing && !vmcon_is_attached())))
			moved |= pump_one(vm_table[i], u, attached == i);
	}
	return moved;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of what devices show. */
#include "core/control.h"

#include <string.h>

#include "core/vm.h"

void control_add(struct vm *vm, struct control *control)
{
	struct control **at = &vm->controls;

	/* At the end: they are shown in the order of their slots. */
	while (*at)
		at = &(*at)->next;
	control->next = NULL;
	*at = control;
}

void control_remove(struct vm *vm, struct control *control)
{
	struct control **at = &vm->controls;

	while (*at && *at != control)
		at = &(*at)->next;
	if (*at)
		*at = control->next;
}

struct control *control_find(struct vm *vm, const char *place)
{
	struct control *c = vm->controls;

	while (c && strcmp(c->place, place) != 0)
		c = c->next;
	return c;
}

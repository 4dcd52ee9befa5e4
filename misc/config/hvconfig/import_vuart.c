/* SPDX-License-Identifier: BSD-3-Clause */
/* Serial ports of a foreign document: legacy_vuart, console_vuart and vuart_connections. */
#include <stdlib.h>
#include <string.h>

#include "import_vm.h"
#include "import_xml.h"
#include "schema.h"
#include "values.h"

static const uint16_t ports[SCENARIO_MAX_VUARTS] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
static const uint8_t irqs[SCENARIO_MAX_VUARTS] = { 4, 3, 6, 7 };

/* The VM that has this number there; -1: none. */
static int vm_of_number(const struct import *im, uint64_t number)
{
	for (unsigned int i = 0; i < im->s->nr_vms; i++)
		if (im->number[i] == number)
			return (int)i;
	return -1;
}

/* "COM2_BASE" and "SERVICE_VM_COM2_BASE" are 1, as are "COM Port 2" and 0x2f8; -1: none of these. */
static int com_of(const char *text)
{
	const char *com = strstr(text, "COM");
	uint64_t port;

	if (!value_number(text, false, 0xffff, &port)) {
		for (int i = 0; i < (int)SCENARIO_MAX_VUARTS; i++)
			if (ports[i] == port)
				return i;
		return -1;
	}
	if (!com)
		return -1;
	com += strncmp(com, "COM Port ", 9) ? 3 : 9;
	return *com >= '1' && *com <= '4' ? *com - '1' : -1;
}

static void set(struct scenario_vuart *u, int com, uint8_t type)
{
	u->type = type;
	u->io_base = ports[com];
	u->irq = irqs[com];
}

/* <legacy_vuart id="1"><base>COM2_BASE</base>...<target_vm_id>0</target_vm_id><target_uart_id>1</target_uart_id> */
static void import_legacy(struct import *im, unsigned int vm_id, xmlNode *node)
{
	struct scenario_vm *vm = &im->s->vms[vm_id];
	xmlNode *base = schema_child(node, "base", NULL);
	uint64_t target, uart;
	char id[8], text[32];
	int com, peer;

	if (!base || !value_collapse(base, text, sizeof(text)))
		return;
	if (!strcmp(text, "INVALID_COM_BASE")) {
		import_take(node);
		return;
	}
	com = com_of(text);
	if (com < 0 || !schema_attribute(node, "id", id, sizeof(id)) || id[0] < '0' || id[0] > '3')
		return;
	if (!import_number(node, "target_vm_id", &target) || !import_number(node, "target_uart_id", &uart)) {
		if (vm->load_order == SCENARIO_POST_LAUNCHED)
			return;
		set(&vm->vuarts[id[0] - '0'], com, SCENARIO_VUART_CONSOLE);
		import_take(node);
		return;
	}
	peer = vm_of_number(im, target);
	if (peer < 0 || uart >= SCENARIO_MAX_VUARTS)
		return;
	set(&vm->vuarts[id[0] - '0'], com, SCENARIO_VUART_INTER_VM);
	vm->vuarts[id[0] - '0'].peer_vm = (uint8_t)peer;
	vm->vuarts[id[0] - '0'].peer_vuart = (uint8_t)uart;
	import_take(node);
}

static void import_console(struct import *im, unsigned int vm_id, xmlNode *node)
{
	struct scenario_vm *vm = &im->s->vms[vm_id];
	char text[32];
	int com = value_collapse(node, text, sizeof(text)) ? com_of(text) : -1;

	if (com < 0 || vm->load_order == SCENARIO_POST_LAUNCHED)
		return;
	set(&vm->vuarts[0], com, SCENARIO_VUART_CONSOLE);
	import_take(node);
}

/* Ports that are switched off still name a target. */
static void import_pci_port(xmlNode *node)
{
	xmlNode *base = schema_child(node, "base", NULL);
	char text[32];

	if (base && value_collapse(base, text, sizeof(text)) && !strcmp(text, "INVALID_PCI_BASE"))
		import_take(node);
}

/* A vuart of the VM that is free, with its port if that is free, too. */
static struct scenario_vuart *take_vuart(struct scenario_vm *vm, int com)
{
	struct scenario_vuart *found = NULL;
	unsigned int used = 0;

	for (unsigned int i = SCENARIO_MAX_VUARTS; i-- > 0;) {
		for (unsigned int j = 0; j < SCENARIO_MAX_VUARTS; j++)
			used |= (vm->vuarts[i].io_base == ports[j]) << j;
		if (vm->vuarts[i].type == SCENARIO_VUART_NONE && i)
			found = &vm->vuarts[i];
	}
	if (com < 0 || used >> com & 1)
		for (com = 0; com < (int)SCENARIO_MAX_VUARTS && used >> com & 1; com++)
			;
	if (found && com < (int)SCENARIO_MAX_VUARTS) {
		set(found, com, SCENARIO_VUART_INTER_VM);
		return found;
	}
	return NULL;
}

static int find_vm(const struct import *im, xmlNode *endpoint)
{
	char name[64], theirs[64];

	if (!import_text(endpoint, "vm_name", name, sizeof(name)))
		return -1;
	for (unsigned int i = 0; i < im->s->nr_vms; i++)
		if (import_text(im->node[i], "name", theirs, sizeof(theirs)) && !strcmp(theirs, name))
			return (int)i;
	return -1;
}

static void connect(struct import *im, xmlNode *connection, xmlNode *const end[2])
{
	struct scenario_vuart *u[2] = { NULL, NULL };
	int vm[2];

	for (unsigned int i = 0; i < 2; i++) {
		char port[16];

		vm[i] = find_vm(im, end[i]);
		if (vm[i] >= 0)
			u[i] = take_vuart(&im->s->vms[vm[i]], import_text(end[i], "io_port", port, sizeof(port)) ? com_of(port) : -1);
	}
	if (!u[0] || !u[1] || vm[0] == vm[1]) {
		for (unsigned int i = 0; i < 2; i++)
			if (u[i])
				memset(u[i], 0, sizeof(*u[i]));
		report_warning(im->report, xmlGetLineNo(connection), "not taken over: a connection of serial ports: both ends must be VMs of "
			       "this file with a port left");
		return;
	}
	for (unsigned int i = 0; i < 2; i++) {
		u[i]->peer_vm = (uint8_t)vm[!i];
		u[i]->peer_vuart = (uint8_t)(u[!i] - im->s->vms[vm[!i]].vuarts);
	}
}

/* <vuart_connection><type>legacy</type><endpoint><vm_name/><io_port/></endpoint><endpoint>... */
static void import_connection(struct import *im, xmlNode *node)
{
	xmlNode *end[2] = { NULL, NULL };
	char type[16], name[64];

	import_text(node, "name", name, sizeof(name));
	if (!import_text(node, "type", type, sizeof(type)) || strcmp(type, "legacy")) {
		report_warning(im->report, xmlGetLineNo(node), "not taken over: a connection by PCI serial ports, which are not offered; use "
			       "legacy ports");
		import_take(node);
		return;
	}
	for (xmlNode *n = node->children; n; n = n->next)
		if (schema_is(n, "endpoint"))
			end[end[0] ? 1 : 0] = n;
	if (end[0] && end[1])
		connect(im, node, end);
	import_take(node);
}

/* False: the port has nothing that leads back to it. */
static bool leads_back(const struct scenario *s, unsigned int vm_id, unsigned int index)
{
	const struct scenario_vuart *u = &s->vms[vm_id].vuarts[index], *back = &s->vms[u->peer_vm].vuarts[u->peer_vuart];

	return u->peer_vm != vm_id && back->type == SCENARIO_VUART_INTER_VM && back->peer_vm == vm_id && back->peer_vuart == index;
}

/* An end whose other end leads elsewhere would be refused; leaving it out loosens no other. */
static void drop_loose_ends(struct import *im)
{
	for (unsigned int i = 0; i < im->s->nr_vms; i++)
		for (unsigned int j = 0; j < SCENARIO_MAX_VUARTS; j++) {
			struct scenario_vuart *u = &im->s->vms[i].vuarts[j];

			if (u->type != SCENARIO_VUART_INTER_VM || leads_back(im->s, i, j))
				continue;
			report_warning(im->report, xmlGetLineNo(im->node[i]), "not taken over: serial port %u of VM \"%s\": it leads to a port "
				       "that does not lead back", j, im->s->vms[i].name);
			memset(u, 0, sizeof(*u));
		}
}

void import_vuarts(struct import *im)
{
	xmlNode *hv = schema_child(im->root, "hv", NULL), *list = hv ? schema_child(hv, "vuart_connections", NULL) : NULL;

	for (unsigned int i = 0; i < im->s->nr_vms; i++)
		for (xmlNode *n = im->node[i]->children; n; n = n->next) {
			if (schema_is(n, "legacy_vuart"))
				import_legacy(im, i, n);
			else if (schema_is(n, "console_vuart"))
				import_console(im, i, n);
			else if (schema_is(n, "communication_vuart"))
				import_pci_port(n);
		}
	for (xmlNode *n = list ? list->children : NULL; n; n = n->next)
		if (schema_is(n, "vuart_connection"))
			import_connection(im, n);
	drop_loose_ends(im);
	for (unsigned int i = 0; i < im->s->nr_vms; i++) {
		struct scenario_vm *vm = &im->s->vms[i];

		vm->console = SCENARIO_NO_CONSOLE;
		for (unsigned int j = SCENARIO_MAX_VUARTS; j-- > 0;)
			if (vm->vuarts[j].type == SCENARIO_VUART_CONSOLE)
				vm->console = (uint8_t)j;
	}
}

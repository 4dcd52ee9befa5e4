/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual serial ports: numbers, ports and interrupts that are left out get the PC's usual ones, in order, as acrn-dm gives them. */
#include <stdbool.h>
#include <string.h>

#include "fill.h"
#include "schema.h"

#define NO_PEER	0xFFu	/* peer_vuart that was left out */

/* Takes a vuart's number: given (then it must be free), or the lowest that no other vuart names. -1: reported. */
static int take_index(struct build *b, xmlNode *node, unsigned int reserved)
{
	xmlNode **nodes = b->vuart_node[b->vm_id];
	char text[8];
	unsigned int i = 0;

	if (schema_attribute(node, "index", text, sizeof(text))) {
		i = (unsigned int)(text[0] - '0');
		if (i < SCENARIO_MAX_VUARTS && !text[1] && nodes[i])
			fill_refuse(b, node, "vuart", text, "is given twice; each vuart of a VM needs its own index");
		return i < SCENARIO_MAX_VUARTS && !text[1] && !nodes[i] ? (int)i : -1;
	}
	while (i < SCENARIO_MAX_VUARTS && (nodes[i] || reserved >> i & 1))
		i++;
	return i < SCENARIO_MAX_VUARTS ? (int)i : -1;
}

static void fill_peer(struct build *b, xmlNode *node, unsigned int index)
{
	struct scenario_vuart *u = &b->s->vms[b->vm_id].vuarts[index];
	char number[8] = { (char)('0' + index) }, peer_vm[SCENARIO_VM_NAME_SIZE], peer_vuart[8];
	int peer;

	schema_attribute(node, "peer_vm", peer_vm, sizeof(peer_vm));
	schema_attribute(node, "peer_vuart", peer_vuart, sizeof(peer_vuart));
	if (u->type != SCENARIO_VUART_INTER_VM) {
		if (peer_vm[0] || peer_vuart[0])
			fill_refuse(b, node, "vuart", number, "has a peer, which goes with type inter_vm only");
		return;
	}
	if (!peer_vm[0]) {
		fill_refuse(b, node, "vuart", number, "of type inter_vm needs peer_vm");
		return;
	}
	peer = fill_find_vm(b->s, peer_vm);
	if (peer < 0) {
		fill_refuse(b, node, "peer_vm", peer_vm, "is not the name of a VM in this file");
		return;
	}
	u->peer_vm = (uint8_t)peer;
	u->peer_vuart = peer_vuart[0] ? (uint8_t)(peer_vuart[0] - '0') : NO_PEER;
}

static bool port_is_taken(const struct scenario_vm *vm, uint16_t io_base)
{
	for (unsigned int i = 0; i < SCENARIO_MAX_VUARTS; i++)
		if (vm->vuarts[i].io_base == io_base)
			return true;
	return false;
}

static bool irq_is_taken(const struct scenario_vm *vm, uint8_t irq)
{
	for (unsigned int i = 0; i < SCENARIO_MAX_VUARTS; i++)
		if (vm->vuarts[i].irq == irq)
			return true;
	return false;
}

/* Ports and interrupts left out, once those that are given are known. A port goes with its number where that is free. */
static void fill_ports(struct build *b)
{
	static const uint16_t ports[SCENARIO_MAX_VUARTS] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	static const uint8_t irqs[SCENARIO_MAX_VUARTS] = { 4, 3, 6, 7 };
	struct scenario_vm *vm = &b->s->vms[b->vm_id];

	for (unsigned int i = 0; i < SCENARIO_MAX_VUARTS; i++) {
		struct scenario_vuart *u = &vm->vuarts[i];
		xmlNode *node = b->vuart_node[b->vm_id][i];

		for (unsigned int j = 0; node && !u->io_base && !xmlHasProp(node, (const xmlChar *)"io_base") && j < 4; j++)
			if (!port_is_taken(vm, ports[(i + j) % 4]))
				u->io_base = ports[(i + j) % 4];
		for (unsigned int j = 0; node && !u->irq && !xmlHasProp(node, (const xmlChar *)"irq") && j < 4; j++)
			if (!irq_is_taken(vm, irqs[(i + j) % 4]))
				u->irq = irqs[(i + j) % 4];
	}
}

/* Numbers that vuarts of the VM name. */
static unsigned int reserved_numbers(const xmlNode *vm_node)
{
	unsigned int mask = 0;

	for (xmlNode *n = vm_node->children; n; n = n->next) {
		char text[8];

		if (schema_is(n, "vuart") && schema_attribute(n, "index", text, sizeof(text)) && text[0] >= '0' && text[0] <= '3')
			mask |= 1u << (text[0] - '0');
	}
	return mask;
}

void fill_vuarts(struct build *b, xmlNode *vm_node)
{
	unsigned int reserved = reserved_numbers(vm_node);

	for (xmlNode *n = vm_node->children; n; n = n->next) {
		int index = schema_is(n, "vuart") ? take_index(b, n, reserved) : -1;

		if (index < 0)
			continue;
		b->vuart_node[b->vm_id][index] = n;
		fill_from_attributes(b, n, fields_vuart, &b->s->vms[b->vm_id].vuarts[index]);
		fill_peer(b, n, (unsigned int)index);
	}
	fill_ports(b);
}

static bool leads_to(const struct scenario_vuart *u, unsigned int vm_id, unsigned int index)
{
	return u->type == SCENARIO_VUART_INTER_VM && u->peer_vm == vm_id && (u->peer_vuart == index || u->peer_vuart == NO_PEER);
}

/* The vuart of the peer that leads back; one that names this number before one that leaves it open. */
static void find_peer(struct build *b, unsigned int vm_id, unsigned int index)
{
	struct scenario_vuart *u = &b->s->vms[vm_id].vuarts[index];
	struct scenario_vm *other = &b->s->vms[u->peer_vm];
	int found = -1;

	for (unsigned int i = SCENARIO_MAX_VUARTS; i-- > 0;)
		if (leads_to(&other->vuarts[i], vm_id, index) && (found < 0 || other->vuarts[i].peer_vuart != NO_PEER ||
								  other->vuarts[found].peer_vuart == NO_PEER))
			found = (int)i;
	if (found < 0) {
		b->vm_id = vm_id;
		u->peer_vuart = 0;
		fill_refuse(b, b->vuart_node[vm_id][index], "peer_vm", other->name, "has no vuart of type inter_vm left that leads back; "
			    "give it one");
		return;
	}
	u->peer_vuart = (uint8_t)found;
	other->vuarts[found].peer_vuart = (uint8_t)index;
}

void fill_vuart_peers(struct build *b)
{
	for (unsigned int vm_id = 0; vm_id < b->s->nr_vms; vm_id++)
		for (unsigned int i = 0; i < SCENARIO_MAX_VUARTS; i++)
			if (b->s->vms[vm_id].vuarts[i].peer_vuart == NO_PEER)
				find_peer(b, vm_id, i);
}

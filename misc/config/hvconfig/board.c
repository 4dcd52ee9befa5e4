/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a board file; its form has been checked by its schema, values and counts are here. */
#include "board.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"
#include "values.h"

#define SIZE_2M		(2ull << 20)
#define BRIDGE_CLASS	0x0604u

static bool number(xmlNode *node, const char *name, uint64_t *value)
{
	char text[64];

	return schema_attribute(node, name, text, sizeof(text)) && !value_number(text, false, UINT64_MAX, value);
}

static bool has_capability(const xmlNode *parent, const char *id)
{
	for (xmlNode *n = parent->children; n; n = n->next) {
		char text[32];

		if (schema_is(n, "capability") && schema_attribute(n, "id", text, sizeof(text)) && !strcmp(text, id))
			return true;
	}
	return false;
}

static void read_processors(struct board *b, xmlNode *processors)
{
	const xmlNode *model = schema_child(processors, "model", NULL);

	b->has_vmx = has_capability(model, "vmx");
	b->has_x2apic = has_capability(model, "x2apic");
	for (xmlNode *n = processors->children; n && b->nr_threads < BOARD_MAX_THREADS; n = n->next) {
		struct board_thread *t = &b->thread[b->nr_threads];
		uint64_t apic_id = 0;

		if (!schema_is(n, "thread"))
			continue;
		t->has_apic_id = number(n, "apic_id", &apic_id) && apic_id <= UINT32_MAX;
		t->apic_id = (uint32_t)apic_id;
		b->nr_threads++;
	}
}

static void read_memory(struct board *b, xmlNode *memory, struct report *r)
{
	for (xmlNode *n = memory->children; n && b->nr_ram < BOARD_MAX_RAM; n = n->next) {
		char type[32];
		uint64_t start, end;

		if (!schema_is(n, "range") || !schema_attribute(n, "type", type, sizeof(type)) || strcmp(type, "System RAM"))
			continue;
		if (!number(n, "start", &start) || !number(n, "end", &end) || end < start || end - start == UINT64_MAX) {
			report_error(r, xmlGetLineNo(n), "range ends before it starts; make the file again with board_inspector");
			continue;
		}
		b->ram[b->nr_ram++] = (struct board_ram){ start, end - start + 1 };
	}
}

static void read_bus(struct board *b, xmlNode *bus)
{
	for (xmlNode *n = bus->children; n; n = n->next) {
		struct board_function *f = &b->pci[b->nr_pci];
		uint64_t group, class;
		xmlNode *below;
		char bdf[16];

		if (!schema_is(n, "device") || b->nr_pci == BOARD_MAX_PCI)
			continue;
		if (schema_attribute(n, "address", bdf, sizeof(bdf)) && !value_bdf(bdf, &f->bdf)) {
			f->group = number(n, "iommu_group", &group) && group < 65536 ? (int)group : -1;
			f->is_bridge = number(n, "class", &class) && class >> 8 == BRIDGE_CLASS;
			f->can_reset = has_capability(n, "FLR") || has_capability(n, "PM reset");
			b->nr_pci++;
		}
		below = schema_child(n, "bus", NULL);
		if (below)
			read_bus(b, below);
	}
}

static void read_devices(struct board *b, xmlNode *devices)
{
	for (xmlNode *n = devices->children; n; n = n->next) {
		uint64_t segment;

		if (schema_is(n, "bus") && number(n, "segment", &segment) && !segment)
			read_bus(b, n);
	}
}

struct board *board_load(struct report *r)
{
	xmlDoc *doc = schema_load_board(r);
	struct board *b = doc ? calloc(1, sizeof(*b)) : NULL;
	xmlNode *root;

	if (doc && !b)
		errno = ENOMEM;
	if (b) {
		root = xmlDocGetRootElement(doc);
		schema_attribute(root, "name", b->name, sizeof(b->name));
		read_processors(b, schema_child(root, "processors", NULL));
		read_memory(b, schema_child(root, "memory", NULL), r);
		b->has_iommu = schema_child(schema_child(root, "acpi", NULL), "dmar", NULL);
		read_devices(b, schema_child(root, "devices", NULL));
	}
	if (b && (r->errors || !b->nr_threads || !b->nr_ram)) {
		if (!r->errors)
			report_error(r, 0, "it has no %s; run board_inspector as root on the board", b->nr_threads ? "RAM" : "CPUs");
		free(b);
		b = NULL;
	}
	xmlFreeDoc(doc);
	return b;
}

uint64_t board_ram_size(const struct board *b)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < b->nr_ram; i++)
		sum += b->ram[i].size;
	return sum;
}

bool board_is_ram(uint64_t hpa, uint64_t size, void *board)
{
	const struct board *b = board;

	for (unsigned int i = 0; i < b->nr_ram; i++)
		if (hpa >= b->ram[i].start && size <= b->ram[i].size && hpa - b->ram[i].start <= b->ram[i].size - size)
			return true;
	return false;
}

/* The highest VM memory that overlaps this place; NULL: it is free. */
static const struct scenario_vm *taken_by(const struct scenario *s, unsigned int vm_id, uint64_t hpa)
{
	const struct scenario_vm *vm = &s->vms[vm_id];

	for (unsigned int i = 0; i < s->nr_vms; i++) {
		const struct scenario_vm *other = &s->vms[i];

		if (i != vm_id && other->memory_hpa && hpa < other->memory_hpa + other->memory_size &&
		    other->memory_hpa < hpa + vm->memory_size)
			return other;
	}
	return NULL;
}

/* From the top of a range downwards, below whatever is in the way. 0: it does not fit. */
static uint64_t fit(const struct scenario *s, unsigned int vm_id, const struct board_ram *range)
{
	uint64_t size = s->vms[vm_id].memory_size, hpa;

	if (!size || range->size < size)
		return 0;
	hpa = (range->start + range->size - size) & ~(SIZE_2M - 1);
	while (hpa && hpa >= range->start) {
		const struct scenario_vm *other = taken_by(s, vm_id, hpa);

		if (!other)
			return hpa;
		if (other->memory_hpa < size)
			return 0;
		hpa = (other->memory_hpa - size) & ~(SIZE_2M - 1);
	}
	return 0;
}

bool board_place_memory(const struct board *b, struct scenario *s, unsigned int vm_id)
{
	uint64_t best = 0;

	for (unsigned int i = 0; i < b->nr_ram; i++) {
		uint64_t hpa = fit(s, vm_id, &b->ram[i]);

		if (hpa > best)
			best = hpa;
	}
	s->vms[vm_id].memory_hpa = best;
	return best;
}

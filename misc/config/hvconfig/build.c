/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a valid scenario document to the module. The schema has seen to form and number of the fields; here values are stored and names
 * resolved; what goes together is then checked by scenario_read(), and its error is brought back to the line it comes from.
 */
#include "build.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/scenario.h"
#include "fields.h"
#include "schema.h"
#include "values.h"

#define TEXT_SIZE 1100

struct build {
	struct report *report;
	struct scenario *s;
	xmlNode *root;
	unsigned int vm_id;	/* the VM being filled */
};

static bool is_element(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name);
}

/* Copies an attribute; "" when it is not there. */
static void attribute(xmlNode *node, const char *name, char *text, size_t size)
{
	xmlAttr *attr = xmlHasProp(node, (const xmlChar *)name);

	text[0] = '\0';
	if (attr)
		value_collapse((xmlNode *)attr, text, size);
}

static void refuse(struct build *b, xmlNode *node, const char *field, const char *text, const char *fault)
{
	report_error(b->report, xmlGetLineNo(node), "vm \"%s\": %s \"%s\" %s", b->s->vms[b->vm_id].name, field, text, fault);
}

/* Fills a record from the elements below `parent`. */
static void fill_from_elements(struct build *b, xmlNode *parent, const struct field *fields, void *record)
{
	for (const struct field *f = fields; f->name; f++) {
		xmlNode *node = schema_child(parent, f->name, NULL);
		char text[TEXT_SIZE];
		const char *fault;

		if (!node)
			continue;
		fault = value_collapse(node, text, sizeof(text)) ? field_put(f, record, text) : "is too long";
		if (fault)
			refuse(b, node, f->name, text, fault);
	}
}

/* Fills a record from the attributes of `node`, which the schema demands. */
static void fill_from_attributes(struct build *b, xmlNode *node, const struct field *fields, void *record)
{
	for (const struct field *f = fields; f->name; f++) {
		char text[64];
		const char *fault;

		attribute(node, f->name, text, sizeof(text));
		fault = field_put(f, record, text);
		if (fault)
			refuse(b, node, f->name, text, fault);
	}
}

static int find_vm(const struct scenario *s, const char *name)
{
	for (unsigned int i = 0; i < s->nr_vms; i++)
		if (!strncmp(s->vms[i].name, name, sizeof(s->vms[i].name)))
			return (int)i;
	return -1;
}

static void fill_vuart(struct build *b, xmlNode *node)
{
	struct scenario_vm *vm = &b->s->vms[b->vm_id];
	char index[8], peer_vm[SCENARIO_VM_NAME_SIZE], peer_vuart[8];
	struct scenario_vuart *u;
	int peer;

	attribute(node, "index", index, sizeof(index));
	attribute(node, "peer_vm", peer_vm, sizeof(peer_vm));
	attribute(node, "peer_vuart", peer_vuart, sizeof(peer_vuart));
	u = &vm->vuarts[index[0] - '0'];
	if (u->type != SCENARIO_VUART_NONE) {
		refuse(b, node, "vuart", index, "is given twice; each vuart of a VM needs its own index");
		return;
	}
	fill_from_attributes(b, node, fields_vuart, u);
	if (u->type != SCENARIO_VUART_INTER_VM) {
		if (peer_vm[0] || peer_vuart[0])
			refuse(b, node, "vuart", index, "has a peer, which goes with type inter_vm only");
		return;
	}
	if (!peer_vm[0] || !peer_vuart[0]) {
		refuse(b, node, "vuart", index, "of type inter_vm needs peer_vm and peer_vuart");
		return;
	}
	peer = find_vm(b->s, peer_vm);
	if (peer < 0) {
		refuse(b, node, "peer_vm", peer_vm, "is not the name of a VM in this file");
		return;
	}
	u->peer_vm = (uint8_t)peer;
	u->peer_vuart = (uint8_t)(peer_vuart[0] - '0');
}

static void fill_ivshmem(struct build *b, xmlNode *node)
{
	char region[SCENARIO_NAME_SIZE], access[8], doorbell[8];
	uint16_t self = (uint16_t)(1u << b->vm_id);

	attribute(node, "region", region, sizeof(region));
	attribute(node, "access", access, sizeof(access));
	attribute(node, "doorbell", doorbell, sizeof(doorbell));
	for (unsigned int i = 0; i < b->s->nr_ivshmem; i++) {
		struct scenario_ivshmem *r = &b->s->ivshmem[i];

		if (strcmp(r->name, region))
			continue;
		if (r->vm_mask & self) {
			refuse(b, node, "ivshmem", region, "is given twice to this VM");
			return;
		}
		r->vm_mask |= self;
		if (!strcmp(access, "rw"))
			r->writer_mask |= self;
		if (!strcmp(doorbell, "no"))
			r->silent_mask |= self;
		return;
	}
	refuse(b, node, "ivshmem", region, "is not the name of an ivshmem_region in this file");
}

static void fill_pci_dev(struct build *b, xmlNode *node)
{
	struct scenario_vm *vm = &b->s->vms[b->vm_id];
	char text[64];
	const char *fault = "has too many characters";

	if (value_collapse(node, text, sizeof(text)))
		fault = value_bdf(text, &vm->pci_devs[vm->nr_pci_devs]);
	if (fault)
		refuse(b, node, "pci_dev", text, fault);
	else
		vm->nr_pci_devs++;
}

static void fill_repeated(struct build *b, xmlNode *vm_node)
{
	struct scenario_vm *vm = &b->s->vms[b->vm_id];

	for (xmlNode *n = vm_node->children; n; n = n->next) {
		if (is_element(n, "vuart"))
			fill_vuart(b, n);
		else if (is_element(n, "ivshmem"))
			fill_ivshmem(b, n);
		else if (is_element(n, "pci_dev") && vm->nr_pci_devs < SCENARIO_MAX_PCI_DEVS)
			fill_pci_dev(b, n);
		else if (is_element(n, "io_range") && vm->nr_io_ranges < SCENARIO_MAX_IO_RANGES)
			fill_from_attributes(b, n, fields_io_range, &vm->io_ranges[vm->nr_io_ranges++]);
	}
}

static void fill_defaults(struct scenario_vm *vm, bool has_console)
{
	if (!vm->severity)
		vm->severity = vm->load_order == SCENARIO_SERVICE ? SCENARIO_SEVERITY_SERVICE :
			       vm->guest_flags & SCENARIO_FLAG_RT ? SCENARIO_SEVERITY_RT : SCENARIO_SEVERITY_STANDARD;
	if (has_console)
		return;
	vm->console = SCENARIO_NO_CONSOLE;
	for (unsigned int i = SCENARIO_MAX_VUARTS; i-- > 0;)
		if (vm->vuarts[i].type == SCENARIO_VUART_CONSOLE)
			vm->console = (uint8_t)i;
}

static void fill_vm(struct build *b, xmlNode *node)
{
	struct scenario_vm *vm = &b->s->vms[b->vm_id];
	xmlNode *kernel = schema_child(node, "kernel", NULL), *console = schema_child(node, "console", NULL);
	char text[16];

	fill_from_elements(b, node, fields_vm, vm);
	if (kernel)
		fill_from_elements(b, kernel, fields_kernel, &vm->kernel);
	fill_repeated(b, node);
	if (console && value_collapse(console, text, sizeof(text)))
		vm->console = text[0] == 'n' ? SCENARIO_NO_CONSOLE : (uint8_t)(text[0] - '0');
	fill_defaults(vm, console);
}

static void fill_policy(struct build *b, xmlNode *node, uint64_t *seen)
{
	char word[32], list[256];
	const char *fault;
	uint64_t mask = 0;
	uint8_t policy = 0;

	attribute(node, "pcpus", list, sizeof(list));
	fault = value_collapse(node, word, sizeof(word)) ? field_policy(word, &policy) : "is too long";
	if (fault) {
		report_error(b->report, xmlGetLineNo(node), "pcpu_policy \"%s\" %s", word, fault);
		return;
	}
	fault = value_cpus(list, &mask);
	if (!fault && (mask & *seen))
		fault = "names a pCPU that has a policy already";
	if (fault) {
		report_error(b->report, xmlGetLineNo(node), "pcpu_policy: pcpus \"%s\" %s", list, fault);
		return;
	}
	*seen |= mask;
	for (unsigned int i = 0; i < SCENARIO_MAX_PCPUS; i++)
		if (mask >> i & 1)
			b->s->pcpu_policy[i] = policy;
}

static void fill_region(struct build *b, xmlNode *node)
{
	struct scenario_ivshmem *r = &b->s->ivshmem[b->s->nr_ivshmem++];
	char text[64];
	const char *fault;

	attribute(node, "name", r->name, sizeof(r->name));
	attribute(node, "size", text, sizeof(text));
	fault = value_number(text, true, UINT64_MAX, &r->size);
	if (fault)
		report_error(b->report, xmlGetLineNo(node), "ivshmem_region \"%s\": size \"%s\" %s", r->name, text, fault);
}

static void fill_scenario(struct build *b)
{
	uint64_t seen = 0;

	attribute(b->root, "name", b->s->name, sizeof(b->s->name));
	for (xmlNode *n = b->root->children; n; n = n->next) {
		if (is_element(n, "pcpu_policy"))
			fill_policy(b, n, &seen);
		else if (is_element(n, "ivshmem_region") && b->s->nr_ivshmem < SCENARIO_MAX_IVSHMEM)
			fill_region(b, n);
		else if (is_element(n, "vm"))	/* names first: VMs refer to each other */
			attribute(n, "name", b->s->vms[b->vm_id++].name, SCENARIO_VM_NAME_SIZE);
	}
	b->vm_id = 0;
	for (xmlNode *n = b->root->children; n; n = n->next)
		if (is_element(n, "vm")) {
			fill_vm(b, n);
			b->vm_id++;
		}
}

/* The index-th element `name` below `parent`; a vuart is found by its index attribute. NULL: none. */
static xmlNode *nth_child(xmlNode *parent, const char *name, int index)
{
	int seen = 0;

	for (xmlNode *n = parent->children; n; n = n->next) {
		char text[8];

		if (!is_element(n, name))
			continue;
		attribute(n, "index", text, sizeof(text));
		if ((text[0] ? text[0] - '0' : seen) == index)
			return n;
		seen++;
	}
	return NULL;
}

/* The line an error of scenario_read() is about: the field's, else its VM's, else the first. */
static long line_of(const struct build *b, const struct scenario_error *e)
{
	xmlNode *at = e->vm_id >= 0 ? nth_child(b->root, "vm", e->vm_id) : b->root, *field, *kernel;

	if (!at)
		at = b->root;
	if (!e->field[0])
		return xmlGetLineNo(at);
	field = nth_child(at, e->field, e->index < 0 ? 0 : e->index);
	kernel = schema_child(at, "kernel", NULL);
	if (!field && kernel)
		field = schema_child(kernel, e->field, NULL);
	return xmlGetLineNo(field ? field : at);
}

static unsigned int count_vms(const xmlNode *root)
{
	unsigned int nr = 0;

	for (const xmlNode *n = root->children; n; n = n->next)
		nr += is_element(n, "vm");
	return nr;
}

struct scenario *build_scenario(xmlDoc *doc, struct report *r)
{
	struct build b = { .report = r, .root = xmlDocGetRootElement(doc) };
	unsigned int nr_vms = count_vms(b.root);
	uint32_t size = (uint32_t)(sizeof(struct scenario) + nr_vms * sizeof(struct scenario_vm));
	const struct scenario *checked;
	struct scenario_error e;

	b.s = calloc(1, size);
	if (!b.s) {
		report_error(r, 0, "out of memory");
		return NULL;
	}
	b.s->magic = SCENARIO_MAGIC;
	b.s->version = SCENARIO_VERSION;
	b.s->total_size = size;
	b.s->header_size = sizeof(struct scenario);
	b.s->vm_size = sizeof(struct scenario_vm);
	b.s->nr_vms = (uint16_t)nr_vms;
	fill_scenario(&b);
	b.s->crc32 = scenario_crc(b.s);
	if (!r->errors && scenario_read(b.s, size, &checked, &e))
		report_error(r, line_of(&b, &e), "%s", e.text);
	if (r->errors) {
		free(b.s);
		return NULL;
	}
	return b.s;
}

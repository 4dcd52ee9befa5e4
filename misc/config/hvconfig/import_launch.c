/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices of a foreign user VM, once somebody has said which kernel it boots: virtio_devices, and serial ports that acrn-dm has. */
#include <string.h>

#include "import_vm.h"
#include "import_xml.h"
#include "schema.h"
#include "values.h"

#define NAME_LETTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define PATH_LETTERS	NAME_LETTERS "/+@="

static bool is_path(const char *text, size_t size)
{
	return text[0] == '/' && text[1] && strlen(text) < size && strspn(text, PATH_LETTERS) == strlen(text);
}

static bool is_tap(const char *text)
{
	return text[0] && strlen(text) < 16 && strspn(text, NAME_LETTERS) == strlen(text);
}

/* Six bytes with colons, the first one even. */
static bool is_mac(const char *text)
{
	for (unsigned int i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' : !text[i] || !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	return !text[17] && strchr("02468aceACE", text[1]);
}

/* "tap0,vhost,mac=52:54:..." or <interface_name>tap0</interface_name>. */
static void import_network(struct import *im, struct setup_launch *l, xmlNode *node)
{
	xmlNode *name = schema_child(node, "interface_name", NULL);
	struct setup_network n = { .slot = 0 };
	char text[128], *save = NULL, *word;

	if (l->nr_networks == SETUP_MAX_DEVICES || !value_collapse(name ? name : node, text, sizeof(text)))
		return;
	word = strtok_r(text, ",", &save);
	if (word && !strncmp(word, "tap=", 4))
		word += 4;
	if (!word || !is_tap(word))
		return;
	strcpy(n.tap, word);
	while ((word = strtok_r(NULL, ",", &save))) {
		if (!strncmp(word, "mac=", 4) && is_mac(word + 4))
			strcpy(n.mac, word + 4);
		else
			report_warning(im->report, xmlGetLineNo(node), "not taken over: \"%s\" of network card %s: acrn-dm does not take it",
				       word, n.tap);
	}
	l->network[l->nr_networks++] = n;
	import_take(name ? name : node);
	if (name)
		import_open(node);
}

/* A file; "PARTITION:FILE" would have to be mounted first. */
static void import_block(struct setup_launch *l, xmlNode *node)
{
	char text[SETUP_PATH_SIZE];

	if (l->nr_disks == SETUP_MAX_DEVICES || !value_collapse(node, text, sizeof(text)) || !is_path(text, sizeof(text)))
		return;
	strcpy(l->disk[l->nr_disks++].path, text);
	import_take(node);
}

/* "@pty:NAME", "stdio:NAME", "sock:NAME=PATH". */
static void import_console(struct setup_launch *l, xmlNode *node)
{
	char text[128], path[100];
	const char *kind = text, *at;

	if (l->console[0] || !value_collapse(node, text, sizeof(text)))
		return;
	kind += *kind == '@';
	at = strchr(text, '=');
	if (!strncmp(kind, "stdio", 5) || !strncmp(kind, "pty", 3)) {
		strcpy(l->console, *kind == 's' ? "stdio" : "pty");
	} else if (!strncmp(kind, "sock", 4) && at && is_path(at + 1, sizeof(path))) {
		snprintf(path, sizeof(path), "%s", at + 1);
		snprintf(l->console, sizeof(l->console), "socket:%s", path);
	} else {
		return;
	}
	import_take(node);
}

static void import_virtio(struct import *im, struct setup_launch *l, xmlNode *devices)
{
	import_open(devices);
	for (xmlNode *n = devices->children; n; n = n->next) {
		if (schema_is(n, "network"))
			import_network(im, l, n);
		else if (schema_is(n, "block"))
			import_block(l, n);
		else if (schema_is(n, "console"))
			import_console(l, n);
	}
}

/* COM1, by any of its names, is acrn-dm's standard output. */
static void import_com1(struct setup_launch *l, xmlNode *node)
{
	xmlNode *base = schema_is(node, "legacy_vuart") ? schema_child(node, "base", NULL) : node;
	char text[32];

	if (!base || !value_collapse(base, text, sizeof(text)) ||
	    (strcmp(text, "COM Port 1") && strcmp(text, "COM1_BASE") && strcmp(text, "Enable")))
		return;
	strcpy(l->serial[0], "stdio");
	import_take(node);
}

void import_launch(struct import *im, unsigned int vm_id)
{
	struct setup_launch *l = &im->setup->vm[vm_id].launch;
	const struct scenario_vm *vm = &im->s->vms[vm_id];

	if (!im->kernel || vm->load_order != SCENARIO_POST_LAUNCHED)
		return;
	l->present = true;
	l->vcpu_affinity = vm->cpu_affinity;
	snprintf(l->kernel_file, sizeof(l->kernel_file), "%s", im->kernel);
	for (xmlNode *n = im->node[vm_id]->children; n; n = n->next) {
		if (schema_is(n, "virtio_devices"))
			import_virtio(im, l, n);
		else if (schema_is(n, "console_vuart") || schema_is(n, "legacy_vuart") || schema_is(n, "vuart0"))
			import_com1(l, n);
	}
}

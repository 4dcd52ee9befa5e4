/* SPDX-License-Identifier: BSD-3-Clause */
/* What was taken of a foreign document, and what was not. */
#include "import_xml.h"

#include <string.h>

#include "schema.h"
#include "values.h"

static char taken, opened;	/* their addresses are the marks */

/* Why an element, with all that is in it, has no counterpart. One line is said for each. */
static const struct { const char *name, *why; } reasons[] = {
	{ "BUILD_TYPE", "one build has both: see the boot option debug-shell" },
	{ "RELEASE", "one build has both: see the boot option debug-shell" },
	{ "SERIAL_CONSOLE", "give it as an option of the hypervisor element, as uart=port@0x3f8" },
	{ "MEM_LOGLEVEL", "see the shell's command loglevel" },
	{ "NPK_LOGLEVEL", "see the shell's command loglevel" },
	{ "CONSOLE_LOGLEVEL", "give it as an option of the hypervisor element, as loglevel=3" },
	{ "LOG_DESTINATION", "see the shell's command loglevel" },
	{ "LOG_BUF_SIZE", "the log's size is fixed" },
	{ "RELOC", "the hypervisor decides at boot" },
	{ "MULTIBOOT2", "both protocols are always there" },
	{ "ACPI_PARSE_ENABLED", "tables are always read at boot" },
	{ "ENFORCE_TURNOFF_AC", "see the boot option split_lock" },
	{ "SPLIT_LOCK_DETECTION_ENABLED", "see the boot option split_lock" },
	{ "RDT", "cache allocation is not offered" },
	{ "clos", "cache allocation is not offered" },
	{ "CACHE_REGION", "cache allocation is not offered" },
	{ "SSRAM", "software SRAM is not offered" },
	{ "MEMORY", "sizes are found at boot" },
	{ "CAPACITIES", "sizes are found at boot" },
	{ "MISC_CFG", "there is nothing like it" },
	{ "epc_section", "SGX is not offered" },
	{ "mmio_resources", "devices outside PCI are not assigned" },
	{ "pt_intx", "pins are not assigned" },
	{ "PTM", "PCIe time measurement is not offered" },
	{ "usb_xhci", "acrn-dm has no USB" },
	{ "vbootloader", "acrn-dm boots a kernel, without firmware" },
	{ "vuart0", "give the kernel with option -k, or write a launch element with a serial element" },
	{ "virtio_devices", "give the kernel with option -k, or write a launch element" },
	{ "virtio_framework", "acrn-dm moves the frames itself" },
	{ "network", "the name of a TAP is needed, of up to 15 letters, digits, '_', '-' or '.'" },
	{ "block", "the absolute path of a file or device is needed; what is on a partition must be mounted before" },
	{ "console", "stdio, pty or a socket with its absolute path can be had, one of them" },
	{ "input", "acrn-dm has no such device" },
	{ "gpu", "acrn-dm has no such device" },
	{ "vsock", "acrn-dm has no such device" },
	{ "legacy_vuart", "ports of user VMs are acrn-dm's: give the kernel with option -k, or write a launch element with a serial element" },
	{ "console_vuart", "ports of user VMs are acrn-dm's: give the kernel with option -k, or write a launch element with a serial element" },
	{ "communication_vuart", "PCI serial ports are not offered" },
	{ "real_time_vcpu", "whole VMs are real-time: see guest flag rt" },
	{ "pci_devs", "devices of user VMs are not assigned by the scenario" },
	{ "os_type", "it changes nothing" },
	{ "PROVIDED_BY", "regions of the device model are made by acrn-dm's option -s N,ivshmem,dm:/NAME,SIZE" },
	{ "VBDF", "the hypervisor chooses the place" },
	{ "companion_vmid", "TEE and REE are not paired here" },
};

void import_take(xmlNode *node)
{
	node->_private = &taken;
}

void import_open(xmlNode *node)
{
	node->_private = &opened;
}

bool import_own_text(xmlNode *node, char *text, size_t size)
{
	import_take(node);
	return value_collapse(node, text, size) && text[0];
}

bool import_text(xmlNode *parent, const char *name, char *text, size_t size)
{
	xmlNode *node = parent ? schema_child(parent, name, NULL) : NULL;

	text[0] = '\0';
	return node && import_own_text(node, text, size);
}

bool import_yes(xmlNode *parent, const char *name)
{
	char text[8];

	return import_text(parent, name, text, sizeof(text)) && !strcmp(text, "y");
}

bool import_number(xmlNode *parent, const char *name, uint64_t *value)
{
	char text[32];

	return import_text(parent, name, text, sizeof(text)) && !value_number(text, false, UINT64_MAX, value);
}

void import_clean_name(char *name)
{
	for (; *name; name++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", *name))
			*name = '_';
}

static bool says_nothing(const char *text)
{
	static const char *const nothings[] = {
		"", "n", "0", "0x0", "None", "Disable", "INVALID_COM_BASE", "INVALID_PCI_BASE", "65535", "PRIO_LOW", "Non-Windows OS",
	};

	for (unsigned int i = 0; i < sizeof(nothings) / sizeof(nothings[0]); i++)
		if (!strcmp(text, nothings[i]))
			return true;
	return false;
}

static bool has_elements(const xmlNode *node)
{
	for (const xmlNode *n = node->children; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE)
			return true;
	return false;
}

/* The first element in `node` that says something and was not taken; NULL: there is none. */
static const xmlNode *find_rest(const xmlNode *node, char *text, size_t size)
{
	const xmlNode *found = NULL;

	if (node->_private == &taken)
		return NULL;
	if (!has_elements(node)) {
		value_collapse(node, text, size);
		return says_nothing(text) ? NULL : node;
	}
	for (const xmlNode *n = node->children; n && !found; n = n->next)
		if (n->type == XML_ELEMENT_NODE)
			found = find_rest(n, text, size);
	return found;
}

static const char *reason_of(const xmlNode *node)
{
	for (unsigned int i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp((const char *)node->name, reasons[i].name))
			return reasons[i].why;
	return NULL;
}

void import_list_rest(const xmlNode *node, struct report *r)
{
	const char *why = node->_private == &opened ? NULL : reason_of(node);
	char text[128] = "";
	const xmlNode *rest;

	if (node->_private == &taken)
		return;
	if (!why && has_elements(node)) {
		for (const xmlNode *n = node->children; n; n = n->next)
			if (n->type == XML_ELEMENT_NODE)
				import_list_rest(n, r);
		return;
	}
	rest = find_rest(node, text, sizeof(text));
	if (rest == node)
		report_warning(r, xmlGetLineNo((xmlNode *)node), "not taken over: %s \"%s\": %s", node->name, text,
			       why ? why : "it has no counterpart");
	else if (rest)
		report_warning(r, xmlGetLineNo((xmlNode *)node), "not taken over: %s, with %s \"%s\" in it: %s", node->name, rest->name, text,
			       why);
}

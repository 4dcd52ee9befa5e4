/* SPDX-License-Identifier: BSD-3-Clause */
/* <devices>: each becomes a -s or -l of acrn-dm, slots in the order in which they are written. */
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tools/virtacrnd/domxml_priv.h"

#define LAST_SLOT	31u

bool domxml_slot(struct reading *r, xmlNode *node, unsigned int *slot)
{
	xmlNode *address = domxml_child(node, "address");
	char text[16] = "", *end = NULL;

	while (!address && r->next_slot <= LAST_SLOT && r->slots & 1u << r->next_slot)
		r->next_slot++;
	if (address && !domxml_get(r, address, "slot", text, sizeof(text)))
		return false;
	*slot = address ? strtoul(text, &end, 0) : r->next_slot;
	if (address && (end == text || *end || *slot < 3 || *slot > LAST_SLOT))
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, address, "slot '%s': 3 to %u are there, on bus 0", text, LAST_SLOT);
	if (*slot > LAST_SLOT)
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "all PCI slots (3 to %u) are taken", LAST_SLOT);
	if (r->slots & 1u << *slot)
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "slot %u is taken; give every device an <address>, or none", *slot);
	r->slots |= 1u << *slot;
	return domxml_arg(r, node, "-s");
}

bool domxml_is_one_of(struct reading *r, xmlNode *node, const char *attribute, const char *const *words, char *out)
{
	char list[128] = "";

	if (!domxml_get(r, node, attribute, out, 32))
		return false;
	if (!*out)
		strcpy(out, words[0]);
	for (int i = 0; words[i]; i++) {
		if (!strcmp(out, words[i]))
			return true;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
	}
	return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "%s '%s': %s is possible", attribute, out, list);
}

/* Options of acrn-dm are separated by commas. */
static bool get_path(struct reading *r, xmlNode *node, const char *attribute, char *path)
{
	if (!domxml_get(r, node, attribute, path, DOMXML_PATH_MAX))
		return false;
	if (*path != '/' || strchr(path, ','))
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "%s '%.60s': a path from / without a comma is expected", attribute, path);
	return true;
}

static bool take_disk(struct reading *r, xmlNode *node)
{
	static const char *const types[] = { "file", "block", NULL }, *const devices[] = { "disk", NULL }, *const buses[] = { "virtio", NULL },
			  *const formats[] = { "raw", NULL };
	static const struct element known[] = {
		{ "driver", NULL }, { "source", NULL }, { "target", NULL }, { "readonly", NULL }, { "boot", NULL }, { "alias", NULL }, { "address", NULL }, { 0 }
	};
	xmlNode *source = domxml_child(node, "source"), *target = domxml_child(node, "target"), *driver = domxml_child(node, "driver");
	char type[32], word[32], path[DOMXML_PATH_MAX], dev[8];
	unsigned int slot = 0;

	if (!domxml_is_one_of(r, node, "type", types, type) || !domxml_each(r, node, known) || !domxml_is_one_of(r, node, "device", devices, word))
		return false;
	if (!source)
		return domxml_refuse(r, VIR_ERR_XML_ERROR, node, "<source> is missing");
	if (driver && !domxml_is_one_of(r, driver, "type", formats, word))
		return false;
	if (target && !domxml_is_one_of(r, target, "bus", buses, word))
		return false;
	if (!get_path(r, source, !strcmp(type, "file") ? "file" : "dev", path) || !domxml_slot(r, node, &slot))
		return false;
	if (!target) {
		snprintf(dev, sizeof(dev), "vd%c", 'a' + (int)(r->nr_disks % 26));
		target = xmlNewChild(node, NULL, (const xmlChar *)"target", NULL);
		xmlNewProp(target, (const xmlChar *)"dev", (const xmlChar *)dev);
		xmlNewProp(target, (const xmlChar *)"bus", (const xmlChar *)"virtio");
	}
	r->nr_disks++;
	return domxml_arg(r, node, "%u,virtio-blk,%s%s", slot, path, domxml_child(node, "readonly") ? ",ro" : "");
}

/* Six bytes of hexadecimal digits, the first even, not all zero. */
static bool is_mac(const char *text)
{
	unsigned int b[6];
	int n = 0;

	return strlen(text) == 17 && sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &n) == 6 && n == 17 &&
	       !(b[0] & 1) && (b[0] | b[1] | b[2] | b[3] | b[4] | b[5]);
}

/* An address of the range that is for hypervisors, as clients expect one in every definition. */
static bool add_mac(struct reading *r, xmlNode *node, char *mac)
{
	uint8_t random[3];
	xmlNode *child;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return domxml_refuse(r, VIR_ERR_INTERNAL_ERROR, node, "no random numbers for a MAC address");
	snprintf(mac, 18, "52:54:00:%02x:%02x:%02x", random[0], random[1], random[2]);
	child = xmlNewChild(node, NULL, (const xmlChar *)"mac", NULL);
	xmlNewProp(child, (const xmlChar *)"address", (const xmlChar *)mac);
	return true;
}

static bool take_interface(struct reading *r, xmlNode *node)
{
	static const char *const types[] = { "ethernet", NULL }, *const models[] = { "virtio", NULL };
	static const struct element known[] = { { "mac", NULL }, { "target", NULL }, { "model", NULL }, { "alias", NULL }, { "address", NULL }, { 0 } };
	xmlNode *target = domxml_child(node, "target"), *mac = domxml_child(node, "mac"), *model = domxml_child(node, "model");
	char word[32], address[32], tap[32] = "";
	unsigned int slot = 0;

	if (!domxml_is_one_of(r, node, "type", types, word) || !domxml_each(r, node, known) || (model && !domxml_is_one_of(r, model, "type", models, word)))
		return false;
	if (target && !domxml_get(r, target, "dev", tap, sizeof(tap)))
		return false;
	if (!*tap || strlen(tap) > 15 || strpbrk(tap, ",/ "))
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "<target dev='%s'/>: the name of a tap interface, 1 to 15 characters, is expected",
				     tap);
	if (mac ? !domxml_get(r, mac, "address", address, sizeof(address)) : !add_mac(r, node, address))
		return false;
	if (!is_mac(address))
		return domxml_refuse(r, VIR_ERR_XML_ERROR, mac, "address '%s': six hexadecimal bytes such as 52:54:00:12:34:56 are expected", address);
	return domxml_slot(r, node, &slot) && domxml_arg(r, node, "%u,virtio-net,tap=%s,mac=%s", slot, tap, address);
}

static bool take_rng(struct reading *r, xmlNode *node)
{
	unsigned int slot = 0;

	return domxml_slot(r, node, &slot) && domxml_arg(r, node, "%u,virtio-rnd", slot);
}

static bool take_emulator(struct reading *r, xmlNode *node)
{
	char path[DOMXML_PATH_MAX];

	if (!domxml_get(r, node, NULL, path, sizeof(path)))
		return false;
	return !strcmp(path, r->dm) ? true :
	       domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "\"%.100s\": the device model here is %.200s", path, r->dm);
}

static bool take_controller(struct reading *r, xmlNode *node)
{
	static const char *const types[] = { "pci", NULL };
	char word[32];

	return domxml_is_one_of(r, node, "type", types, word);
}

static bool take_balloon(struct reading *r, xmlNode *node)
{
	static const char *const models[] = { "none", NULL };
	char word[32];

	return domxml_is_one_of(r, node, "model", models, word);
}

bool domxml_devices(struct reading *r, xmlNode *node)
{
	static const struct element known[] = {
		{ "emulator", take_emulator }, { "disk", take_disk }, { "interface", take_interface }, { "serial", domxml_serial },
		{ "console", domxml_console }, { "rng", take_rng }, { "controller", take_controller }, { "memballoon", take_balloon }, { 0 }
	};

	return domxml_each(r, node, known);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/storage_xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <systemd/sd-id128.h>

#include "tools/common/args.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/storage.h"
#include "tools/virtacrnd/uuid.h"

/* An element somewhere below, by the names on the way, ended by NULL. */
static xmlNode *find(xmlNode *node, const char *const *way)
{
	for (; node && *way; way++) {
		for (node = node->children; node; node = node->next)
			if (node->type == XML_ELEMENT_NODE && !strcmp((char *)node->name, *way))
				break;
	}
	return node;
}

/* Its text without white space around; "" where it is absent. False: it does not fit. */
static bool get_text(xmlNode *root, const char *const *way, char *out, size_t size)
{
	xmlNode *node = find(root, way);
	xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
	const char *from = text ? (char *)text : "";
	size_t len;
	bool fits;

	from += strspn(from, " \t\r\n");
	len = strlen(from);
	while (len && strchr(" \t\r\n", from[len - 1]))
		len--;
	fits = len < size;
	snprintf(out, size, "%.*s", (int)len, from);
	xmlFree(text);
	return fits;
}

static bool no(char *why, size_t why_size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static bool no(char *why, size_t why_size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, why_size, fmt, ap);
	va_end(ap);
	return false;
}

/* The document, whose root is @name; NULL with @why. */
static xmlDoc *parse(const char *text, const char *name, char *why, size_t why_size)
{
	size_t len = strlen(text);
	xmlDoc *doc = len > DOMXML_MAX ? NULL : xmlReadMemory(text, len, "storage.xml", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

	if (root && !doc->intSubset && !strcmp((char *)root->name, name))
		return doc;
	no(why, why_size, "well-formed XML of a <%s>, without a document type, of %u bytes at most is expected", name, DOMXML_MAX);
	xmlFreeDoc(doc);
	return NULL;
}

static bool take_uuid(xmlNode *root, uint8_t *uuid)
{
	static const char *const way[] = { "uuid", NULL };
	char text[64];
	sd_id128_t id;

	if (!get_text(root, way, text, sizeof(text)))
		return false;
	if (*text)
		return uuid_read(text, uuid);
	if (sd_id128_randomize(&id) < 0)
		return false;
	memcpy(uuid, id.bytes, 16);
	return true;
}

static bool read_pool(xmlNode *root, struct storage_pool *out, char *why, size_t why_size)
{
	static const char *const name[] = { "name", NULL }, *const path[] = { "target", "path", NULL };
	xmlChar *type = xmlGetProp(root, (const xmlChar *)"type");
	bool is_dir = type && !strcmp((char *)type, "dir");

	xmlFree(type);
	if (!is_dir)
		return no(why, why_size, "<pool>: type 'dir' is what this daemon has: a folder");
	if (!get_text(root, name, out->name, sizeof(out->name)) || !storage_name_ok(out->name))
		return no(why, why_size, "<name>: 1 to %u letters, digits and ._-+@ are a pool's name", STORAGE_NAME_MAX);
	if (!get_text(root, path, out->path, sizeof(out->path)) || *out->path != '/' || strpbrk(out->path, "\n,"))
		return no(why, why_size, "<target><path>: a path from / without commas, of %u bytes at most, is expected", STORAGE_PATH_MAX - 1);
	/* Clients compare paths as text. */
	for (size_t len = strlen(out->path); len > 1 && out->path[len - 1] == '/'; len--)
		out->path[len - 1] = 0;
	return take_uuid(root, out->uuid) ? true : no(why, why_size, "<uuid>: 32 hexadecimal digits are expected");
}

bool storage_xml_pool(const char *text, struct storage_pool *out, char *why, size_t why_size)
{
	xmlDoc *doc = parse(text, "pool", why, why_size);
	bool ok = doc && read_pool(xmlDocGetRootElement(doc), out, why, why_size);

	xmlFreeDoc(doc);
	return ok;
}

/* A number of bytes with its unit; absent is 0. */
static bool get_bytes(xmlNode *root, const char *name, uint64_t *bytes)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {
		{ "", 1 }, { "B", 1 }, { "b", 1 }, { "bytes", 1 }, { "K", 1ull << 10 }, { "KiB", 1ull << 10 }, { "M", 1ull << 20 },
		{ "MiB", 1ull << 20 }, { "G", 1ull << 30 }, { "GiB", 1ull << 30 }, { "T", 1ull << 40 }, { "TiB", 1ull << 40 },
		{ "KB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 }, { "TB", 1000000000000 },
	};
	const char *const way[] = { name, NULL };
	xmlNode *node = find(root, way);
	xmlChar *unit = node ? xmlGetProp(node, (const xmlChar *)"unit") : NULL;
	char text[32];
	bool ok = !node;

	*bytes = 0;
	for (size_t i = 0; node && !ok && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit ? (char *)unit : "", units[i].name)) {
			ok = get_text(root, way, text, sizeof(text)) && args_number(text, 0, (uint64_t)INT64_MAX / units[i].bytes, bytes);
			*bytes *= units[i].bytes;
		}
	xmlFree(unit);
	return ok;
}

static bool read_vol(xmlNode *root, struct storage_vol *out, char *why, size_t why_size)
{
	static const char *const name[] = { "name", NULL }, *const format[] = { "target", "format", NULL },
			  *const allocation[] = { "allocation", NULL }, *const backing[] = { "backingStore", "path", NULL };
	xmlNode *node = find(root, format);
	xmlChar *type = node ? xmlGetProp(node, (const xmlChar *)"type") : NULL;
	bool is_raw = !type || !strcmp((char *)type, "raw");

	xmlFree(type);
	if (!get_text(root, name, out->name, sizeof(out->name)) || !storage_vol_name_ok(out->name) || *out->name == '.')
		return no(why, why_size, "<name>: a file's name without / and commas, not beginning with a dot, is expected");
	if (!is_raw || find(root, backing))
		return no(why, why_size, "<format>: type 'raw' without a backing store is what acrn-dm reads");
	if (!get_bytes(root, "capacity", &out->capacity) || !out->capacity)
		return no(why, why_size, "<capacity>: a number of bytes, or with unit= K, M, G or T, is expected");
	if (!get_bytes(root, "allocation", &out->allocation))
		return no(why, why_size, "<allocation>: a number of bytes, or with unit= K, M, G or T, is expected");
	/* Where it is not said the whole volume is taken on the disk. */
	if (!find(root, allocation))
		out->allocation = out->capacity;
	return true;
}

bool storage_xml_vol(const char *text, struct storage_vol *out, char *why, size_t why_size)
{
	xmlDoc *doc = parse(text, "volume", why, why_size);
	bool ok = doc && read_vol(xmlDocGetRootElement(doc), out, why, why_size);

	xmlFreeDoc(doc);
	return ok;
}

/* Text as XML has it; free() it. */
static char *escape(const char *text)
{
	return (char *)xmlEncodeSpecialChars(NULL, (const xmlChar *)text);
}

char *storage_xml_of_pool(const struct storage_pool *pool)
{
	char uuid[UUID_TEXT], *path = escape(pool->path), *text = NULL;
	struct statvfs fs = { 0 };
	unsigned long long all, free_bytes;

	if (statvfs(pool->path, &fs))
		fs = (struct statvfs){ 0 };
	all = (unsigned long long)fs.f_blocks * fs.f_frsize;
	free_bytes = (unsigned long long)fs.f_bavail * fs.f_frsize;
	if (path && asprintf(&text,
			     "<pool type='dir'>\n"
			     "  <name>%s</name>\n"
			     "  <uuid>%s</uuid>\n"
			     "  <capacity unit='bytes'>%llu</capacity>\n"
			     "  <allocation unit='bytes'>%llu</allocation>\n"
			     "  <available unit='bytes'>%llu</available>\n"
			     "  <source/>\n"
			     "  <target>\n"
			     "    <path>%s</path>\n"
			     "  </target>\n"
			     "</pool>\n",
			     pool->name, uuid_text(pool->uuid, uuid), all, all - free_bytes, free_bytes, path) < 0)
		text = NULL;
	xmlFree(path);
	return text;
}

char *storage_xml_of_vol(const struct storage_pool *pool, const struct storage_vol *vol)
{
	char *path = escape(pool->path), *name = escape(vol->name), *text = NULL;
	const char *slash = strcmp(pool->path, "/") ? "/" : "";

	if (path && name && asprintf(&text,
				     "<volume type='file'>\n"
				     "  <name>%s</name>\n"
				     "  <key>%s%s%s</key>\n"
				     "  <source/>\n"
				     "  <capacity unit='bytes'>%llu</capacity>\n"
				     "  <allocation unit='bytes'>%llu</allocation>\n"
				     "  <target>\n"
				     "    <path>%s%s%s</path>\n"
				     "    <format type='raw'/>\n"
				     "  </target>\n"
				     "</volume>\n",
				     name, path, slash, name, (unsigned long long)vol->capacity, (unsigned long long)vol->allocation, path, slash,
				     name) < 0)
		text = NULL;
	xmlFree(path);
	xmlFree(name);
	return text;
}

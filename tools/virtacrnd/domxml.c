/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/domxml.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "public/ioreq.h"
#include "tools/common/args.h"
#include "tools/virtacrnd/domxml_priv.h"
#include "tools/virtacrnd/uuid.h"

#define KIB_MIN		(16ull << 10)
#define KIB_MAX		(252ull << 20)
#define KIB_STEP	2048
#define TEXT_MAX	2048

bool domxml_refuse(struct reading *r, int code, const xmlNode *node, const char *fmt, ...)
{
	int n = node ? snprintf(r->why->text, sizeof(r->why->text), "line %ld, <%s>: ", xmlGetLineNo((xmlNode *)node), (char *)node->name) : 0;
	va_list ap;

	r->why->code = code;
	va_start(ap, fmt);
	if (n < (int)sizeof(r->why->text))
		vsnprintf(r->why->text + n, sizeof(r->why->text) - n, fmt, ap);
	va_end(ap);
	return false;
}

bool domxml_each(struct reading *r, xmlNode *parent, const struct element *known)
{
	for (xmlNode *node = parent->children; node; node = node->next) {
		const struct element *row = known;

		if (node->type != XML_ELEMENT_NODE)
			continue;
		while (row->name && strcmp(row->name, (char *)node->name) != 0)
			row++;
		if (!row->name)
			return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "acrn-dm has nothing for it; take it out of <%s>",
					     (char *)parent->name);
		if (row->take && !row->take(r, node))
			return false;
	}
	return true;
}

bool domxml_get(struct reading *r, xmlNode *node, const char *attribute, char *out, size_t size)
{
	xmlChar *text = attribute ? xmlGetProp(node, (const xmlChar *)attribute) : xmlNodeGetContent(node);
	const char *from = text ? (char *)text : "";
	bool ok = true;
	size_t len;

	if (!attribute)
		from += strspn(from, " \t\r\n");
	len = strlen(from);
	while (!attribute && len && strchr(" \t\r\n", from[len - 1]))
		len--;
	for (size_t i = 0; i < len && ok; i++)
		if ((unsigned char)from[i] < ' ' || from[i] == 0x7F)
			ok = domxml_refuse(r, VIR_ERR_XML_ERROR, node, "%s has a control character", attribute ? attribute : "it");
	if (ok && len >= size)
		ok = domxml_refuse(r, VIR_ERR_XML_ERROR, node, "%s has %zu bytes; at most %zu fit", attribute ? attribute : "it", len, size - 1);
	if (ok)
		snprintf(out, size, "%.*s", (int)len, from);
	xmlFree(text);
	return ok;
}

xmlNode *domxml_child(xmlNode *node, const char *name)
{
	for (node = node->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !strcmp((char *)node->name, name))
			return node;
	return NULL;
}

void domxml_remove(xmlNode *node)
{
	xmlNode *before = node->prev;

	if (before && xmlIsBlankNode(before)) {
		xmlUnlinkNode(before);
		xmlFreeNode(before);
	}
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

bool domxml_arg(struct reading *r, const xmlNode *node, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (r->x->nr_args == DOMXML_ARGS_MAX)
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "more than %d arguments of acrn-dm", DOMXML_ARGS_MAX);
	va_start(ap, fmt);
	n = vasprintf(&r->x->arg[r->x->nr_args], fmt, ap);
	va_end(ap);
	if (n < 0)
		return domxml_refuse(r, VIR_ERR_NO_MEMORY, node, "out of memory");
	r->x->nr_args++;
	return true;
}

static bool take_name(struct reading *r, xmlNode *node)
{
	char name[TEXT_MAX];

	if (!domxml_get(r, node, NULL, name, sizeof(name)))
		return false;
	if (!place_name_ok(name))
		return domxml_refuse(r, VIR_ERR_XML_ERROR, node, "\"%.60s\" is no name of a VM: 1 to %d letters, digits and .:_- are", name,
				     PLACE_NAME_MAX);
	strcpy(r->x->name, name);
	return true;
}

static bool take_uuid(struct reading *r, xmlNode *node)
{
	char text[TEXT_MAX];

	if (!domxml_get(r, node, NULL, text, sizeof(text)))
		return false;
	if (!uuid_read(text, r->x->uuid))
		return domxml_refuse(r, VIR_ERR_XML_ERROR, node, "\"%.60s\" is no UUID: 32 hexadecimal digits are", text);
	return true;
}

static bool read_kib(struct reading *r, xmlNode *node, uint64_t *kib)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {
		{ "", 1024 }, { "KiB", 1024 }, { "k", 1024 }, { "KB", 1000 }, { "b", 1 }, { "bytes", 1 }, { "MB", 1000000 },
		{ "M", 1 << 20 }, { "MiB", 1 << 20 }, { "GB", 1000000000 }, { "G", 1 << 30 }, { "GiB", 1 << 30 },
	};
	char text[32], unit[16];
	uint64_t number;

	if (!domxml_get(r, node, NULL, text, sizeof(text)) || !domxml_get(r, node, "unit", unit, sizeof(unit)))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) != 0)
			continue;
		if (!args_number(text, 1, UINT64_MAX / units[i].bytes, &number))
			break;
		*kib = (number * units[i].bytes + 1023) / 1024;
		return true;
	}
	return domxml_refuse(r, VIR_ERR_XML_ERROR, node, "\"%s\" %s: a number with unit KiB (usual), MiB or GiB is expected", text, unit);
}

static bool check_memory_limit(struct reading *r, const xmlNode *node)
{
	const struct limits *l = &r->limits;

	return !l->kib || r->x->kib <= l->kib ? true :
	       domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "%llu KiB: the scenario %s gives VM %s at most %llu KiB", (unsigned long long)r->x->kib,
			     l->path, r->x->name, (unsigned long long)l->kib);
}

static bool take_memory(struct reading *r, xmlNode *node)
{
	if (!read_kib(r, node, &r->x->kib))
		return false;
	if (r->x->kib < KIB_MIN || r->x->kib > KIB_MAX || r->x->kib % KIB_STEP)
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "%llu KiB: a multiple of 2 MiB from 16 MiB to 252 GiB is allowed",
				     (unsigned long long)r->x->kib);
	return check_memory_limit(r, node) && domxml_arg(r, node, "-m") && domxml_arg(r, node, "%lluM", (unsigned long long)r->x->kib / 1024);
}

char *domxml_cpu_list(uint64_t cpus, char *list)
{
	size_t len = 0;

	*list = 0;
	for (unsigned int i = 0; i < 64; i++)
		if (cpus >> i & 1)
			len += sprintf(list + len, "%s%u", len ? "," : "", i);
	return list;
}

static bool read_cpuset(struct reading *r, const xmlNode *node, const char *set)
{
	bool cpus[ARGS_MAX_CPUS] = { false };

	if (!args_cpus(set, cpus))
		return domxml_refuse(r, VIR_ERR_XML_ERROR, node, "cpuset '%.60s': a list such as 0,2-3 is expected", set);
	for (unsigned int i = 0; i < ARGS_MAX_CPUS; i++) {
		if (cpus[i] && i > 63)
			return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "cpuset names CPU %u; 0 to 63 are allowed", i);
		r->x->cpus |= cpus[i] ? 1ull << i : 0;
	}
	return true;
}

/* Without a cpuset it has the first CPUs that it may have, from then on. */
static void add_cpuset(struct reading *r, xmlNode *node, unsigned int vcpus)
{
	char list[DOMXML_CPU_LIST];

	for (unsigned int i = 0, nr = 0; i < 64 && nr < vcpus; i++) {
		if (!(r->limits.cpus >> i & 1))
			continue;
		r->x->cpus |= 1ull << i;
		nr++;
	}
	xmlSetProp(node, (const xmlChar *)"cpuset", (const xmlChar *)domxml_cpu_list(r->x->cpus, list));
}

static bool check_cpu_limit(struct reading *r, const xmlNode *node, unsigned int vcpus)
{
	char allowed[DOMXML_CPU_LIST], forbidden[DOMXML_CPU_LIST];
	const struct limits *l = &r->limits;

	if (l->known && vcpus > (unsigned int)__builtin_popcountll(l->cpus))
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "%u virtual CPUs: the scenario %s allows VM %s %d, CPUs %s", vcpus, l->path,
				     r->x->name, __builtin_popcountll(l->cpus), domxml_cpu_list(l->cpus, allowed));
	if (r->x->cpus & ~l->cpus)
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "cpuset names CPU %s: the scenario %s allows VM %s CPUs %s",
				     domxml_cpu_list(r->x->cpus & ~l->cpus, forbidden), l->path, r->x->name, domxml_cpu_list(l->cpus, allowed));
	return true;
}

static bool take_vcpu(struct reading *r, xmlNode *node)
{
	char text[32], set[256], list[DOMXML_CPU_LIST];
	uint64_t vcpus;

	if (!domxml_get(r, node, NULL, text, sizeof(text)) || !domxml_get(r, node, "cpuset", set, sizeof(set)))
		return false;
	if (!args_number(text, 1, IOREQ_SLOTS, &vcpus))
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "\"%s\": 1 to %u are allowed", text, IOREQ_SLOTS);
	if (*set && !read_cpuset(r, node, set))
		return false;
	if (!check_cpu_limit(r, node, vcpus))
		return false;
	if (!*set)
		add_cpuset(r, node, vcpus);
	r->x->vcpus = __builtin_popcountll(r->x->cpus);
	if (r->x->vcpus != vcpus)
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "%s virtual CPUs, but cpuset '%s' names %u: one each is needed", text, set,
				     r->x->vcpus);
	return domxml_arg(r, node, "--pcpus") && domxml_arg(r, node, "%s", domxml_cpu_list(r->x->cpus, list));
}

static bool take_current_memory(struct reading *r, xmlNode *node)
{
	xmlNode *memory = domxml_child(node->parent, "memory");
	uint64_t kib, all;

	if (!read_kib(r, node, &kib) || (memory && !read_kib(r, memory, &all)))
		return false;
	return !memory || kib == all ? true :
	       domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "%llu KiB: there is no balloon, so it must be the %llu KiB of <memory>",
			     (unsigned long long)kib, (unsigned long long)all);
}

static bool take_os_type(struct reading *r, xmlNode *node)
{
	char text[TEXT_MAX];

	if (!domxml_get(r, node, NULL, text, sizeof(text)))
		return false;
	return !strcmp(text, "hvm") ? true : domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "\"%.60s\": hvm is what there is", text);
}

static bool take_file(struct reading *r, xmlNode *node)
{
	const char *option = !strcmp((char *)node->name, "kernel") ? "-k" : "-r";
	char path[TEXT_MAX];

	if (!domxml_get(r, node, NULL, path, sizeof(path)))
		return false;
	if (*path != '/')
		return domxml_refuse(r, VIR_ERR_XML_ERROR, node, "\"%.60s\": a path from / is expected", path);
	return domxml_arg(r, node, "%s", option) && domxml_arg(r, node, "%s", path);
}

static bool take_cmdline(struct reading *r, xmlNode *node)
{
	char text[TEXT_MAX];

	return domxml_get(r, node, NULL, text, sizeof(text)) && domxml_arg(r, node, "-B") && domxml_arg(r, node, "%s", text);
}

/* Of two, which counts? */
static bool check_once(struct reading *r, xmlNode *root)
{
	for (xmlNode *node = root->children; node; node = node->next)
		for (xmlNode *other = node->next; other && node->type == XML_ELEMENT_NODE; other = other->next)
			if (other->type == XML_ELEMENT_NODE && !strcmp((char *)other->name, (char *)node->name))
				return domxml_refuse(r, VIR_ERR_XML_ERROR, other, "it is there twice");
	return true;
}

static bool take_os(struct reading *r, xmlNode *node)
{
	static const struct element known[] = {
		{ "type", take_os_type }, { "kernel", take_file }, { "initrd", take_file }, { "cmdline", take_cmdline },
		{ "boot", NULL }, { 0 }
	};

	if (!domxml_child(node, "kernel"))
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "<kernel> is missing: a VM boots a bzImage or ELF file of the Service VM");
	return check_once(r, node) && domxml_each(r, node, known);
}

static bool take_clock(struct reading *r, xmlNode *node)
{
	char offset[16];

	if (!domxml_get(r, node, "offset", offset, sizeof(offset)))
		return false;
	return !*offset || !strcmp(offset, "utc") ? true :
	       domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "offset '%s': a VM's clock is utc", offset);
}

static bool take_on_poweroff(struct reading *r, xmlNode *node)
{
	char action[16];

	if (!domxml_get(r, node, NULL, action, sizeof(action)))
		return false;
	return !strcmp(action, "destroy") ? true : domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "\"%s\": destroy is what there is", action);
}

/* Of those that were taken before, the words are what they are. */
static bool take_words(struct reading *r, xmlNode *node)
{
	int type = !strcmp((char *)node->name, "title") ? VIR_DOMAIN_METADATA_TITLE : VIR_DOMAIN_METADATA_DESCRIPTION;
	xmlChar *text = r->checked ? NULL : xmlNodeGetContent(node);
	struct domxml_why why;
	bool ok = !text || domxml_words_ok(type, (char *)text, &why);

	xmlFree(text);
	return ok ? true : domxml_refuse(r, VIR_ERR_XML_ERROR, node, "%s", why.text);
}

static bool take_on_reboot(struct reading *r, xmlNode *node)
{
	char action[16];

	if (!domxml_get(r, node, NULL, action, sizeof(action)))
		return false;
	if (!strcmp(action, "destroy"))
		return domxml_arg(r, node, "--exit_on_reset");
	return !strcmp(action, "restart") ? true :
	       domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "\"%s\": restart or destroy is possible", action);
}

static bool take_raw_arg(struct reading *r, xmlNode *node)
{
	char text[TEXT_MAX];

	return domxml_get(r, node, "value", text, sizeof(text)) && domxml_arg(r, node, "%s", text);
}

static bool take_commandline(struct reading *r, xmlNode *node)
{
	static const struct element known[] = { { "arg", take_raw_arg }, { 0 } };

	if (!node->ns || strcmp((char *)node->ns->href, DOMXML_NS) != 0)
		return domxml_refuse(r, VIR_ERR_XML_ERROR, node, "it belongs to namespace " DOMXML_NS);
	return domxml_each(r, node, known);
}

static bool check_root(struct reading *r, xmlNode *root)
{
	char type[32];

	if (!root || strcmp((char *)root->name, "domain") != 0)
		return domxml_refuse(r, VIR_ERR_XML_ERROR, root, "<domain> is expected");
	if (root->doc->intSubset)
		return domxml_refuse(r, VIR_ERR_XML_ERROR, root, "a document type is not allowed");
	if (!domxml_get(r, root, "type", type, sizeof(type)))
		return false;
	if (strcmp(type, "acrn") != 0)
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, root, "type '%s': this daemon runs type 'acrn'", type);
	if (!domxml_child(root, "name"))
		return domxml_refuse(r, VIR_ERR_XML_ERROR, root, "<name> is missing");
	if (!domxml_child(root, "memory"))
		return domxml_refuse(r, VIR_ERR_XML_ERROR, root, "<memory> is missing");
	if (!domxml_child(root, "os"))
		return domxml_refuse(r, VIR_ERR_XML_ERROR, root, "<os> is missing");
	return true;
}

/* One that has none gets a random one. */
static bool add_uuid(struct reading *r, xmlNode *root)
{
	char text[UUID_TEXT];
	sd_id128_t id;
	xmlNode *node;

	if (domxml_child(root, "uuid"))
		return true;
	if (sd_id128_randomize(&id) < 0)
		return domxml_refuse(r, VIR_ERR_INTERNAL_ERROR, root, "no random numbers for a UUID");
	memcpy(r->x->uuid, id.bytes, sizeof(r->x->uuid));
	node = xmlNewNode(NULL, (const xmlChar *)"uuid");
	xmlNodeAddContent(node, (const xmlChar *)uuid_text(r->x->uuid, text));
	xmlAddNextSibling(domxml_child(root, "name"), node);
	return true;
}

static bool ask_limits(struct reading *r, const xmlNode *root, const struct domxml_host *host)
{
	r->limits.cpus = ~0ull;
	if (host->limits)
		host->limits(r->x->name, &r->limits);
	return !r->limits.foreign ? true :
	       domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, root, "<name> %s is that of a VM which the hypervisor itself starts (scenario %s)", r->x->name,
			     r->limits.path);
}

static bool read_root(struct reading *r, xmlNode *root, const struct domxml_host *host)
{
	/* Without a take: what tools add and what changes nothing for acrn-dm's VMs, see doc/feature/virtacrnd.md. */
	static const struct element known[] = {
		{ "name", take_name }, { "uuid", take_uuid }, { "memory", take_memory }, { "currentMemory", take_current_memory },
		{ "vcpu", take_vcpu }, { "os", take_os }, { "clock", take_clock }, { "on_poweroff", take_on_poweroff },
		{ "on_reboot", take_on_reboot }, { "on_crash", take_on_poweroff }, { "devices", domxml_devices },
		{ "commandline", take_commandline }, { "title", take_words }, { "description", take_words }, { "metadata", NULL },
		{ "features", NULL }, { "cpu", NULL }, { "pm", NULL }, { 0 }
	};

	/* The name first: devices have files that are called after it, and the limits are the VM's. */
	return check_root(r, root) && check_once(r, root) && take_name(r, domxml_child(root, "name")) &&
	       ask_limits(r, root, host) && domxml_each(r, root, known) && add_uuid(r, root);
}

bool domxml_read(const char *text, const struct domxml_host *host, struct domxml *x, struct domxml_why *why)
{
	struct reading r = { .x = x, .why = why, .dm = host->dm, .checked = !host->limits, .next_slot = 3 };
	size_t len = strlen(text);
	const xmlError *error;

	*x = (struct domxml){ 0 };
	*why->name = 0;
	if (len > DOMXML_MAX)
		return domxml_refuse(&r, VIR_ERR_XML_ERROR, NULL, "the XML has %zu bytes; at most %u are taken", len, DOMXML_MAX);
	x->doc = xmlReadMemory(text, len, "domain.xml", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (!x->doc) {
		error = xmlGetLastError();
		return domxml_refuse(&r, VIR_ERR_XML_ERROR, NULL, "the XML is not well-formed: line %d: %.200s", error ? error->line : 0,
				     error && error->message ? error->message : "no reason given");
	}
	if (read_root(&r, xmlDocGetRootElement(x->doc), host))
		return true;
	strcpy(why->name, x->name);
	domxml_free(x);
	return false;
}

void domxml_free(struct domxml *x)
{
	for (unsigned int i = 0; i < x->nr_args; i++)
		free(x->arg[i]);
	xmlFreeDoc(x->doc);
	*x = (struct domxml){ 0 };
}

char *domxml_text(const struct domxml *x, int id)
{
	xmlNode *root = xmlDocGetRootElement(x->doc);
	xmlBuffer *buffer = xmlBufferCreate();
	char number[16], *text = NULL;

	snprintf(number, sizeof(number), "%d", id);
	xmlUnsetProp(root, (const xmlChar *)"id");
	domxml_show_ttys(x, id > 0);
	if (id > 0)
		xmlNewProp(root, (const xmlChar *)"id", (const xmlChar *)number);
	if (buffer && xmlNodeDump(buffer, x->doc, root, 0, 1) > 0 && asprintf(&text, "%s\n", (const char *)xmlBufferContent(buffer)) < 0)
		text = NULL;
	xmlBufferFree(buffer);
	return text;
}

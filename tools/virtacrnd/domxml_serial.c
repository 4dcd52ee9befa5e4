/* SPDX-License-Identifier: BSD-3-Clause */
/* <serial> and <console>: acrn-dm's -l, or a port of virtio-console. */
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include "tools/common/args.h"
#include "tools/virtacrnd/domxml_priv.h"

#define BACKEND_MAX	(DOMXML_PATH_MAX + 32)

/* What the bytes go to: separators of acrn-dm's are ',' and ':'. */
static bool get_path(struct reading *r, xmlNode *source, char *path)
{
	if (!domxml_get(r, source, "path", path, DOMXML_PATH_MAX))
		return false;
	return *path == '/' && !strpbrk(path, ",:=") ? true :
	       domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, source, "path '%.60s': a path from / without , : and = is expected", path);
}

static bool get_mode(struct reading *r, xmlNode *source, const char **tail)
{
	static const char *const modes[] = { "bind", "connect", NULL };
	char mode[32];

	if (!domxml_is_one_of(r, source, "mode", modes, mode))
		return false;
	*tail = strcmp(mode, "connect") ? "" : ":client";
	return true;
}

static bool tcp_backend(struct reading *r, xmlNode *source, char *out)
{
	char host[64], service[16];
	const char *tail;
	uint64_t port;

	if (!get_mode(r, source, &tail) || !domxml_get(r, source, "host", host, sizeof(host)) ||
	    !domxml_get(r, source, "service", service, sizeof(service)))
		return false;
	if (*host && strcmp(host, "127.0.0.1") && strcmp(host, "localhost"))
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, source, "host '%s': a serial port is reached at 127.0.0.1 only", host);
	if (!args_number(service, 1, 65535, &port))
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, source, "service '%s': a port from 1 to 65535 is expected", service);
	snprintf(out, BACKEND_MAX, "tcp:%u%s", (unsigned int)port, tail);
	return true;
}

/* In acrn-dm's words; @link is where a pseudo-terminal is to be found. */
static bool get_backend(struct reading *r, xmlNode *node, const char *link, char *out)
{
	static const char *const types[] = { "pty", "unix", "tcp", "file", "dev", NULL };
	xmlNode *source = domxml_child(node, "source");
	char type[32], path[DOMXML_PATH_MAX];
	const char *tail = "";

	if (!domxml_is_one_of(r, node, "type", types, type))
		return false;
	if (!strcmp(type, "pty")) {
		snprintf(out, BACKEND_MAX, "pty:%s", link);
		return true;
	}
	if (!source)
		return domxml_refuse(r, VIR_ERR_XML_ERROR, node, "<source> is missing");
	if (!strcmp(type, "tcp"))
		return tcp_backend(r, source, out);
	if (!get_path(r, source, path) || (!strcmp(type, "unix") && !get_mode(r, source, &tail)))
		return false;
	snprintf(out, BACKEND_MAX, "%s:%s%s", !strcmp(type, "unix") ? "socket" : !strcmp(type, "dev") ? "tty" : "file", path, tail);
	return true;
}

/* A link beside the command socket. */
static char *tty_link(char *path, const char *name, unsigned int port)
{
	char tail[16];

	snprintf(tail, sizeof(tail), ".com%u", port + 1);
	return place_run(path, name, tail);
}

static bool add_port(struct reading *r, xmlNode *node, unsigned int port)
{
	char link[PLACE_PATH_MAX], backend[BACKEND_MAX];

	if (!get_backend(r, node, tty_link(link, r->x->name, port), backend))
		return false;
	r->port_used[port] = true;
	return domxml_arg(r, node, "-l") && domxml_arg(r, node, "com%u,%s", port + 1, backend);
}

/* The port that <target> names, or the next one that is free, which is written down. */
static bool get_port(struct reading *r, xmlNode *node, unsigned int *port)
{
	xmlNode *target = domxml_child(node, "target");
	char number[16] = "";

	if (target && !domxml_get(r, target, "port", number, sizeof(number)))
		return false;
	if (*number && (number[1] || number[0] < '0' || number[0] > '3'))
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "port '%s': 0 to 3 are there", number);
	*port = *number ? (unsigned int)(number[0] - '0') : 0;
	while (!*number && *port < 3 && r->port_used[*port])
		(*port)++;
	if (r->port_used[*port])
		return domxml_refuse(r, VIR_ERR_CONFIG_UNSUPPORTED, node, "port %u is there twice", *port);
	snprintf(number, sizeof(number), "%u", *port);
	if (!target)
		target = xmlNewChild(node, NULL, (const xmlChar *)"target", NULL);
	xmlSetProp(target, (const xmlChar *)"port", (const xmlChar *)number);
	return true;
}

bool domxml_serial(struct reading *r, xmlNode *node)
{
	static const struct element known[] = {
		{ "source", NULL }, { "target", NULL }, { "alias", NULL }, { "protocol", NULL }, { "address", NULL }, { 0 }
	};
	unsigned int port = 0;

	return domxml_each(r, node, known) && get_port(r, node, &port) && add_port(r, node, port);
}

static bool add_virtio(struct reading *r, xmlNode *node)
{
	char link[PLACE_PATH_MAX], backend[BACKEND_MAX], *rest;
	unsigned int slot = 0;

	if (!get_backend(r, node, place_run(link, r->x->name, ".hvc0"), backend) || !domxml_slot(r, node, &slot))
		return false;
	rest = strchr(backend, ':');
	*rest++ = 0;
	return domxml_arg(r, node, "%u,virtio-console,@%s:hvc0=%s", slot, backend, rest);
}

/* <console> is another word for the first serial port, which it brings along where it stands alone; or a port of virtio-console. */
bool domxml_console(struct reading *r, xmlNode *node)
{
	static const char *const targets[] = { "serial", "virtio", NULL };
	xmlNode *target = domxml_child(node, "target");
	char word[32] = "serial";

	if (target && !domxml_is_one_of(r, target, "type", targets, word))
		return false;
	if (!strcmp(word, "virtio"))
		return add_virtio(r, node);
	return domxml_child(node->parent, "serial") || r->port_used[0] ? true : add_port(r, node, 0);
}

/* @path NULL: no run, no terminal. */
static void show_tty(xmlNode *node, const char *path)
{
	xmlNode *source = domxml_child(node, "source");
	xmlChar *type = xmlGetProp(node, (const xmlChar *)"type");
	bool is_pty = !type || !strcmp((char *)type, "pty");

	xmlFree(type);
	if (!is_pty)
		return;
	if (!path) {
		xmlUnsetProp(node, (const xmlChar *)"tty");
		if (source)
			domxml_remove(source);
		return;
	}
	if (!source)
		source = xmlNewChild(node, NULL, (const xmlChar *)"source", NULL);
	xmlSetProp(source, (const xmlChar *)"path", (const xmlChar *)path);
	if (!strcmp((char *)node->name, "console"))
		xmlSetProp(node, (const xmlChar *)"tty", (const xmlChar *)path);
}

static char *link_of(char *path, const struct domxml *x, xmlNode *node)
{
	xmlNode *target = domxml_child(node, "target");
	xmlChar *port = target ? xmlGetProp(target, (const xmlChar *)"port") : NULL;
	xmlChar *type = target ? xmlGetProp(target, (const xmlChar *)"type") : NULL;

	if (!strcmp((char *)node->name, "console") && type && !strcmp((char *)type, "virtio"))
		place_run(path, x->name, ".hvc0");
	else
		tty_link(path, x->name, port && *port >= '0' && *port <= '3' ? (unsigned int)(*port - '0') : 0);
	xmlFree(port);
	xmlFree(type);
	return path;
}

void domxml_show_ttys(const struct domxml *x, bool live)
{
	xmlNode *devices = domxml_child(xmlDocGetRootElement(x->doc), "devices");
	char path[PLACE_PATH_MAX];

	for (xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && (!strcmp((char *)node->name, "serial") || !strcmp((char *)node->name, "console")))
			show_tty(node, live ? link_of(path, x, node) : NULL);
}

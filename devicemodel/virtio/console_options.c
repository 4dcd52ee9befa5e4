/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-console's options: turns each port's text into a name and a backend's spec. */
#include "virtio/console_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

#define USAGE "[@]KIND[:NAME][=PATH][:server|:client], KIND one of stdio, tty, pty, file, tcp, socket"

static int bad(const char *port, const char *why)
{
	log_error("virtio-console: bad port \"%s\": %s: it should be " USAGE, port, why);
	return -EINVAL;
}

static const struct kind {
	const char *name;
	bool needs_path;
	bool takes_path;
} kinds[] = {
	{ "stdio", false, false }, { "tty", true, true }, { "pty", false, true },
	{ "file", true, true },	   { "tcp", true, true }, { "socket", true, true },
};

static const struct kind *find_kind(const char *text, size_t len)
{
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].name) == len && !strncmp(kinds[i].name, text, len))
			return &kinds[i];
	}
	return NULL;
}

static int parse_port(const char *text, struct console_port_options *p)
{
	const char *at = text, *path = strchr(text, '=');
	const struct kind *kind;
	size_t len;
	int n;

	p->console = *at == '@';
	at += p->console;
	len = strcspn(at, ":=");
	kind = find_kind(at, len);
	if (!kind)
		return bad(text, "unknown kind");
	at += len;
	if (*at == ':') {
		len = strcspn(++at, "=");
		if (len >= sizeof(p->name))
			return bad(text, "the name has more than 31 characters");
		memcpy(p->name, at, len);
	}
	if (kind->needs_path && (!path || !path[1]))
		return bad(text, "this kind needs a path");
	if (!kind->takes_path && path)
		return bad(text, "this kind takes no path");
	n = snprintf(p->spec, sizeof(p->spec), path ? "%s:%s" : "%s", kind->name, path ? path + 1 : "");
	return n < (int)sizeof(p->spec) ? 0 : bad(text, "the path is too long");
}

int console_options_parse(const char *text, struct console_options *o)
{
	char *copy, *rest, *word;
	int ret = 0;

	memset(o, 0, sizeof(*o));
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	while (!ret && (word = strsep(&rest, ","))) {
		if (o->nr_ports == CONSOLE_PORTS_MAX)
			ret = bad(word, "there are more than 8 ports");
		else
			ret = parse_port(word, &o->port[o->nr_ports++]);
	}
	free(copy);
	return ret;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A change to the XML of a domain that is there: made in the tree, and read again with all checks. */
#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/virtacrnd/domxml_priv.h"

bool domxml_change(const char *text, const struct domxml_change *change, const struct domxml_host *host, struct domxml *x, struct domxml_why *why)
{
	struct domxml old = { .doc = domxml_parse(text) };
	xmlNode *root = old.doc ? xmlDocGetRootElement(old.doc) : NULL;
	char *new = NULL;
	bool ok = false;

	*why = (struct domxml_why){ .code = VIR_ERR_INTERNAL_ERROR, .text = "its XML cannot be read, or memory is out" };
	if (root && change->make(root, change->arg, why))
		new = domxml_text(&old, -1);
	if (new)
		ok = domxml_read(new, host, x, why);
	free(new);
	xmlFreeDoc(old.doc);
	return ok;
}

bool domxml_make_name(xmlNode *root, const void *arg, struct domxml_why *why)
{
	xmlNode *name = domxml_child(root, "name");

	(void)why;
	if (name)
		xmlNodeSetContent(name, arg);
	return name;
}

bool domxml_make_cpus(xmlNode *root, const void *arg, struct domxml_why *why)
{
	xmlNode *vcpu = domxml_child(root, "vcpu");
	char list[DOMXML_CPU_LIST];

	(void)why;
	if (vcpu)
		xmlSetProp(vcpu, (const xmlChar *)"cpuset", (const xmlChar *)domxml_cpu_list(*(const uint64_t *)arg, list));
	return true;
}

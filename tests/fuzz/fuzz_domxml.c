/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target for the XML of domains (libFuzzer's entry point). The input is the place in a good XML (2 bytes), how much of it is
 * left out there (1 byte), and what stands there instead. It is refused with a sentence and a code, or taken: then its text is
 * taken again, says the same, and gives acrn-dm the same arguments, none of which has a control character.
 */
/* fuzz: tools/virtacrnd/domxml.c tools/virtacrnd/domxml_look.c tools/virtacrnd/domxml_change.c tools/virtacrnd/domxml_meta.c tools/virtacrnd/domxml_device.c tools/virtacrnd/domxml_serial.c tools/virtacrnd/uuid.c tools/common/args.c tools/common/place.c */
/* fuzz-flags: -D_GNU_SOURCE -Ihypervisor -I/usr/include/libxml2 */
/* fuzz-libs: -lxml2 -lsystemd */
#include <stdlib.h>
#include <string.h>

#include "tools/virtacrnd/domxml.h"

static const struct domxml_host host = { .dm = "/usr/bin/acrn-dm" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char good[] =
	"<domain type='acrn' xmlns:acrn='" DOMXML_NS "'><name>vm1</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>"
	"<memory unit='MiB'>32</memory><vcpu cpuset='1-2'>2</vcpu><os><type>hvm</type><kernel>/k</kernel><cmdline>a b</cmdline></os>"
	"<on_reboot>restart</on_reboot><clock offset='utc'/><devices><disk type='file'><source file='/d'/><readonly/></disk>"
	"<interface type='ethernet'><mac address='52:54:00:12:34:56'/><target dev='t'/></interface><console type='pty'/>"
	"<serial type='pty'><target port='1'/></serial><rng/></devices>"
	"<acrn:commandline><acrn:arg value='x'/></acrn:commandline></domain>";

static void check_same(const struct domxml *a, const struct domxml *b)
{
	if (strcmp(a->name, b->name) != 0 || memcmp(a->uuid, b->uuid, 16) != 0 || a->kib != b->kib || a->nr_args != b->nr_args)
		abort();
	for (unsigned int i = 0; i < a->nr_args; i++) {
		if (strcmp(a->arg[i], b->arg[i]) != 0)
			abort();
		for (const char *c = a->arg[i]; *c; c++)
			if ((unsigned char)*c < ' ')
				abort();
	}
}

static void splice(char *text, const uint8_t *data, size_t size)
{
	size_t at = size > 2 ? (data[0] << 8 | data[1]) % sizeof(good) : 0, left_out = size > 2 ? data[2] : 0;

	memcpy(text, good, at);
	if (size > 3)
		memcpy(text + at, data + 3, size - 3);
	else
		size = 3;
	if (at + left_out > strlen(good))
		left_out = strlen(good) - at;
	strcpy(text + at + size - 3, good + at + left_out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(sizeof(good) + size), *first, *second;
	struct domxml_why why = { 0 };
	struct domxml x, again;

	splice(text, data, size);
	if (!domxml_read(text, &host, &x, &why)) {
		if (!why.code || !*why.text)
			abort();
		free(text);
		return 0;
	}
	if (!place_name_ok(x.name) || x.kib < 16384 || x.kib % 2048)
		abort();
	first = domxml_text(&x, 4711);
	if (!first || domxml_id(first) != 4711 || !domxml_read(first, &host, &again, &why))
		abort();
	check_same(&x, &again);
	second = domxml_text(&again, 4711);
	if (!second || strcmp(first, second) != 0)
		abort();
	domxml_free(&x);
	domxml_free(&again);
	free(first);
	free(second);
	free(text);
	return 0;
}

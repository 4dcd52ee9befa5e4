/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The XML of a domain: read, checked to the last element, and made into acrn-dm's arguments. What acrn-dm cannot do is refused
 * with the element, its line, and the limit; nothing is skipped silently but what has no meaning here (doc/feature/virtacrnd.md).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/common/place.h"

#define DOMXML_MAX	(1u << 20)	/* bytes */
#define DOMXML_NS	"http://libvirt.org/schemas/domain/acrn/1.0"
#define DOMXML_ARGS_MAX	128
#define DOMXML_PATH_MAX	1024

struct _xmlDoc;
struct _xmlNode;
struct limits;

struct domxml {
	struct _xmlDoc *doc;
	char name[PLACE_NAME_MAX + 1];
	uint8_t uuid[16];
	uint64_t kib;
	unsigned int vcpus;			/* 0: as many as the scenario allows */
	uint64_t cpus;				/* bit n = CPU n, one each in this order; 0: all that the scenario allows */
	char *arg[DOMXML_ARGS_MAX + 1];		/* of acrn-dm but its own name and the VM's */
	unsigned int nr_args;
};

struct domxml_why {
	int code;			/* VIR_ERR_* */
	char text[512];
	char name[PLACE_NAME_MAX + 1];	/* whose XML it is; "" if it has no good name */
};

/* What XML is held against. */
struct domxml_host {
	const char *dm;			/* the device model */
	/* What VM @name may have; NULL: taken as it is, since it was checked when it was defined. */
	void (*limits)(const char *name, struct limits *out);
};

/* Read and check. What is missing is added: UUID, MAC addresses, CPUs. False with *@why, and nothing to free. */
bool domxml_read(const char *text, const struct domxml_host *host, struct domxml *x, struct domxml_why *why);
void domxml_free(struct domxml *x);

/* As text, with id='@id' if that is positive; free() it. NULL: no memory. */
char *domxml_text(const struct domxml *x, int id);

/* The id that a text of domxml_text() has, -1: none. */
int domxml_id(const char *text);

/* What @make does to a domain's XML with @arg; false with *@why. */
struct domxml_change {
	bool (*make)(struct _xmlNode *root, const void *arg, struct domxml_why *why);
	const void *arg;
};

/* Read @text as @change makes it, with all checks. Otherwise as domxml_read(). */
bool domxml_change(const char *text, const struct domxml_change *change, const struct domxml_host *host, struct domxml *x, struct domxml_why *why);

/* The name is this string. */
bool domxml_make_name(struct _xmlNode *root, const void *arg, struct domxml_why *why);

/* The virtual CPUs have those of a uint64_t, one each. */
bool domxml_make_cpus(struct _xmlNode *root, const void *arg, struct domxml_why *why);

#define DOMXML_TITLE_MAX	256u	/* bytes */
#define DOMXML_DESCRIPTION_MAX	16384u
#define DOMXML_ELEMENT_MAX	65536u

/* One of the things that are written down about a domain. */
struct domxml_meta {
	int type;			/* VIR_DOMAIN_METADATA_* */
	const char *text;		/* words, or the XML of one element; NULL: there is to be none */
	const char *key, *uri;		/* prefix and URI of the namespace, of an element only */
};

bool domxml_make_meta(struct _xmlNode *root, const void *arg, struct domxml_why *why);

/*
 * Notes: those alone, as a domain with nothing but its name. @old (NULL: there are none) as domxml_make_meta() makes it with @meta: free() it; ""
 * when none is left. NULL with *@why.
 */
char *domxml_notes_change(const char *old, const char *name, const struct domxml_meta *meta, struct domxml_why *why);
/* The text of a domain that has none, with them; free() it. NULL: no memory, or one cannot be read. */
char *domxml_notes_show(const char *text, const char *notes);

/* That of @type (and @uri, of an element) in the text of a domain; free() it. NULL: it has none. */
char *domxml_meta(const char *text, int type, const char *uri);

/* Source of the disk whose target ("vda") or source is @disk; target of the one with source @source. False: there is none. */
bool domxml_disk_source(const char *text, const char *disk, char *source, size_t size);
bool domxml_disk_target(const char *text, const char *source, char *target, size_t size);

/* Its UUID; false: it has none. */
bool domxml_uuid(const char *text, uint8_t *uuid);

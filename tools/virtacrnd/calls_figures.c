/* SPDX-License-Identifier: BSD-3-Clause */
/* Figures of one device, of the memory; what a disk takes. */
#include <fcntl.h>
#include <jansson.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/row.h"
#include "wire.h"

#define SECTOR	512u

/* What acrn-dm counts; NULL with the call's error. */
static json_t *ask_statistics(struct call *call, const wire_dom *wanted, struct domain *d)
{
	json_t *statistics;

	if (domain_get(call, wanted, d))
		return NULL;
	if (!domain_is_up(d)) {
		call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is not running", d->vm.name);
		return NULL;
	}
	statistics = domain_ask(d, "statistics");
	if (!statistics)
		call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': its acrn-dm does not answer", d->vm.name);
	return statistics;
}

/* Whether it is meant: by its file, by its target in the XML, or, without XML, by its place ("vda" is the first). */
static bool is_disk(const char *text, size_t i, const json_t *device, const char *wanted)
{
	const char *file = json_string_value(json_object_get(device, "name")) ?: "";
	char source[DOMXML_PATH_MAX];

	if (!strcmp(wanted, file))
		return true;
	if (text)
		return domxml_disk_source(text, wanted, source, sizeof(source)) && !strcmp(source, file);
	return strlen(wanted) == 3 && !strncmp(wanted, "vd", 2) && wanted[2] == (char)('a' + i % 26);
}

static int64_t number(const json_t *device, const char *name)
{
	return json_integer_value(json_object_get(device, name));
}

/* No name means all disks together. */
static int block_stats(struct call *call, void *args, void *ret)
{
	const wire_dom_path *in = args;
	wire_block_stats *out = ret;
	json_t *statistics, *device;
	bool found = !*in->path;
	struct domain d;
	char *text;
	size_t i;

	statistics = ask_statistics(call, &in->dom, &d);
	if (!statistics)
		return -1;
	text = domain_text(&d);
	json_array_foreach(json_object_get(statistics, "block"), i, device) {
		if (*in->path && !is_disk(text, i, device, in->path))
			continue;
		found = true;
		out->reads += number(device, "reads");
		out->read_bytes += number(device, "read_bytes");
		out->writes += number(device, "writes");
		out->write_bytes += number(device, "write_bytes");
		out->errors += number(device, "errors");
	}
	free(text);
	json_decref(statistics);
	return found ? 0 : call_fail(call, VIR_ERR_INVALID_ARG, "domain '%s' has no disk '%.200s'", d.vm.name, in->path);
}

static int net_stats(struct call *call, void *args, void *ret)
{
	const wire_dom_path *in = args;
	wire_net_stats *out = ret;
	json_t *statistics, *device;
	bool found = false;
	struct domain d;
	size_t i;

	statistics = ask_statistics(call, &in->dom, &d);
	if (!statistics)
		return -1;
	json_array_foreach(json_object_get(statistics, "net"), i, device) {
		if (found || strcmp(json_string_value(json_object_get(device, "name")) ?: "", in->path) != 0)
			continue;
		found = true;
		*out = (wire_net_stats){
			number(device, "rx_bytes"), number(device, "rx_frames"), number(device, "rx_errors") + number(device, "rx_too_long"),
			number(device, "rx_no_buffer"), number(device, "tx_bytes"), number(device, "tx_frames"),
			number(device, "tx_errors"), number(device, "tx_bad"),
		};
	}
	json_decref(statistics);
	return found ? 0 : call_fail(call, VIR_ERR_INVALID_ARG, "domain '%s' has no interface on '%.200s'; its tap is its name", d.vm.name, in->path);
}

static int memory_stats(struct call *call, void *args, void *ret)
{
	const wire_memory_ask *in = args;
	wire_memory_stats *out = ret;
	struct domain_facts facts;
	json_t *statistics;
	unsigned int told;
	struct domain d;

	if (call_check_flags(call, in->flags, 0))
		return -1;
	statistics = ask_statistics(call, &in->dom, &d);
	if (!statistics)
		return -1;
	domain_facts(&d, &facts);
	/* What it takes of our memory, as its acrn-dm says. */
	told = json_object_get(statistics, "process") ? 2 : 1;
	out->list.list_val = calloc(2, sizeof(wire_memory_stat));
	if (out->list.list_val) {
		out->list.list_len = in->max < told ? in->max : told;
		out->list.list_val[0] = (wire_memory_stat){ VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON, facts.kib };
		out->list.list_val[1] = (wire_memory_stat){ VIR_DOMAIN_MEMORY_STAT_RSS,
							    number(json_object_get(statistics, "process"), "resident_bytes") / 1024 };
	}
	json_decref(statistics);
	return out->list.list_val ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

/* A file or block device of ours, which its XML names. */
static int look_at_disk(struct call *call, const char *path, wire_disk_info *out)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	uint64_t bytes = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		if (fd >= 0)
			close(fd);
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "disk '%.200s' cannot be opened", path);
	}
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, &bytes) == 0)
		*out = (wire_disk_info){ bytes, bytes, bytes };
	else
		*out = (wire_disk_info){ (uint64_t)st.st_blocks * SECTOR, st.st_size, st.st_size };
	close(fd);
	return 0;
}

static int block_info(struct call *call, void *args, void *ret)
{
	const wire_disk_ask *in = args;
	char path[DOMXML_PATH_MAX], *text;
	struct domain d;
	bool found;

	if (call_check_flags(call, in->flags, 0) || domain_get(call, &in->dom, &d))
		return -1;
	text = domain_text(&d);
	found = text && domxml_disk_source(text, in->path, path, sizeof(path));
	free(text);
	if (!found)
		return call_fail(call, VIR_ERR_INVALID_ARG, "domain '%s' has no disk '%.200s' in its XML", d.vm.name, in->path);
	return look_at_disk(call, path, ret);
}

const struct call_row calls_figures[] = {
	{ 64, "block_stats", ROW(wire_dom_path), ROW(wire_block_stats), CALL_READ, block_stats },
	{ 65, "interface_stats", ROW(wire_dom_path), ROW(wire_net_stats), CALL_READ, net_stats },
	{ 159, "memory_stats", ROW(wire_memory_ask), ROW(wire_memory_stats), CALL_READ, memory_stats },
	{ 194, "get_block_info", ROW(wire_disk_ask), ROW(wire_disk_info), CALL_READ, block_info },
	{ 0 }
};

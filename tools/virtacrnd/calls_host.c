/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls about the machine. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "public/ioreq.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/host.h"
#include "tools/virtacrnd/limits.h"
#include "tools/virtacrnd/row.h"
#include "tools/virtacrnd/uuid.h"
#include "wire.h"

#define MODEL	"x86_64"

static int get_type(struct call *call, void *args, void *ret)
{
	(void)call, (void)args;
	*(char **)ret = strdup("ACRN");
	return 0;
}

static int get_version(struct call *call, void *args, void *ret)
{
	uint64_t version = host_dm_version();

	(void)args;
	if (!version)
		return call_fail(call, VIR_ERR_INTERNAL_ERROR, "%s -v tells no version; is it installed?", host_dm());
	*(u_quad_t *)ret = version;
	return 0;
}

static int get_lib_version(struct call *call, void *args, void *ret)
{
	(void)call, (void)args;
	*(u_quad_t *)ret = LIBVIR_VERSION_NUMBER;
	return 0;
}

static int get_hostname(struct call *call, void *args, void *ret)
{
	char name[HOST_NAME_MAX + 1] = "";

	(void)args;
	if (gethostname(name, sizeof(name) - 1))
		return call_fail(call, VIR_ERR_INTERNAL_ERROR, "the host's name cannot be found out");
	*(char **)ret = strdup(name);
	return 0;
}

static int get_node_info(struct call *call, void *args, void *ret)
{
	wire_node *out = ret;
	struct host host;

	(void)call, (void)args;
	host_get(&host);
	for (int i = 0; MODEL[i]; i++)
		out->model[i] = MODEL[i];
	out->memory_kib = host.memory_kib;
	out->cpus = host.cpus;
	out->mhz = host.mhz;
	out->nodes = 1;
	out->sockets = host.sockets;
	out->cores = host.cores;
	out->threads = host.threads;
	return 0;
}

static int get_cpu_map(struct call *call, void *args, void *ret)
{
	const wire_cpu_map_ask *in = args;
	uint8_t map[HOST_CPUS_MAX / 8];
	wire_cpu_map *out = ret;
	struct host host;

	if (call_check_flags(call, in->flags, 0))
		return -1;
	out->total = host_cpu_map(map);
	host_get(&host);
	out->online = host.cpus;
	if (!in->need_map)
		return 0;
	out->map.map_len = (out->total + 7) / 8;
	out->map.map_val = malloc(out->map.map_len);
	if (!out->map.map_val)
		return call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
	memcpy(out->map.map_val, map, out->map.map_len);
	return 0;
}

static int get_free_memory(struct call *call, void *args, void *ret)
{
	struct host host;

	(void)call, (void)args;
	host_get(&host);
	*(u_quad_t *)ret = host.free_bytes;
	return 0;
}

/* No more than there are CPUs: each virtual CPU has one of its own. The scenario may have more than the Service VM. */
static unsigned int max_vcpus(void)
{
	unsigned int nr = __builtin_popcountll(limits_all_cpus());
	struct host host;

	host_get(&host);
	nr = nr ? nr : host.cpus;
	return nr < IOREQ_SLOTS ? nr : IOREQ_SLOTS;
}

static int get_max_vcpus(struct call *call, void *args, void *ret)
{
	(void)call, (void)args;
	*(int *)ret = max_vcpus();
	return 0;
}

/* What is asked for must be what there is; absent is. */
static bool is_or_absent(wire_opt_text text, const char *what)
{
	return !text || !**text || !strcmp(*text, what);
}

static int get_domain_capabilities(struct call *call, void *args, void *ret)
{
	const wire_caps_ask *in = args;

	if (call_check_flags(call, in->flags, 0))
		return -1;
	if (!is_or_absent(in->arch, MODEL) || !is_or_absent(in->virttype, "acrn") || !is_or_absent(in->emulator, host_dm()))
		return call_fail(call, VIR_ERR_INVALID_ARG, "domains of type acrn, architecture " MODEL " and emulator %s are here", host_dm());
	if (asprintf((char **)ret,
		     "<domainCapabilities>\n"
		     "  <path>%s</path>\n"
		     "  <domain>acrn</domain>\n"
		     "  <arch>" MODEL "</arch>\n"
		     "  <vcpu max='%u'/>\n"
		     "  <os supported='yes'>\n"
		     "    <loader supported='no'/>\n"
		     "  </os>\n"
		     "  <cpu>\n"
		     "    <mode name='host-passthrough' supported='no'/>\n"
		     "    <mode name='host-model' supported='no'/>\n"
		     "    <mode name='custom' supported='no'/>\n"
		     "  </cpu>\n"
		     "  <devices>\n"
		     "    <disk supported='yes'>\n"
		     "      <enum name='diskDevice'><value>disk</value></enum>\n"
		     "      <enum name='bus'><value>virtio</value></enum>\n"
		     "    </disk>\n"
		     "    <graphics supported='no'/>\n"
		     "    <video supported='no'/>\n"
		     "    <hostdev supported='no'/>\n"
		     "    <rng supported='yes'>\n"
		     "      <enum name='model'><value>virtio</value></enum>\n"
		     "      <enum name='backendModel'><value>random</value></enum>\n"
		     "    </rng>\n"
		     "  </devices>\n"
		     "  <features>\n"
		     "    <gic supported='no'/>\n"
		     "  </features>\n"
		     "</domainCapabilities>\n", host_dm(), max_vcpus()) >= 0)
		return 0;
	*(char **)ret = NULL;
	return call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

static int get_capabilities(struct call *call, void *args, void *ret)
{
	char uuid[UUID_TEXT];
	struct host host;

	(void)args;
	host_get(&host);
	if (asprintf((char **)ret,
		     "<capabilities>\n"
		     "  <host>\n"
		     "    <uuid>%s</uuid>\n"
		     "    <cpu>\n"
		     "      <arch>x86_64</arch>\n"
		     "      <topology sockets='%u' dies='1' cores='%u' threads='%u'/>\n"
		     "    </cpu>\n"
		     "  </host>\n"
		     "  <guest>\n"
		     "    <os_type>hvm</os_type>\n"
		     "    <arch name='x86_64'>\n"
		     "      <wordsize>64</wordsize>\n"
		     "      <emulator>%s</emulator>\n"
		     "      <domain type='acrn'/>\n"
		     "    </arch>\n"
		     "  </guest>\n"
		     "</capabilities>\n",
		     uuid_text(host.uuid, uuid), host.sockets, host.cores, host.threads, host_dm()) >= 0)
		return 0;
	*(char **)ret = NULL;
	return call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

const struct call_row calls_host[] = {
	{ 3, "get_type", ROW_VOID, ROW_TEXT, CALL_READ, get_type },
	{ 4, "get_version", ROW_VOID, ROW_UINT64, CALL_READ, get_version },
	{ 157, "get_lib_version", ROW_VOID, ROW_UINT64, CALL_READ, get_lib_version },
	{ 59, "get_hostname", ROW_VOID, ROW_TEXT, CALL_READ, get_hostname },
	{ 7, "get_capabilities", ROW_VOID, ROW_TEXT, CALL_READ, get_capabilities },
	{ 6, "node_get_info", ROW_VOID, ROW(wire_node), CALL_READ, get_node_info },
	{ 293, "node_get_cpu_map", ROW(wire_cpu_map_ask), ROW(wire_cpu_map), CALL_READ, get_cpu_map },
	{ 102, "node_get_free_memory", ROW_VOID, ROW_UINT64, CALL_READ, get_free_memory },
	{ 342, "get_domain_capabilities", ROW(wire_caps_ask), ROW_TEXT, CALL_READ, get_domain_capabilities },
	{ 5, "get_max_vcpus", ROW(wire_opt_text), ROW_INT, CALL_READ, get_max_vcpus },
	{ 0 }
};

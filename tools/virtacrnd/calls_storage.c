/* SPDX-License-Identifier: BSD-3-Clause */
/* Storage pools: folders, which are there from their definition to its end. */
#include "tools/virtacrnd/calls_storage.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tools/common/journal.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/row.h"
#include "tools/virtacrnd/storage.h"
#include "tools/virtacrnd/storage_xml.h"
#include "wire.h"

#define LIST_FLAGS	0x7FFFFu	/* all that clients of libvirt know; pools here are active, persistent folders that start themselves */

/* Of two definitions at once one comes first, and the other sees it. */
static pthread_mutex_t defining = PTHREAD_MUTEX_INITIALIZER;

static bool put(const struct storage_pool *pool, wire_pool *out)
{
	out->name = strdup(pool->name);
	memcpy(out->uuid, pool->uuid, 16);
	return out->name;
}

static int put_or_fail(struct call *call, const struct storage_pool *pool, wire_pool *out)
{
	return put(pool, out) ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

int calls_storage_get(struct call *call, const struct wire_pool *wanted, struct storage_pool *out)
{
	if (storage_find(wanted->name, out))
		return 0;
	return call_fail(call, VIR_ERR_NO_STORAGE_POOL, "no storage pool with matching name '%.60s'", wanted->name);
}

/* free() *@out; -1 with the call's error. */
static int list(struct call *call, struct storage_pool **out, size_t *nr)
{
	return storage_list(out, nr) ? call_fail(call, VIR_ERR_NO_MEMORY, "out of memory") : 0;
}

/* What no pool here is, if that and not its contrary is asked for. */
static bool is_wanted(unsigned int flags)
{
	const unsigned int kinds = VIR_CONNECT_LIST_STORAGE_POOLS_DIR | VIR_CONNECT_LIST_STORAGE_POOLS_FS | VIR_CONNECT_LIST_STORAGE_POOLS_NETFS |
				   VIR_CONNECT_LIST_STORAGE_POOLS_LOGICAL | VIR_CONNECT_LIST_STORAGE_POOLS_DISK | VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI |
				   VIR_CONNECT_LIST_STORAGE_POOLS_SCSI | VIR_CONNECT_LIST_STORAGE_POOLS_MPATH | VIR_CONNECT_LIST_STORAGE_POOLS_RBD;
	const unsigned int pairs[][2] = {
		{ VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE, VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE },
		{ VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT, VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT },
		{ VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART, VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART },
		{ VIR_CONNECT_LIST_STORAGE_POOLS_DIR, kinds & ~VIR_CONNECT_LIST_STORAGE_POOLS_DIR },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (flags & pairs[i][1] && !(flags & pairs[i][0]))
			return false;
	return true;
}

static int list_all(struct call *call, void *args, void *ret)
{
	const wire_list_ask *in = args;
	struct storage_pool *all;
	wire_pools *out = ret;
	size_t nr;

	if (call_check_flags(call, in->flags, LIST_FLAGS) || list(call, &all, &nr))
		return -1;
	nr = !is_wanted(in->flags) ? 0 : nr < WIRE_LIST_MAX ? nr : WIRE_LIST_MAX;
	out->nr = nr;
	if (in->need_results) {
		out->list.list_val = calloc(nr + 1, sizeof(wire_pool));
		for (size_t i = 0; out->list.list_val && i < nr; i++)
			out->list.list_len += put(&all[i], &out->list.list_val[i]);
	}
	free(all);
	return out->list.list_len == (in->need_results ? nr : 0) ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

static int count(struct call *call, void *args, void *ret)
{
	struct storage_pool *all;
	size_t nr;

	(void)args;
	if (list(call, &all, &nr))
		return -1;
	free(all);
	*(int *)ret = nr;
	return 0;
}

static int list_names(struct call *call, void *args, void *ret)
{
	const int *max = args;
	struct storage_pool *all;
	wire_texts *out = ret;
	size_t nr;

	if (*max < 0 || *max > WIRE_LIST_MAX)
		return call_fail(call, VIR_ERR_INVALID_ARG, "%d pools at most; 0 to %d can be asked for", *max, WIRE_LIST_MAX);
	if (list(call, &all, &nr))
		return -1;
	out->list.list_val = calloc(nr + 1, sizeof(char *));
	for (size_t i = 0; out->list.list_val && i < nr && i < (size_t)*max; i++)
		if ((out->list.list_val[out->list.list_len] = strdup(all[i].name)))
			out->list.list_len++;
	free(all);
	return 0;
}

static int none(struct call *call, void *args, void *ret)
{
	(void)call, (void)args, (void)ret;
	return 0;
}

static int lookup_by_name(struct call *call, void *args, void *ret)
{
	const wire_pool wanted = { .name = *(char **)args };
	struct storage_pool pool;

	return calls_storage_get(call, &wanted, &pool) ? -1 : put_or_fail(call, &pool, ret);
}

static int lookup_by_uuid(struct call *call, void *args, void *ret)
{
	struct storage_pool *all, pool;
	bool found = false;
	size_t nr;

	if (list(call, &all, &nr))
		return -1;
	for (size_t i = 0; i < nr && !found; i++) {
		found = !memcmp(all[i].uuid, args, 16);
		pool = all[i];
	}
	free(all);
	return found ? put_or_fail(call, &pool, ret) : call_fail(call, VIR_ERR_NO_STORAGE_POOL, "no storage pool with that uuid");
}

static int lookup_by_volume(struct call *call, void *args, void *ret)
{
	const wire_vol *vol = args;
	const wire_pool wanted = { .name = vol->pool };
	struct storage_pool pool;

	return calls_storage_get(call, &wanted, &pool) ? -1 : put_or_fail(call, &pool, ret);
}

/* Name, UUID and folder belong together. */
static int check_clash(struct call *call, const struct storage_pool *pool)
{
	struct storage_pool *all;
	int result = 0;
	size_t nr;

	if (list(call, &all, &nr))
		return -1;
	for (size_t i = 0; i < nr && !result; i++) {
		bool same_name = !strcmp(all[i].name, pool->name), same_uuid = !memcmp(all[i].uuid, pool->uuid, 16);

		if (same_name != same_uuid)
			result = call_fail(call, VIR_ERR_OPERATION_FAILED, "pool '%s' is there already, with %s", all[i].name,
					   same_name ? "another uuid" : "this uuid");
		else if (!same_name && !strcmp(all[i].path, pool->path))
			result = call_fail(call, VIR_ERR_OPERATION_FAILED, "pool '%s' has the folder %s already", all[i].name, pool->path);
	}
	free(all);
	return result;
}

static int define(struct call *call, void *args, void *ret)
{
	const wire_xml_flags *in = args;
	struct storage_pool pool;
	char why[256];
	int result, err;

	if (call_check_flags(call, in->flags, VIR_STORAGE_POOL_DEFINE_VALIDATE))
		return -1;
	if (!storage_xml_pool(in->xml, &pool, why, sizeof(why)))
		return call_fail(call, VIR_ERR_XML_ERROR, "%s", why);
	pthread_mutex_lock(&defining);
	result = check_clash(call, &pool);
	err = result ? 0 : storage_define(&pool);
	pthread_mutex_unlock(&defining);
	if (err)
		result = call_fail(call, VIR_ERR_OPERATION_FAILED, "pool '%s' cannot be written: %s", pool.name, strerror(-err));
	if (!result)
		journal(LOG_NOTICE, NULL, "pool %s (%s) defined by client %u (user %u)", pool.name, pool.path, call->client->number,
			(unsigned int)call->client->uid);
	return result ? -1 : put_or_fail(call, &pool, ret);
}

static int undefine(struct call *call, void *args, void *ret)
{
	struct storage_pool pool;
	int err;

	(void)ret;
	if (calls_storage_get(call, args, &pool))
		return -1;
	err = storage_undefine(pool.name);
	return err ? call_fail(call, VIR_ERR_OPERATION_FAILED, "pool '%s': %s", pool.name, strerror(-err)) : 0;
}

/* Make its folder. */
static int build(struct call *call, void *args, void *ret)
{
	const wire_pool_flags *in = args;
	struct storage_pool pool;

	(void)ret;
	if (call_check_flags(call, in->flags, VIR_STORAGE_POOL_BUILD_NO_OVERWRITE) || calls_storage_get(call, &in->pool, &pool))
		return -1;
	if (mkdir(pool.path, 0711) && errno != EEXIST)
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "pool '%s': %s: %s", pool.name, pool.path, strerror(errno));
	return 0;
}

/* Start and refresh: there is nothing to do but to see that it is there. */
static int look(struct call *call, void *args, void *ret)
{
	const wire_pool_flags *in = args;
	struct storage_pool pool;
	struct stat st;

	(void)ret;
	if (call_check_flags(call, in->flags, VIR_STORAGE_POOL_CREATE_WITH_BUILD) || calls_storage_get(call, &in->pool, &pool))
		return -1;
	if (in->flags && build(call, args, ret))
		return -1;
	if (stat(pool.path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return call_fail(call, VIR_ERR_OPERATION_FAILED, "pool '%s': there is no folder %s; virsh pool-build makes it", pool.name, pool.path);
}

static int get_info(struct call *call, void *args, void *ret)
{
	wire_pool_info *out = ret;
	struct storage_pool pool;
	struct statvfs fs;

	if (calls_storage_get(call, args, &pool))
		return -1;
	*out = (wire_pool_info){ .state = VIR_STORAGE_POOL_INACCESSIBLE };
	if (statvfs(pool.path, &fs))
		return 0;
	out->state = VIR_STORAGE_POOL_RUNNING;
	out->capacity = (uint64_t)fs.f_blocks * fs.f_frsize;
	out->available = (uint64_t)fs.f_bavail * fs.f_frsize;
	out->allocation = out->capacity - out->available;
	return 0;
}

static int get_xml(struct call *call, void *args, void *ret)
{
	const wire_pool_flags *in = args;
	struct storage_pool pool;

	if (call_check_flags(call, in->flags, VIR_STORAGE_XML_INACTIVE) || calls_storage_get(call, &in->pool, &pool))
		return -1;
	*(char **)ret = storage_xml_of_pool(&pool);
	return *(char **)ret ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

/* Active, persistent, starting by itself: all of them, always. */
static int yes(struct call *call, void *args, void *ret)
{
	struct storage_pool pool;

	*(int *)ret = 1;
	return calls_storage_get(call, args, &pool);
}

static int set_autostart(struct call *call, void *args, void *ret)
{
	const wire_pool_int *in = args;
	struct storage_pool pool;

	(void)ret;
	if (calls_storage_get(call, &in->pool, &pool))
		return -1;
	return in->value ? 0 : call_fail(call, VIR_ERR_OPERATION_INVALID, "pool '%s': a folder is there by itself; virsh pool-undefine forgets it",
					 pool.name);
}

const struct call_row calls_storage[] = {
	{ 281, "list_all_storage_pools", ROW(wire_list_ask), ROW(wire_pools), CALL_READ, list_all },
	{ 71, "num_of_storage_pools", ROW_VOID, ROW_INT, CALL_READ, count },
	{ 72, "list_storage_pools", ROW_INT, ROW(wire_texts), CALL_READ, list_names },
	{ 73, "num_of_defined_storage_pools", ROW_VOID, ROW_INT, CALL_READ, none },
	{ 74, "list_defined_storage_pools", ROW_INT, ROW(wire_texts), CALL_READ, none },
	{ 84, "storage_pool_lookup_by_name", ROW_TEXT, ROW(wire_pool), CALL_READ, lookup_by_name },
	{ 85, "storage_pool_lookup_by_uuid", ROW(wire_uuid), ROW(wire_pool), CALL_READ, lookup_by_uuid },
	{ 86, "storage_pool_lookup_by_volume", ROW(wire_vol), ROW(wire_pool), CALL_READ, lookup_by_volume },
	{ 77, "storage_pool_define_xml", ROW(wire_xml_flags), ROW(wire_pool), 0, define },
	{ 78, "storage_pool_create", ROW(wire_pool_flags), ROW_VOID, 0, look },
	{ 79, "storage_pool_build", ROW(wire_pool_flags), ROW_VOID, 0, build },
	{ 82, "storage_pool_undefine", ROW(wire_pool), ROW_VOID, 0, undefine },
	{ 83, "storage_pool_refresh", ROW(wire_pool_flags), ROW_VOID, 0, look },
	{ 87, "storage_pool_get_info", ROW(wire_pool), ROW(wire_pool_info), CALL_READ, get_info },
	{ 88, "storage_pool_get_xml_desc", ROW(wire_pool_flags), ROW_TEXT, CALL_READ, get_xml },
	{ 89, "storage_pool_get_autostart", ROW(wire_pool), ROW_INT, CALL_READ, yes },
	{ 90, "storage_pool_set_autostart", ROW(wire_pool_int), ROW_VOID, 0, set_autostart },
	{ 154, "storage_pool_is_active", ROW(wire_pool), ROW_INT, CALL_READ, yes },
	{ 155, "storage_pool_is_persistent", ROW(wire_pool), ROW_INT, CALL_READ, yes },
	{ 0 }
};

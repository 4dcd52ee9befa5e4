/* SPDX-License-Identifier: BSD-3-Clause */
/* Volumes: the files in a pool's folder. A volume's key is its path. */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common/journal.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/calls_storage.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/row.h"
#include "tools/virtacrnd/storage.h"
#include "tools/virtacrnd/storage_xml.h"
#include "wire.h"

char *calls_volume_path(const struct storage_pool *pool, const char *name)
{
	char *path;

	return asprintf(&path, "%s%s%s", pool->path, strcmp(pool->path, "/") ? "/" : "", name) < 0 ? NULL : path;
}

static bool put(const struct storage_pool *pool, const char *name, wire_vol *out)
{
	*out = (wire_vol){ strdup(pool->name), strdup(name), calls_volume_path(pool, name) };
	if (out->pool && out->name && out->key)
		return true;
	free(out->pool);
	free(out->name);
	free(out->key);
	*out = (wire_vol){ 0 };
	return false;
}

static int put_or_fail(struct call *call, const struct storage_pool *pool, const char *name, wire_vol *out)
{
	return put(pool, name, out) ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

/* The volumes of the pool that is meant, of which free() *@out; -1 with the call's error. */
static int list(struct call *call, const wire_pool *wanted, struct storage_pool *pool, struct storage_vol **out, size_t *nr)
{
	int err;

	if (calls_storage_get(call, wanted, pool))
		return -1;
	err = storage_vols(pool, out, nr);
	if (err)
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "pool '%s': %s: %s", pool->name, pool->path, strerror(-err));
	*nr = *nr < WIRE_LIST_MAX ? *nr : WIRE_LIST_MAX;
	return 0;
}

static int list_all(struct call *call, void *args, void *ret)
{
	const wire_vols_ask *in = args;
	struct storage_pool pool;
	struct storage_vol *all;
	wire_vols *out = ret;
	size_t nr;

	if (call_check_flags(call, in->flags, 0) || list(call, &in->pool, &pool, &all, &nr))
		return -1;
	out->nr = nr;
	out->list.list_val = calloc(nr + 1, sizeof(wire_vol));
	for (size_t i = 0; in->need_results && out->list.list_val && i < nr; i++)
		out->list.list_len += put(&pool, all[i].name, &out->list.list_val[out->list.list_len]);
	free(all);
	return out->list.list_len == (in->need_results ? nr : 0) ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

static int count(struct call *call, void *args, void *ret)
{
	struct storage_pool pool;
	struct storage_vol *all;
	size_t nr;

	if (list(call, args, &pool, &all, &nr))
		return -1;
	free(all);
	*(int *)ret = nr;
	return 0;
}

static int list_names(struct call *call, void *args, void *ret)
{
	const wire_pool_int *in = args;
	struct storage_pool pool;
	struct storage_vol *all;
	wire_texts *out = ret;
	size_t nr;

	if (in->value < 0 || in->value > WIRE_LIST_MAX)
		return call_fail(call, VIR_ERR_INVALID_ARG, "%d volumes at most; 0 to %d can be asked for", in->value, WIRE_LIST_MAX);
	if (list(call, &in->pool, &pool, &all, &nr))
		return -1;
	out->list.list_val = calloc(nr + 1, sizeof(char *));
	for (size_t i = 0; out->list.list_val && i < nr && i < (size_t)in->value; i++)
		if ((out->list.list_val[out->list.list_len] = strdup(all[i].name)))
			out->list.list_len++;
	free(all);
	return 0;
}

int calls_volume_not_done(struct call *call, const char *name, int err)
{
	if (err == -EBUSY)
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "volume '%.200s' is in use: a VM has it, or it is being written", name);
	return call_fail(call, VIR_ERR_OPERATION_FAILED, "volume '%.200s': %s", name, strerror(-err));
}

int calls_volume_get(struct call *call, const wire_vol *wanted, struct storage_pool *pool, struct storage_vol *vol)
{
	const wire_pool in = { .name = wanted->pool };

	if (calls_storage_get(call, &in, pool))
		return -1;
	return storage_vol_find(pool, wanted->name, vol) == 0 ? 0 :
	       call_fail(call, VIR_ERR_NO_STORAGE_VOL, "no storage vol with matching name '%.200s' in pool '%s'", wanted->name, pool->name);
}

static int lookup_by_name(struct call *call, void *args, void *ret)
{
	const wire_pool_name *in = args;
	const wire_vol wanted = { in->pool.name, in->name, NULL };
	struct storage_pool pool;
	struct storage_vol vol;

	return calls_volume_get(call, &wanted, &pool, &vol) ? -1 : put_or_fail(call, &pool, vol.name, ret);
}

/* By key, too: that is the path. */
static int lookup_by_path(struct call *call, void *args, void *ret)
{
	const char *path = *(char **)args, *slash = strrchr(path, '/');
	struct storage_pool *all, pool;
	struct storage_vol vol;
	bool found = false;
	size_t nr;

	if (storage_list(&all, &nr))
		return call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
	for (size_t i = 0; slash && i < nr && !found; i++) {
		size_t len = strcmp(all[i].path, "/") ? strlen(all[i].path) : 0;

		pool = all[i];
		found = (size_t)(slash - path) == len && !strncmp(path, pool.path, len) && storage_vol_find(&pool, slash + 1, &vol) == 0;
	}
	free(all);
	return found ? put_or_fail(call, &pool, vol.name, ret) :
	       call_fail(call, VIR_ERR_NO_STORAGE_VOL, "no storage vol with matching path '%.200s'", path);
}

/* A volume by its XML, with what is in the file @from (-1: nothing). */
static int make(struct call *call, const struct storage_pool *pool, const char *xml, int from, wire_vol *ret)
{
	struct storage_vol vol;
	char why[256];
	struct stat st;
	int err;

	if (!storage_xml_vol(xml, &vol, why, sizeof(why)))
		return call_fail(call, VIR_ERR_XML_ERROR, "%s", why);
	if (from >= 0 && fstat(from, &st) == 0 && (uint64_t)st.st_size > vol.capacity)
		vol.capacity = st.st_size;
	err = storage_vol_create(pool, &vol, from);
	if (err)
		return call_fail(call, err == -EEXIST ? VIR_ERR_STORAGE_VOL_EXIST : VIR_ERR_OPERATION_FAILED, "volume '%.200s' in pool '%s': %s",
				 vol.name, pool->name, strerror(-err));
	journal(LOG_NOTICE, NULL, "%s/%s made by client %u (user %u)", pool->path, vol.name, call->client->number,
		(unsigned int)call->client->uid);
	return put_or_fail(call, pool, vol.name, ret);
}

static int create(struct call *call, void *args, void *ret)
{
	const wire_vol_create *in = args;
	struct storage_pool pool;

	if (call_check_flags(call, in->flags, 0) || calls_storage_get(call, &in->pool, &pool))
		return -1;
	return make(call, &pool, in->xml, -1, ret);
}

static int create_from(struct call *call, void *args, void *ret)
{
	const wire_vol_copy *in = args;
	struct storage_pool pool, from_pool;
	struct storage_vol from;
	uint64_t capacity;
	int fd, result;

	/* A copy shares blocks wherever the file system can do that by itself. */
	if (call_check_flags(call, in->flags, VIR_STORAGE_VOL_CREATE_REFLINK) || calls_storage_get(call, &in->pool, &pool) ||
	    calls_volume_get(call, &in->from, &from_pool, &from))
		return -1;
	fd = storage_vol_open(&from_pool, from.name, false, &capacity);
	if (fd < 0)
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "volume '%.200s': %s", from.name, strerror(-fd));
	result = make(call, &pool, in->xml, fd, ret);
	close(fd);
	return result;
}

static int delete(struct call *call, void *args, void *ret)
{
	const wire_vol_flags *in = args;
	struct storage_pool pool;
	struct storage_vol vol;
	int err;

	(void)ret;
	if (call_check_flags(call, in->flags, 0) || calls_volume_get(call, &in->vol, &pool, &vol))
		return -1;
	err = storage_vol_delete(&pool, vol.name);
	if (err)
		return calls_volume_not_done(call, vol.name, err);
	journal(LOG_NOTICE, NULL, "%s/%s removed by client %u (user %u)", pool.path, vol.name, call->client->number,
		(unsigned int)call->client->uid);
	return 0;
}

static int get_info(struct call *call, void *args, void *ret)
{
	struct storage_pool pool;
	wire_vol_info *out = ret;
	struct storage_vol vol;

	if (calls_volume_get(call, args, &pool, &vol))
		return -1;
	*out = (wire_vol_info){ VIR_STORAGE_VOL_FILE, vol.capacity, vol.allocation };
	return 0;
}

static int get_xml(struct call *call, void *args, void *ret)
{
	const wire_vol_flags *in = args;
	struct storage_pool pool;
	struct storage_vol vol;

	if (call_check_flags(call, in->flags, 0) || calls_volume_get(call, &in->vol, &pool, &vol))
		return -1;
	*(char **)ret = storage_xml_of_vol(&pool, &vol);
	return *(char **)ret ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

static int get_path(struct call *call, void *args, void *ret)
{
	struct storage_pool pool;
	struct storage_vol vol;

	if (calls_volume_get(call, args, &pool, &vol))
		return -1;
	*(char **)ret = calls_volume_path(&pool, vol.name);
	return *(char **)ret ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

const struct call_row calls_volume[] = {
	{ 282, "storage_pool_list_all_volumes", ROW(wire_vols_ask), ROW(wire_vols), CALL_READ, list_all },
	{ 91, "storage_pool_num_of_volumes", ROW(wire_pool), ROW_INT, CALL_READ, count },
	{ 92, "storage_pool_list_volumes", ROW(wire_pool_int), ROW(wire_texts), CALL_READ, list_names },
	{ 93, "storage_vol_create_xml", ROW(wire_vol_create), ROW(wire_vol), 0, create },
	{ 125, "storage_vol_create_xml_from", ROW(wire_vol_copy), ROW(wire_vol), 0, create_from },
	{ 94, "storage_vol_delete", ROW(wire_vol_flags), ROW_VOID, 0, delete },
	{ 95, "storage_vol_lookup_by_name", ROW(wire_pool_name), ROW(wire_vol), CALL_READ, lookup_by_name },
	{ 96, "storage_vol_lookup_by_key", ROW_TEXT, ROW(wire_vol), CALL_READ, lookup_by_path },
	{ 97, "storage_vol_lookup_by_path", ROW_TEXT, ROW(wire_vol), CALL_READ, lookup_by_path },
	{ 98, "storage_vol_get_info", ROW(wire_vol), ROW(wire_vol_info), CALL_READ, get_info },
	{ 99, "storage_vol_get_xml_desc", ROW(wire_vol_flags), ROW_TEXT, CALL_READ, get_xml },
	{ 100, "storage_vol_get_path", ROW(wire_vol), ROW_TEXT, CALL_READ, get_path },
	{ 0 }
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Storage pools: folders with disk images, under a name. One file each beside the definitions of VMs, NAME.pool, with a line "UUID PATH";
 * what a folder holds is looked at each time. A volume is a regular file in it. errno values are returned negative.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define STORAGE_NAME_MAX	63u
#define STORAGE_PATH_MAX	512u	/* of a folder */
#define STORAGE_VOL_MAX		255u	/* bytes of a file's name */

struct storage_pool {
	char name[STORAGE_NAME_MAX + 1];
	uint8_t uuid[16];
	char path[STORAGE_PATH_MAX];
};

struct storage_vol {
	char name[STORAGE_VOL_MAX + 1];
	uint64_t capacity, allocation;	/* bytes */
};

/* 1 to 63 letters, digits and "._-+@", not beginning with '.' or '-'. */
bool storage_name_ok(const char *name);
/* A file's name: without '/', ',' and control characters. */
bool storage_vol_name_ok(const char *name);

/* All, sorted by name; free() *@out. 0 or -errno. */
int storage_list(struct storage_pool **out, size_t *nr);
bool storage_find(const char *name, struct storage_pool *out);

/* Write it, in the place of one with its name; forget it, but leave its folder. */
int storage_define(const struct storage_pool *pool);
int storage_undefine(const char *name);

/* The volumes of a pool, sorted by name; free() *@out. */
int storage_vols(const struct storage_pool *pool, struct storage_vol **out, size_t *nr);
int storage_vol_find(const struct storage_pool *pool, const char *name, struct storage_vol *out);

/*
 * Make a file of @vol->capacity bytes, of which @vol->allocation are taken on the disk, with what is in the file @from (-1: zeros). Whole or
 * not at all.
 */
int storage_vol_create(const struct storage_pool *pool, const struct storage_vol *vol, int from);
/*
 * A descriptor of one with its *@capacity in bytes. For writing it is locked against other writers and VMs as long as it is open: -EBUSY: it
 * is in use.
 */
int storage_vol_open(const struct storage_pool *pool, const char *name, bool writing, uint64_t *capacity);
/* -EBUSY: a VM has it, or it is being written. */
int storage_vol_delete(const struct storage_pool *pool, const char *name);

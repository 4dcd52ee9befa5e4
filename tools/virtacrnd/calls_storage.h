/* SPDX-License-Identifier: BSD-3-Clause */
/* What calls about pools and about volumes share. */
#pragma once

struct call;
struct storage_pool;
struct storage_vol;
struct wire_pool;
struct wire_vol;

/* The pool that a client means; -1 with the call's error. */
int calls_storage_get(struct call *call, const struct wire_pool *wanted, struct storage_pool *out);
/* The volume that a client means, with its pool; -1 with the call's error. */
int calls_volume_get(struct call *call, const struct wire_vol *wanted, struct storage_pool *pool, struct storage_vol *vol);
/* Its file's path; free() it. NULL: no memory. */
char *calls_volume_path(const struct storage_pool *pool, const char *name);
/* Say what kept us from doing something to volume @name: @err is negative. Returns -1. */
int calls_volume_not_done(struct call *call, const char *name, int err);

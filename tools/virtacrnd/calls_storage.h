/* SPDX-License-Identifier: BSD-3-Clause */
/* What calls about pools and about volumes share. */
#pragma once

struct call;
struct storage_pool;
struct wire_pool;

/* The pool that a client means; -1 with the call's error. */
int calls_storage_get(struct call *call, const struct wire_pool *wanted, struct storage_pool *out);

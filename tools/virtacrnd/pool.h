/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads that serve calls, so that a slow one delays neither the others nor the answers to keepalives. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct client;

/* Have a call served; @bytes, malloc'd, are the pool's from here on. 0 or -errno. */
int pool_submit(struct client *client, uint8_t *bytes, size_t size);

/* Take no more, and wait for those under way. */
void pool_end(void);

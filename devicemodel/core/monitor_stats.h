/* SPDX-License-Identifier: BSD-3-Clause */
/* What command "statistics" answers. */
#pragma once

struct json_t;
struct vm;

/* A new object, or NULL when out of memory. Device lock held. */
struct json_t *monitor_stats(struct vm *vm);

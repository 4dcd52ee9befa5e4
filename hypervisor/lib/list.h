/* SPDX-License-Identifier: BSD-3-Clause */
/* Circular doubly linked list with a head node; nodes are embedded in their owners. */
#pragma once

#include "lib/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name) { &(name), &(name) }

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

/* Inserts `n` before `pos`; with the head as `pos` that is the tail. */
static inline void list_insert_before(struct list *pos, struct list *n)
{
	n->prev = pos->prev;
	n->next = pos;
	pos->prev->next = n;
	pos->prev = n;
}

static inline void list_push(struct list *head, struct list *n) { list_insert_before(head->next, n); }
static inline void list_append(struct list *head, struct list *n) { list_insert_before(head, n); }

/* Unlinks `n` and leaves it empty, so that removing twice is harmless. */
static inline void list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_for_each(it, head) for (it = (head)->next; it != (head); it = it->next)

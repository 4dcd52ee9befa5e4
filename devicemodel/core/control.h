/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a device shows to, and takes from, whoever operates the VM: counters, and a new file for a disk. Devices embed one
 * and put it on the VM's list; core/monitor.c walks the list and knows no device.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct vm;

struct control {
	const char *kind;		/* "block", "net"; NULL: nothing to show */
	const char *name;		/* file, interface; may change, device lock */
	char place[8];			/* "slot:func" */
	const char *const *counter_name;
	const uint64_t *counter;	/* as many values; written by one thread with control_count() */
	unsigned int nr_counters;
	/*
	 * Use file @path from now on (NULL: cannot be done). 0, or -errno with *@why set to words for a person.
	 * Device lock held.
	 */
	int (*rescan)(struct control *control, const char *path, const char **why);
	struct control *next;
};

/* Put it on the VM's list, take it off (harmless when it is not there). Device lock held, or no threads. */
void control_add(struct vm *vm, struct control *control);
void control_remove(struct vm *vm, struct control *control);

/* The control of the device at "slot:func", or NULL. Device lock held. */
struct control *control_find(struct vm *vm, const char *place);

/* Add to a counter. Only its one thread writes it, others read it with control_value(). */
static inline void control_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline uint64_t control_value(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

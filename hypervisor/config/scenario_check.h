/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the parts of the scenario reader; nobody else includes it. */
#pragma once

#include "config/scenario.h"
#include "lib/printf.h"

/* One check under way: the scenario (header and sizes already believed), where to report, and the VM looked at. */
struct scenario_check {
	const struct scenario *s;
	struct scenario_error *err;
	unsigned int vm_id;
	scenario_found_t *found;	/* NULL: the first fault ends the check */
	void *arg;
};

/*
 * Fills c->err with a sentence about the scenario as a whole. -EINVAL, or 0 when all faults are listed: then the next check follows. What
 * a later check relies on (an index that is in range) must therefore be returned from, not gone past.
 */
int scenario_refuse(struct scenario_check *c, const char *field, int index, const char *fmt, ...) __printf(4, 5);

/* The same about VM c->vm_id, whose name (already checked) goes in front. */
int scenario_refuse_vm(struct scenario_check *c, const char *field, int index, const char *fmt, ...) __printf(4, 5);

/*
 * Checks the form of a string field of `size` bytes: a NUL inside, zeros after it, printable ASCII before it. `what` names the field
 * and is its XML name. With `word` set, blanks are refused too. Reports through scenario_refuse_vm().
 */
int scenario_check_text(struct scenario_check *c, const char *what, const char *text, size_t size, bool word) __must_check;

/* True when all `size` bytes are zero. */
bool scenario_all_zero(const void *data, size_t size);

/* True when both strings, already checked, are the same. */
bool scenario_same_text(const char *a, const char *b);

/* Everything that can be said about VM c->vm_id alone, its name apart. */
int scenario_check_vm(struct scenario_check *c) __must_check;

/* Everything between VMs; each alone is right already. */
int scenario_check_set(struct scenario_check *c) __must_check;

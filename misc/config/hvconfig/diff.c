/* SPDX-License-Identifier: BSD-3-Clause */
/* Two scenarios compared. */
#include "diff.h"

#include <string.h>

#include "facts.h"

struct diff {
	const struct facts *a, *b;
	FILE *out;
	long nr;
};

static bool has_vm(const struct facts *f, const char *vm)
{
	return facts_find(f, vm, vm[0] ? "number" : "name");
}

static void print_where(struct diff *d, const struct fact *f)
{
	if (f->vm[0])
		fprintf(d->out, "vm \"%s\": %s: ", f->vm, f->name);
	else
		fprintf(d->out, "scenario: %s: ", f->name);
	d->nr++;
}

/* What `from` says and `to` does not. */
static void print_only(struct diff *d, const struct facts *from, const struct facts *to, const char *word)
{
	for (size_t i = 0; i < from->nr; i++) {
		const struct fact *f = &from->fact[i];

		if (!has_vm(to, f->vm)) {
			if (strcmp(f->name, "number"))
				continue;	/* one line for the whole VM */
			fprintf(d->out, "vm \"%s\": %s\n", f->vm, word);
			d->nr++;
		} else if (!facts_find(to, f->vm, f->name)) {
			print_where(d, f);
			fprintf(d->out, "%s %s\n", f->value, word);
		}
	}
}

static void print_changed(struct diff *d)
{
	for (size_t i = 0; i < d->a->nr; i++) {
		const struct fact *was = &d->a->fact[i], *is = facts_find(d->b, was->vm, was->name);

		if (!is || !strcmp(was->value, is->value))
			continue;
		print_where(d, was);
		fprintf(d->out, "%s -> %s\n", was->value, is->value);
	}
}

long diff_setups(const struct setup *a, const struct setup *b, FILE *out)
{
	struct facts before = { 0 }, after = { 0 };
	struct diff d = { .a = &before, .b = &after, .out = out };

	facts_collect(&before, a);
	facts_collect(&after, b);
	if (!before.failed && !after.failed) {
		print_only(&d, &before, &after, "removed");
		print_changed(&d);
		print_only(&d, &after, &before, "added");
	} else {
		d.nr = -1;
	}
	facts_free(&before);
	facts_free(&after);
	return d.nr;
}

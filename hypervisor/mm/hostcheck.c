/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of the host's page tables (doc/feature/memory.md). */
#include "mm/hostcheck.h"

#include "lib/util.h"
#include "log/log.h"
#include "mm/hostmap.h"
#include "mm/pgtable.h"

struct host_rules {
	hpa_t text, rodata, end;	/* code [text, rodata), constants [rodata, end) */
	const char *after;
	bool nx;			/* the CPU has the no-execute bit */
	unsigned int nr_faults;
};

static bool is_both(const struct host_rules *r, const struct pgtable_span *s)
{
	return r->nx && s->attr & PG_W && s->attr & PG_X;
}

static bool is_foreign_code(const struct host_rules *r, const struct pgtable_span *s)
{
	return r->nx && s->attr & PG_X && (s->pa.v < r->text.v || s->pa.v + s->size > r->rodata.v);
}

static bool is_writable_alias(const struct host_rules *r, const struct pgtable_span *s)
{
	return s->attr & PG_W && ranges_overlap(s->pa.v, s->size, r->text.v, r->end.v - r->text.v);
}

static const struct {
	bool (*broken)(const struct host_rules *r, const struct pgtable_span *s);
	const char *what;
} rules[] = {
	{ is_both, "writable and executable" },
	{ is_foreign_code, "executable, but not the image's code" },
	{ is_writable_alias, "a writable alias of code or constants" },
};

static void fault(struct host_rules *r, uint64_t va, const char *what)
{
	if (r->after)
		log_err("memory check: FAULT: after %s: host tables: %lx is %s\n", r->after, va, what);
	r->nr_faults++;
}

static void look(void *arg, const struct pgtable_span *s)
{
	struct host_rules *r = arg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].broken(r, s))
			fault(r, s->va, rules[i].what);
}

/* See the header. */
unsigned int hostcheck_run(const char *after)
{
	struct host_rules r = { .after = after };
	uint64_t guard;
	uint32_t n;

	r.nx = !(pgtable_host.attr(pgtable_host.leaf(PG_R, 1), 1) & PG_X);
	hostmap_text(&r.text, &r.rodata, &r.end);
	pgtable_for_each(hostmap_table(), look, &r);
	for (n = 0; (guard = hostmap_guard(n)); n++)
		if (hostmap_readable(guard))
			fault(&r, guard, "a guard page, and mapped");
	return r.nr_faults;
}

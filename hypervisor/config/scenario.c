/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scenario reader: the module as a whole, then each VM alone (scenario_vm.c), then the VMs together (scenario_set.c).
 * Nothing is read through a size, count or string before that has been checked.
 */
#include "config/scenario.h"

#include <stdarg.h>

#include "config/scenario_check.h"
#include "lib/crc.h"
#include "lib/errno.h"
#include "lib/util.h"

#define IVSHMEM_MIN	PAGE_SIZE
#define IVSHMEM_MAX	SIZE_1G

/* Where the sentence in c->err is about. Who lists all faults gets it, and the checks go on. */
static int note(struct scenario_check *c, const char *field, int index, int vm_id)
{
	c->err->field = field;
	c->err->index = index;
	c->err->vm_id = vm_id;
	if (!c->found)
		return -EINVAL;
	c->found(c->err, c->arg);
	return 0;
}

int scenario_refuse(struct scenario_check *c, const char *field, int index, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->err->text, sizeof(c->err->text), fmt, ap);
	va_end(ap);
	return note(c, field, index, -1);
}

int scenario_refuse_vm(struct scenario_check *c, const char *field, int index, const char *fmt, ...)
{
	size_t size = sizeof(c->err->text);
	va_list ap;
	int used;

	used = snprintf(c->err->text, size, "vm \"%s\": ", c->s->vms[c->vm_id].name);
	va_start(ap, fmt);
	vsnprintf(c->err->text + used, size - (size_t)used, fmt, ap);
	va_end(ap);
	return note(c, field, index, (int)c->vm_id);
}

bool scenario_all_zero(const void *data, size_t size)
{
	const uint8_t *p = data;

	while (size--)
		if (*p++)
			return false;
	return true;
}

bool scenario_same_text(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

uint32_t scenario_crc(const struct scenario *s)
{
	static const uint32_t zero;
	size_t at = offsetof(struct scenario, crc32), after = at + sizeof(zero);
	uint32_t crc;

	crc = crc32_update(0, s, at);
	crc = crc32_update(crc, &zero, sizeof(zero));
	return crc32_update(crc, (const uint8_t *)s + after, s->total_size - after);
}

/* A name: terminated, zeros behind, only characters that are safe in paths, options and messages. NULL or what is wrong with it. */
static const char *name_fault(const char *name, size_t size)
{
	size_t len = 0;

	while (len < size && name[len])
		len++;
	if (len == size)
		return "is not terminated";
	if (len == 0)
		return "is empty";
	if (!scenario_all_zero(name + len, size - len))
		return "has bytes after its end";
	while (len--) {
		char ch = name[len];

		if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
		      ch == '_' || ch == '-' || ch == '.'))
			return "has a character other than letters, digits, '_', '-' and '.'";
	}
	return NULL;
}

static int check_header(struct scenario_check *c, const void *blob, uint32_t size)
{
	const struct scenario *s = blob;

	if ((uintptr_t)blob % 8)
		return scenario_refuse(c, "", -1, "scenario: the module begins at an address that is not a multiple of 8");
	if (size < sizeof(*s))
		return scenario_refuse(c, "", -1, "scenario: the module has %u bytes, fewer than the %u of a header; it is truncated",
				       size, (uint32_t)sizeof(*s));
	if (s->magic != SCENARIO_MAGIC)
		return scenario_refuse(c, "", -1, "scenario: the module begins with 0x%x instead of 0x%x; make it with hvconfig build",
				       s->magic, SCENARIO_MAGIC);
	if (s->version != SCENARIO_VERSION)
		return scenario_refuse(c, "", -1, "scenario: version %u is not known; this hypervisor reads version %u: "
				       "make the module with its own hvconfig", s->version, SCENARIO_VERSION);
	if (s->header_size != sizeof(*s) || s->vm_size != sizeof(struct scenario_vm))
		return scenario_refuse(c, "", -1, "scenario: record sizes %u and %u are not the %u and %u of version %u",
				       s->header_size, s->vm_size, (uint32_t)sizeof(*s),
				       (uint32_t)sizeof(struct scenario_vm), SCENARIO_VERSION);
	if (s->nr_vms == 0 || s->nr_vms > SCENARIO_MAX_VMS)
		return scenario_refuse(c, "vm", -1, "scenario: %u VMs; there must be 1 to %u", s->nr_vms, SCENARIO_MAX_VMS);
	if (s->total_size != sizeof(*s) + s->nr_vms * sizeof(struct scenario_vm))
		return scenario_refuse(c, "", -1, "scenario: total size %u does not fit %u VMs, which take %u bytes", s->total_size,
				       s->nr_vms, (uint32_t)(sizeof(*s) + s->nr_vms * sizeof(struct scenario_vm)));
	if (s->total_size > size)
		return scenario_refuse(c, "", -1, "scenario: %u of %u bytes are there; the module is truncated", size, s->total_size);
	if (s->crc32 != scenario_crc(s))
		return scenario_refuse(c, "", -1, "scenario: checksum 0x%x instead of 0x%x; the module is damaged",
				       scenario_crc(s), s->crc32);
	return 0;
}

static int check_global(struct scenario_check *c)
{
	const struct scenario *s = c->s;
	const char *fault = name_fault(s->name, sizeof(s->name));

	if (fault)
		return scenario_refuse(c, "name", -1, "scenario: its name %s", fault);
	if (!scenario_all_zero(s->reserved, sizeof(s->reserved)))
		return scenario_refuse(c, "", -1, "scenario: a reserved byte of the header is not zero");
	for (unsigned int i = 0; i < SCENARIO_MAX_PCPUS; i++)
		if (!scenario_policy_name(s->pcpu_policy[i]))
			return scenario_refuse(c, "pcpu_policy", (int)i, "scenario: policy %u of pCPU %u is not known; 0 to %u are",
					       s->pcpu_policy[i], i, SCENARIO_NR_POLICIES - 1);
	return 0;
}

static int check_names(struct scenario_check *c)
{
	const struct scenario *s = c->s;

	for (unsigned int i = 0; i < s->nr_vms; i++) {
		const char *fault = name_fault(s->vms[i].name, sizeof(s->vms[i].name));

		if (fault) {
			snprintf(c->err->text, sizeof(c->err->text), "vm %u: its name %s", i, fault);
			if (note(c, "name", -1, (int)i))
				return -EINVAL;
			continue;
		}
		c->vm_id = i;
		for (unsigned int j = 0; j < i; j++)
			if (scenario_same_text(s->vms[i].name, s->vms[j].name))
				return scenario_refuse_vm(c, "name", -1, "VM %u has this name already; each VM needs its own", j);
	}
	return 0;
}

static int check_region(struct scenario_check *c, unsigned int i)
{
	const struct scenario_ivshmem *r = &c->s->ivshmem[i];
	const char *fault = name_fault(r->name, sizeof(r->name));
	uint16_t existing = (uint16_t)((1u << c->s->nr_vms) - 1);

	if (fault)
		return scenario_refuse(c, "ivshmem_region", (int)i, "ivshmem region %u: its name %s", i, fault);
	for (unsigned int j = 0; j < i; j++)
		if (scenario_same_text(r->name, c->s->ivshmem[j].name))
			return scenario_refuse(c, "ivshmem_region", (int)i, "ivshmem region \"%s\": region %u has this name already; "
					       "each region needs its own", r->name, j);
	if (r->size < IVSHMEM_MIN || r->size > IVSHMEM_MAX || (r->size & (r->size - 1)))
		return scenario_refuse(c, "ivshmem_region", (int)i, "ivshmem region \"%s\": size 0x%lx; a power of two from 4K to 1G "
				       "is needed, as it becomes a PCI BAR", r->name, (unsigned long)r->size);
	if (!r->vm_mask || (r->vm_mask & ~existing))
		return scenario_refuse(c, "ivshmem_region", (int)i, "ivshmem region \"%s\": VM mask 0x%x; it must name at least one "
				       "VM and only the %u there are", r->name, r->vm_mask, c->s->nr_vms);
	if (r->writer_mask & ~r->vm_mask)
		return scenario_refuse(c, "ivshmem_region", (int)i, "ivshmem region \"%s\": writer mask 0x%x names a VM that is not in "
				       "VM mask 0x%x", r->name, r->writer_mask, r->vm_mask);
	if (r->silent_mask & ~r->vm_mask)
		return scenario_refuse(c, "ivshmem_region", (int)i, "ivshmem region \"%s\": silent mask 0x%x names a VM that is not in "
				       "VM mask 0x%x", r->name, r->silent_mask, r->vm_mask);
	if (r->reserved)
		return scenario_refuse(c, "ivshmem_region", (int)i, "ivshmem region \"%s\": a reserved byte is not zero", r->name);
	return 0;
}

static int check_regions(struct scenario_check *c)
{
	const struct scenario *s = c->s;

	if (s->nr_ivshmem > SCENARIO_MAX_IVSHMEM)
		return scenario_refuse(c, "ivshmem_region", -1, "scenario: %u ivshmem regions; there may be up to %u", s->nr_ivshmem,
				       SCENARIO_MAX_IVSHMEM);
	for (unsigned int i = 0; i < s->nr_ivshmem; i++) {
		int rc = check_region(c, i);

		if (rc)
			return rc;
	}
	for (unsigned int i = s->nr_ivshmem; i < SCENARIO_MAX_IVSHMEM; i++)
		if (!scenario_all_zero(&s->ivshmem[i], sizeof(s->ivshmem[i])))
			return scenario_refuse(c, "ivshmem_region", (int)i, "scenario: ivshmem entry %u is filled, but only %u are "
					       "counted", i, s->nr_ivshmem);
	return 0;
}

/* What stands behind a header that is believed. */
static int check_contents(struct scenario_check *c)
{
	int rc;

	rc = check_global(c);
	if (!rc)
		rc = check_names(c);
	if (!rc)
		rc = check_regions(c);
	for (c->vm_id = 0; !rc && c->vm_id < c->s->nr_vms; c->vm_id++)
		rc = scenario_check_vm(c);
	if (!rc)
		rc = scenario_check_set(c);
	return rc;
}

int scenario_read(const void *blob, uint32_t size, const struct scenario **out, struct scenario_error *err)
{
	struct scenario_check c = { .s = blob, .err = err };
	int rc;

	rc = check_header(&c, blob, size);
	if (!rc)
		rc = check_contents(&c);
	if (!rc)
		*out = blob;
	return rc;
}

void scenario_list(const struct scenario *s, scenario_found_t *found, void *arg)
{
	struct scenario_error err;
	struct scenario_check c = { .s = s, .err = &err, .found = found, .arg = arg };
	int rc = check_contents(&c);

	(void)rc;	/* always 0 */
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream is a row of packets, all numbers little-endian and byte-aligned:
 *
 *   header   u32 magic 0xC1FC1FC1 | u32 stream id 0
 *   context  u64 first time, last time | u64 bits of content, of packet | u64 events lost so far | u32 CPU
 *   events   u32 id | u64 time | fields as `metadata` says
 */
#include "ctf.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

#define MAGIC		0xC1FC1FC1u
#define HEAD_SIZE	52u
#define EVENT_MAX	64u
#define ID_OTHER	0xffffffffu	/* an event that this program does not know */

static const char head_text[] =
	"/* CTF 1.8 */\n"
	"typealias integer { size = 8; align = 8; signed = false; } := u8;\n"
	"typealias integer { size = 16; align = 8; signed = false; } := u16;\n"
	"typealias integer { size = 32; align = 8; signed = false; } := u32;\n"
	"typealias integer { size = 64; align = 8; signed = false; } := u64;\n"
	"typealias integer { size = 64; align = 8; signed = false; base = 16; } := x64;\n"
	"trace {\n\tmajor = 1;\n\tminor = 8;\n\tbyte_order = le;\n"
	"\tpacket.header := struct { u32 magic; u32 stream_id; };\n};\n"
	"env {\n\tdomain = \"hypervisor\";\n\ttracer_name = \"acrntrace\";\n};\n";

static const char stream_text[] =
	"typealias integer { size = 64; align = 8; signed = false; map = clock.tsc.value; } := time_t;\n"
	"stream {\n\tid = 0;\n"
	"\tpacket.context := struct {\n\t\ttime_t timestamp_begin; time_t timestamp_end;\n"
	"\t\tu64 content_size; u64 packet_size; u64 events_discarded; u32 cpu_id;\n\t};\n"
	"\tevent.header := struct { u32 id; time_t timestamp; };\n};\n";

static const struct {
	uint32_t id;
	const char *name, *fields;
} events[] = {
	{ TRACE_TIMER_ADDED, "timer_added", "u64 deadline;" },
	{ TRACE_TIMER_IRQ, "timer_irq", "" },
	{ TRACE_VM_EXIT, "vm_exit", "enum exit_reason reason; x64 rip;" },
	{ TRACE_VM_ENTER, "vm_enter", "u32 vm; u32 vcpu;" },
	{ TRACE_Q_INTERRUPT, "interrupt", "u8 vector;" },
	{ TRACE_Q_SWITCH, "sched_switch", "string thread;" },
	{ TRACE_Q_HYPERCALL, "hypercall",
	  "x64 number; integer { size = 64; align = 8; signed = true; } result;" },
	{ TRACE_Q_IOREQ, "ioreq", "x64 address; u16 vm; u16 vcpu; u8 size; u8 port; u8 write;" },
	{ ID_OTHER, "other", "x64 what; x64 e; x64 f;" },
};

static void reasons(FILE *out)
{
	fprintf(out, "enum exit_reason : u32 {");
	for (uint32_t i = 0; i < NR_REASONS; i++)
		if (exit_reason_name(i))
			fprintf(out, "\n\t\"%s\" = %u,", exit_reason_name(i), i);
	fprintf(out, "\n};\n");
}

int ctf_metadata(const char *dir, uint64_t tsc_khz)
{
	char path[4096];
	FILE *out;
	int err;

	snprintf(path, sizeof(path), "%s/metadata", dir);
	out = fopen(path, "w");
	if (!out)
		return -errno;
	fputs(head_text, out);
	fprintf(out, "clock {\n\tname = tsc;\n\tdescription = \"TSC of the machine, from its reset\";\n"
		"\tfreq = %llu;\n};\n", (unsigned long long)tsc_khz * 1000);
	fputs(stream_text, out);
	reasons(out);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		fprintf(out, "event {\n\tid = %u;\n\tname = \"%s\";\n\tstream_id = 0;\n\tfields := struct { %s };\n};\n",
			events[i].id, events[i].name, events[i].fields);
	err = ferror(out) ? -EIO : 0;
	return fclose(out) ? -EIO : err;
}

struct ctf_stream *ctf_stream_open(const char *dir, uint32_t cpu)
{
	struct ctf_stream *s = calloc(1, sizeof(*s));
	char path[4096];

	if (!s)
		return NULL;
	snprintf(path, sizeof(path), "%s/cpu%u", dir, cpu);
	s->cpu = cpu;
	s->file = fopen(path, "w");
	if (!s->file) {
		free(s);
		return NULL;
	}
	return s;
}

/* Stores a number of `n` bytes and moves on. This machine is little-endian. */
static uint8_t *store(uint8_t *at, uint64_t value, size_t n)
{
	memcpy(at, &value, n);
	return at + n;
}

static void flush(struct ctf_stream *s)
{
	uint8_t *p = s->packet;

	p = store(p, MAGIC, 4);
	p = store(p, 0, 4);
	p = store(p, s->first, 8);
	p = store(p, s->last, 8);
	p = store(p, (uint64_t)s->used * 8, 8);
	p = store(p, (uint64_t)s->used * 8, 8);
	p = store(p, s->lost, 8);
	store(p, s->cpu, 4);
	if (fwrite(s->packet, s->used, 1, s->file) != 1)
		s->failed = true;
	s->used = 0;
}

static uint8_t *store_name(uint8_t *p, const struct acrn_trace_entry *e)
{
	size_t n = strnlen(e->name, sizeof(e->name));

	memcpy(p, e->name, n);
	return store(p + n, 0, 1);
}

static uint8_t *store_ioreq(uint8_t *p, const struct acrn_trace_entry *e)
{
	p = store(p, e->e, 8);
	p = store(p, e->f, 4);
	p = store(p, e->f >> 32, 1);
	p = store(p, e->f >> 40 & 1, 1);
	return store(p, e->f >> 41 & 1, 1);
}

/* What follows id and time; *id may become ID_OTHER. */
static uint8_t *store_fields(uint8_t *p, const struct acrn_trace_entry *e, uint32_t *id)
{
	switch (*id) {
	case TRACE_TIMER_ADDED:
		return store(p, e->e, 8);
	case TRACE_TIMER_IRQ:
		return p;
	case TRACE_VM_EXIT:
		return store(store(p, e->e, 4), e->f, 8);
	case TRACE_VM_ENTER:
		return store(store(p, e->e, 4), e->f, 4);
	case TRACE_Q_INTERRUPT:
		return store(p, e->e, 1);
	case TRACE_Q_SWITCH:
		return store_name(p, e);
	case TRACE_Q_HYPERCALL:
		return store(store(p, e->e, 8), e->f, 8);
	case TRACE_Q_IOREQ:
		return store_ioreq(p, e);
	default:
		*id = ID_OTHER;
		return store(store(store(p, e->what, 8), e->e, 8), e->f, 8);
	}
}

void ctf_put(struct ctf_stream *s, const struct acrn_trace_entry *e)
{
	uint32_t id = TRACE_EVENT(e->what);
	uint8_t *event, *end;

	if (s->used + EVENT_MAX > CTF_PACKET_SIZE)
		flush(s);
	/* Readers insist on time that does not run backwards. */
	s->last = e->tsc > s->last ? e->tsc : s->last;
	if (!s->used) {
		s->used = HEAD_SIZE;
		s->first = s->last;
	}
	event = s->packet + s->used;
	end = store_fields(event + 12, e, &id);
	store(store(event, id, 4), s->last, 8);
	s->used = (uint32_t)(end - s->packet);
}

int ctf_stream_close(struct ctf_stream *s)
{
	int err;

	if (s->used)
		flush(s);
	err = fclose(s->file) || s->failed ? -EIO : 0;
	free(s);
	return err;
}

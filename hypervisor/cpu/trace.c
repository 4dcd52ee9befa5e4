/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The writer's side of shared rings. The ring is memory of the Service VM: its geometry is kept here, and what
 * is read back is only its index `head`, which can at worst make us drop or overwrite entries inside the ring.
 */
#include "cpu/trace.h"

#include "cpu/tsc.h"
#include "lib/critical.h"
#include "lib/printf.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "x86/insn.h"

#define NR_KINDS	2u		/* ACRN_SBUF_TRACE, ACRN_SBUF_LOG */
#define DATA_MAX	(16u << 20)

struct trace_ring {
	struct shared_buf *buf;		/* direct map; NULL: no ring. [lock] to change */
	bool writing;			/* own CPU writes: buf must stay */
	uint32_t size, ele_size;	/* (i) */
	uint32_t tail;			/* own CPU */
	uint32_t nr_lost;		/* own CPU */
} __aligned(64);

static const uint32_t ele_sizes[NR_KINDS] = {
	[ACRN_SBUF_TRACE] = sizeof(struct acrn_trace_entry), [ACRN_SBUF_LOG] = SBUF_LOG_ELE_SIZE,
};

static struct trace_ring rings[NR_KINDS][MAX_PCPUS];
static struct spinlock lock = SPINLOCK_INIT;
static uint64_t log_seq;

/* Bytes that fit; a `head` that makes no sense is taken for an empty ring. */
static uint32_t room(const struct trace_ring *r, uint32_t head)
{
	if (head >= r->size || head % r->ele_size)
		head = r->tail;
	return (head > r->tail ? 0 : r->size) + head - r->tail - r->ele_size;
}

/* All of `n` bytes (a multiple of the element's size) or nothing. Own CPU, or nobody's ring yet. */
static void write(struct trace_ring *r, struct shared_buf *buf, const void *from, uint32_t n)
{
	uint8_t *data = (uint8_t *)(buf + 1);
	uint32_t first = MIN(n, r->size - r->tail);

	if (room(r, READ_ONCE(buf->head)) < n) {
		r->nr_lost += n / r->ele_size;
		WRITE_ONCE(buf->overrun_cnt, r->nr_lost);
		return;
	}
	memcpy(data + r->tail, from, first);
	memcpy(data, (const uint8_t *)from + first, n - first);
	r->tail = r->tail + n >= r->size ? r->tail + n - r->size : r->tail + n;
	/* Release: who sees the index sees the entry. */
	__atomic_store_n(&buf->tail, r->tail, __ATOMIC_RELEASE);
}

static void put(uint32_t kind, const void *from, uint32_t n)
{
	struct trace_ring *r = &rings[kind][this_pcpu_id()];
	struct shared_buf *buf;

	/* A fault in between would leave the mark, and detach() waiting for ever. */
	critical_enter();
	/* The exchange orders the mark before the look at buf; detach() does the opposite. */
	(void)__atomic_exchange_n(&r->writing, true, __ATOMIC_SEQ_CST);
	buf = READ_ONCE(r->buf);
	if (buf)
		write(r, buf, from, n);
	__atomic_store_n(&r->writing, false, __ATOMIC_RELEASE);
	critical_leave();
}

void trace_put(uint32_t event, uint64_t e, uint64_t f)
{
	const struct acrn_trace_entry entry = {
		.tsc = rdtsc(), .what = TRACE_WHAT(event, 2, this_pcpu_id()), .e = e, .f = f,
	};

	put(ACRN_SBUF_TRACE, &entry, sizeof(entry));
}

void trace_put_name(uint32_t event, const char *name)
{
	struct acrn_trace_entry entry = { .tsc = rdtsc(), .what = TRACE_WHAT(event, 16, this_pcpu_id()) };

	memcpy(entry.name, name, MIN(strlen(name), sizeof(entry.name)));
	put(ACRN_SBUF_TRACE, &entry, sizeof(entry));
}

/* The line as users of the reference know it: when, where, how severe, and the order over all CPUs. */
static void log_line(enum log_level level, const char *text, size_t n)
{
	char line[SBUF_LOG_MAX_LINE] = { 0 };
	uint64_t seq = __atomic_fetch_add(&log_seq, 1, __ATOMIC_RELAXED);
	size_t len = (size_t)snprintf(line, sizeof(line), "[%luus][cpu=%u][sev=%u][seq=%lu]:%.*s", tsc_to_us(rdtsc()),
				      this_pcpu_id(), (unsigned int)level, seq, (int)n, text);

	len = MIN(len, sizeof(line) - 1);
	line[len - 1] = '\n';
	put(ACRN_SBUF_LOG, line, (uint32_t)((len + SBUF_LOG_ELE_SIZE - 1) / SBUF_LOG_ELE_SIZE * SBUF_LOG_ELE_SIZE));
}

static void write_kept(struct trace_ring *r, struct shared_buf *buf)
{
	uint64_t pos = 0;
	size_t n;

	do {
		char piece[SBUF_LOG_ELE_SIZE] = { 0 };

		n = log_read(&pos, piece, sizeof(piece));
		if (n)
			write(r, buf, piece, sizeof(piece));
	} while (n);
}

uint32_t trace_ring_size(uint32_t sbuf_id, const struct shared_buf *head)
{
	uint64_t size = (uint64_t)head->ele_num * head->ele_size;

	if (sbuf_id >= NR_KINDS || head->magic != SBUF_MAGIC || head->ele_size != ele_sizes[sbuf_id] ||
	    head->ele_num < 2 || size != head->size || size > DATA_MAX)
		return 0;
	return (uint32_t)size;
}

/* [lock] */
static void detach(uint32_t pcpu_id, uint32_t sbuf_id)
{
	struct trace_ring *r = &rings[sbuf_id][pcpu_id];

	if (sbuf_id == ACRN_SBUF_TRACE)
		__atomic_fetch_and(&percpu_area[pcpu_id].watch, ~WATCH_TRACE, __ATOMIC_RELAXED);
	/* buf is gone before we look whether somebody writes: one of both sides sees the other. */
	__atomic_store_n(&r->buf, NULL, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&r->writing, __ATOMIC_SEQ_CST))
		cpu_pause();
}

void trace_attach(uint32_t pcpu_id, uint32_t sbuf_id, struct shared_buf *buf, const struct shared_buf *head)
{
	struct trace_ring *r = &rings[sbuf_id][pcpu_id];

	spin_lock(&lock);
	detach(pcpu_id, sbuf_id);
	if (buf) {
		*r = (struct trace_ring){ .size = head->size, .ele_size = head->ele_size };
		WRITE_ONCE(buf->tail, 0);
		WRITE_ONCE(buf->head, 0);
		if (sbuf_id == ACRN_SBUF_LOG && !pcpu_id)
			write_kept(r, buf);
		__atomic_store_n(&r->buf, buf, __ATOMIC_RELEASE);
		if (sbuf_id == ACRN_SBUF_TRACE)
			__atomic_fetch_or(&percpu_area[pcpu_id].watch, WATCH_TRACE, __ATOMIC_RELAXED);
		else
			log_sink = log_line;
	}
	spin_unlock(&lock);
}

void trace_detach_all(void)
{
	uint32_t i, kind;

	for (kind = 0; kind < NR_KINDS; kind++)
		for (i = 0; i < nr_pcpus; i++)
			trace_attach(i, kind, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings for log and trace, in memory of the Service VM. */
#include "cpu/percpu.h"
#include "cpu/trace.h"
#include "hypercall/hc.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "vm/gpa.h"
#include "vm/vm.h"

int64_t hc_trace_ring(struct hc_call *c)
{
	struct acrn_sbuf_param p;
	struct shared_buf head = { 0 }, *buf;
	uint32_t size;
	int err = hc_get(c->p2, &p, sizeof(p));

	if (err)
		return err;
	if (p.sbuf_id == ACRN_SBUF_ASYNCIO)
		return hc_asyncio_ring(c, p.gpa);
	if (c->p1 || p.cpu_id >= nr_pcpus || p.sbuf_id > ACRN_SBUF_LOG || !IS_ALIGNED(p.gpa, PAGE_SIZE))
		return ERR(-EINVAL);
	if (!p.gpa) {
		trace_attach(p.cpu_id, p.sbuf_id, NULL, NULL);
		return 0;
	}
	/* The header is read this once: its geometry must not change behind our back. */
	err = hc_get(p.gpa, &head, sizeof(head));
	if (err)
		return err;
	size = trace_ring_size(p.sbuf_id, &head);
	buf = size ? gpa_ptr(service_vm, gpa(p.gpa), sizeof(head) + size) : NULL;
	if (!buf)
		return ERR(-EINVAL);
	trace_attach(p.cpu_id, p.sbuf_id, buf, &head);
	return 0;
}

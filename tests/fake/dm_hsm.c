/* SPDX-License-Identifier: BSD-3-Clause */
/* See dm_hsm.h. */
#include "dm_hsm.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/hsm.h"

struct fake_hsm fake_hsm;

void fake_hsm_clear(void)
{
	memset(&fake_hsm, 0, sizeof(fake_hsm));
}

int fake_hsm_count_irq(unsigned int gsi, unsigned int op)
{
	int n = 0;

	for (int i = 0; i < fake_hsm.nr_irqs && i < FAKE_MAX_EVENTS; i++)
		n += fake_hsm.irq[i].gsi == gsi && fake_hsm.irq[i].op == op;
	return n;
}

int hsm_open(struct hsm *hsm)
{
	if (fake_hsm.open_err)
		return fake_hsm.open_err;
	hsm->fd = 1000;
	fake_hsm.is_open = true;
	return 0;
}

void hsm_close(struct hsm *hsm)
{
	hsm->fd = -1;
	fake_hsm.is_open = false;
}

int hsm_vm_create(struct hsm *hsm, struct hsm_vm_params *params)
{
	(void)hsm;
	if (fake_hsm.create_err)
		return fake_hsm.create_err;
	fake_hsm.created = true;
	fake_hsm.nr_creates++;
	fake_hsm.cpu_affinity = params->cpu_affinity;
	fake_hsm.page = params->ioreq_page;
	params->vmid = 3;
	params->nr_vcpus = fake_hsm.nr_vcpus ? fake_hsm.nr_vcpus : 2;
	return 0;
}

int hsm_vm_start(struct hsm *hsm)
{
	(void)hsm;
	if (fake_hsm.start_err)
		return fake_hsm.start_err;
	fake_hsm.running = true;
	fake_hsm.nr_starts++;
	return 0;
}

int hsm_vm_pause(struct hsm *hsm)
{
	(void)hsm;
	fake_hsm.running = false;
	fake_hsm.nr_pauses++;
	return 0;
}

int hsm_vm_reset(struct hsm *hsm)
{
	(void)hsm;
	fake_hsm.nr_resets++;
	return fake_hsm.running ? -EBUSY : fake_hsm.reset_err;
}

int hsm_vm_destroy(struct hsm *hsm)
{
	(void)hsm;
	if (fake_hsm.running)
		return -EBUSY;
	fake_hsm.created = false;
	fake_hsm.nr_destroys++;
	return 0;
}

int hsm_vcpu_set_regs(struct hsm *hsm, const struct acrn_vcpu_regs *regs)
{
	(void)hsm;
	fake_hsm.regs = *regs;
	return fake_hsm.regs_err;
}

int hsm_mem_map(struct hsm *hsm, uint64_t gpa, void *hva, uint64_t size)
{
	(void)hsm;
	if (fake_hsm.map_err)
		return fake_hsm.map_err;
	fake_hsm.map[fake_hsm.nr_maps].gpa = gpa;
	fake_hsm.map[fake_hsm.nr_maps].size = size;
	fake_hsm.map[fake_hsm.nr_maps++].hva = hva;
	return 0;
}

int hsm_mem_unmap(struct hsm *hsm, uint64_t gpa, uint64_t size)
{
	(void)hsm;
	for (int i = 0; i < fake_hsm.nr_maps; i++) {
		if (fake_hsm.map[i].gpa == gpa && fake_hsm.map[i].size == size) {
			fake_hsm.map[i] = fake_hsm.map[--fake_hsm.nr_maps];
			return 0;
		}
	}
	return -EINVAL;
}

int hsm_vdev_create(struct hsm *hsm, const struct acrn_vdev *vdev)
{
	(void)hsm;
	if (fake_hsm.vdev_err)
		return fake_hsm.vdev_err;
	fake_hsm.vdev = *vdev;
	fake_hsm.nr_vdevs++;
	return 0;
}

int hsm_vdev_destroy(struct hsm *hsm, const struct acrn_vdev *vdev)
{
	(void)hsm;
	if (vdev->slot != fake_hsm.vdev.slot)
		return -ENODEV;
	fake_hsm.nr_vdevs--;
	return 0;
}

int hsm_irq_line(struct hsm *hsm, unsigned int gsi, unsigned int op)
{
	int n = fake_hsm.nr_irqs++;

	(void)hsm;
	if (n < FAKE_MAX_EVENTS) {
		fake_hsm.irq[n].gsi = gsi;
		fake_hsm.irq[n].op = op;
	}
	return 0;
}

int hsm_irq_msi(struct hsm *hsm, uint64_t addr, uint32_t data)
{
	int n = fake_hsm.nr_msis++;

	(void)hsm;
	if (n < FAKE_MAX_EVENTS) {
		fake_hsm.msi[n].addr = addr;
		fake_hsm.msi[n].data = data;
	}
	return 0;
}

int hsm_ioreq_open(struct hsm *hsm)
{
	(void)hsm;
	fake_hsm.client = fake_hsm.client_err == 0;
	return fake_hsm.client_err;
}

void hsm_ioreq_close(struct hsm *hsm)
{
	(void)hsm;
	fake_hsm.client = false;
}

int hsm_ioreq_clear(struct hsm *hsm)
{
	(void)hsm;
	fake_hsm.nr_clears++;
	fake_hsm.busy = false;
	for (unsigned int i = 0; i < IOREQ_SLOTS && fake_hsm.page; i++)
		fake_hsm.page->req_slot[i].processed = IOREQ_FREE;
	return 0;
}

/* Put the next request of the script into slot 0. */
static void make_request(const struct fake_step *step)
{
	struct acrn_io_request *slot = &fake_hsm.page->req_slot[0];

	memset(&slot->reqs, 0, sizeof(slot->reqs));
	slot->type = step->type;
	if (step->type == IOREQ_TYPE_PCICFG) {
		slot->reqs.pci_request.direction = step->direction;
		slot->reqs.pci_request.size = step->size;
		slot->reqs.pci_request.value = step->value;
		slot->reqs.pci_request.bus = step->address >> 20;
		slot->reqs.pci_request.dev = step->address >> 15 & 31;
		slot->reqs.pci_request.func = step->address >> 12 & 7;
		slot->reqs.pci_request.reg = step->address & 4095;
	} else {
		slot->reqs.mmio_request.direction = step->direction;
		slot->reqs.mmio_request.address = step->address;
		slot->reqs.mmio_request.size = step->size;
		slot->reqs.mmio_request.value = step->direction == IOREQ_WRITE ? step->value : 0;
	}
	slot->kernel_handled = 0;
	slot->processed = IOREQ_PROCESSING;
	fake_hsm.busy = true;
}

static uint64_t value_of(const struct acrn_io_request *slot)
{
	if (slot->type == IOREQ_TYPE_MMIO)
		return slot->reqs.mmio_request.value;
	return slot->type == IOREQ_TYPE_PCICFG ? slot->reqs.pci_request.value : slot->reqs.pio_request.value;
}

int hsm_ioreq_next(struct hsm *hsm, uint16_t vmid, uint32_t done, uint32_t *ready)
{
	(void)hsm, (void)vmid;
	if (fake_hsm.wait_err)
		return fake_hsm.wait_err;
	if (fake_hsm.busy && (done & 1)) {
		struct acrn_io_request *slot = &fake_hsm.page->req_slot[0];

		if (slot->processed != IOREQ_COMPLETE)
			return -EPROTO;
		fake_hsm.result[fake_hsm.next_step - 1] = value_of(slot);
		fake_hsm.busy = false;
	}
	if (!fake_hsm.busy && fake_hsm.next_step < fake_hsm.nr_steps) {
		make_request(&fake_hsm.step[fake_hsm.next_step++]);
		*ready = 1;
		return 0;
	}
	if (fake_hsm.when_idle)
		fake_hsm.when_idle();
	if (fake_hsm.state.state == Q_VM_STOPPED && fake_hsm.page->req_slot[0].state_seq == 0) {
		fake_hsm.page->req_slot[0].state_seq = 1;
		*ready = 0;
		return 0;
	}
	pause();
	return -EINTR;
}

int hsm_vm_state(struct hsm *hsm, struct hc_q_vm_state *state)
{
	(void)hsm;
	*state = fake_hsm.state;
	return 0;
}

/* Every second id is used, as without hyper-threading; unless fake_hsm.no_cpus. */
int hsm_cpus(struct hsm *hsm, struct hc_q_cpus *cpus)
{
	(void)hsm;
	if (fake_hsm.no_cpus)
		return -ENOTTY;
	*cpus = (struct hc_q_cpus){ .nr = 8 };
	for (uint32_t i = 0; i < cpus->nr; i++)
		cpus->apic_id[i] = 2 * i;
	return 0;
}

/* Each vCPU halts half of the time, and lets others run a tenth. */
int hsm_vcpu_stats(struct hsm *hsm, uint16_t vmid, uint32_t vcpu_id, struct hc_q_vcpu_stats *stats)
{
	struct timespec t;
	uint64_t now;

	(void)hsm;
	if (fake_hsm.vcpu_stats_err)
		return fake_hsm.vcpu_stats_err;
	clock_gettime(CLOCK_MONOTONIC, &t);
	now = t.tv_sec * 1000000000ull + t.tv_nsec;
	*stats = (struct hc_q_vcpu_stats){ .which = vmid, .vcpu_id = vcpu_id, .pcpu_id = vcpu_id + 1, .time_ns = now,
					   .run_ns = now / 2, .wait_ns = now / 10, .exits = now / 1000 };
	return 0;
}

int hsm_ioeventfd(struct hsm *hsm, const struct ioevent *ev, bool assign)
{
	(void)hsm, (void)ev;
	fake_hsm.nr_ioeventfds += assign ? 1 : -1;
	return 0;
}

int hsm_irqfd(struct hsm *hsm, int fd, uint64_t addr, uint32_t data, bool assign)
{
	(void)hsm, (void)fd, (void)addr, (void)data, (void)assign;
	return 0;
}

int hsm_intr_counts(struct hsm *hsm, uint64_t *words, unsigned int *nr)
{
	(void)hsm;
	if (fake_hsm.intr_err)
		return fake_hsm.intr_err;
	memcpy(words, fake_hsm.intr, sizeof(fake_hsm.intr));
	*nr = fake_hsm.nr_intr;
	return 0;
}

int hsm_intr_delay(struct hsm *hsm, uint64_t ms)
{
	(void)hsm;
	fake_hsm.nr_delays++;
	if (!fake_hsm.delay_err)
		fake_hsm.delay_ms = ms;
	return fake_hsm.delay_err;
}

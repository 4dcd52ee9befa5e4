/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The functions of devicemodel/core/hsm.h on Linux's KVM: acrn-dm linked with this instead of core/hsm.c
 * (make build/acrn-dm-kvm) runs its guest in KVM, so that devices, tables and loaders can be tried with real
 * kernels where there is no hypervisor. KVM supplies the APICs and PICs; everything else is acrn-dm's.
 * The environment variable NR_VCPUS gives the number of virtual CPUs, default 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/hsm.h"
#include "core/ioevent.h"
#include "core/layout.h"
#include "public/ioreq.h"
#include "public/irq.h"
#include "public/vm.h"

#define MAX_CPUID	256
#define CPUID_HYPERVISOR	0x40000000u
#define CPUID_TOPOLOGY	0xBu
#define CF8		0xCF8
#define CFC		0xCFC

/* What a reset restores. */
struct saved {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_lapic_state lapic;
	struct kvm_mp_state mp;
	struct kvm_vcpu_events events;
};

struct vcpu {
	int id, fd;
	struct kvm_run *run;
	pthread_t thread;
	sem_t done;			/* its request is complete */
	struct saved saved;
};

static int kvm_fd = -1, vm_fd = -1;
static int nr_vcpus, nr_slots;
static bool running;
static struct vcpu vcpus[IOREQ_SLOTS];
static struct acrn_io_request_buffer *page;
static atomic_uint pending;
static atomic_int stopping;
static sem_t work;
static uint32_t cf8;
static struct hc_q_vm_state vm_state;

static int call(int fd, unsigned long request, const void *arg)
{
	int r = ioctl(fd, request, arg);

	return r < 0 ? -errno : r;
}

/* GSI n is pin n of the I/O APIC and of the PICs, but GSI 2 is IRQ 0 there. */
static int set_routing(void)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry[2 * LAYOUT_NR_GSI];
	} r = { 0 };

	for (unsigned int gsi = 0; gsi < LAYOUT_NR_GSI; gsi++) {
		unsigned int irq = gsi == LAYOUT_GSI_TIMER ? 0 : gsi;

		r.entry[r.head.nr++] = (struct kvm_irq_routing_entry){
			.gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP,
			.u.irqchip = { .irqchip = KVM_IRQCHIP_IOAPIC, .pin = gsi },
		};
		if (gsi == 0 || gsi >= 16)
			continue;
		r.entry[r.head.nr++] = (struct kvm_irq_routing_entry){
			.gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP,
			.u.irqchip = { .irqchip = irq < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE, .pin = irq & 7 },
		};
	}
	return call(vm_fd, KVM_SET_GSI_ROUTING, &r);
}

int hsm_open(struct hsm *hsm)
{
	int err;

	kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm_fd < 0)
		return -errno;
	vm_fd = call(kvm_fd, KVM_CREATE_VM, NULL);
	if (vm_fd < 0)
		return vm_fd;
	err = call(vm_fd, KVM_SET_TSS_ADDR, (void *)0xFFFBD000ul);
	if (!err)
		err = call(vm_fd, KVM_CREATE_IRQCHIP, NULL);
	if (!err)
		err = set_routing();
	sem_init(&work, 0, 0);
	hsm->fd = vm_fd;
	return err;
}

void hsm_close(struct hsm *hsm)
{
	close(vm_fd);
	close(kvm_fd);
	hsm->fd = -1;
}

/* The host's CPUID without KVM's own leaves: a guest of ours sees no paravirtual clock. */
static int set_cpuid(struct vcpu *v)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[MAX_CPUID];
	} c = { .head.nent = MAX_CPUID };
	unsigned int n = 0;
	int err = call(kvm_fd, KVM_GET_SUPPORTED_CPUID, &c);

	for (unsigned int i = 0; !err && i < c.head.nent; i++) {
		struct kvm_cpuid_entry2 e = c.entry[i];

		if ((e.function & 0xFF000000) == CPUID_HYPERVISOR || e.function == CPUID_TOPOLOGY)
			continue;
		if (e.function == 1) {
			e.ebx = (e.ebx & 0xFFFF) | nr_vcpus << 16 | v->id << 24;
			e.ecx |= 1u << 31 | 1u << 24;	/* hypervisor present, TSC deadline timer */
		}
		c.entry[n++] = e;
	}
	c.head.nent = n;
	return err ? err : call(v->fd, KVM_SET_CPUID2, &c);
}

static void save(struct vcpu *v)
{
	call(v->fd, KVM_GET_REGS, &v->saved.regs);
	call(v->fd, KVM_GET_SREGS, &v->saved.sregs);
	call(v->fd, KVM_GET_LAPIC, &v->saved.lapic);
	call(v->fd, KVM_GET_MP_STATE, &v->saved.mp);
	call(v->fd, KVM_GET_VCPU_EVENTS, &v->saved.events);
}

static int create_vcpu(struct vcpu *v, int id)
{
	int size = call(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, NULL);
	int err;

	v->id = id;
	v->fd = call(vm_fd, KVM_CREATE_VCPU, (void *)(long)id);
	if (v->fd < 0)
		return v->fd;
	v->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED)
		return -errno;
	sem_init(&v->done, 0, 0);
	err = set_cpuid(v);
	save(v);
	return err;
}

int hsm_vm_create(struct hsm *hsm, struct hsm_vm_params *params)
{
	const char *n = getenv("NR_VCPUS");
	int err = 0;

	(void)hsm;
	nr_vcpus = n ? atoi(n) : 2;
	if (nr_vcpus < 1 || nr_vcpus > (int)IOREQ_SLOTS)
		return -EINVAL;
	page = params->ioreq_page;
	for (int i = 0; i < nr_vcpus && !err; i++)
		err = create_vcpu(&vcpus[i], i);
	params->vmid = 1;
	params->nr_vcpus = nr_vcpus;
	return err;
}

/* Hand the slot to the device model and wait for the answer, or for a pause. */
static void submit(struct vcpu *v, struct acrn_io_request *slot)
{
	slot->processed = IOREQ_PROCESSING;
	atomic_fetch_or(&pending, 1u << v->id);
	sem_post(&work);
	while (sem_wait(&v->done) < 0 && !stopping)
		;
}

/* CF8 and CFC become configuration cycles, as in the kernel module. */
static void port_access(struct vcpu *v, uint16_t port, void *data, unsigned int size, bool write)
{
	struct acrn_io_request *slot = &page->req_slot[v->id];
	uint32_t value = 0;

	if (port == CF8 && size == 4) {
		memcpy(write ? (void *)&cf8 : data, write ? data : (void *)&cf8, 4);
		return;
	}
	if (write)
		memcpy(&value, data, size);
	memset(&slot->reqs, 0, sizeof(slot->reqs));
	if (port >= CFC && port < CFC + 4 && cf8 >> 31) {
		slot->type = IOREQ_TYPE_PCICFG;
		slot->reqs.pci_request.bus = cf8 >> 16 & 0xFF;
		slot->reqs.pci_request.dev = cf8 >> 11 & 0x1F;
		slot->reqs.pci_request.func = cf8 >> 8 & 7;
		slot->reqs.pci_request.reg = (cf8 & 0xFC) + (port & 3);
	} else {
		slot->type = IOREQ_TYPE_PORTIO;
		slot->reqs.pio_request.address = port;
	}
	slot->reqs.pio_request.direction = write;
	slot->reqs.pio_request.size = size;
	slot->reqs.pio_request.value = value;
	submit(v, slot);
	if (!write)
		memcpy(data, &slot->reqs.pio_request.value, size);
}

static void memory_access(struct vcpu *v)
{
	struct acrn_io_request *slot = &page->req_slot[v->id];
	struct acrn_mmio_request *r = &slot->reqs.mmio_request;

	memset(&slot->reqs, 0, sizeof(slot->reqs));
	slot->type = IOREQ_TYPE_MMIO;
	r->direction = v->run->mmio.is_write;
	r->address = v->run->mmio.phys_addr;
	r->size = v->run->mmio.len;
	if (v->run->mmio.is_write)
		memcpy(&r->value, v->run->mmio.data, r->size);
	submit(v, slot);
	memcpy(v->run->mmio.data, &r->value, sizeof(r->value));
}

static void stopped(struct vcpu *v, unsigned int reason, const char *why)
{
	vm_state = (struct hc_q_vm_state){ .state = Q_VM_STOPPED, .reason = reason, .vcpu_id = v->id };
	snprintf(vm_state.why, sizeof(vm_state.why), "%s", why);
	page->req_slot[0].state_seq++;
	sem_post(&work);
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *v = arg;

	while (!stopping) {
		uint8_t *data;
		int err = call(v->fd, KVM_RUN, NULL);

		if (err == -EINTR || err == -EAGAIN)
			continue;
		if (err < 0) {
			stopped(v, Q_STOP_CRASHED, strerror(-err));
			break;
		}
		switch (v->run->exit_reason) {
		case KVM_EXIT_IO:
			data = (uint8_t *)v->run + v->run->io.data_offset;
			for (unsigned int i = 0; i < v->run->io.count && !stopping; i++, data += v->run->io.size)
				port_access(v, v->run->io.port, data, v->run->io.size, v->run->io.direction);
			break;
		case KVM_EXIT_MMIO:
			memory_access(v);
			break;
		case KVM_EXIT_SHUTDOWN:
			stopped(v, Q_STOP_TRIPLE_FAULT, "");
			return NULL;
		default:
			stopped(v, Q_STOP_CRASHED, "unexpected KVM exit");
			return NULL;
		}
	}
	return NULL;
}

static void nothing(int signo)
{
	(void)signo;
}

int hsm_vm_start(struct hsm *hsm)
{
	struct sigaction sa = { .sa_handler = nothing };

	(void)hsm;
	sigaction(SIGUSR2, &sa, NULL);
	stopping = 0;
	running = true;
	for (int i = 0; i < nr_vcpus; i++)
		if (pthread_create(&vcpus[i].thread, NULL, vcpu_thread, &vcpus[i]))
			return -EAGAIN;
	return 0;
}

int hsm_vm_pause(struct hsm *hsm)
{
	(void)hsm;
	if (!running)
		return 0;
	running = false;
	stopping = 1;
	for (int i = 0; i < nr_vcpus; i++) {
		vcpus[i].run->immediate_exit = 1;
		/* The signal may come just before KVM_RUN or sem_wait(): so again and again. */
		while (pthread_tryjoin_np(vcpus[i].thread, NULL) != 0) {
			sem_post(&vcpus[i].done);
			pthread_kill(vcpus[i].thread, SIGUSR2);
			usleep(1000);
		}
		vcpus[i].run->immediate_exit = 0;
	}
	return 0;
}

int hsm_vm_reset(struct hsm *hsm)
{
	(void)hsm;
	for (int i = 0; i < nr_vcpus; i++) {
		struct vcpu *v = &vcpus[i];

		call(v->fd, KVM_SET_MP_STATE, &v->saved.mp);
		call(v->fd, KVM_SET_SREGS, &v->saved.sregs);
		call(v->fd, KVM_SET_REGS, &v->saved.regs);
		call(v->fd, KVM_SET_LAPIC, &v->saved.lapic);
		call(v->fd, KVM_SET_VCPU_EVENTS, &v->saved.events);
	}
	vm_state = (struct hc_q_vm_state){ .state = Q_VM_CREATED };
	return 0;
}

int hsm_vm_destroy(struct hsm *hsm)
{
	(void)hsm;
	for (int i = 0; i < nr_vcpus; i++)
		close(vcpus[i].fd);
	return 0;
}

static struct kvm_segment data_segment(uint16_t selector)
{
	return (struct kvm_segment){
		.limit = UINT32_MAX, .selector = selector, .type = 3, .present = 1, .db = 1, .s = 1, .g = 1,
	};
}

int hsm_vcpu_set_regs(struct hsm *hsm, const struct acrn_vcpu_regs *arg)
{
	const struct acrn_regs *r = &arg->vcpu_regs;
	struct kvm_regs regs = {
		.rax = r->gprs.rax, .rbx = r->gprs.rbx, .rsi = r->gprs.rsi, .rip = r->rip, .rflags = r->rflags,
	};
	struct kvm_sregs s;
	int err = call(vcpus[0].fd, KVM_GET_SREGS, &s);

	(void)hsm;
	if (err)
		return err;
	s.cs = (struct kvm_segment){
		.base = r->cs_base, .limit = r->cs_limit, .selector = r->cs_sel, .type = r->cs_ar & 15,
		.s = r->cs_ar >> 4 & 1, .present = r->cs_ar >> 7 & 1, .db = r->cs_ar >> 14 & 1, .g = r->cs_ar >> 15 & 1,
	};
	s.ds = s.es = s.ss = s.fs = s.gs = data_segment(r->ds_sel);
	s.gdt.base = r->gdt.base;
	s.gdt.limit = r->gdt.limit;
	s.cr0 = r->cr0;
	s.cr3 = r->cr3;
	s.cr4 = r->cr4;
	s.efer = r->ia32_efer;
	err = call(vcpus[0].fd, KVM_SET_SREGS, &s);
	return err ? err : call(vcpus[0].fd, KVM_SET_REGS, &regs);
}

int hsm_mem_map(struct hsm *hsm, uint64_t gpa, void *hva, uint64_t size)
{
	struct kvm_userspace_memory_region m = {
		.slot = nr_slots++, .guest_phys_addr = gpa, .memory_size = size, .userspace_addr = (uintptr_t)hva,
	};

	(void)hsm;
	return call(vm_fd, KVM_SET_USER_MEMORY_REGION, &m);
}

/* A size of 0 removes a slot; KVM wants to know which. */
int hsm_mem_unmap(struct hsm *hsm, uint64_t gpa, uint64_t size)
{
	(void)hsm, (void)gpa, (void)size;
	return -ENOTTY;
}

int hsm_vdev_create(struct hsm *hsm, const struct acrn_vdev *vdev)
{
	(void)hsm, (void)vdev;
	return -ENOTTY;
}

int hsm_vdev_destroy(struct hsm *hsm, const struct acrn_vdev *vdev)
{
	(void)hsm, (void)vdev;
	return -ENOTTY;
}

int hsm_irq_line(struct hsm *hsm, unsigned int gsi, unsigned int op)
{
	struct kvm_irq_level line = { .irq = gsi, .level = op == IRQLINE_SET_HIGH || op == IRQLINE_RAISING_PULSE };
	int err = call(vm_fd, KVM_IRQ_LINE, &line);

	(void)hsm;
	if (err < 0 || op != IRQLINE_RAISING_PULSE)
		return err;
	line.level = 0;
	return call(vm_fd, KVM_IRQ_LINE, &line);
}

int hsm_irq_msi(struct hsm *hsm, uint64_t addr, uint32_t data)
{
	struct kvm_msi msi = { .address_lo = addr, .address_hi = addr >> 32, .data = data };
	int r = call(vm_fd, KVM_SIGNAL_MSI, &msi);

	(void)hsm;
	return r < 0 ? r : 0;
}

int hsm_ioreq_open(struct hsm *hsm)
{
	(void)hsm;
	return 0;
}

void hsm_ioreq_close(struct hsm *hsm)
{
	(void)hsm;
}

int hsm_ioreq_clear(struct hsm *hsm)
{
	(void)hsm;
	pending = 0;
	for (int i = 0; i < nr_vcpus; i++) {
		page->req_slot[i].processed = IOREQ_FREE;
		while (sem_trywait(&vcpus[i].done) == 0)
			;
	}
	return 0;
}

int hsm_ioreq_next(struct hsm *hsm, uint16_t vmid, uint32_t done, uint32_t *ready)
{
	(void)hsm, (void)vmid;
	for (int i = 0; i < nr_vcpus; i++)
		if (done >> i & 1)
			sem_post(&vcpus[i].done);
	if (sem_wait(&work) < 0)
		return -errno;
	*ready = atomic_exchange(&pending, 0);
	return 0;
}

int hsm_vm_state(struct hsm *hsm, struct hc_q_vm_state *state)
{
	(void)hsm;
	*state = vm_state;
	return 0;
}

int hsm_cpus(struct hsm *hsm, struct hc_q_cpus *cpus)
{
	(void)hsm, (void)cpus;
	return -ENOTTY;
}

int hsm_vcpu_stats(struct hsm *hsm, uint16_t vmid, uint32_t vcpu_id, struct hc_q_vcpu_stats *stats)
{
	(void)hsm, (void)vmid, (void)vcpu_id, (void)stats;
	return -ENOTTY;
}

int hsm_ioeventfd(struct hsm *hsm, const struct ioevent *ev, bool assign)
{
	struct kvm_ioeventfd k = {
		.datamatch = ev->data, .addr = ev->addr, .len = ev->len, .fd = ev->fd,
		.flags = (ev->space == BUS_PIO ? KVM_IOEVENTFD_FLAG_PIO : 0) |
			 (ev->match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0) | (assign ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN),
	};

	(void)hsm;
	return call(vm_fd, KVM_IOEVENTFD, &k);
}

int hsm_intr_counts(struct hsm *hsm, uint64_t *words, unsigned int *nr)
{
	(void)hsm, (void)words;
	*nr = 0;
	return 0;
}

int hsm_intr_delay(struct hsm *hsm, uint64_t ms)
{
	(void)hsm, (void)ms;
	return -ENOTTY;
}

int hsm_irqfd(struct hsm *hsm, int fd, uint64_t addr, uint32_t data, bool assign)
{
	(void)hsm, (void)fd, (void)addr, (void)data, (void)assign;
	return -ENOTTY;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* See victim.h. */
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE_GPA	0x1000u
#define GDT_GPA		0x2000u
#define SLOT_TRIES	20000

/* 32-bit code: IN EAX from the PM timer's port, read and write the HPET's counter, for ever. */
static const uint8_t code[] = {
	0xba, 0x08, 0x04, 0x00, 0x00,
	0xed,
	0xa1, 0xf0, 0x00, 0xd0, 0xfe,
	0xa3, 0xf0, 0x00, 0xd0, 0xfe,
	0xeb, 0xf3,
};

static unsigned int nr_failed;
static uint64_t random_state;

void check(bool ok, const char *fmt, ...)
{
	va_list ap;

	if (ok)
		return;
	nr_failed++;
	printf("tamper: FAIL ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

bool all_checked_ok(void)
{
	return nr_failed == 0;
}

long hsm_call(const struct victim *v, unsigned long request, uintptr_t arg)
{
	int r = ioctl(v->fd, request, arg);

	return r < 0 ? -errno : r;
}

void refused(const char *what, long result, int errnum)
{
	if (errnum)
		check(result == -errnum, "%s: answered %ld (%s), expected %d (%s)", what, result,
		      result < 0 ? strerror(-result) : "granted", -errnum, strerror(errnum));
	else
		check(result < 0, "%s: was granted", what);
}

void granted(const char *what, long result)
{
	check(result >= 0, "%s: refused, %s", what, strerror(-result));
}

static void *memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("tamper: mmap");
		exit(1);
	}
	return p;
}

void victim_open(struct victim *v)
{
	v->fd = open(HSM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (v->fd < 0) {
		perror("tamper: " HSM_DEVICE_PATH);
		exit(1);
	}
	v->page = memory(PAGE_BYTES);
	v->ram = memory(VICTIM_RAM);
}

void victim_close(struct victim *v)
{
	if (v->fd >= 0)
		close(v->fd);
	munmap(v->page, PAGE_BYTES);
	munmap(v->ram, VICTIM_RAM);
	v->fd = -1;
}

struct acrn_vm_creation victim_creation(const struct victim *v)
{
	return (struct acrn_vm_creation) {
		.name = VICTIM_NAME,
		.ioreq_buf = (uintptr_t)v->page,
		.cpu_affinity = VICTIM_CPUS,
	};
}

long victim_create(struct victim *v)
{
	struct acrn_vm_creation c = victim_creation(v);

	return hsm_call(v, HSM_IOC_CREATE_VM, (uintptr_t)&c);
}

long victim_set_ram(struct victim *v)
{
	/* Null, null, flat code, flat data. */
	const uint64_t gdt[4] = { 0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff };
	struct acrn_vm_memmap m = {
		.type = MEMMAP_RAM, .attr = 7, .vma_base = (uintptr_t)v->ram, .len = VICTIM_RAM,
	};

	memcpy(v->ram + CODE_GPA, code, sizeof(code));
	memcpy(v->ram + GDT_GPA, gdt, sizeof(gdt));
	return hsm_call(v, HSM_IOC_SET_MEMSEG, (uintptr_t)&m);
}

long victim_set_regs(struct victim *v)
{
	struct acrn_vcpu_regs regs = { 0 };
	struct acrn_regs *r = &regs.vcpu_regs;

	r->rip = CODE_GPA;
	r->gdt.base = GDT_GPA;
	r->gdt.limit = 31;
	r->cr0 = 0x31;
	r->rflags = 2;
	r->cs_ar = 0xc09b;
	r->cs_limit = UINT32_MAX;
	r->cs_sel = 0x10;
	r->ss_sel = r->ds_sel = r->es_sel = r->fs_sel = r->gs_sel = 0x18;
	return hsm_call(v, HSM_IOC_SET_VCPU_REGS, (uintptr_t)&regs);
}

void victim_run(struct victim *v)
{
	granted("create", victim_create(v));
	granted("memory", victim_set_ram(v));
	granted("registers", victim_set_regs(v));
	granted("client", hsm_call(v, HSM_IOC_CREATE_IOREQ_CLIENT, 0));
	granted("start", hsm_call(v, HSM_IOC_START_VM, 0));
}

uint32_t victim_state(const struct victim *v)
{
	struct hc_q_vm_state state = { 0 };

	granted("state", hsm_call(v, HSM_IOC_Q_VM_STATE, (uintptr_t)&state));
	return state.state;
}

bool victim_wait_slot(const struct victim *v, uint32_t state)
{
	const uint32_t *processed = &v->page->req_slot[0].processed;
	int i;

	for (i = 0; i < SLOT_TRIES; i++) {
		if (__atomic_load_n(processed, __ATOMIC_ACQUIRE) == state)
			return true;
		usleep(50);
	}
	return false;
}

void victim_proves_itself(const char *after)
{
	struct victim v;
	int i;

	victim_open(&v);
	victim_run(&v);
	for (i = 0; i < 6; i++) {
		struct acrn_ioreq_notify done = { .vcpu = 0 };

		granted("wait for a request", hsm_call(&v, HSM_IOC_ATTACH_IOREQ_CLIENT, 0));
		if (v.page->req_slot[0].processed != IOREQ_PROCESSING)
			break;
		__atomic_store_n(&v.page->req_slot[0].processed, IOREQ_COMPLETE, __ATOMIC_RELEASE);
		granted("finish a request", hsm_call(&v, HSM_IOC_NOTIFY_REQUEST_FINISH, (uintptr_t)&done));
	}
	check(i == 6, "after %s a correct VM made %d requests, expected 6", after, i);
	granted("destroy", hsm_call(&v, HSM_IOC_DESTROY_VM, 0));
	victim_close(&v);
}

void random_seed(uint64_t seed)
{
	random_state = seed ? seed : 1;
}

/* xorshift64*: quick, and the same numbers for the same seed. */
uint64_t random_u64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

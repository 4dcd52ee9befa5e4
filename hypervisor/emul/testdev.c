/* SPDX-License-Identifier: BSD-3-Clause */
/* In-guest test device, see public/testdev.h for what the guest sees. */
#include "emul/testdev.h"

#include "io/region.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "public/testdev.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "vm/vm.h"

struct record {
	uint32_t info, address, sequence, vcpu_id;
	uint64_t value;
};

struct testdev {
	struct vm *vm;				/* (o) */
	struct spinlock lock;
	struct record record[TESTDEV_RECORDS];	/* [lock] access number n at (n - 1) % TESTDEV_RECORDS */
	uint32_t nr;				/* [lock] accesses since CLEAR */
	uint32_t reads, writes;			/* [lock] */
	uint32_t select;			/* [lock] */
	uint32_t msi_address;			/* [lock] */
	bool line_refused, msi_refused;		/* [lock] */
	uint8_t scratch[TESTDEV_SCRATCH_SIZE];	/* [lock] */
	uint8_t page[TESTDEV_MMIO_SIZE];	/* [lock] */
};

#define TESTDEV_PAGES	((uint32_t)PAGES(sizeof(struct testdev)))

static struct testdev *devices[MAX_VMS];	/* by vm_id; changed while the VM does not run */

static void note(struct testdev *t, const struct vcpu *vcpu, const struct io_access *acc, uint32_t address)
{
	struct record *r = &t->record[t->nr++ % TESTDEV_RECORDS];

	r->info = TESTDEV_INFO_VALID | acc->size | (acc->write ? TESTDEV_INFO_WRITE : 0) |
		  (acc->space == IO_PORT ? TESTDEV_INFO_PORT : 0);
	r->address = address;
	r->sequence = t->nr;
	r->vcpu_id = vcpu->vcpu_id;
	r->value = acc->value;
	if (acc->write)
		t->writes++;
	else
		t->reads++;
}

/* Storage of `size` bytes at `mem`; what would reach over its end is not done and reads as ones. */
static void storage(uint8_t *mem, uint64_t size, uint64_t offset, struct io_access *acc)
{
	if (!range_fits(offset, acc->size, size) || acc->size > sizeof(acc->value)) {
		if (!acc->write)
			acc->value = acc->size >= 8 ? ~0ul : (1ul << (8 * acc->size)) - 1;
	} else if (acc->write) {
		memcpy(mem + offset, &acc->value, acc->size);
	} else {
		acc->value = 0;
		memcpy(&acc->value, mem + offset, acc->size);
	}
}

static int mmio(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	struct testdev *t = dev;
	uint64_t offset = acc->addr - TESTDEV_MMIO_BASE;

	spin_lock(&t->lock);
	storage(t->page, sizeof(t->page), offset, acc);
	note(t, vcpu, acc, (uint32_t)offset);
	spin_unlock(&t->lock);
	return IO_DONE;
}

/* ---- registers ---- */

/* Access `n` counted back from the newest. */
static uint32_t read_record(const struct testdev *t, uint32_t n, uint32_t field)
{
	const struct record *r;

	if (n >= t->nr)
		return 0;
	r = &t->record[(t->nr - 1 - n) % TESTDEV_RECORDS];
	switch (field) {
	case TESTDEV_INFO:
		return r->info;
	case TESTDEV_ADDRESS:
		return r->address;
	case TESTDEV_VALUE:
		return (uint32_t)r->value;
	case TESTDEV_VALUE_HIGH:
		return (uint32_t)(r->value >> 32);
	case TESTDEV_SEQUENCE:
		return r->sequence;
	case TESTDEV_VCPU:
		return r->vcpu_id;
	default:
		return 0;
	}
}

static uint32_t read_register(const struct testdev *t)
{
	if (t->select < TESTDEV_RECORD(TESTDEV_RECORDS, 0))
		return read_record(t, t->select / 8, t->select % 8);
	switch (t->select) {
	case TESTDEV_ID:
		return TESTDEV_MAGIC;
	case TESTDEV_READS:
		return t->reads;
	case TESTDEV_WRITES:
		return t->writes;
	case TESTDEV_LINE:
		return t->line_refused;
	case TESTDEV_MSI_ADDRESS:
		return t->msi_address;
	case TESTDEV_MSI_DATA:
		return t->msi_refused;
	default:
		return 0;
	}
}

static void write_register(struct testdev *t, uint32_t value)
{
	switch (t->select) {
	case TESTDEV_CLEAR:
		t->nr = t->reads = t->writes = 0;
		break;
	case TESTDEV_LINE:
		t->line_refused = virq_line(t->vm, TESTDEV_LINE_GSI(value), value & TESTDEV_LINE_ASSERT) != 0;
		break;
	case TESTDEV_MSI_ADDRESS:
		t->msi_address = value;
		break;
	case TESTDEV_MSI_DATA:
		t->msi_refused = virq_msi(t->vm, t->msi_address, value) != 0;
		break;
	case TESTDEV_NMI:
		if (value < t->vm->nr_vcpus)
			virq_nmi(t->vm->vcpus[value]);
		break;
	default:
		break;
	}
}

static uint64_t narrow(uint64_t value, uint8_t size)
{
	return size >= 8 ? value : value & ((1ul << (8 * size)) - 1);
}

static void control_port(struct testdev *t, uint32_t port, struct io_access *acc)
{
	if (port == TESTDEV_SELECT && acc->write)
		t->select = (uint32_t)narrow(acc->value, acc->size);
	else if (port == TESTDEV_SELECT)
		acc->value = narrow(t->select, acc->size);
	else if (port == TESTDEV_DATA && acc->write)
		write_register(t, (uint32_t)narrow(acc->value, acc->size));
	else if (port == TESTDEV_DATA)
		acc->value = narrow(read_register(t), acc->size);
	else if (!acc->write)
		acc->value = narrow(~0ul, acc->size);
}

static int ports(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	struct testdev *t = dev;
	uint32_t port = (uint32_t)(acc->addr - TESTDEV_PORT);

	spin_lock(&t->lock);
	if (port < TESTDEV_SCRATCH) {
		control_port(t, port, acc);
	} else {
		storage(t->scratch, sizeof(t->scratch), port - TESTDEV_SCRATCH, acc);
		note(t, vcpu, acc, (uint32_t)acc->addr);
	}
	spin_unlock(&t->lock);
	return IO_DONE;
}

/* ---- life ---- */

int testdev_create(struct vm *vm)
{
	struct testdev *t;
	int err;

	if (devices[vm->vm_id])
		return ERR(-EEXIST);
	t = frame_get(TESTDEV_PAGES);
	if (!t)
		return ERR(-ENOMEM);
	t->vm = vm;
	err = io_region_add(vm, &(struct io_region){ IO_MMIO, TESTDEV_MMIO_BASE, TESTDEV_MMIO_SIZE, mmio, t });
	if (err)
		goto undo_frames;
	err = io_region_add(vm, &(struct io_region){ IO_PORT, TESTDEV_PORT, TESTDEV_NR_PORTS, ports, t });
	if (err)
		goto undo_mmio;
	devices[vm->vm_id] = t;
	return 0;

undo_mmio:
	io_region_remove(vm, IO_MMIO, TESTDEV_MMIO_BASE);
undo_frames:
	frame_put(t, TESTDEV_PAGES);
	return err;
}

void testdev_destroy(struct vm *vm)
{
	struct testdev *t = devices[vm->vm_id];

	if (!t)
		return;
	io_region_remove(vm, IO_MMIO, TESTDEV_MMIO_BASE);
	io_region_remove(vm, IO_PORT, TESTDEV_PORT);
	devices[vm->vm_id] = NULL;
	frame_put(t, TESTDEV_PAGES);
}

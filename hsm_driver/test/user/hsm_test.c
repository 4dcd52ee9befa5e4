// SPDX-License-Identifier: GPL-2.0
/*
 * Test of the kernel module against the fake hypervisor. It is the init program
 * of a virtual machine: loads fake_hsm.ko, plays device model and guest, prints
 * PASS or FAIL per case and a line with the sums, and powers off.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "public/hsm_ioctl.h"
#include "public/ioreq.h"
#include "public/hypercall.h"
#include "public/mem.h"
#include "public/trace.h"
#include "fake_hv.h"
#include "hsm_test.h"

static int passed, failed;
int fake = -1, case_bad;

/* What the fake hypervisor says of VM id, vCPU vcpu. */
struct fake_cmd stats(uint32_t id, uint32_t vcpu)
{
	struct fake_cmd c = { .op = FAKE_STATS, .vm = id, .vcpu = vcpu };

	if (ioctl(fake, FAKE_IOC, &c))
		perror("fake_hv stats");
	return c;
}

/* Kinds of access: type in bit 1, direction in bit 0. */
enum { PORT_READ, PORT_WRITE, MMIO_READ, MMIO_WRITE };

static uint32_t taken;	/* the last access went into the ring: it is no request */

/* vCPU 0 makes an access. */
static int post(const struct dm *dm, int kind, uint64_t addr, uint64_t size, uint64_t value)
{
	struct fake_cmd c = { .op = FAKE_POST, .vm = dm->vm.vmid, .type = kind >> 1,
			      .direction = kind & 1, .addr = addr, .size = size, .value = value };
	int ret = ioctl(fake, FAKE_IOC, &c);

	taken = c.taken;
	return ret;
}

static void fail_next(uint32_t id, int err)
{
	struct fake_cmd c = { .op = FAKE_FAIL, .vm = 1, .addr = id, .value = err };

	EXPECT(ioctl(fake, FAKE_IOC, &c) == 0);
}

static long vmstat(const char *key)
{
	char line[128];
	long value = -1;
	FILE *f = fopen("/proc/vmstat", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ' ')
			value = atol(line + strlen(key));
	if (f)
		fclose(f);
	return value;
}

/* Pages pinned by anybody now. */
static long pinned(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY);

	/* The counters are kept per CPU; this sums them up. */
	EXPECT(write(fd, "1", 1) == 1);
	close(fd);
	return vmstat("nr_foll_pin_acquired") - vmstat("nr_foll_pin_released");
}

static int dm_open(struct dm *dm)
{
	memset(dm, 0, sizeof(*dm));
	dm->fd = open("/dev/acrn_hsm", O_RDWR | O_CLOEXEC);
	dm->slots = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy((char *)dm->vm.name, "test");
	dm->vm.ioreq_buf = (uintptr_t)dm->slots;
	if (dm->fd < 0 || ioctl(dm->fd, HSM_IOC_CREATE_VM, &dm->vm))
		return -1;
	return 0;
}

int dm_run(struct dm *dm)
{
	return dm_open(dm) || ioctl(dm->fd, HSM_IOC_CREATE_IOREQ_CLIENT, 0) ||
	       ioctl(dm->fd, HSM_IOC_START_VM, 0);
}

void dm_close(struct dm *dm)
{
	close(dm->fd);
	munmap(dm->slots, 4096);
}

static int notify(const struct dm *dm, uint32_t vcpu)
{
	struct acrn_ioreq_notify n = { .vcpu = vcpu };

	return ioctl(dm->fd, HSM_IOC_NOTIFY_REQUEST_FINISH, &n);
}

static int memseg(const struct dm *dm, unsigned long cmd, uint64_t gpa, void *base, uint64_t len)
{
	struct acrn_vm_memmap m = { .type = MEMMAP_RAM, .attr = MEM_ACCESS_RWX,
				    .user_vm_pa = gpa, .vma_base = (uintptr_t)base, .len = len };

	return ioctl(dm->fd, cmd, &m);
}

static void test_life(void)
{
	struct acrn_vm_creation bad = { .name = "x", .reserved0 = 1 };
	struct dm dm;
	int fd = open("/dev/acrn_hsm", O_RDWR);

	EXPECT_ERR(ioctl(fd, HSM_IOC_START_VM, 0), EINVAL);
	EXPECT_ERR(ioctl(fd, HSM_IOC_ATTACH_IOREQ_CLIENT, 0), ENODEV);
	EXPECT_ERR(ioctl(fd, HSM_IOC_DESTROY_VM, 0), EINVAL);
	EXPECT_ERR(ioctl(fd, HSM_IOC_CREATE_VM, NULL), EFAULT);
	EXPECT_ERR(ioctl(fd, HSM_IOC_CREATE_VM, &bad), EINVAL);
	bad.reserved0 = 0;
	bad.ioreq_buf = 0x1001;
	EXPECT_ERR(ioctl(fd, HSM_IOC_CREATE_VM, &bad), EINVAL);
	bad.ioreq_buf = 0x1000;
	EXPECT_ERR(ioctl(fd, HSM_IOC_CREATE_VM, &bad), EFAULT);
	memset(bad.name, 'x', sizeof(bad.name));
	EXPECT_ERR(ioctl(fd, HSM_IOC_CREATE_VM, &bad), EINVAL);
	EXPECT_ERR(ioctl(fd, HSM_IOC_SETUP_ASYNCIO, 0), ENOTTY);
	EXPECT_ERR(ioctl(fd, 0xA2FF, 0), ENOTTY);
	close(fd);
	EXPECT(stats(1, 0).nr_vms == 0);

	EXPECT(dm_open(&dm) == 0);
	EXPECT(dm.vm.vmid == 1 && dm.vm.vcpu_num == 2);
	EXPECT(stats(1, 0).nr_vms == 1);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_CREATE_VM, &dm.vm), EBUSY);
	EXPECT(ioctl(dm.fd, HSM_IOC_START_VM, 0) == 0);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_RESET_VM, 0), EPERM);
	EXPECT(ioctl(dm.fd, HSM_IOC_PAUSE_VM, 0) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_RESET_VM, 0) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_DESTROY_VM, 0) == 0);
	EXPECT(stats(1, 0).nr_vms == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_CREATE_VM, &dm.vm) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_START_VM, 0) == 0);
	dm_close(&dm);	/* running, not paused */
	EXPECT(stats(1, 0).nr_vms == 0);
}

static void test_registers(void)
{
	struct acrn_vcpu_regs regs = { .vcpu_id = 0 };
	struct dm dm;

	EXPECT(dm_open(&dm) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_SET_VCPU_REGS, &regs) == 0);
	regs.vcpu_id = 2;
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_SET_VCPU_REGS, &regs), EINVAL);
	regs.vcpu_id = 0;
	regs.vcpu_regs.reserved_32[2] = 1;
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_SET_VCPU_REGS, &regs), EINVAL);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_SET_VCPU_REGS, 8), EFAULT);
	dm_close(&dm);
}

static void test_memory(void)
{
	const size_t len = 16 << 20;
	struct acrn_vm_memmap m = { .type = MEMMAP_MMIO, .attr = MEM_ACCESS_RWX,
				    .user_vm_pa = 0xE0000000, .service_vm_pa = 0x100000,
				    .len = 0x1000 };
	long before = pinned();
	char *ram = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct dm dm;

	EXPECT(dm_open(&dm) == 0);
	EXPECT(memseg(&dm, HSM_IOC_SET_MEMSEG, 0, ram, len) == 0);
	EXPECT(stats(1, 0).mapped == len);
	EXPECT(pinned() == before + 1 + (long)(len >> 12));
	EXPECT_ERR(memseg(&dm, HSM_IOC_SET_MEMSEG, len - 4096, ram, 8192), EEXIST);
	EXPECT_ERR(memseg(&dm, HSM_IOC_SET_MEMSEG, len, ram + 1, 4096), EINVAL);
	EXPECT_ERR(memseg(&dm, HSM_IOC_SET_MEMSEG, len, ram, 0), EINVAL);
	EXPECT_ERR(memseg(&dm, HSM_IOC_SET_MEMSEG, len, ram, ~0xfffull), EINVAL);
	EXPECT_ERR(memseg(&dm, HSM_IOC_SET_MEMSEG, len, (void *)-8192ul, 4096), EINVAL);
	EXPECT_ERR(memseg(&dm, HSM_IOC_UNSET_MEMSEG, 0, ram, len - 4096), ENOENT);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_SET_MEMSEG, &m), EPERM);	/* RAM as MMIO */
	m.service_vm_pa = 0xFEC00000;
	EXPECT(ioctl(dm.fd, HSM_IOC_SET_MEMSEG, &m) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_UNSET_MEMSEG, &m) == 0);
	m.type = 7;
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_SET_MEMSEG, &m), EINVAL);
	/* A hole behind the first pages: all or nothing. */
	munmap(ram + (8 << 20), 4096);
	EXPECT_ERR(memseg(&dm, HSM_IOC_SET_MEMSEG, 1ull << 32, ram, len), EFAULT);
	EXPECT(pinned() == before + 1 + (long)(len >> 12));
	/* The hypervisor refuses: unmapped and unpinned again. */
	fail_next(HC_VM_SET_MEMORY_REGIONS, ENOMEM);
	EXPECT_ERR(memseg(&dm, HSM_IOC_SET_MEMSEG, 1ull << 32, ram, 1 << 20), ENOMEM);
	EXPECT(pinned() == before + 1 + (long)(len >> 12));
	EXPECT(memseg(&dm, HSM_IOC_UNSET_MEMSEG, 0, ram, len) == 0);
	EXPECT(pinned() == before + 1);
	EXPECT(memseg(&dm, HSM_IOC_SET_MEMSEG, 0, ram, 1 << 20) == 0);
	dm_close(&dm);
	EXPECT(pinned() == before);
	munmap(ram, len);
}

static void test_destroy_refused(void)
{
	long before = pinned();
	char *ram = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct dm dm;

	EXPECT(dm_run(&dm) == 0);
	EXPECT(memseg(&dm, HSM_IOC_SET_MEMSEG, 0, ram, 1 << 20) == 0);
	fail_next(HC_DESTROY_VM, EPERM);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_DESTROY_VM, 0), EPERM);
	EXPECT(pinned() == before + 257);
	dm_close(&dm);
	EXPECT(pinned() == before);
	EXPECT(stats(1, 0).nr_vms == 0);
	munmap(ram, 1 << 20);
}

static void test_ioreq(void)
{
	struct acrn_io_request *slot;
	struct dm dm;

	EXPECT(dm_open(&dm) == 0);
	slot = dm.slots;
	/* Posted before there is a client: waits for it. */
	EXPECT(post(&dm, PORT_READ, 0x71, 1, 0) == 0);
	EXPECT(slot->processed == IOREQ_PENDING);
	EXPECT(ioctl(dm.fd, HSM_IOC_CREATE_IOREQ_CLIENT, 0) == 0);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_CREATE_IOREQ_CLIENT, 0), EEXIST);
	EXPECT(slot->processed == IOREQ_PROCESSING);
	EXPECT(ioctl(dm.fd, HSM_IOC_ATTACH_IOREQ_CLIENT, 0) == 0);
	slot->reqs.pio_request.value = 0x5A;
	__atomic_store_n(&slot->processed, IOREQ_COMPLETE, __ATOMIC_RELEASE);
	EXPECT_ERR(notify(&dm, 1), EINVAL);
	EXPECT_ERR(notify(&dm, 16), EINVAL);
	EXPECT_ERR(notify(&dm, ~0u), EINVAL);
	EXPECT(notify(&dm, 0) == 0);
	EXPECT(stats(1, 0).notifies == 1 && stats(1, 0).value == 0x5A);
	EXPECT(slot->processed == IOREQ_FREE);
	EXPECT_ERR(notify(&dm, 0), EINVAL);
	/* Finished in one call with the next wait; what is still PROCESSING stays. */
	EXPECT(post(&dm, PORT_READ, 0x71, 1, 0) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_Q_FINISH_AND_WAIT, 1) == 1);
	EXPECT(stats(1, 0).notifies == 1 && slot->processed == IOREQ_PROCESSING);
	alarm(1);
	slot->processed = IOREQ_COMPLETE;
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_Q_FINISH_AND_WAIT, 1), EINTR);
	EXPECT(stats(1, 0).notifies == 2 && slot->processed == IOREQ_FREE);
	/* A device model that leaves COMPLETE to the module. */
	EXPECT(post(&dm, MMIO_WRITE, 0xFEB00000, 8, 1) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_Q_FINISH_AND_WAIT, 0) == 1);
	EXPECT(notify(&dm, 0) == 0 && stats(1, 0).notifies == 3);
	/* CLEAR ends what is open; reads give ones. */
	EXPECT(post(&dm, MMIO_READ, 0xFEB00000, 8, 0) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_CLEAR_VM_IOREQ, 0) == 0);
	EXPECT(stats(1, 0).notifies == 4 && stats(1, 0).value == ~0ull);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_Q_FINISH_AND_WAIT, 1ul << 16), EINVAL);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_Q_FINISH_AND_WAIT, 1), EINVAL);
	EXPECT(ioctl(dm.fd, HSM_IOC_DESTROY_IOREQ_CLIENT, 0) == 0);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_ATTACH_IOREQ_CLIENT, 0), ENODEV);
	dm_close(&dm);
}

static void test_polling(void)
{
	struct fake_cmd c = { .op = FAKE_POST, .type = IOREQ_TYPE_PORTIO, .addr = 0x60,
			      .size = 1, .polling = 1 };
	struct dm dm;

	EXPECT(dm_run(&dm) == 0);
	c.vm = dm.vm.vmid;
	EXPECT(ioctl(fake, FAKE_IOC, &c) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_ATTACH_IOREQ_CLIENT, 0) == 0);
	/* The vCPU polls, goes on, and is back before the notify. */
	dm.slots->processed = IOREQ_FREE;
	EXPECT(ioctl(fake, FAKE_IOC, &c) == 0);
	EXPECT(dm.slots->processed == IOREQ_PROCESSING);
	EXPECT(notify(&dm, 0) == 0);
	EXPECT(dm.slots->processed == IOREQ_PROCESSING);
	EXPECT(ioctl(dm.fd, HSM_IOC_Q_FINISH_AND_WAIT, 0) == 1);
	dm.slots->processed = IOREQ_COMPLETE;
	EXPECT(notify(&dm, 0) == 0);
	EXPECT(stats(1, 0).notifies == 0);
	dm_close(&dm);
}

static void test_pci_ports(void)
{
	struct acrn_io_request *slot;
	struct dm dm;

	EXPECT(dm_run(&dm) == 0);
	slot = dm.slots;
	EXPECT(post(&dm, PORT_WRITE, 0xCF8, 4, 0x80010A10) == 0);
	EXPECT(slot->processed == IOREQ_FREE && stats(1, 0).notifies == 1);
	EXPECT(post(&dm, PORT_READ, 0xCF8, 4, 0) == 0);
	EXPECT(stats(1, 0).value == 0x80010A10);
	EXPECT(post(&dm, PORT_WRITE, 0xCFE, 2, 0xBEEF) == 0);
	EXPECT(slot->type == IOREQ_TYPE_PCICFG && slot->processed == IOREQ_PROCESSING);
	EXPECT(slot->reqs.pci_request.bus == 1 && slot->reqs.pci_request.dev == 1);
	EXPECT(slot->reqs.pci_request.func == 2 && slot->reqs.pci_request.reg == 0x12);
	EXPECT(slot->reqs.pci_request.size == 2 && slot->reqs.pci_request.value == 0xBEEF);
	EXPECT(slot->reqs.pci_request.direction == IOREQ_WRITE && !slot->kernel_handled);
	EXPECT(notify(&dm, 0) == 0);
	dm_close(&dm);
}

static uint64_t drain(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void test_ioeventfd(void)
{
	struct acrn_ioeventfd e = { .addr = 0xFEB00004, .len = 4, .flags = IOEVENTFD_DATAMATCH,
				    .data = 3 };
	struct dm dm;

	EXPECT(dm_run(&dm) == 0);
	e.fd = eventfd(0, EFD_NONBLOCK);
	EXPECT(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &e) == 0);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &e), EEXIST);
	EXPECT(post(&dm, MMIO_WRITE, 0xFEB00004, 4, 3) == 0);
	EXPECT(drain(e.fd) == 1 && stats(1, 0).notifies == 1);
	EXPECT(post(&dm, MMIO_WRITE, 0xFEB00004, 4, 2) == 0);
	EXPECT(drain(e.fd) == 0 && dm.slots->processed == IOREQ_PROCESSING);
	EXPECT(notify(&dm, 0) == 0);
	EXPECT(post(&dm, MMIO_READ, 0xFEB00004, 4, 3) == 0);
	EXPECT(drain(e.fd) == 0 && dm.slots->processed == IOREQ_PROCESSING);
	EXPECT(notify(&dm, 0) == 0);
	e.flags |= IOEVENTFD_DEASSIGN;
	EXPECT(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &e) == 0);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &e), ENOENT);
	e.flags = 1u << 9;
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &e), EINVAL);
	e.flags = 0;
	close(e.fd);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &e), EBADF);
	/* Left assigned when the VM ends. */
	e.fd = eventfd(0, EFD_NONBLOCK);
	EXPECT(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &e) == 0);
	close(e.fd);
	dm_close(&dm);
}

/* Those the hypervisor knows, too: nobody waits for them. */
static void test_asyncio(void)
{
	struct acrn_ioeventfd e = { .addr = 0xFEB00008, .len = 4, .flags = IOEVENTFD_ASYNCIO };
	struct acrn_ioeventfd p = { .addr = 0x510, .len = 2, .data = 7,
				    .flags = IOEVENTFD_ASYNCIO | IOEVENTFD_PIO | IOEVENTFD_DATAMATCH };
	struct acrn_ioeventfd third = { .addr = 0xFEB00010, .len = 4, .flags = IOEVENTFD_ASYNCIO };
	struct dm dm;
	int i;

	EXPECT(dm_run(&dm) == 0);
	e.fd = eventfd(0, EFD_NONBLOCK);
	p.fd = eventfd(0, EFD_NONBLOCK);
	third.fd = eventfd(0, EFD_NONBLOCK);
	EXPECT(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &e) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &p) == 0);
	/* More than the ring's page has room for, so that it goes round. */
	for (i = 0; i < 600; i++) {
		EXPECT(post(&dm, MMIO_WRITE, 0xFEB00008, 4, i) == 0 && taken);
		EXPECT(drain(e.fd) == 1 && dm.slots->processed == IOREQ_FREE);
	}
	EXPECT(post(&dm, PORT_WRITE, 0x510, 2, 7) == 0 && taken);
	EXPECT(drain(p.fd) == 1 && drain(e.fd) == 0 && stats(1, 0).notifies == 0);
	EXPECT(post(&dm, PORT_WRITE, 0x510, 2, 8) == 0 && !taken);
	EXPECT(drain(p.fd) == 0 && dm.slots->processed == IOREQ_PROCESSING);
	EXPECT(notify(&dm, 0) == 0);
	/* Without a device model waiting, too. */
	EXPECT(ioctl(dm.fd, HSM_IOC_DESTROY_IOREQ_CLIENT, 0) == 0);
	EXPECT(post(&dm, MMIO_WRITE, 0xFEB00008, 4, 1) == 0 && taken && drain(e.fd) == 1);
	EXPECT(ioctl(dm.fd, HSM_IOC_CREATE_IOREQ_CLIENT, 0) == 0);
	/* What the hypervisor has no place for is a request. */
	EXPECT(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &third) == 0);
	EXPECT(post(&dm, MMIO_WRITE, 0xFEB00010, 4, 1) == 0 && !taken);
	EXPECT(drain(third.fd) == 1 && dm.slots->processed == IOREQ_FREE);
	e.flags |= IOEVENTFD_DEASSIGN;
	EXPECT(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &e) == 0);
	EXPECT(post(&dm, MMIO_WRITE, 0xFEB00008, 4, 1) == 0 && !taken);
	EXPECT(drain(e.fd) == 0 && dm.slots->processed == IOREQ_PROCESSING);
	EXPECT(notify(&dm, 0) == 0);
	dm_close(&dm);
	/* A hypervisor that does not know the ring. */
	EXPECT(dm_run(&dm) == 0);
	fail_next(HC_SETUP_SBUF, ENOTTY);
	e.flags &= ~IOEVENTFD_DEASSIGN;
	EXPECT(ioctl(dm.fd, HSM_IOC_IOEVENTFD, &e) == 0);
	EXPECT(post(&dm, MMIO_WRITE, 0xFEB00008, 4, 1) == 0 && !taken);
	EXPECT(drain(e.fd) == 1 && dm.slots->processed == IOREQ_FREE);
	dm_close(&dm);
	EXPECT(!close(e.fd) && !close(p.fd) && !close(third.fd));
}

static void test_irqfd(void)
{
	struct acrn_irqfd q = { .msi = { .msi_addr = 0xFEE00000, .msi_data = 0x41 } };
	struct acrn_msi_entry msi = { .msi_addr = 0xFEE00000, .msi_data = 0x77 };
	struct dm dm;
	int i;

	EXPECT(dm_run(&dm) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_INJECT_MSI, &msi) == 0);
	EXPECT(stats(1, 0).msis == 1 && stats(1, 0).last_msi == 0x77);
	EXPECT(ioctl(dm.fd, HSM_IOC_SET_IRQLINE, IRQLINE(4, IRQLINE_SET_HIGH)) == 0);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_SET_IRQLINE, IRQLINE(4, 4)), EINVAL);
	q.fd = eventfd(0, EFD_NONBLOCK);
	EXPECT(ioctl(dm.fd, HSM_IOC_IRQFD, &q) == 0);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_IRQFD, &q), EBUSY);
	for (i = 0; i < 5; i++)
		EXPECT(eventfd_write(q.fd, 1) == 0);
	EXPECT(stats(1, 0).msis == 6 && stats(1, 0).last_msi == 0x41);
	EXPECT(drain(q.fd) == 0);	/* the count was taken */
	q.flags = IRQFD_DEASSIGN;
	EXPECT(ioctl(dm.fd, HSM_IOC_IRQFD, &q) == 0);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_IRQFD, &q), ENOENT);
	EXPECT(eventfd_write(q.fd, 1) == 0 && stats(1, 0).msis == 6);
	/* Signalled before: injected at once. Closed and left: freed. */
	q.flags = 0;
	EXPECT(ioctl(dm.fd, HSM_IOC_IRQFD, &q) == 0 && stats(1, 0).msis == 7);
	close(q.fd);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_IRQFD, &q), EBADF);
	for (i = 0; i < 200; i++) {
		q.fd = eventfd(0, 0);
		EXPECT(ioctl(dm.fd, HSM_IOC_IRQFD, &q) == 0);
		if (i & 1)
			close(q.fd);
	}
	q.fd = open("/dev/null", O_RDONLY);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_IRQFD, &q), EINVAL);
	dm_close(&dm);
	for (i = 3; i < 512; i++)
		if (i != fake)
			close(i);
}

static void test_state(void)
{
	struct fake_cmd c = { .op = FAKE_STOP };
	struct hc_q_vm_state state = { 0 };
	struct dm dm;

	EXPECT(dm_run(&dm) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_Q_VM_STATE, &state) == 0 && state.state == Q_VM_RUNNING);
	c.vm = dm.vm.vmid;
	EXPECT(ioctl(fake, FAKE_IOC, &c) == 0);
	EXPECT(ioctl(dm.fd, HSM_IOC_Q_FINISH_AND_WAIT, 0) == 0);
	EXPECT(dm.slots->state_seq == 1);
	EXPECT(ioctl(dm.fd, HSM_IOC_Q_VM_STATE, &state) == 0 && state.state == Q_VM_STOPPED);
	dm_close(&dm);
}

static void *attach_thread(void *arg)
{
	struct dm *dm = arg;

	return (void *)(long)(ioctl(dm->fd, HSM_IOC_ATTACH_IOREQ_CLIENT, 0) ? errno : 0);
}

static void test_waiters(void)
{
	pthread_t t;
	void *ret;
	struct dm dm;
	int i;

	EXPECT(dm_run(&dm) == 0);
	for (i = 0; i < 50; i++) {
		pthread_create(&t, NULL, attach_thread, &dm);
		if (i & 1)
			usleep(2000);
		EXPECT(post(&dm, PORT_READ, 0x71, 1, 0) == 0);
		pthread_join(t, &ret);
		EXPECT(ret == NULL);
		EXPECT(notify(&dm, 0) == 0);
	}
	pthread_create(&t, NULL, attach_thread, &dm);
	usleep(20000);
	EXPECT_ERR(ioctl(dm.fd, HSM_IOC_ATTACH_IOREQ_CLIENT, 0), EBUSY);
	/* Destroyed under a waiting thread. */
	EXPECT(ioctl(dm.fd, HSM_IOC_DESTROY_VM, 0) == 0);
	pthread_join(t, &ret);
	EXPECT((long)ret == ENODEV);
	dm_close(&dm);
}

/* Serves until the module says that the client is gone. */
static void *serve_thread(void *arg)
{
	struct dm *dm = arg;
	long set = 0;

	while ((set = ioctl(dm->fd, HSM_IOC_Q_FINISH_AND_WAIT, set)) >= 0) {
		dm->slots[0].reqs.pio_request.value++;
		__atomic_store_n(&dm->slots[0].processed, IOREQ_COMPLETE, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Post count requests and wait for each; returns how many needed no upcall, -1: one was lost. */
static int serve(struct dm *dm, int count, uint64_t *value)
{
	struct fake_cmd c = { .op = FAKE_POST, .vm = dm->vm.vmid, .type = IOREQ_TYPE_PORTIO,
			      .addr = 0x71, .size = 1 };
	int i, polled = 0, spins;

	for (i = 0; i < count; i++) {
		if (ioctl(fake, FAKE_IOC, &c))
			return -1;
		polled += c.polled;
		for (spins = 0; __atomic_load_n(&dm->slots[0].processed, __ATOMIC_ACQUIRE) !=
		     IOREQ_FREE; spins++) {
			if (spins > 1000000)
				return -1;
			if (spins > 1000)
				usleep(10);
		}
	}
	*value = stats(dm->vm.vmid, 0).value;
	return polled;
}

static void poll_us(const char *value)
{
	int fd = open("/sys/module/fake_hsm/parameters/poll_us", O_WRONLY);

	EXPECT(write(fd, value, strlen(value)) > 0);
	close(fd);
}

static void test_look_before_sleep(void)
{
	uint64_t value = 0;
	struct dm dm;
	pthread_t t;
	int i, polled;

	EXPECT(dm_run(&dm) == 0);
	pthread_create(&t, NULL, serve_thread, &dm);
	/* Off, as delivered, and so long that nearly all requests are seen by looking. */
	poll_us("0");
	EXPECT(serve(&dm, 500, &value) == 0 && value == 1);
	poll_us("100");
	EXPECT(serve(&dm, 3000, &value) >= 0 && value == 1);
	poll_us("1000");
	polled = serve(&dm, 3000, &value);
	EXPECT(polled > 0 && value == 1);
	for (i = 0; i < 100; i++) {
		EXPECT(serve(&dm, 1, &value) >= 0);
		usleep(i * 20);
	}
	EXPECT(ioctl(dm.fd, HSM_IOC_DESTROY_IOREQ_CLIENT, 0) == 0);
	pthread_join(t, NULL);
	poll_us("100");
	dm_close(&dm);
	printf("%d of 3000 requests needed no upcall\n", polled);
}

/* A device model that serves until it is killed. */
static void victim(int delay)
{
	size_t len = 4 << 20;
	char *ram = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct acrn_irqfd q = { .msi = { .msi_addr = 0xFEE00000 } };
	struct dm dm;
	long set = 0;

	if (dm_run(&dm))
		_exit(1);
	memseg(&dm, HSM_IOC_SET_MEMSEG, 0, ram, len);
	q.fd = eventfd(0, 0);
	ioctl(dm.fd, HSM_IOC_IRQFD, &q);
	if (delay & 1)
		eventfd_write(q.fd, 1);
	for (;;) {
		post(&dm, PORT_READ, 0x71, 1, 0);
		set = ioctl(dm.fd, HSM_IOC_Q_FINISH_AND_WAIT, set);
		if (set < 0)
			_exit(2);
		dm.slots->processed = IOREQ_COMPLETE;
		if (delay % 3 == 0)
			pause();
	}
}

static void test_killed(void)
{
	long before = pinned();
	int i;

	for (i = 0; i < 60; i++) {
		pid_t pid[2];
		int k;

		for (k = 0; k < 2; k++) {
			pid[k] = fork();
			if (pid[k] == 0)
				victim(i + k);
		}
		usleep((i * 997) % 30000);
		for (k = 0; k < 2; k++) {
			kill(pid[k], SIGKILL);
			EXPECT(waitpid(pid[k], NULL, 0) == pid[k]);
		}
	}
	EXPECT(stats(1, 0).nr_vms == 0);
	EXPECT(pinned() == before);
}

static void test_unload(void)
{
	close(fake);
	EXPECT(syscall(SYS_delete_module, "fake_hsm", 0) == 0);
	EXPECT(access("/dev/acrn_hsm", F_OK) == -1);
}

static void run(const char *name, void (*fn)(void))
{
	case_bad = 0;
	fn();
	printf("%s %s\n", case_bad ? "FAIL" : "PASS", name);
	case_bad ? failed++ : passed++;
}

static int load(const char *path)
{
	int fd = open(path, O_RDONLY);
	int ret = fd < 0 ? -1 : syscall(SYS_finit_module, fd, "", 0);
	int err = errno;

	close(fd);
	return ret ? err : 0;
}

/* Lines of the kernel log that speak of a fault. */
static void test_kernel_log(void)
{
	static const char *const bad[] = { "BUG", "WARNING:", "Oops", "Poison", "Redzone",
					   "refcount_t", "scheduling while" };
	char line[2048];
	size_t i;
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	ssize_t n;

	EXPECT(fd >= 0);
	while ((n = read(fd, line, sizeof(line) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		line[n > 0 ? n : 0] = 0;
		for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			if (strstr(line, bad[i])) {
				printf("kernel log: %s", line);
				case_bad = 1;
			}
	}
	close(fd);
}

static void test_refused_load(void)
{
	/* The real module: no hypervisor here. */
	EXPECT(load("/quercus_hsm.ko") == ENODEV);
	EXPECT(access("/dev/acrn_hsm", F_OK) == -1);
}

static uint32_t trace_put(uint64_t n, uint64_t from)
{
	struct fake_cmd c = { .op = FAKE_RING, .vcpu = 1, .size = n, .value = from };

	EXPECT(ioctl(fake, FAKE_IOC, &c) == 0);
	return c.nr_vms;
}

static void test_trace(void)
{
	static struct acrn_trace_entry e[20000];
	struct shared_buf *buf;
	uint32_t n;
	int fd;

	EXPECT(access("/dev/acrn_trace_0", F_OK) == 0 && access("/dev/acrn_hvlog_cur_1", F_OK) == 0);
	EXPECT(access("/dev/acrn_trace_2", F_OK) == -1);
	EXPECT(trace_put(0, 0) == 0);		/* nothing is shared while nobody reads */
	fd = open("/dev/acrn_trace_1", O_RDWR);
	EXPECT_ERR(open("/dev/acrn_trace_1", O_RDWR), EBUSY);
	EXPECT(read(fd, e, sizeof(e)) == 0);
	EXPECT(trace_put(3, 100) == 1);
	EXPECT(read(fd, e, 31) == 0);
	EXPECT(read(fd, e, 70) == 64 && e[0].e == 100 && e[1].e == 101);
	EXPECT(read(fd, e, sizeof(e)) == 32 && e[0].e == 102);
	buf = mmap(NULL, 512 << 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT(buf != MAP_FAILED && buf->magic == SBUF_MAGIC && buf->head == buf->tail && buf->ele_size == 32);
	EXPECT(mmap(NULL, 1 << 20, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	n = buf->ele_num;
	trace_put(n - 5, 0);
	EXPECT(read(fd, e, sizeof(e)) == (n - 5) * 32);
	trace_put(9, 1000);			/* wraps around */
	EXPECT(read(fd, e, sizeof(e)) == 9 * 32 && e[8].e == 1008);
	trace_put(1, 0);
	buf->head = 0x7fffffe0;			/* a reader that lies gets nothing, and no other memory */
	EXPECT(read(fd, e, sizeof(e)) == 0);
	buf->head = 33;
	EXPECT(read(fd, e, sizeof(e)) == 0);
	close(fd);
	EXPECT(trace_put(0, 0) == 1);		/* still mapped, so still shared */
	munmap(buf, 512 << 10);
	EXPECT(trace_put(0, 0) == 0);
	fail_next(HC_SETUP_SBUF, EINVAL);
	EXPECT_ERR(open("/dev/acrn_trace_1", O_RDWR), EINVAL);
}

static void on_alarm(int sig)
{
	(void)sig;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	setvbuf(stdout, NULL, _IONBF, 0);
	mount("none", "/proc", "proc", 0, NULL);
	mount("none", "/dev", "devtmpfs", 0, NULL);
	mount("none", "/sys", "sysfs", 0, NULL);
	run("refused_load", test_refused_load);
	run("kernel_log_1", test_kernel_log);
	if (load("/fake_hsm.ko") == 0) {
		fake = open("/dev/fake_hv", O_RDWR | O_CLOEXEC);
		run("life", test_life);
		run("registers", test_registers);
		run("memory", test_memory);
		run("destroy_refused", test_destroy_refused);
		run("ioreq", test_ioreq);
		run("polling", test_polling);
		run("pci_ports", test_pci_ports);
		run("ioeventfd", test_ioeventfd);
		run("asyncio", test_asyncio);
		run("irqfd", test_irqfd);
		run("state", test_state);
		run("stats", test_stats);
		run("waiters", test_waiters);
		run("look_before_sleep", test_look_before_sleep);
		run("killed", test_killed);
		run("trace", test_trace);
		run("unload", test_unload);
		run("kernel_log_2", test_kernel_log);
	} else {
		printf("FAIL load: errno %d\n", errno);
		failed++;
	}
	printf("hsm: %d passed, %d failed\n", passed, failed);
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}

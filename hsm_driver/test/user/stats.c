// SPDX-License-Identifier: GPL-2.0
/* Looking at VMs through the module. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "fake_hv.h"
#include "hsm_test.h"

static int info_of(int fd, uint32_t which, struct hc_q_vm_info *info)
{
	memset(info, 0xa5, sizeof(*info));
	info->which = which;
	return ioctl(fd, HSM_IOC_Q_VM_INFO, info);
}

static int stats_of(int fd, uint32_t which, uint32_t vcpu_id, struct hc_q_vcpu_stats *s)
{
	memset(s, 0xa5, sizeof(*s));
	s->which = which;
	s->vcpu_id = vcpu_id;
	return ioctl(fd, HSM_IOC_Q_VCPU_STATS, s);
}

/* Numbers of CPUs and ids of their local APICs differ. */
static void test_cpus(int fd)
{
	struct hc_q_cpus cpus;

	memset(&cpus, 0xa5, sizeof(cpus));
	EXPECT(ioctl(fd, HSM_IOC_Q_CPUS, &cpus) == 0 && cpus.nr >= 2 && cpus.apic_id[1] == 2 && !cpus.apic_id[Q_NR_CPUS - 1]);
	EXPECT_ERR(ioctl(fd, HSM_IOC_Q_CPUS, 8), EFAULT);
}

/* A file without a VM sees all of them, and may only look. */
void test_stats(void)
{
	struct fake_cmd off = { .op = FAKE_NO_STATS, .vm = 1, .value = 1 };
	int fd = open("/dev/acrn_hsm", O_RDWR | O_CLOEXEC);
	struct hc_q_vcpu_stats s;
	struct hc_q_vm_info info;
	uint64_t before;
	struct dm dm;

	EXPECT(info_of(fd, Q_VM_SLOT(0), &info) == 0 && info.load_order == Q_VM_SERVICE && !info.reserved);
	EXPECT_ERR(info_of(fd, Q_VM_SLOT(1), &info), ENOENT);
	EXPECT_ERR(info_of(fd, Q_VM_SLOT(Q_VM_SLOTS), &info), EINVAL);
	EXPECT_ERR(info_of(fd, ~0u, &info), EINVAL);
	EXPECT(info.slot == 0xa5a5a5a5);	/* an error writes nothing */
	test_cpus(fd);
	EXPECT(dm_run(&dm) == 0);
	EXPECT(info_of(fd, Q_VM_SLOT(1), &info) == 0 && info.vmid == 1 && info.state == Q_VM_RUNNING);
	EXPECT(stats_of(fd, 1, 1, &s) == 0 && s.which == 1 && s.vcpu_id == 1 && s.exits == 0);
	before = s.run_ns;
	EXPECT(stats_of(dm.fd, 1, 1, &s) == 0 && s.run_ns > before);
	EXPECT_ERR(stats_of(fd, 1, 2, &s), ENOENT);
	EXPECT_ERR(stats_of(fd, 2, 0, &s), ENOENT);
	EXPECT_ERR(stats_of(fd, 1, ~0u, &s), ENOENT);
	EXPECT_ERR(ioctl(fd, HSM_IOC_Q_VM_INFO, 8), EFAULT);
	EXPECT_ERR(ioctl(fd, HSM_IOC_Q_VCPU_STATS, 8), EFAULT);
	EXPECT(ioctl(fake, FAKE_IOC, &off) == 0);
	EXPECT_ERR(info_of(fd, 0, &info), ENOTTY);
	EXPECT_ERR(stats_of(fd, 0, 0, &s), ENOTTY);
	EXPECT_ERR(ioctl(fd, HSM_IOC_Q_CPUS, &s), ENOTTY);
	off.value = 0;
	EXPECT(ioctl(fake, FAKE_IOC, &off) == 0);
	EXPECT(info_of(fd, 0, &info) == 0);
	close(fd);
	EXPECT(stats(1, 0).nr_vms == 1);	/* that file had none to take along */
	dm_close(&dm);
}

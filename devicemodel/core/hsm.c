/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls to /dev/acrn_hsm (abi.md section 5), and nothing else. */
#include "core/hsm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/ioevent.h"
#include "public/hsm_ioctl.h"
#include "public/irq.h"
#include "public/mem.h"
#include "public/vm.h"

/* An older module's name for the same device. */
#define HSM_OLD_DEVICE_PATH "/dev/acrn_vhm"

static int call(struct hsm *hsm, unsigned long request, uintptr_t arg)
{
	int r = ioctl(hsm->fd, request, arg);

	return r < 0 ? -errno : r;
}

int hsm_open(struct hsm *hsm)
{
	hsm->no_combined_wait = false;
	hsm->fd = open(HSM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (hsm->fd < 0 && errno == ENOENT)
		hsm->fd = open(HSM_OLD_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	return hsm->fd < 0 ? -errno : 0;
}

void hsm_close(struct hsm *hsm)
{
	if (hsm->fd >= 0)
		close(hsm->fd);
	hsm->fd = -1;
}

int hsm_vm_create(struct hsm *hsm, struct hsm_vm_params *params)
{
	struct acrn_vm_creation arg = {
		.vm_flag = params->flags,
		.ioreq_buf = (uintptr_t)params->ioreq_page,
		.cpu_affinity = params->cpu_affinity,
	};
	int r;

	if (strlen(params->name) >= sizeof(arg.name))
		return -ENAMETOOLONG;
	memcpy(arg.name, params->name, strlen(params->name));
	r = call(hsm, HSM_IOC_CREATE_VM, (uintptr_t)&arg);
	if (r < 0)
		return r;
	params->vmid = arg.vmid;
	params->nr_vcpus = arg.vcpu_num;
	return 0;
}

int hsm_vm_start(struct hsm *hsm)
{
	return call(hsm, HSM_IOC_START_VM, 0);
}

int hsm_vm_pause(struct hsm *hsm)
{
	return call(hsm, HSM_IOC_PAUSE_VM, 0);
}

int hsm_vm_reset(struct hsm *hsm)
{
	return call(hsm, HSM_IOC_RESET_VM, 0);
}

int hsm_vm_destroy(struct hsm *hsm)
{
	return call(hsm, HSM_IOC_DESTROY_VM, 0);
}

int hsm_vcpu_set_regs(struct hsm *hsm, const struct acrn_vcpu_regs *regs)
{
	return call(hsm, HSM_IOC_SET_VCPU_REGS, (uintptr_t)regs);
}

int hsm_mem_map(struct hsm *hsm, uint64_t gpa, void *hva, uint64_t size)
{
	struct acrn_vm_memmap arg = {
		.type = MEMMAP_RAM,
		.attr = MEM_ACCESS_RWX,
		.user_vm_pa = gpa,
		.vma_base = (uintptr_t)hva,
		.len = size,
	};

	return call(hsm, HSM_IOC_SET_MEMSEG, (uintptr_t)&arg);
}

int hsm_mem_unmap(struct hsm *hsm, uint64_t gpa, uint64_t size)
{
	struct acrn_vm_memmap arg = { .type = MEMMAP_RAM, .user_vm_pa = gpa, .len = size };

	return call(hsm, HSM_IOC_UNSET_MEMSEG, (uintptr_t)&arg);
}

int hsm_vdev_create(struct hsm *hsm, const struct acrn_vdev *vdev)
{
	return call(hsm, HSM_IOC_CREATE_VDEV, (uintptr_t)vdev);
}

int hsm_vdev_destroy(struct hsm *hsm, const struct acrn_vdev *vdev)
{
	return call(hsm, HSM_IOC_DESTROY_VDEV, (uintptr_t)vdev);
}

int hsm_irq_line(struct hsm *hsm, unsigned int gsi, unsigned int op)
{
	return call(hsm, HSM_IOC_SET_IRQLINE, IRQLINE(gsi, op));
}

int hsm_irq_msi(struct hsm *hsm, uint64_t addr, uint32_t data)
{
	struct acrn_msi_entry arg = { .msi_addr = addr, .msi_data = data };

	return call(hsm, HSM_IOC_INJECT_MSI, (uintptr_t)&arg);
}

int hsm_ioreq_open(struct hsm *hsm)
{
	return call(hsm, HSM_IOC_CREATE_IOREQ_CLIENT, 0);
}

void hsm_ioreq_close(struct hsm *hsm)
{
	call(hsm, HSM_IOC_DESTROY_IOREQ_CLIENT, 0);
}

int hsm_ioreq_clear(struct hsm *hsm)
{
	return call(hsm, HSM_IOC_CLEAR_VM_IOREQ, 0);
}

/* The two-call way that every HSM knows. */
static int finish_then_wait(struct hsm *hsm, uint16_t vmid, uint32_t done, uint32_t *ready)
{
	int r;

	while (done) {
		struct acrn_ioreq_notify arg = { .vmid = vmid, .vcpu = __builtin_ctz(done) };

		done &= done - 1;
		r = call(hsm, HSM_IOC_NOTIFY_REQUEST_FINISH, (uintptr_t)&arg);
		if (r < 0)
			return r == -EINTR ? -EIO : r;
	}
	r = call(hsm, HSM_IOC_ATTACH_IOREQ_CLIENT, 0);
	if (r < 0)
		return r;
	*ready = UINT32_MAX;
	return 0;
}

int hsm_ioreq_next(struct hsm *hsm, uint16_t vmid, uint32_t done, uint32_t *ready)
{
	int r;

	if (hsm->no_combined_wait)
		return finish_then_wait(hsm, vmid, done, ready);
	r = call(hsm, HSM_IOC_Q_FINISH_AND_WAIT, done);
	if (r == -ENOTTY) {
		hsm->no_combined_wait = true;
		return finish_then_wait(hsm, vmid, done, ready);
	}
	if (r < 0)
		return r;
	*ready = r;
	return 0;
}

int hsm_vm_state(struct hsm *hsm, struct hc_q_vm_state *state)
{
	return call(hsm, HSM_IOC_Q_VM_STATE, (uintptr_t)state);
}

int hsm_cpus(struct hsm *hsm, struct hc_q_cpus *cpus)
{
	return call(hsm, HSM_IOC_Q_CPUS, (uintptr_t)cpus);
}

int hsm_vcpu_stats(struct hsm *hsm, uint16_t vmid, uint32_t vcpu_id, struct hc_q_vcpu_stats *stats)
{
	*stats = (struct hc_q_vcpu_stats){ .which = vmid, .vcpu_id = vcpu_id };
	return call(hsm, HSM_IOC_Q_VCPU_STATS, (uintptr_t)stats);
}

int hsm_ioeventfd(struct hsm *hsm, const struct ioevent *ev, bool assign)
{
	struct acrn_ioeventfd arg = {
		.fd = ev->fd,
		.flags = (ev->space == BUS_PIO ? IOEVENTFD_PIO : 0) |
			 (ev->match ? IOEVENTFD_DATAMATCH : 0) | (assign ? IOEVENTFD_ASYNCIO : IOEVENTFD_DEASSIGN),
		.addr = ev->addr,
		.len = ev->len,
		.data = ev->data,
	};
	int r = call(hsm, HSM_IOC_IOEVENTFD, (uintptr_t)&arg);

	/* Only asks for speed: another HSM may not know the flag. */
	if (r != -EINVAL || !assign)
		return r;
	arg.flags &= ~IOEVENTFD_ASYNCIO;
	return call(hsm, HSM_IOC_IOEVENTFD, (uintptr_t)&arg);
}

int hsm_irqfd(struct hsm *hsm, int fd, uint64_t addr, uint32_t data, bool assign)
{
	struct acrn_irqfd arg = {
		.fd = fd,
		.flags = assign ? 0 : IRQFD_DEASSIGN,
		.msi = { .msi_addr = addr, .msi_data = data },
	};

	return call(hsm, HSM_IOC_IRQFD, (uintptr_t)&arg);
}

int hsm_intr_counts(struct hsm *hsm, uint64_t *words, unsigned int *nr)
{
	struct acrn_intr_monitor arg = { .cmd = INTR_MONITOR_GET_DATA, .buf_cnt = INTR_MONITOR_WORDS };
	int r = call(hsm, HSM_IOC_VM_INTR_MONITOR, (uintptr_t)&arg);

	if (r < 0)
		return r;
	if (arg.buf_cnt > INTR_MONITOR_WORDS)
		return -EPROTO;
	*nr = arg.buf_cnt;
	memcpy(words, arg.buffer, sizeof(arg.buffer));
	return 0;
}

int hsm_intr_delay(struct hsm *hsm, uint64_t ms)
{
	struct acrn_intr_monitor arg = { .cmd = INTR_MONITOR_DELAY, .buf_cnt = 1, .buffer = { ms } };

	return call(hsm, HSM_IOC_VM_INTR_MONITOR, (uintptr_t)&arg);
}

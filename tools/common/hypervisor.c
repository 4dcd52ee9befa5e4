/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/common/hypervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "public/hsm_ioctl.h"

static int device(void)
{
	int fd = open(HSM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int ask_vcpu(int fd, unsigned int slot, unsigned int vcpu_id, struct hc_q_vcpu_stats *out)
{
	*out = (struct hc_q_vcpu_stats){ .which = Q_VM_SLOT(slot), .vcpu_id = vcpu_id };
	return ioctl(fd, HSM_IOC_Q_VCPU_STATS, out) ? -errno : 0;
}

/* A VM that goes away meanwhile has what was counted so far. */
static void add_vcpus(int fd, struct hypervisor_vm *vm)
{
	struct hc_q_vcpu_stats s;

	for (unsigned int i = 0; i < vm->info.nr_vcpus && !ask_vcpu(fd, vm->info.slot, i, &s); i++) {
		vm->time_ns = s.time_ns;
		vm->run_ns += s.run_ns;
		vm->wait_ns += s.wait_ns;
		vm->exits += s.exits;
	}
}

static int ask_vm(int fd, unsigned int slot, struct hypervisor_vm *vm)
{
	*vm = (struct hypervisor_vm){ .info.which = Q_VM_SLOT(slot) };
	if (ioctl(fd, HSM_IOC_Q_VM_INFO, &vm->info))
		return -errno;
	memcpy(vm->name, vm->info.name, sizeof(vm->name) - 1);
	add_vcpus(fd, vm);
	return 0;
}

int hypervisor_vms(struct hypervisor_vm *vms, size_t *nr)
{
	int fd = device(), err = 0;

	*nr = 0;
	if (fd < 0)
		return fd;
	for (unsigned int slot = 0; slot < Q_VM_SLOTS && !err; slot++) {
		err = ask_vm(fd, slot, &vms[*nr]);
		*nr += !err;
		if (err == -ENOENT)
			err = 0;
	}
	close(fd);
	if (err)
		*nr = 0;
	return err;
}

/* Of one that is gone its last figures stay. */
static int look(int fd, struct hc_q_vm_info *info)
{
	struct hc_q_vm_info now = { .which = Q_VM_SLOT(info->slot) };

	if (!ioctl(fd, HSM_IOC_Q_VM_INFO, &now))
		*info = now;
	else if (errno == ENOENT)
		info->state = Q_VM_POWERED_OFF;
	else
		return -errno;
	return 0;
}

int hypervisor_look(struct hc_q_vm_info *infos, size_t nr)
{
	struct hc_q_vm_info new[Q_VM_SLOTS];
	int fd = device(), err = 0;

	if (fd < 0)
		return fd;
	if (nr > Q_VM_SLOTS)
		err = -EINVAL;
	for (size_t i = 0; i < nr && !err; i++) {
		new[i] = infos[i];
		err = look(fd, &new[i]);
	}
	close(fd);
	for (size_t i = 0; i < nr && !err; i++)
		infos[i] = new[i];
	return err;
}

bool hypervisor_find(const char *name, struct hypervisor_vm *vm)
{
	struct hypervisor_vm all[Q_VM_SLOTS];
	size_t nr;

	if (hypervisor_vms(all, &nr))
		return false;
	for (size_t i = 0; i < nr; i++) {
		if (strcmp(all[i].name, name) != 0)
			continue;
		*vm = all[i];
		return true;
	}
	return false;
}

int hypervisor_vcpu(unsigned int slot, unsigned int vcpu_id, struct hc_q_vcpu_stats *out)
{
	int fd = device(), err;

	if (fd < 0)
		return fd;
	err = ask_vcpu(fd, slot, vcpu_id, out);
	close(fd);
	return err;
}

const char *hypervisor_kind(const struct hypervisor_vm *vm)
{
	static const char *const kinds[] = {
		[Q_VM_PRE_LAUNCHED] = "pre-launched", [Q_VM_SERVICE] = "service", [Q_VM_POST_LAUNCHED] = "post-launched",
	};

	return vm->info.load_order <= Q_VM_POST_LAUNCHED ? kinds[vm->info.load_order] : "unknown";
}

const char *hypervisor_state(const struct hypervisor_vm *vm)
{
	static const char *const states[] = {
		[Q_VM_POWERED_OFF] = "off", [Q_VM_CREATED] = "created", [Q_VM_RUNNING] = "running", [Q_VM_PAUSED] = "paused",
		[Q_VM_STOPPED] = "stopped",
	};

	return vm->info.state <= Q_VM_STOPPED ? states[vm->info.state] : "unknown";
}

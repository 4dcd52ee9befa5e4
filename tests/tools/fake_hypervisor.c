/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loaded before a tool (LD_PRELOAD), this is its /dev/acrn_hsm: the environment's FAKE_VMS names a file with one VM a line,
 *
 *	SLOT NAME KIND STATE VCPUS MEMORY_MIB PERCENT [REASON [RESTARTS]]
 *
 * KIND, STATE and REASON as numbers of public/vm.h; each vCPU runs PERCENT of the time, on CPU SLOT and those behind it. A file with the word "old" is a module without
 * the calls, with "mainline" one that also wants a VM first. Without FAKE_VMS there is no device. Where there is a file FAKE_LOOKS, it grows by a
 * byte with each look at a VM.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "public/hsm_ioctl.h"

#define FDS	1024

/* Descriptors that are the device, whichever thread opened them; ioctl() with our letter goes to no other file. */
static _Atomic bool is_hsm[FDS];

int open64(const char *path, int flags, ...);

static int open_real(const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");

	return real(path, flags, mode);
}

static int open_any(const char *path, int flags, mode_t mode)
{
	int fd;

	if (strcmp(path, HSM_DEVICE_PATH) != 0)
		return open_real(path, flags, mode);
	fd = getenv("FAKE_VMS") ? open_real("/dev/null", O_RDWR | O_CLOEXEC, 0) : (errno = ENOENT, -1);
	if (fd >= 0 && fd < FDS)
		is_hsm[fd] = true;
	return fd;
}

#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		mode_t mode; \
		va_list ap; \
		va_start(ap, flags); \
		mode = va_arg(ap, mode_t); \
		va_end(ap); \
		return open_any(path, flags, mode); \
	}
OPEN(open)
OPEN(open64)

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* 0, or an errno. */
static int find(uint32_t which, struct hc_q_vm_info *info, unsigned int *percent)
{
	struct hc_q_vm_info i = { .which = which };
	unsigned int mib;
	char line[256];
	FILE *file = fopen(getenv("FAKE_VMS"), "re");
	int err = ENOENT;

	while (file && err == ENOENT && fgets(line, sizeof(line), file)) {
		i.reason = i.restarts = 0;
		if (!strncmp(line, "old", 3))
			err = ENOTTY;
		else if (!strncmp(line, "mainline", 8))
			err = EINVAL;
		else if (sscanf(line, "%u %15s %u %u %u %u %u %u %u", &i.slot, (char *)i.name, &i.load_order, &i.state, &i.nr_vcpus, &mib,
				percent, &i.reason, &i.restarts) >= 7 && Q_VM_SLOT(i.slot) == which)
			err = 0;
	}
	if (file)
		fclose(file);
	i.vmid = i.load_order == Q_VM_PRE_LAUNCHED ? Q_VM_NO_ID : i.slot;
	i.cpus = ((1ull << i.nr_vcpus) - 1) << i.slot;
	i.memory_bytes = (uint64_t)mib << 20;
	*info = i;
	return err;
}

static int vcpu(struct hc_q_vcpu_stats *s)
{
	struct hc_q_vm_info info;
	unsigned int percent = 0;
	int err = find(s->which, &info, &percent);

	if (!err && s->vcpu_id >= info.nr_vcpus)
		err = ENOENT;
	s->pcpu_id = info.slot + s->vcpu_id;
	s->state = info.state != Q_VM_RUNNING ? Q_VCPU_OFFLINE : percent == 100 ? Q_VCPU_RUNNING : Q_VCPU_HALTED;
	s->time_ns = now();
	s->run_ns = s->time_ns / 100 * percent;
	s->wait_ns = s->time_ns / 1000;
	s->exits = s->time_ns / 1000000;
	return err;
}

static void count_look(void)
{
	const char *path = getenv("FAKE_LOOKS");
	int fd = path ? open_real(path, O_WRONLY | O_APPEND | O_CLOEXEC, 0) : -1;

	if (fd < 0)
		return;
	if (write(fd, ".", 1) != 1)
		abort();
	close(fd);
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	unsigned int percent;
	va_list ap;
	void *arg;
	int err = ENOTTY;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (fd < 0 || fd >= FDS || !is_hsm[fd] || ((request >> 8) & 0xff) != 0xa2)
		return real(fd, request, arg);
	if (request == HSM_IOC_Q_VM_INFO)
		count_look();
	if (request == HSM_IOC_Q_VM_INFO)
		err = find(((struct hc_q_vm_info *)arg)->which, arg, &percent);
	else if (request == HSM_IOC_Q_VCPU_STATS)
		err = vcpu(arg);
	errno = err;
	return err ? -1 : 0;
}

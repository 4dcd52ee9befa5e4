/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared memory, PCI function 1AF4:1110 (QEMU, "Device Specification for Inter-VM shared memory device").
 *
 * hv:/NAME  a region of the scenario. The function is the hypervisor's: it answers the configuration ports and
 *           the BARs, doorbells included. Here the slot is kept free and the BARs get their first addresses.
 * dm:/NAME  POSIX shared memory of this machine, seen by every VM and process that opens the name. No doorbell:
 *           IVPosition is 0 and nobody can be rung.
 */
#include "pci/ivshmem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hsm.h"
#include "core/log.h"
#include "core/vm.h"
#include "pci/cfg.h"
#include "public/dev.h"

#define NAME_MAX_LEN	32u		/* of a region in the scenario */
#define MEMORY_MIN	4096ul
#define MEMORY_MAX	(1ul << 30)
#define REGS_SIZE	4096u
#define PORTS_SIZE	16u
#define BAR_REGS	0
#define BAR_MEMORY	2
#define NOBODY		0xFFFF		/* vendor of an empty slot */

struct ivshmem {
	struct vm *vm;
	bool in_hypervisor;
	char name[NAME_MAX_LEN + 1];	/* begins with '/' */
	uint64_t size;
	struct acrn_vdev vdev;		/* hv */
	uint8_t *memory;		/* dm */
	uint64_t mapped_at;		/* dm: guest-physical, 0: not mapped */
};

/* "N": MiB; or with K, M or G. 0: none of these. */
static uint64_t parse_size(const char *text)
{
	unsigned int shift = 20;
	char *end;
	uint64_t n;

	if (*text < '0' || *text > '9')
		return 0;
	n = strtoull(text, &end, 10);
	if (*end == 'K' || *end == 'M' || *end == 'G') {
		shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 30;
		end++;
	}
	return *end || n > MEMORY_MAX ? 0 : n << shift;
}

static int parse(struct ivshmem *s, const char *opts)
{
	const char *comma = strchr(opts, ','), *name = opts + 3;
	size_t len = comma ? (size_t)(comma - opts) - 3 : 0;

	s->in_hypervisor = strncmp(opts, "hv:/", 4) == 0;
	if (!comma || (!s->in_hypervisor && strncmp(opts, "dm:/", 4) != 0) || len < 2 || len > NAME_MAX_LEN ||
	    memchr(name + 1, '/', len - 1)) {
		log_error("ivshmem: \"%s\" is not hv:/NAME,SIZE or dm:/NAME,SIZE", opts);
		return -EINVAL;
	}
	memcpy(s->name, name, len);
	s->size = parse_size(comma + 1);
	if (s->size < MEMORY_MIN || s->size > MEMORY_MAX || (s->size & (s->size - 1))) {
		log_error("ivshmem: size \"%s\" is not a power of two from 4K to 1G; a number alone is in megabytes", comma + 1);
		return -EINVAL;
	}
	return 0;
}

/* ---- in the hypervisor ---- */

static int hv_addresses(struct ivshmem *s)
{
	uint64_t regs, table, memory, ports;
	int err = pci_window_alloc(s->vm, PCI_BAR_MEM32, REGS_SIZE, &regs);

	if (!err)
		err = pci_window_alloc(s->vm, PCI_BAR_MEM32, REGS_SIZE, &table);
	if (!err)
		err = pci_window_alloc(s->vm, PCI_BAR_MEM64, s->size, &memory);
	if (!err)
		err = pci_window_alloc(s->vm, PCI_BAR_IO, PORTS_SIZE, &ports);
	if (err)
		return err;
	s->vdev.io_addr[0] = regs;
	s->vdev.io_addr[1] = table;
	s->vdev.io_addr[2] = memory;
	s->vdev.io_addr[3] = memory >> 32;
	s->vdev.io_addr[4] = ports;
	s->vdev.io_size[0] = s->vdev.io_size[1] = REGS_SIZE;
	s->vdev.io_size[2] = s->size;
	s->vdev.io_size[4] = PORTS_SIZE;
	return 0;
}

static int hv_init(struct ivshmem *s, struct pci_dev *pdev)
{
	int err = hv_addresses(s);

	if (err)
		return err;
	s->vdev.id.value = VDEV_ID_IVSHMEM;
	s->vdev.slot = ACRN_BDF(0, pdev->slot, pdev->func);
	memcpy(s->vdev.args, s->name, sizeof(s->name));
	err = hsm_vdev_create(&s->vm->hsm, &s->vdev);
	if (err)
		log_error("ivshmem: the hypervisor refuses region \"%s\" of %lu KB for this VM: %s", s->name + 1,
			  (unsigned long)(s->size >> 10), err == -ENOENT ? "the scenario has none of this name" :
			  err == -EPERM ? "the scenario does not give it to this VM" :
			  err == -EINVAL ? "it has another size" : strerror(-err));
	/* Who comes by the ECAM window finds nobody, rather than a second function. */
	pci_cfg_set16(pdev, PCI_REG_VENDOR, NOBODY);
	pci_cfg_set16(pdev, PCI_REG_DEVICE, NOBODY);
	return err;
}

/* ---- here ---- */

static int open_memory(struct ivshmem *s)
{
	int fd = shm_open(s->name, O_RDWR | O_CREAT | O_CLOEXEC, 0600), err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	/* Another VM may have made it: a size that differs is somebody's mistake. */
	if (fstat(fd, &st) || (st.st_size == 0 && ftruncate(fd, s->size)))
		err = -errno;
	else if (st.st_size && (uint64_t)st.st_size != s->size)
		err = -EINVAL;
	if (!err) {
		s->memory = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (s->memory == MAP_FAILED) {
			err = -errno;
			s->memory = NULL;
		}
	}
	close(fd);
	return err;
}

static int dm_init(struct ivshmem *s, struct pci_dev *pdev)
{
	int err = open_memory(s);

	if (err) {
		log_error("ivshmem: shared memory %s: %s", s->name,
			  err == -EINVAL ? "it is there with another size" : strerror(-err));
		return err;
	}
	pci_cfg_set16(pdev, PCI_REG_VENDOR, VDEV_ID_IVSHMEM & 0xFFFF);
	pci_cfg_set16(pdev, PCI_REG_DEVICE, VDEV_ID_IVSHMEM >> 16);
	pci_cfg_set8(pdev, PCI_REG_REVISION, 1);
	pci_cfg_set8(pdev, PCI_REG_CLASS, 0x05);
	pci_cfg_set16(pdev, PCI_REG_SUBVENDOR, 0x1AF4);
	pci_cfg_set16(pdev, PCI_REG_SUBDEVICE, 0x1100);
	err = pci_bar_alloc(pdev, BAR_REGS, PCI_BAR_MEM32, REGS_SIZE);
	return err ? err : pci_bar_alloc(pdev, BAR_MEMORY, PCI_BAR_MEM64, s->size);
}

static void unmap(struct ivshmem *s)
{
	if (!s->mapped_at)
		return;
	if (hsm_mem_unmap(&s->vm->hsm, s->mapped_at, s->size))
		log_error("ivshmem: %s could not be taken from the guest", s->name);
	s->mapped_at = 0;
}

static void ivshmem_bar_map(struct pci_dev *pdev, unsigned int bar, bool on)
{
	struct ivshmem *s = pdev->priv;
	int err;

	if (s->in_hypervisor || bar != BAR_MEMORY)
		return;
	unmap(s);
	if (!on)
		return;
	err = hsm_mem_map(&s->vm->hsm, pci_bar_base(pdev, bar), s->memory, s->size);
	if (err)
		log_error("ivshmem: %s could not be mapped at 0x%lx: %s", s->name,
			  (unsigned long)pci_bar_base(pdev, bar), strerror(-err));
	else
		s->mapped_at = pci_bar_base(pdev, bar);
}

/* All registers read 0, IVPosition too; memory that is not mapped as well. */
static uint64_t ivshmem_bar_read(struct pci_dev *pdev, unsigned int bar, uint64_t offset, unsigned int size)
{
	(void)pdev, (void)bar, (void)offset, (void)size;
	return 0;
}

static void ivshmem_bar_write(struct pci_dev *pdev, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	(void)pdev, (void)bar, (void)offset, (void)size, (void)value;
}

/* ---- life ---- */

static void ivshmem_fini(struct pci_dev *pdev)
{
	struct ivshmem *s = pdev->priv;

	if (s->in_hypervisor)
		(void)hsm_vdev_destroy(&s->vm->hsm, &s->vdev);	/* fails when the VM has gone already */
	unmap(s);
	if (s->memory)
		munmap(s->memory, s->size);
	free(s);
}

static int ivshmem_init(struct vm *vm, struct pci_dev *pdev, const char *opts)
{
	struct ivshmem *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->vm = vm;
	pdev->priv = s;
	err = parse(s, opts);
	if (!err)
		err = s->in_hypervisor ? hv_init(s, pdev) : dm_init(s, pdev);
	if (err) {
		if (s->memory)
			munmap(s->memory, s->size);
		free(s);
	}
	return err;
}

const struct pci_dev_ops ivshmem_ops = {
	.name = "ivshmem",
	.init = ivshmem_init,
	.fini = ivshmem_fini,
	.bar_read = ivshmem_bar_read,
	.bar_write = ivshmem_bar_write,
	.bar_map = ivshmem_bar_map,
};

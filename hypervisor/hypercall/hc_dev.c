/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices inside the hypervisor for post-launched VMs: shared memory. */
#include "emul/vpci/ivshmem.h"
#include "emul/vpci/vpci.h"
#include "hypercall/hc.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "public/dev.h"
#include "vm/vm.h"

#define BAR_HIGH(v)	((uint64_t)(v) << 32)

/* The block, copied once. `paused`: the VM may be paused, too. */
static int64_t get(const struct hc_call *c, struct acrn_vdev *v, bool paused)
{
	int64_t err = hc_get(c->p2, v, sizeof(*v));
	uint32_t id = (uint32_t)v->id.value;

	if (err)
		return err;
	if (id == VDEV_ID_UART || id == VDEV_ID_ROOT_PORT)
		return -ENOTTY;
	if (id != VDEV_ID_IVSHMEM || !v->slot || v->slot >> 16)
		return -EINVAL;
	if (c->target->state != VM_CREATED && !(paused && c->target->state == VM_PAUSED))
		return -EINVAL;
	return 0;
}

/* Users write hv:/NAME; the scenario has NAME. NULL: it does not end. */
static const char *region_name(const struct acrn_vdev *v)
{
	const char *name = (const char *)v->args;

	if (strnlen(name, sizeof(v->args)) == sizeof(v->args))
		return NULL;
	if (!strncmp(name, "hv:", 3))
		name += 3;
	return *name == '/' ? name + 1 : name;
}

int64_t hc_vdev_add(struct hc_call *c)
{
	struct acrn_vdev v;
	int64_t err = get(c, &v, false);
	struct ivshmem_request r;

	if (err)
		return err;
	r = (struct ivshmem_request){
		.region = region_name(&v), .bdf = (uint16_t)v.slot, .size = v.io_size[2],
		.start = { v.io_addr[0], v.io_addr[1], BAR_HIGH(v.io_addr[3]) | v.io_addr[2], v.io_addr[4] },
	};
	return r.region ? vpci_add_ivshmem(c->target, &r) : -EINVAL;
}

int64_t hc_vdev_remove(struct hc_call *c)
{
	struct acrn_vdev v;
	int64_t err = get(c, &v, true);

	return err ? err : ivshmem_remove(c->target, (uint16_t)v.slot);
}

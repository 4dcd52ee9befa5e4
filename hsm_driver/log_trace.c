// SPDX-License-Identifier: GPL-2.0
/*
 * The hypervisor's log and trace: for each physical CPU the devices
 * /dev/acrn_hvlog_cur_N and /dev/acrn_trace_N. Each is a ring (struct
 * shared_buf) that the hypervisor writes. read() takes whole elements out and
 * returns 0 when there are none; mmap() gives the ring itself, header first, to
 * reader, who moves `head`. A device has one reader at a time. Nobody is woken:
 * readers look again later.
 *
 * A log ring lives as long as the module. A trace ring is given to the hypervisor
 * while its device is open, or always with trace_always=1: tracing that nobody
 * reads costs nothing.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "hsm.h"
#include "hypercall.h"
#include "public/trace.h"

#define MAX_CPUS	256u
#define MAX_KB		4096u

static unsigned int log_kb = 64;
module_param(log_kb, uint, 0444);
MODULE_PARM_DESC(log_kb, "KiB of each CPU's log ring (4 to 4096, default 64)");
static unsigned int trace_kb = 512;
module_param(trace_kb, uint, 0444);
MODULE_PARM_DESC(trace_kb, "KiB of each CPU's trace ring (4 to 4096, default 512)");
static bool trace_always;
module_param(trace_always, bool, 0444);
MODULE_PARM_DESC(trace_always, "record also while nobody has the trace device open");

struct hsm_ring {
	struct miscdevice misc;
	char name[24];
	u16 cpu;
	u32 id;			/* ACRN_SBUF_TRACE, ACRN_SBUF_LOG */
	u32 ele_size;
	size_t bytes;		/* pages of buf, header included */
	struct mutex lock;
	struct shared_buf *buf;	/* NULL: not shared now [lock] */
	bool open;		/* has its reader [lock] */
};

static struct hsm_ring *rings;
static unsigned int nr_rings;

/* Geometry comes from us, never from the header, which whoever maps it can change. */
static u32 ring_size(const struct hsm_ring *ring)
{
	return (u32)(ring->bytes - sizeof(*ring->buf)) / ring->ele_size * ring->ele_size;
}

static int ring_share(const struct hsm_ring *ring, u64 gpa)
{
	struct acrn_sbuf_param *param = kzalloc(sizeof(*param), GFP_KERNEL);
	int ret;

	if (!param)
		return -ENOMEM;
	param->cpu_id = ring->cpu;
	param->sbuf_id = ring->id;
	param->gpa = gpa;
	ret = hc(HC_SETUP_SBUF, 0, virt_to_phys(param));
	kfree(param);
	return ret;
}

/* Caller holds ring->lock. */
static int ring_start(struct hsm_ring *ring)
{
	struct shared_buf *buf = alloc_pages_exact(ring->bytes, GFP_KERNEL | __GFP_ZERO);
	int ret;

	if (!buf)
		return -ENOMEM;
	buf->magic = SBUF_MAGIC;
	buf->ele_size = ring->ele_size;
	buf->ele_num = ring_size(ring) / ring->ele_size;
	buf->size = ring_size(ring);
	buf->flags = SBUF_F_OVERRUN_COUNT;
	ret = ring_share(ring, virt_to_phys(buf));
	if (ret) {
		free_pages_exact(buf, ring->bytes);
		return ret;
	}
	ring->buf = buf;
	return 0;
}

/* Caller holds ring->lock. The hypervisor writes no more once it has answered. */
static void ring_stop(struct hsm_ring *ring)
{
	int ret = ring_share(ring, 0);

	if (ret)
		pr_err("%s: the hypervisor keeps the ring (%d), its memory stays reserved\n",
		       ring->name, ret);
	else
		free_pages_exact(ring->buf, ring->bytes);
	ring->buf = NULL;
}

/* Whether the ring is to be there also while its device is closed. */
static bool ring_stays(const struct hsm_ring *ring)
{
	return ring->id == ACRN_SBUF_LOG || trace_always;
}

static struct hsm_ring *ring_of(struct file *file)
{
	return container_of(file->private_data, struct hsm_ring, misc);
}

static int ring_open(struct inode *inode, struct file *file)
{
	struct hsm_ring *ring = ring_of(file);
	int ret = 0;

	mutex_lock(&ring->lock);
	if (ring->open)
		ret = -EBUSY;
	else if (!ring->buf)
		ret = ring_start(ring);
	if (!ret)
		ring->open = true;
	mutex_unlock(&ring->lock);
	return ret;
}

static int ring_release(struct inode *inode, struct file *file)
{
	struct hsm_ring *ring = ring_of(file);

	mutex_lock(&ring->lock);
	ring->open = false;
	if (!ring_stays(ring))
		ring_stop(ring);
	mutex_unlock(&ring->lock);
	return 0;
}

/* A run of elements from head on that does not wrap; 0 when there is none. */
static u32 ring_run(struct hsm_ring *ring, u32 *head)
{
	u32 size = ring_size(ring);
	/* Acquire: the elements were stored before the index. */
	u32 tail = smp_load_acquire(&ring->buf->tail);

	*head = READ_ONCE(ring->buf->head);
	if (*head >= size || *head % ring->ele_size || tail >= size || tail % ring->ele_size) {
		*head = 0;
		return 0;
	}
	return tail >= *head ? tail - *head : size - *head;
}

static ssize_t ring_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct hsm_ring *ring = ring_of(file);
	ssize_t done = 0;
	u32 head, n;

	count -= count % ring->ele_size;
	mutex_lock(&ring->lock);
	while (count && (n = ring_run(ring, &head))) {
		n = min_t(size_t, n, count);
		if (copy_to_user(to + done, (u8 *)(ring->buf + 1) + head, n)) {
			done = done ? done : -EFAULT;
			break;
		}
		head = head + n == ring_size(ring) ? 0 : head + n;
		/* Release: the elements are read before they may be overwritten. */
		smp_store_release(&ring->buf->head, head);
		done += n;
		count -= n;
	}
	mutex_unlock(&ring->lock);
	return done;
}

static int ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct hsm_ring *ring = ring_of(file);
	unsigned long n = vma_pages(vma), i;
	int ret = 0;

	if (vma->vm_pgoff || n > ring->bytes >> PAGE_SHIFT)
		return -EINVAL;
	for (i = 0; i < n && !ret; i++)
		ret = vm_insert_page(vma, vma->vm_start + (i << PAGE_SHIFT),
				     virt_to_page((u8 *)ring->buf + (i << PAGE_SHIFT)));
	return ret;
}

static const struct file_operations ring_fops = {
	.owner = THIS_MODULE,
	.open = ring_open,
	.release = ring_release,
	.read = ring_read,
	.mmap = ring_mmap,
	.llseek = no_llseek,
};

static int ring_create(struct hsm_ring *ring, u16 cpu, u32 id)
{
	bool log = id == ACRN_SBUF_LOG;
	unsigned int kb = log ? log_kb : trace_kb;
	int ret = 0;

	snprintf(ring->name, sizeof(ring->name), log ? "acrn_hvlog_cur_%u" : "acrn_trace_%u", cpu);
	mutex_init(&ring->lock);
	ring->cpu = cpu;
	ring->id = id;
	ring->ele_size = log ? SBUF_LOG_ELE_SIZE : sizeof(struct acrn_trace_entry);
	ring->bytes = PAGE_ALIGN((size_t)clamp(kb, 4u, MAX_KB) << 10);
	ring->misc.minor = MISC_DYNAMIC_MINOR;
	ring->misc.name = ring->name;
	ring->misc.fops = &ring_fops;
	ring->misc.mode = 0600;
	if (ring_stays(ring))
		ret = ring_start(ring);
	if (ret)
		return ret;
	ret = misc_register(&ring->misc);
	if (ret && ring->buf)
		ring_stop(ring);
	return ret;
}

static void ring_destroy(struct hsm_ring *ring)
{
	misc_deregister(&ring->misc);
	if (ring->buf)
		ring_stop(ring);
}

static unsigned int nr_cpus_of_machine(void)
{
	u16 *nr = kzalloc(sizeof(*nr), GFP_KERNEL);
	unsigned int n = 0;

	if (nr && !hc(HC_GET_HW_INFO, virt_to_phys(nr), 0))
		n = min_t(unsigned int, *nr, MAX_CPUS);
	kfree(nr);
	return n;
}

/* hsm_log_trace_init() - make the devices. VMs do not need them: what fails is said and left out. */
void hsm_log_trace_init(void)
{
	unsigned int cpus = nr_cpus_of_machine();
	int ret = 0;

	rings = kcalloc(2 * cpus, sizeof(*rings), GFP_KERNEL);
	if (!rings)
		cpus = 0;
	while (nr_rings < 2 * cpus && !ret) {
		ret = ring_create(&rings[nr_rings], nr_rings / 2,
				  nr_rings % 2 ? ACRN_SBUF_TRACE : ACRN_SBUF_LOG);
		if (!ret)
			nr_rings++;
	}
	if (ret || !cpus)
		pr_info("log and trace of %u CPUs only (%d)\n", nr_rings / 2, ret);
}

/* hsm_log_trace_fini() - take the rings back from the hypervisor. No device is open. */
void hsm_log_trace_fini(void)
{
	while (nr_rings)
		ring_destroy(&rings[--nr_rings]);
	kfree(rings);
	rings = NULL;
}

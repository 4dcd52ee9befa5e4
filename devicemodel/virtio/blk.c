/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtio-blk (virtio 1.2, 5.2). The worker turns chains into block requests and hands back those that are finished; what may
 * take long is done by the block backend's threads. Requests of one kick are submitted together, and all that are found
 * finished together cost one interrupt.
 */
#include "virtio/blk.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "backends/block.h"
#include "core/log.h"
#include "virtio/blk_options.h"

#define QUEUE_SIZE 128
#define SEG_MAX (QUEUE_SIZE - 2)	/* header and status take two descriptors of a chain */
#define ZERO_MAX (1u << 16)		/* sectors of one write-zeroes request: 32 MiB */
#define CONFIG_SIZE 60			/* up to the write-zeroes fields */
#define PCI_CLASS_STORAGE 0x01
#define PCI_SUBCLASS_SCSI 0x00		/* what drivers expect of virtio disks */

enum { READS, WRITES, FLUSHES, DISCARDS, READ_BYTES, WRITE_BYTES, ERRORS, NR_COUNTERS };

static const char *const counter_name[NR_COUNTERS] = {
	"reads", "writes", "flushes", "discards", "read_bytes", "write_bytes", "errors",
};

/* One request on its way. */
struct blk_io {
	struct block_req req;
	struct blk_io *next_free;
	unsigned int queue;
	uint16_t head;
	uint32_t in_len;		/* data and status */
	uint8_t *status;		/* in guest memory */
	struct block_range range[BLK_RANGES_MAX];
	struct iovec iov[QUEUE_SIZE];
};

struct blk {
	struct virtio_dev vd;
	struct block *block;		/* NULL: no disk yet; set once at any time, so read by disk_of() */
	uint64_t counter[NR_COUNTERS];	/* worker */
	struct worker_fd done;
	struct blk_options opts;
	char id[VIRTIO_BLK_ID_BYTES];
	struct blk_io *io;		/* one for each entry of each queue, so they never run out */
	struct blk_io *free;
	unsigned int nr_used;		/* those behind were never used, and their memory never touched */
	unsigned int inflight;
	bool draining;			/* a reset waits for inflight to reach 0 */
	bool writeback;			/* atomic */
	struct queue_chain chain;	/* the one being looked at */
};

static struct blk *to_blk(struct virtio_dev *vd)
{
	return (struct blk *)((char *)vd - offsetof(struct blk, vd));
}

static struct blk_io *to_io(struct block_req *req)
{
	return (struct blk_io *)((char *)req - offsetof(struct blk_io, req));
}

/* Acquire: who sees the disk sees all that belongs to it. */
static struct block *disk_of(const struct blk *blk)
{
	return __atomic_load_n(&blk->block, __ATOMIC_ACQUIRE);
}

static void count(struct blk *blk, const struct block_req *req, int result)
{
	uint64_t *counter = blk->counter;

	if (result) {
		control_count(&counter[ERRORS], 1);
		return;
	}
	switch (req->op) {
	case BLOCK_READ:
		control_count(&counter[READS], 1);
		control_count(&counter[READ_BYTES], req->range->len);
		break;
	case BLOCK_WRITE:
		control_count(&counter[WRITES], 1);
		control_count(&counter[WRITE_BYTES], req->range->len);
		break;
	case BLOCK_FLUSH:
		control_count(&counter[FLUSHES], 1);
		break;
	case BLOCK_DISCARD:
	case BLOCK_ZERO:
		control_count(&counter[DISCARDS], 1);
		break;
	}
}

static uint8_t status_of(int result)
{
	if (result == 0)
		return VIRTIO_BLK_S_OK;
	return result == -EOPNOTSUPP ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR;
}

static struct blk_io *take_io(struct blk *blk)
{
	struct blk_io *io = blk->free;

	if (!io)
		return &blk->io[blk->nr_used++];
	blk->free = io->next_free;
	return io;
}

/* Hands the chain back; the caller signals. */
static void finish(struct blk *blk, struct blk_io *io, int result)
{
	*io->status = status_of(result);
	queue_push(&blk->vd.queues[io->queue].vq, io->head, io->in_len);
	io->next_free = blk->free;
	blk->free = io;
}

static bool in_disk(const struct blk *blk, uint64_t sector, uint64_t nr)
{
	const struct block *block = disk_of(blk);
	uint64_t capacity = block ? block_info(block)->size / BLOCK_SECTOR : 0;

	return sector <= capacity && nr <= capacity - sector;
}

/* Each fill_* makes io->req of blk->chain: 0, or -errno to answer at once. */
static int fill_transfer(struct blk *blk, struct blk_io *io, uint64_t sector)
{
	const struct queue_chain *c = &blk->chain;
	bool read = io->req.op == BLOCK_READ;
	uint32_t len = read ? c->in_len - 1 : c->out_len - sizeof(struct virtio_blk_outhdr);
	int n;

	if (!read && blk->opts.block.read_only)
		return -EROFS;
	if (len == 0 || len % BLOCK_SECTOR || !in_disk(blk, sector, len / BLOCK_SECTOR))
		return -EINVAL;
	if (read)
		n = queue_iov_slice(io->iov, c->iov + c->nr_out, c->nr_in, 0, len);
	else
		n = queue_iov_slice(io->iov, c->iov, c->nr_out, sizeof(struct virtio_blk_outhdr), len);
	if (n < 0)
		return n;
	io->req.iov = io->iov;
	io->req.nr_iov = n;
	io->range[0].offset = sector * BLOCK_SECTOR;
	io->range[0].len = len;
	io->req.range = io->range;
	io->req.nr_ranges = 1;
	/* 5.2.6.2: who cannot flush, or chose write-through, must find every finished write on stable storage. */
	io->req.sync = !__atomic_load_n(&blk->writeback, __ATOMIC_RELAXED) || !virtio_has(&blk->vd, VIRTIO_BLK_F_FLUSH);
	return 0;
}

/* Discard and write-zeroes: the data is a list of segments (5.2.6). */
static int fill_ranges(struct blk *blk, struct blk_io *io)
{
	bool zero = io->req.op == BLOCK_ZERO;
	uint32_t max = zero ? ZERO_MAX : blk->opts.discard_max, flags = 0;
	uint32_t nr_max = zero ? 1 : blk->opts.discard_segments;
	uint32_t len = blk->chain.out_len - sizeof(struct virtio_blk_outhdr), i;
	struct virtio_blk_discard_write_zeroes seg;

	if (!zero && !blk->opts.discard)
		return -EOPNOTSUPP;
	if (blk->opts.block.read_only)
		return -EROFS;
	if (len == 0 || len % sizeof(seg) || len / sizeof(seg) > nr_max)
		return -EINVAL;
	for (i = 0; i < len / sizeof(seg); i++) {
		queue_chain_read(&blk->chain, sizeof(struct virtio_blk_outhdr) + i * sizeof(seg), &seg, sizeof(seg));
		flags |= seg.flags;
		if (seg.num_sectors == 0 || seg.num_sectors > max || !in_disk(blk, seg.sector, seg.num_sectors))
			return -EINVAL;
		io->range[i].offset = seg.sector * BLOCK_SECTOR;
		io->range[i].len = (uint64_t)seg.num_sectors * BLOCK_SECTOR;
	}
	/* 5.2.6.2: unmap is the only flag, and only for write-zeroes. */
	if (flags & ~(zero ? (uint32_t)VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0))
		return -EOPNOTSUPP;
	io->req.unmap = flags & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;
	io->req.sync = !virtio_has(&blk->vd, VIRTIO_BLK_F_FLUSH);
	io->req.range = io->range;
	io->req.nr_ranges = i;
	return 0;
}

static int get_id(struct blk *blk)
{
	if (blk->chain.in_len - 1 < sizeof(blk->id))
		return -EINVAL;
	queue_chain_write(&blk->chain, 0, blk->id, sizeof(blk->id));
	return 0;
}

/* Understands one request. Returns 1 when it is io->req for the backend, else the result to answer with. */
static int fill(struct blk *blk, struct blk_io *io)
{
	struct virtio_blk_outhdr hdr;
	int ret;

	queue_chain_read(&blk->chain, 0, &hdr, sizeof(hdr));
	memset(&io->req, 0, sizeof(io->req));
	switch (hdr.type) {
	case VIRTIO_BLK_T_IN:
		io->req.op = BLOCK_READ;
		ret = fill_transfer(blk, io, hdr.sector);
		break;
	case VIRTIO_BLK_T_OUT:
		io->req.op = BLOCK_WRITE;
		ret = fill_transfer(blk, io, hdr.sector);
		break;
	case VIRTIO_BLK_T_FLUSH:
		io->req.op = BLOCK_FLUSH;
		ret = disk_of(blk) ? 0 : -EIO;
		break;
	case VIRTIO_BLK_T_DISCARD:
		io->req.op = BLOCK_DISCARD;
		ret = fill_ranges(blk, io);
		break;
	case VIRTIO_BLK_T_WRITE_ZEROES:
		io->req.op = BLOCK_ZERO;
		ret = fill_ranges(blk, io);
		break;
	case VIRTIO_BLK_T_GET_ID:
		return get_id(blk);
	default:
		return -EOPNOTSUPP;
	}
	return ret ? ret : 1;
}

/* Begins the request in blk->chain. Returns false when the chain is no request at all. */
static bool begin(struct blk *blk, unsigned int index)
{
	const struct queue_chain *c = &blk->chain;
	const struct iovec *last = &c->iov[c->nr_out + c->nr_in - 1];
	struct blk_io *io;
	int ret;

	if (c->out_len < sizeof(struct virtio_blk_outhdr)) {
		virtio_break(&blk->vd, "disk request shorter than its header");
		return false;
	}
	if (c->in_len == 0) {
		virtio_break(&blk->vd, "disk request without room for its status");
		return false;
	}
	io = take_io(blk);
	io->queue = index;
	io->head = c->head;
	io->in_len = c->in_len;
	io->status = (uint8_t *)last->iov_base + last->iov_len - 1;
	ret = fill(blk, io);
	if (ret < 0)
		control_count(&blk->counter[ERRORS], 1);
	if (ret <= 0) {
		finish(blk, io, ret);
	} else if (block_submit(disk_of(blk), &io->req)) {
		count(blk, &io->req, io->req.result);
		finish(blk, io, io->req.result);
	} else {
		blk->inflight++;
	}
	return true;
}

static void blk_notify(struct virtio_dev *vd, unsigned int index)
{
	struct virtqueue *vq = &vd->queues[index].vq;
	struct blk *blk = to_blk(vd);

	if (blk->draining)
		return;
	do {
		queue_notify_disable(vq);
		while (virtio_pop(vd, index, &blk->chain)) {
			if (!begin(blk, index))
				break;
		}
	} while (virtio_notify_enable(vd, index));
	if (disk_of(blk))
		block_kick(disk_of(blk));
	virtio_signal(vd, index);
}

/* The backend finished some. */
static void blk_done(struct worker_fd *wfd, uint32_t events)
{
	struct blk *blk = (struct blk *)((char *)wfd - offsetof(struct blk, done));
	struct block_req *req, *next;
	unsigned int i;

	(void)events;
	for (req = block_reap(blk->block); req; req = next) {
		next = req->next;
		blk->inflight--;
		count(blk, req, req->result);
		finish(blk, to_io(req), req->result);
	}
	if (blk->draining && blk->inflight == 0) {
		blk->draining = false;
		virtio_reset_done(&blk->vd);
		return;
	}
	/* Costs nothing for a queue that nothing was pushed to. */
	for (i = 0; i < blk->vd.nr_queues; i++)
		virtio_signal(&blk->vd, i);
}

static void blk_start(struct virtio_dev *vd)
{
	unsigned int i;

	for (i = 0; i < vd->nr_queues; i++)
		blk_notify(vd, i);
}

static bool blk_reset(struct virtio_dev *vd)
{
	struct blk *blk = to_blk(vd);

	__atomic_store_n(&blk->writeback, !blk->opts.writethru, __ATOMIC_RELAXED);
	pthread_mutex_lock(&vd->lock);
	vd->config[offsetof(struct virtio_blk_config, wce)] = !blk->opts.writethru;
	pthread_mutex_unlock(&vd->lock);
	blk->draining = blk->inflight != 0;
	return !blk->draining;
}

/* Only the cache mode can be written (5.2.5.2). */
static void blk_config_write(struct virtio_dev *vd, uint32_t off, const void *data, uint32_t len)
{
	struct blk *blk = to_blk(vd);
	uint8_t wce = *(const uint8_t *)data;

	if (off != offsetof(struct virtio_blk_config, wce) || len != 1 || wce > 1 ||
	    !virtio_has(vd, VIRTIO_BLK_F_CONFIG_WCE))
		return;
	vd->config[off] = wce;
	__atomic_store_n(&blk->writeback, wce, __ATOMIC_RELAXED);
}

static unsigned int log2_of(uint32_t n)
{
	return 31 - __builtin_clz(n);
}

static void fill_config(struct blk *blk)
{
	static const struct block_info none = { .logical_size = BLOCK_SECTOR, .physical_size = BLOCK_SECTOR };
	const struct block_info *info = blk->block ? block_info(blk->block) : &none;
	const struct blk_options *o = &blk->opts;
	struct virtio_blk_config c = {
		.capacity = info->size / BLOCK_SECTOR,
		.seg_max = SEG_MAX,
		.blk_size = info->logical_size,
		.physical_block_exp = log2_of(info->physical_size / info->logical_size),
		.min_io_size = info->physical_size / info->logical_size,
		.wce = !o->writethru,
		.num_queues = blk->vd.nr_queues,
		.max_discard_sectors = o->discard_max,
		.max_discard_seg = o->discard_segments,
		.discard_sector_alignment = o->discard_align,
		.max_write_zeroes_sectors = ZERO_MAX,
		.max_write_zeroes_seg = 1,
		.write_zeroes_may_unmap = o->discard,
	};
	uint64_t f = 1ULL << VIRTIO_BLK_F_SEG_MAX | 1ULL << VIRTIO_BLK_F_BLK_SIZE | 1ULL << VIRTIO_BLK_F_TOPOLOGY |
		     1ULL << VIRTIO_BLK_F_FLUSH | 1ULL << VIRTIO_BLK_F_CONFIG_WCE;

	if (o->block.read_only)
		f |= 1ULL << VIRTIO_BLK_F_RO;
	else
		f |= 1ULL << VIRTIO_BLK_F_WRITE_ZEROES;
	if (o->discard && !o->block.read_only)
		f |= 1ULL << VIRTIO_BLK_F_DISCARD;
	if (blk->vd.nr_queues > 1)
		f |= 1ULL << VIRTIO_BLK_F_MQ;
	blk->vd.offered |= f;
	blk->vd.config_size = CONFIG_SIZE;
	memcpy(blk->vd.config, &c, CONFIG_SIZE);
}

static void blk_destroy(struct virtio_dev *vd)
{
	struct blk *blk = to_blk(vd);

	virtio_fini(vd);
	block_close(blk->block);
	free(blk->io);
	free(blk);
}

/* The disk is there from now on: requests are answered by it. */
static int use_disk(struct blk *blk, struct block *block)
{
	int ret;

	blk->done.fd = block_done_fd(block);
	blk->done.ready = blk_done;
	/* Before the disk is seen, so that no completion goes unheard. */
	ret = worker_watch(&blk->vd.worker, &blk->done, EPOLLIN);
	if (!ret)
		__atomic_store_n(&blk->block, block, __ATOMIC_RELEASE);
	return ret;
}

/*
 * A disk in a slot that had none. The guest is told the new size (5.2.5); what it negotiated stays, so the file must allow it.
 */
static int blk_rescan(struct control *control, const char *path, const char **why)
{
	struct blk *blk = (struct blk *)((char *)control - offsetof(struct blk, vd.control));
	struct block_options opts = blk->opts.block;
	struct block *block;
	uint64_t capacity;
	int ret;

	*why = NULL;
	if (disk_of(blk)) {
		*why = "the slot has a disk already; only one that was made with nodisk takes a file";
		return -EBUSY;
	}
	if (strlen(path) >= sizeof(blk->opts.path)) {
		*why = "the path is too long";
		return -ENAMETOOLONG;
	}
	opts.path = path;
	ret = block_open("virtio-blk", &opts, &block);
	if (ret)
		return ret;
	if (block_info(block)->logical_size != BLOCK_SECTOR)
		*why = "its sectors are larger than the 512 bytes the guest was told";
	else if (block_info(block)->read_only && !blk->opts.block.read_only)
		*why = "it can only be read, but the guest was told it may write; use option ro";
	ret = *why ? -EINVAL : use_disk(blk, block);
	if (ret) {
		block_close(block);
		return ret;
	}
	strcpy(blk->opts.path, path);
	capacity = block_info(block)->size / BLOCK_SECTOR;
	virtio_config_set(&blk->vd, offsetof(struct virtio_blk_config, capacity), &capacity, sizeof(capacity));
	return 0;
}

static void fill_control(struct blk *blk)
{
	struct control *c = &blk->vd.control;

	c->kind = "block";
	c->name = blk->opts.path;
	c->counter_name = counter_name;
	c->counter = blk->counter;
	c->nr_counters = NR_COUNTERS;
	c->rescan = blk_rescan;
}

static int open_disk(struct blk *blk)
{
	const char *name = strrchr(blk->opts.path, '/');
	struct block *block;
	int ret;

	/* What "lsblk -o SERIAL" and /dev/disk/by-id show: the file's name; not terminated when it fills the field. */
	name = name ? name + 1 : blk->opts.path;
	memcpy(blk->id, name, strnlen(name, sizeof(blk->id)));
	if (!*blk->opts.path)
		return 0;
	ret = block_open("virtio-blk", &blk->opts.block, &block);
	if (ret)
		return ret;
	ret = use_disk(blk, block);
	if (ret)
		block_close(block);
	return ret;
}

static int blk_create(const struct virtio_params *params, struct virtio_dev **out)
{
	struct blk *blk = calloc(1, sizeof(*blk));
	int ret;

	if (!blk)
		return -ENOMEM;
	ret = blk_options_parse(params->opts, &blk->opts);
	if (!ret)
		ret = virtio_init(&blk->vd, &blk_ops, blk->opts.nr_queues, QUEUE_SIZE);
	if (ret) {
		free(blk);
		return ret;
	}
	blk->io = calloc(blk->vd.nr_queues * QUEUE_SIZE, sizeof(*blk->io));
	ret = blk->io ? open_disk(blk) : -ENOMEM;
	if (ret) {
		blk_destroy(&blk->vd);
		return ret;
	}
	blk->writeback = !blk->opts.writethru;
	fill_config(blk);
	fill_control(blk);
	*out = &blk->vd;
	return 0;
}

const struct virtio_ops blk_ops = {
	.name = "virtio-blk",
	.type = VIRTIO_ID_BLOCK,
	.pci_class = PCI_CLASS_STORAGE,
	.pci_subclass = PCI_SUBCLASS_SCSI,
	.threaded = true,
	.create = blk_create,
	.destroy = blk_destroy,
	.start = blk_start,
	.reset = blk_reset,
	.notify = blk_notify,
	.config_write = blk_config_write,
};

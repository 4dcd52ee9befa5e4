/* SPDX-License-Identifier: BSD-3-Clause */
/* Raw disks: what a request means in system calls. */
#define _GNU_SOURCE 1	/* preadv2, fallocate, O_DIRECT */
#include "backends/block_raw.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"

#define IOV_BATCH 64
#define ZERO_CHUNK 65536
#define DIRECT_ALIGN 4096
#define BOUNCE_CHUNK (256 * 1024)

static int fail(const char *who, const char *path, int err)
{
	log_error("%s: cannot open %s: %s", who, path, strerror(err));
	return -err;
}

static int refuse(const char *who, const char *path, const char *why)
{
	log_error("%s: cannot open %s: %s", who, path, why);
	return -EINVAL;
}

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* Size and sector sizes of what is open at raw->fd. */
static int learn(struct block_raw *raw, const char *who, const struct block_options *opts)
{
	struct stat st;
	uint64_t size;
	unsigned int physical = 4096;
	int logical = BLOCK_SECTOR;

	if (fstat(raw->fd, &st))
		return fail(who, opts->path, errno);
	size = st.st_size;
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(raw->fd, BLKGETSIZE64, &size) || ioctl(raw->fd, BLKSSZGET, &logical) ||
		    ioctl(raw->fd, BLKPBSZGET, &physical))
			return fail(who, opts->path, errno);
	} else if (!S_ISREG(st.st_mode)) {
		return refuse(who, opts->path, "it is neither a file nor a block device");
	}
	if (opts->range_offset >= size)
		return refuse(who, opts->path, size ? "range begins behind its end" : "it is empty");
	raw->offset = opts->range_offset;
	size -= opts->range_offset;
	if (opts->range_size > size)
		return refuse(who, opts->path, "range ends behind its end");
	if (opts->range_size)
		size = opts->range_size;
	raw->info.size = size - size % BLOCK_SECTOR;
	raw->info.logical_size = opts->logical_size ? opts->logical_size : (uint32_t)logical;
	raw->info.physical_size = opts->physical_size ? opts->physical_size : physical;
	if (raw->info.physical_size < raw->info.logical_size)
		raw->info.physical_size = raw->info.logical_size;
	if (!raw->info.size)
		return refuse(who, opts->path, "it is smaller than a sector of 512 bytes");
	if (!power_of_two(raw->info.logical_size) || !power_of_two(raw->info.physical_size))
		return refuse(who, opts->path, "its sector size is not a power of two");
	if (size % BLOCK_SECTOR)
		log_warn("%s: the last %u bytes of %s are no whole sector and not used", who,
			 (unsigned int)(size % BLOCK_SECTOR), opts->path);
	return 0;
}

/* Two VMs that write one disk destroy it. Block devices are left out: udev locks them now and then. */
static int lock(struct block_raw *raw, const char *who, const struct block_options *opts)
{
	struct stat st;

	if (fstat(raw->fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	if (flock(raw->fd, (opts->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) && errno == EWOULDBLOCK) {
		log_error("%s: cannot open %s: it is in use by another VM; open it read-only (\",ro\") in both to share it",
			  who, opts->path);
		return -EBUSY;
	}
	return 0;
}

int block_raw_open(struct block_raw *raw, const char *who, const struct block_options *opts)
{
	int flags = O_CLOEXEC | (opts->read_only ? O_RDONLY : O_RDWR) | (opts->direct ? O_DIRECT : 0);
	int ret;

	*raw = (struct block_raw){ .direct = opts->direct, .info.read_only = opts->read_only };
	raw->fd = open(opts->path, flags);
	if (raw->fd < 0)
		return fail(who, opts->path, errno);
	ret = lock(raw, who, opts);
	if (!ret)
		ret = learn(raw, who, opts);
	if (ret)
		block_raw_close(raw);
	return ret;
}

void block_raw_close(struct block_raw *raw)
{
	if (raw->fd >= 0)
		close(raw->fd);
	raw->fd = -1;
}

/* One system call on up to IOV_BATCH pieces. */
static ssize_t transfer(const struct block_raw *raw, const struct block_req *req, const struct iovec *iov, int nr,
			off_t at)
{
	if (req->op == BLOCK_READ)
		return preadv(raw->fd, iov, nr, at);
	return pwritev2(raw->fd, iov, nr, at, req->sync ? RWF_DSYNC : 0);
}

/* Moves all bytes, however many calls the kernel wants for it. */
static int transfer_all(const struct block_raw *raw, const struct block_req *req, off_t at)
{
	struct iovec iov[IOV_BATCH];
	unsigned int next = 0, nr = 0;
	ssize_t done;
	size_t part;

	for (;;) {
		while (nr < IOV_BATCH && next < req->nr_iov)
			iov[nr++] = req->iov[next++];
		if (!nr)
			return 0;
		done = transfer(raw, req, iov, nr, at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (done == 0)	/* the file was made shorter behind our back */
			return -EIO;
		at += done;
		while (done) {
			part = (size_t)done < iov[0].iov_len ? (size_t)done : iov[0].iov_len;
			iov[0].iov_base = (char *)iov[0].iov_base + part;
			iov[0].iov_len -= part;
			done -= part;
			if (!iov[0].iov_len)
				memmove(iov, iov + 1, --nr * sizeof(iov[0]));
		}
	}
}

static bool aligned(const struct block_raw *raw, const struct block_req *req)
{
	unsigned int i;

	for (i = 0; i < req->nr_iov; i++) {
		if (((uintptr_t)req->iov[i].iov_base | req->iov[i].iov_len) % raw->info.logical_size)
			return false;
	}
	return true;
}

/* Copies @len bytes between @buf and the request's data from its byte @off on. */
static void copy_piece(const struct block_req *req, uint64_t off, char *buf, size_t len)
{
	unsigned int i;
	size_t part;
	char *p;

	for (i = 0; i < req->nr_iov && len; i++) {
		if (off >= req->iov[i].iov_len) {
			off -= req->iov[i].iov_len;
			continue;
		}
		p = (char *)req->iov[i].iov_base + off;
		part = req->iov[i].iov_len - off < len ? req->iov[i].iov_len - off : len;
		if (req->op == BLOCK_READ)
			memcpy(p, buf, part);
		else
			memcpy(buf, p, part);
		buf += part;
		len -= part;
		off = 0;
	}
}

/* Past the page cache the kernel wants aligned memory; a guest need not use such, so there is a copy, a piece at a time. */
static int transfer_bounced(const struct block_raw *raw, const struct block_req *req, off_t at)
{
	uint64_t len = req->range->len, off;
	struct block_req copy = *req;
	struct iovec piece;
	int ret = 0;

	piece.iov_base = aligned_alloc(DIRECT_ALIGN, BOUNCE_CHUNK);
	if (!piece.iov_base)
		return -ENOMEM;
	copy.iov = &piece;
	copy.nr_iov = 1;
	for (off = 0; off < len && ret == 0; off += piece.iov_len) {
		piece.iov_len = len - off < BOUNCE_CHUNK ? len - off : BOUNCE_CHUNK;
		if (req->op == BLOCK_WRITE)
			copy_piece(req, off, piece.iov_base, piece.iov_len);
		ret = transfer_all(raw, &copy, at + off);
		if (ret == 0 && req->op == BLOCK_READ)
			copy_piece(req, off, piece.iov_base, piece.iov_len);
	}
	free(piece.iov_base);
	return ret;
}

/* Zeroes by writing them, for files that know no better way. */
static int write_zeroes(const struct block_raw *raw, off_t at, uint64_t len)
{
	void *zero = aligned_alloc(DIRECT_ALIGN, ZERO_CHUNK);
	ssize_t done = 0;

	if (!zero)
		return -ENOMEM;
	memset(zero, 0, ZERO_CHUNK);
	while (len) {
		done = pwrite(raw->fd, zero, len < ZERO_CHUNK ? len : ZERO_CHUNK, at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			break;
		at += done;
		len -= done;
	}
	done = done < 0 ? -errno : 0;
	free(zero);
	return done;
}

static int zero_range(const struct block_raw *raw, const struct block_req *req, off_t at, uint64_t len)
{
	int ret = -1;

	/* Punching is the cheaper way where the guest allows it to take the space. */
	if (req->unmap)
		ret = fallocate(raw->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, len);
	if (ret)
		ret = fallocate(raw->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, at, len);
	if (ret)
		ret = write_zeroes(raw, at, len);
	if (ret == 0 && req->sync)
		ret = fdatasync(raw->fd) ? -errno : 0;
	return ret;
}

static int discard_range(const struct block_raw *raw, off_t at, uint64_t len)
{
	return fallocate(raw->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, len) ? -errno : 0;
}

int block_raw_execute(const struct block_raw *raw, const struct block_req *req)
{
	unsigned int i;
	off_t at;
	int ret;

	if (req->op == BLOCK_FLUSH)
		return fdatasync(raw->fd) ? -errno : 0;
	for (i = 0; i < req->nr_ranges; i++) {
		at = raw->offset + req->range[i].offset;
		if (req->op == BLOCK_DISCARD)
			ret = discard_range(raw, at, req->range[i].len);
		else if (req->op == BLOCK_ZERO)
			ret = zero_range(raw, req, at, req->range[i].len);
		else if (raw->direct && !aligned(raw, req))
			ret = transfer_bounced(raw, req, at);
		else
			ret = transfer_all(raw, req, at);
		if (ret)
			return ret;
	}
	return 0;
}

bool block_raw_try_read(const struct block_raw *raw, const struct block_req *req)
{
	if (req->op != BLOCK_READ || raw->direct || req->nr_iov > IOV_MAX)
		return false;
	/* Less than all means that the rest must be fetched: then the whole is done the slow way. */
	return preadv2(raw->fd, req->iov, req->nr_iov, raw->offset + req->range->offset, RWF_NOWAIT) ==
	       (ssize_t)req->range->len;
}

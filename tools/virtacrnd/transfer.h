/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes of a volume on their way from or to a stream: a thread of its own moves them, since a disk may keep it waiting, and a socket
 * joins the two.
 *
 *	client <-- messages --> stream.c (I/O thread) <-- socket --> transfer.c (thread) <-- pread, pwrite --> file
 *
 * The thread's end of the socket closes when all is moved or nothing more can be. To one that writes, the end of what it reads from the
 * socket says that all has come.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TRANSFERS_MAX	16u	/* at once, of all clients */

struct transfer;

struct transfer_ask {
	bool up;			/* into the file */
	uint64_t at, size;		/* bytes: where, and how many at most; down: exactly */
	const char *path;		/* for messages */
	unsigned int client;
	uid_t uid;
};

/*
 * Begin, with *@end as the other end of the socket. @file is the transfer's in any case. NULL with errno: EUSERS: TRANSFERS_MAX are under way.
 * Who has it puts it back by transfer_put() when *@end is closed.
 */
struct transfer *transfer_create(int file, const struct transfer_ask *ask, int *end);
void transfer_put(struct transfer *transfer);

/* What comes is no longer wanted: written is what has been, and that is not kept safe. */
void transfer_stop(struct transfer *transfer);

bool transfer_is_up(const struct transfer *transfer);
/* When the socket has ended: what went wrong; NULL: nothing, and what was written is on the disk. */
const char *transfer_why(const struct transfer *transfer);

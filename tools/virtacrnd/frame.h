/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages on the wire, big-endian:
 *
 *	u32 bytes of the message, these four included
 *	u32 program, u32 version, i32 procedure, i32 type, u32 serial, i32 status
 *	arguments or results as XDR, or a stream's bytes
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEAD		28u
#define FRAME_MAX		(4u << 20)	/* of a message that we take */
#define FRAME_STREAM_MAX	262120u		/* bytes of a stream in one message */

#define FRAME_REMOTE		0x20008086u	/* programs; the version of both is 1 */
#define FRAME_KEEPALIVE		0x6b656570u

enum frame_type { FRAME_CALL, FRAME_REPLY, FRAME_MESSAGE, FRAME_STREAM };
enum frame_status { FRAME_OK, FRAME_ERROR, FRAME_CONTINUE };
enum frame_keepalive { FRAME_PING = 1, FRAME_PONG = 2 };

struct frame_head {
	uint32_t program, version;
	int32_t procedure, type;
	uint32_t serial;
	int32_t status;
};

/* Of @n bytes that begin a message: 0 with its *@size (0: too few to tell), or -EMSGSIZE with *@size if it cannot be that long. */
int frame_size(const uint8_t *bytes, size_t n, size_t *size);

/* The head of a message of at least FRAME_HEAD bytes. */
void frame_get(const uint8_t *bytes, struct frame_head *head);
void frame_put(uint8_t *bytes, const struct frame_head *head, size_t size);

/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/frame.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

int frame_size(const uint8_t *bytes, size_t n, size_t *size)
{
	uint32_t word;

	*size = 0;
	if (n < sizeof(word))
		return 0;
	memcpy(&word, bytes, sizeof(word));
	*size = be32toh(word);
	return *size < FRAME_HEAD || *size > FRAME_MAX ? -EMSGSIZE : 0;
}

void frame_get(const uint8_t *bytes, struct frame_head *head)
{
	uint32_t word[6];

	memcpy(word, bytes + 4, sizeof(word));
	*head = (struct frame_head){ be32toh(word[0]), be32toh(word[1]), (int32_t)be32toh(word[2]), (int32_t)be32toh(word[3]),
				     be32toh(word[4]), (int32_t)be32toh(word[5]) };
}

void frame_put(uint8_t *bytes, const struct frame_head *head, size_t size)
{
	uint32_t word[7] = { htobe32((uint32_t)size), htobe32(head->program), htobe32(head->version), htobe32((uint32_t)head->procedure),
			     htobe32((uint32_t)head->type), htobe32(head->serial), htobe32((uint32_t)head->status) };

	memcpy(bytes, word, sizeof(word));
}

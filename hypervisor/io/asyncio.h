/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes nobody waits for, as a queue kick: the Service VM says which (HC_ASYNCIO_ASSIGN), the hypervisor puts the number
 * that came with the address into a ring and the vCPU goes on. A full ring, or none: they are requests like all others.
 */
#pragma once

#include "lib/types.h"

struct vm;
struct vcpu;
struct acrn_asyncio_info;
struct shared_buf;

/* True: vcpu->io, a write, was such a one and is done. Own thread. */
bool asyncio_take(struct vcpu *vcpu);

/* 0; -EINVAL (no request page, no such place), -EEXIST (one write could be both), -ENOSPC. Any CPU. */
int asyncio_assign(struct vm *vm, const struct acrn_asyncio_info *info) __must_check;
/* 0, -EINVAL, -ENOENT. When it returns the number is not put into the ring any more. Any CPU. */
int asyncio_deassign(struct vm *vm, const struct acrn_asyncio_info *info) __must_check;

/* Bytes of data of a ring whose header is a copy, 0: it is none of ours. */
uint32_t asyncio_ring_size(const struct shared_buf *head);
/* From now on `ring` is used, empty; NULL: none is. 0, -EINVAL (no request page). Any CPU. */
int asyncio_ring(struct vm *vm, struct shared_buf *ring, uint32_t size) __must_check;

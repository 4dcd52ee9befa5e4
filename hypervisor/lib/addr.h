/* SPDX-License-Identifier: BSD-3-Clause */
/* Address types: a guest-physical and a host-physical address cannot be mixed up. */
#pragma once

#include "lib/types.h"

typedef struct { uint64_t v; } hpa_t;	/* host physical, bytes */
typedef struct { uint64_t v; } gpa_t;	/* guest physical, bytes */
typedef struct { uint64_t v; } gva_t;	/* guest virtual, bytes */

static inline hpa_t hpa(uint64_t v) { return (hpa_t){ v }; }
static inline gpa_t gpa(uint64_t v) { return (gpa_t){ v }; }
static inline gva_t gva(uint64_t v) { return (gva_t){ v }; }

/*
 * Host virtual layout (doc/memory-map.md): all RAM and the mapped device
 * ranges appear at HOST_DIRECT_BASE + hpa, the image at HOST_IMAGE_BASE + hpa.
 */
#ifndef HOST_DIRECT_BASE	/* unit tests put the direct map elsewhere */
#define HOST_DIRECT_BASE	0xffff800000000000ul
#endif
#define HOST_IMAGE_BASE		0xffffffff80000000ul

static inline void *hpa_to_hva(hpa_t a)
{
	return (void *)(a.v + HOST_DIRECT_BASE);
}

/* Valid for direct-map and image addresses. */
static inline hpa_t hva_to_hpa(const void *p)
{
	uint64_t va = (uint64_t)p;

	return hpa(va >= HOST_IMAGE_BASE ? va - HOST_IMAGE_BASE : va - HOST_DIRECT_BASE);
}

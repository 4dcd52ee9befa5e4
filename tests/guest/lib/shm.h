/* SPDX-License-Identifier: BSD-3-Clause */
/* Driver of an ivshmem function (doc/feature/ivshmem.md), for guest programs. */
#pragma once

#include "lib/types.h"

#define SHM_PAGES	4u	/* of the memory, mapped by shm_open() */
#define SHM_VECTORS	8u
#define SHM_PBA		0x800u

/* Configuration space registers. */
#define SHM_COMMAND	0x04u
#define SHM_BAR(n)	(0x10u + 4u * (n))
#define SHM_CAP		0x40u
#define SHM_DECODE	7u	/* ports, memory, bus master */
#define SHM_ENABLE	(1u << 31)
#define SHM_FMASK	(1u << 30)

/* Offsets in BAR 0 and BAR 4. */
enum { SHM_MASK = 0, SHM_STATUS = 4, SHM_POSITION = 8, SHM_DOORBELL = 12, SHM_PEERS = 16 };

struct shm {
	unsigned int number;
	uint32_t bdf;
	uint32_t regs, table;		/* BARs 0 and 1, identity mapped */
	uint64_t base, size;		/* BAR 2: guest-physical, bytes */
	uint16_t ports;			/* BAR 4 */
	volatile uint8_t *memory;	/* SHM_PAGES pages of it */
};

uint32_t pci_cfg_read(uint32_t bdf, uint32_t reg);
void pci_cfg_write(uint32_t bdf, uint32_t reg, uint32_t value);

/* The n-th function 1AF4:1110 of bus 0: gives it addresses if nobody did, sizes it, lets it decode. False: there is none. */
bool shm_open(unsigned int n, struct shm *s);
/* Maps the memory where BAR 2 is (again). */
void shm_map(struct shm *s);
uint64_t shm_bar2(const struct shm *s);

uint32_t shm_read(const struct shm *s, uint32_t reg);
void shm_write(const struct shm *s, uint32_t reg, uint32_t value);
static inline void shm_ring(const struct shm *s, uint32_t peer, uint32_t vector) { shm_write(s, SHM_DOORBELL, peer << 16 | vector); }
void shm_ring_port(const struct shm *s, uint32_t peer, uint32_t vector);

/* Entry i: interrupt `vector` of this processor, unmasked; MSI-X on. */
void shm_take(const struct shm *s, unsigned int i, uint8_t vector);
void shm_mask(const struct shm *s, unsigned int i, bool masked);
uint32_t shm_pending(const struct shm *s);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The test's parts. */
#pragma once

#include "hw/vtd.h"
#include "lib/types.h"

#define POOL_PAGES	64u

/* The pages that frame_get() gives: tables of the IOMMU, which stand for the hypervisor's memory. */
extern uint8_t pool[POOL_PAGES][4096];

/* QEMU's edu device (docs/specs/edu.rst): finds it and lets it master the bus; false: there is none. */
bool edu_find(void);
uint16_t edu_bdf(void);
/* Copies between memory and the device's buffer; waits for the end. False: it never ended. */
bool edu_read(uint64_t addr, uint32_t size);
bool edu_write(uint64_t addr, uint32_t size);
/* The message it sends; then a message. */
void edu_msi(uint64_t addr, uint16_t data);
void edu_raise(void);

void test_ecam(void);
void test_dma(void);
void test_interrupts(void);

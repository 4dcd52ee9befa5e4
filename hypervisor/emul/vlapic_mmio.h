/* SPDX-License-Identifier: BSD-3-Clause */
/* The local APIC's page in guest-physical memory, for guests in xAPIC mode. */
#pragma once

struct vm;

/* Registers the page at its default address. 0 or -errno of io_region_add(). */
int vlapic_mmio_create(struct vm *vm);

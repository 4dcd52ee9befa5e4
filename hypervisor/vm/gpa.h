/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM's guest-physical memory: its EPT, and checked access to it from the hypervisor. */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"

struct vm;

int gpa_create(struct vm *vm) __must_check;
void gpa_destroy(struct vm *vm);

/* Maps and unmaps with PG_* attributes (mm/pgtable.h), then makes all vCPUs flush. Any CPU; vm->lock held or VM not running. */
int gpa_map(struct vm *vm, gpa_t gpa, hpa_t hpa, uint64_t size, uint32_t attr) __must_check;
int gpa_unmap(struct vm *vm, gpa_t gpa, uint64_t size) __must_check;
int gpa_protect(struct vm *vm, gpa_t gpa, uint64_t size, uint32_t clear, uint32_t set) __must_check;

/* Returns when no vCPU, nor the hypervisor for one (vm/memuse.h), uses a translation from before the call. Any CPU. */
void gpa_flush(struct vm *vm);

/* Direct-map pointer to `size` bytes that lie in one run of RAM pages the guest may write, or NULL. Lock-free. What the VM may lose is used between
 * memuse_begin() and memuse_end() only. */
void *gpa_ptr(const struct vm *vm, gpa_t gpa, uint64_t size) __must_check;

/* Copy across page borders. 0 or -EFAULT (nothing or part copied). Any CPU. */
int gpa_read(const struct vm *vm, gpa_t gpa, void *buf, uint64_t size) __must_check;
int gpa_write(const struct vm *vm, gpa_t gpa, const void *buf, uint64_t size) __must_check;

/* Translates; 0 or -ENOENT. */
int gpa_to_hpa(const struct vm *vm, gpa_t gpa, hpa_t *out) __must_check;

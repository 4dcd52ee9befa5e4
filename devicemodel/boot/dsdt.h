/* SPDX-License-Identifier: BSD-3-Clause */
/* The DSDT's content. */
#pragma once

struct aml;
struct vm;

/* Write the definition block's body (without table header) for @vm's devices. */
void dsdt_write(struct vm *vm, struct aml *aml);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The VMs' consoles: one can be attached to the operator's terminal; with boot option `tee` all are copied to it line by line. */
#pragma once

#include "lib/types.h"

/* Whether output of all VMs is copied while none is attached. */
void vmcon_tee(bool on);
/* 0, or -ENOENT: no such VM or it has no console. */
int vmcon_attach(uint32_t vm_id);
void vmcon_detach(void);
bool vmcon_is_attached(void);
/* A key for the attached VM. */
void vmcon_key(uint8_t byte);
/* Moves some output of all VMs; false when there was none. */
bool vmcon_pump(void);

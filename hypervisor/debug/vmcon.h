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
/* Moves some output of all VMs in turn; true: there may be more, and the console has room for it. */
bool vmcon_pump(void);
/* Moves all of it, however long the UART takes: before the machine ends. */
void vmcon_drain(void);

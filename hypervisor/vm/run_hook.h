/* SPDX-License-Identifier: BSD-3-Clause */
/* The one upward call of vm/: the body of a vCPU's thread, defined in exit/run.c (doc/layers.md, rule 6). */
#pragma once

/* `arg` is the struct vcpu. */
void vcpu_thread_body(void *arg);

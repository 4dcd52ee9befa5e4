/* SPDX-License-Identifier: BSD-3-Clause */
/* Upward calls of vm/, defined in exit/run.c (doc/layers.md, rule 6). */
#pragma once

struct thread;

/* The body of a vCPU's thread; `arg` is the struct vcpu. */
void vcpu_thread_body(void *arg);
/* The thread's switch_out, for vCPUs with something to note when they leave the CPU. */
void vcpu_switch_out(struct thread *t);

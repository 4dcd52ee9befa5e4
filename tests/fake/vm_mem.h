/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake page pool (the C library's heap, so that sanitizers watch it) and a silent log. */
#pragma once

#include "lib/types.h"

extern unsigned int fake_mem_pages;	/* pages handed out and not returned */
extern bool fake_mem_empty;		/* frame_get() fails */
extern unsigned int fake_mem_fail_at;	/* the n-th frame_get() from now fails; 0: none */

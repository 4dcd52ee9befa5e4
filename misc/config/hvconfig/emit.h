/* SPDX-License-Identifier: BSD-3-Clause */
/* What other programs read: the boot loader's menu entry, acrn-dm's launch script, libvirt's domain. */
#pragma once

#include <stdio.h>

#include "board.h"
#include "setup.h"

/* A file for GRUB 2: one menu entry with every boot module of the scenario. */
void emit_grub(const struct setup *setup, FILE *out);

/* A shell script that runs acrn-dm for this post-launched VM, whose launch element is there. Without a board pCPUs count as APIC ids. */
void emit_launch(const struct setup *setup, unsigned int vm_id, const struct board *board, FILE *out);

/* The same VM as a domain of type acrn. */
void emit_domain(const struct setup *setup, unsigned int vm_id, FILE *out);

/* A word that a shell, and GRUB's, take as it is: between apostrophes where it has to be. */
void emit_quoted(const char *text, FILE *out);

/* Memory of a user VM whose scenario leaves it open: acrn-dm's own default. */
#define EMIT_DEFAULT_MEMORY	(256ull << 20)

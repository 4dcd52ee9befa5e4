/* SPDX-License-Identifier: BSD-3-Clause */
/* Linux bzImage by the 32-bit boot protocol (Linux Documentation/arch/x86/boot.rst). */
#pragma once

struct boot_entry;
struct boot_file;
struct vm;

/* Load @kernel, the ramdisk and the command line; fill @entry. -errno with a message. */
int bzimage_load(struct vm *vm, const struct boot_file *kernel, struct boot_entry *entry);

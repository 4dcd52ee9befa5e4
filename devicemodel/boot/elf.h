/* SPDX-License-Identifier: BSD-3-Clause */
/* ELF kernels: by the multiboot 1 header, else by the PVH note. */
#pragma once

struct boot_entry;
struct boot_file;
struct vm;

/* Load @kernel, the ramdisk as its one module, and the command line; fill @entry. -errno with a message. */
int elf_load(struct vm *vm, const struct boot_file *kernel, struct boot_entry *entry);

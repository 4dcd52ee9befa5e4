/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that are whole or not there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "board.h"
#include "setup.h"

/* Writes beside the target, to the disk, and renames: a failure, of the power too, leaves the file that was there. False with errno. */
bool output_file(const char *file, const void *data, size_t size, mode_t mode);

/*
 * Everything a scenario makes, into a folder that is made if need be: NAME.bin, grub.cfg, and launch_VM.sh and VM.xml for each user VM
 * with a launch element. False with errno.
 */
bool output_folder(const char *folder, const struct setup *setup, const struct board *board);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Definitions on disk. A definition is one launch file, so that it is there whole or not at all:
 *
 *	#!/bin/sh
 *	# virtacrnd UUID
 *	exec ACRN-DM ARGUMENTS "$@" NAME
 *	#<domain type="acrn">		the XML, each line behind a #
 *
 * One that is for one run only is such a file beside the command socket, PLACE_ONCE, locked (flock(2)) by the VM's process: unlocked it
 * is of a run that is over. What a VM that runs was started with is kept there, too.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct domxml;

/* UUID of a VM that is defined here; false: it is not, or by acrnctl. */
bool store_uuid(const char *name, uint8_t *uuid);

/* Its XML; free() it. NULL: there is none. */
char *store_text(const char *name);

/* The line for a shell that runs @x by the device model @dm; free() it. NULL: no memory. */
char *store_command(const struct domxml *x, const char *dm);

/* Write a definition in the place of what was there. 0, or -errno with @why. */
int store_write(const struct domxml *x, const char *dm, char *why, size_t why_size);

/* Write one for one run. A descriptor that holds its lock, or -errno with @why. */
int store_write_once(const struct domxml *x, const char *dm, char *why, size_t why_size);
/* UUID and XML of one that is in use. */
bool store_once_uuid(const char *name, uint8_t *uuid);
char *store_once_text(const char *name);
/* Remove one that is not in use. False: it is. */
bool store_forget_once(const char *name);

/* Keep @text as that of the VM that runs as process @pid; the text of such a one, NULL: there is none. */
int store_write_live(const char *name, const char *text);
char *store_live(const char *name, int pid);
bool store_live_uuid(const char *name, int pid, uint8_t *uuid);

/*
 * What is written down about a VM that a launch file of acrnctl's defines, as XML (domxml_notes_change()), in a file of its own beside that;
 * free() it. NULL: nothing is, or it is another's. Writing it ("": there is none) is 0 or -errno.
 */
bool store_has_notes(const char *name);
char *store_notes(const char *name);
int store_write_notes(const char *name, const char *text);

/*
 * Give the definition @old another name, with its settings: @new says all else, too, as it is to be. The caller keeps others from
 * starting it. 0, or -errno with @why, and the old one is there: -EEXIST if there is a launch file of that name.
 */
int store_rename(const struct domxml *old, const struct domxml *new, const char *dm, char *why, size_t why_size);

/* Remove the definition and its settings. 0 or -errno. */
int store_remove(const char *name);

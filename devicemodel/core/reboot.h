/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The wish that the guest reboot: its power button was pressed, and its next power-off is to be a reset. A guest may ignore that, and nothing is
 * forced: when its time is over, whoever watches is told, and the wish stays. All with the device lock held.
 */
#pragma once

struct vm;

#define REBOOT_LIMIT_S		60u	/* that a guest has, unless the wish says otherwise; tools/acrnctl and virtacrnd count on it */
#define REBOOT_LIMIT_MAX_S	86400u

/* The wish, or it begins anew. 0, or -errno and there is none. */
int reboot_wish(struct vm *vm, unsigned int limit_s);

/* It came true, or something else is wanted. */
void reboot_forget(struct vm *vm);

/* "none", "wished" or "overdue". */
const char *reboot_state(const struct vm *vm);

/* The end; also without the lock when the event thread does not run. */
void reboot_close(struct vm *vm);

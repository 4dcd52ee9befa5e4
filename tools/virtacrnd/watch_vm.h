/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM that is watched: the connection to its command socket, and what was last told of it. All on the I/O thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "tools/common/monitor.h"
#include "tools/common/place.h"

struct watch_vm {
	struct watch_vm *next;
	char name[PLACE_NAME_MAX + 1];
	uint8_t uuid[16];
	bool defined;
	bool up;			/* told to have started, or found so */
	bool ended;			/* told to have stopped */
	bool was_there;			/* when the daemon began: its running is nothing new */
	int pid;
	struct monitor m;
	unsigned int tries;		/* to connect, that failed */
	sd_event *loop;
	sd_event_source *io, *timer;
};

struct watch_vm *watch_vm_create(sd_event *loop, const char *name);
void watch_vm_destroy(struct watch_vm *vm);

/* Neither defined nor watched. */
bool watch_vm_is_idle(const struct watch_vm *vm);

/* Its socket is new, or was there before the daemon. */
void watch_vm_look(struct watch_vm *vm);
void watch_vm_was_there(struct watch_vm *vm);

/* The definition of @old has become its own, by another name. */
void watch_vm_renamed(struct watch_vm *vm, struct watch_vm *old);

/* Its definition was written or removed; or was there before the daemon. */
void watch_vm_defined(struct watch_vm *vm, bool defined);
void watch_vm_was_defined(struct watch_vm *vm);

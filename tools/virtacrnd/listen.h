/* SPDX-License-Identifier: BSD-3-Clause */
/* The two sockets: PATH for those who may manage VMs, PATH-ro for everybody. */
#pragma once
#include <systemd/sd-event.h>

#define LISTEN_PATH	"/run/libvirt/virtacrnd-sock"	/* where clients look for acrn:///system */
#define LISTEN_RO	"-ro"

/*
 * Serve the sockets that systemd gives, else make them at @path, the first for members of group @group (NULL or "": root only). A
 * socket that is left there and that nobody answers is replaced. 0 or -errno with the reason in the journal.
 */
int listen_begin(sd_event *event, const char *path, const char *group);

/* Remove the sockets that were made. */
void listen_end(void);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events: which of them a client wants, and telling it. A registration's number is the connection's own; it comes first in each message
 * of its kind, so that one event goes out once for each registration. Events of kinds that never happen here can be asked for.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define EVENTS_MAX	1024u	/* registrations of a connection */

struct client;
struct wire_dom;

/*
 * Tell @client of events of @kind (VIR_DOMAIN_EVENT_ID_*), of the domain with @uuid only unless that is NULL; @others: it may be one that no
 * acrn-dm runs (other.h). The number, or -errno.
 */
int events_add(struct client *client, int kind, const uint8_t *uuid, bool others);
/* False: there is none with that number. */
bool events_remove(struct client *client, int number);
/* All of one that is gone. */
void events_drop(struct client *client);

/* Whether anybody wants an event that such a domain can have. Any thread. */
bool events_others_wanted(void);

/* I/O thread: tell all who want to know. @event and @detail are VIR_DOMAIN_EVENT_*. */
void events_lifecycle(const struct wire_dom *dom, int event, int detail);
void events_reboot(const struct wire_dom *dom);

/* Any thread: the same of a change to what is written down about it, VIR_DOMAIN_METADATA_* @type, @uri of an element (else NULL), soon. */
void events_metadata(const struct wire_dom *dom, int type, const char *uri);
/* I/O thread: now. */
void events_tell_waiting(void);

/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/events.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/server.h"
#include "wire.h"

#define LIFECYCLE	318	/* messages' numbers */
#define REBOOT		319
#define METADATA	379

struct registration {
	struct registration *next;
	int number, kind;
	bool one;		/* only the domain with this UUID */
	bool others;		/* has others_wanted counted */
	uint8_t uuid[16];
};

static atomic_uint others_wanted;	/* registrations for events that a domain of other.h can have */

/* An event on its way to the clients. */
struct telling {
	int kind, procedure;
	int (*xdr)();
	void *data;		/* begins with the number of the registration */
	const wire_dom *dom;
};

/* What other threads have to tell, in its order. */
struct waiting {
	struct waiting *next;
	wire_meta_change data;
};

static pthread_mutex_t waiting_lock = PTHREAD_MUTEX_INITIALIZER;
static struct waiting *first_waiting, **last_waiting = &first_waiting;

static void forget_one(struct registration *r)
{
	if (r && r->others)
		atomic_fetch_sub(&others_wanted, 1);
	free(r);
}

bool events_others_wanted(void)
{
	return others_wanted;
}

int events_add(struct client *client, int kind, const uint8_t *uuid, bool others)
{
	struct registration *new = calloc(1, sizeof(*new));
	int number = -ENOSPC;

	if (!new)
		return -ENOMEM;
	new->kind = kind;
	new->one = uuid;
	new->others = others && (kind == VIR_DOMAIN_EVENT_ID_LIFECYCLE || kind == VIR_DOMAIN_EVENT_ID_REBOOT);
	if (uuid)
		memcpy(new->uuid, uuid, sizeof(new->uuid));
	pthread_mutex_lock(&client->lock);
	if (client->nr_registrations < EVENTS_MAX && client->last_callback < INT32_MAX) {
		number = new->number = client->last_callback++;
		new->next = client->registrations;
		client->registrations = new;
		client->nr_registrations++;
		if (new->others)
			atomic_fetch_add(&others_wanted, 1);
	}
	pthread_mutex_unlock(&client->lock);
	if (number < 0)
		free(new);
	return number;
}

bool events_remove(struct client *client, int number)
{
	struct registration **at, *found;

	pthread_mutex_lock(&client->lock);
	at = &client->registrations;
	while (*at && (*at)->number != number)
		at = &(*at)->next;
	found = *at;
	if (found) {
		*at = found->next;
		client->nr_registrations--;
	}
	pthread_mutex_unlock(&client->lock);
	forget_one(found);
	return found;
}

void events_drop(struct client *client)
{
	while (client->registrations) {
		struct registration *first = client->registrations;

		client->registrations = first->next;
		forget_one(first);
	}
}

/* Numbers of the client's registrations that want it; sent without the lock, which sending takes. */
static size_t find(struct client *client, const struct telling *t, int *numbers)
{
	size_t nr = 0;

	pthread_mutex_lock(&client->lock);
	for (struct registration *r = client->registrations; r; r = r->next)
		if (r->kind == t->kind && (!r->one || !memcmp(r->uuid, t->dom->uuid, sizeof(r->uuid))))
			numbers[nr++] = r->number;
	pthread_mutex_unlock(&client->lock);
	return nr;
}

static void tell(struct client *client, void *arg)
{
	const struct telling *t = arg;
	const struct frame_head head = { FRAME_REMOTE, 1, t->procedure, FRAME_MESSAGE, 0, FRAME_OK };
	int numbers[EVENTS_MAX];
	size_t nr = find(client, t, numbers);

	for (size_t i = 0; i < nr; i++) {
		memcpy(t->data, &numbers[i], sizeof(int));
		calls_send(client, &head, t->xdr, t->data);
	}
}

void events_lifecycle(const struct wire_dom *dom, int event, int detail)
{
	wire_lifecycle data = { .dom = *dom, .event = event, .detail = detail };

	server_each(tell, &(struct telling){ VIR_DOMAIN_EVENT_ID_LIFECYCLE, LIFECYCLE, (int (*)())xdr_wire_lifecycle, &data, dom });
}

void events_reboot(const struct wire_dom *dom)
{
	wire_reboot data = { .dom = *dom };

	server_each(tell, &(struct telling){ VIR_DOMAIN_EVENT_ID_REBOOT, REBOOT, (int (*)())xdr_wire_reboot, &data, dom });
}

static void forget(struct waiting *w)
{
	if (!w)
		return;
	xdr_free((xdrproc_t)xdr_wire_meta_change, (char *)&w->data);
	free(w);
}

/* NULL: no memory. */
static struct waiting *keep(const struct wire_dom *dom, int type, const char *uri)
{
	struct waiting *w = calloc(1, sizeof(*w));
	bool ok = w;

	if (w) {
		w->data = (wire_meta_change){ .dom = *dom, .type = type };
		w->data.dom.name = strdup(dom->name);
		ok = w->data.dom.name;
	}
	if (ok && uri) {
		w->data.uri = calloc(1, sizeof(*w->data.uri));
		ok = w->data.uri && (*w->data.uri = strdup(uri));
	}
	if (ok)
		return w;
	forget(w);
	return NULL;
}

void events_metadata(const struct wire_dom *dom, int type, const char *uri)
{
	struct waiting *w = keep(dom, type, uri);

	if (!w)
		return;
	pthread_mutex_lock(&waiting_lock);
	*last_waiting = w;
	last_waiting = &w->next;
	pthread_mutex_unlock(&waiting_lock);
	client_wake();
}

void events_tell_waiting(void)
{
	struct waiting *list, *next;

	pthread_mutex_lock(&waiting_lock);
	list = first_waiting;
	first_waiting = NULL;
	last_waiting = &first_waiting;
	pthread_mutex_unlock(&waiting_lock);
	for (; list; list = next) {
		next = list->next;
		server_each(tell, &(struct telling){ VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, METADATA, (int (*)())xdr_wire_meta_change, &list->data,
						     &list->data.dom });
		forget(list);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What a life_mngr does, by the kind of VM it runs in. */
#pragma once
#include <systemd/sd-event.h>

#include "tools/life_mngr/conf.h"
#include "tools/life_mngr/local.h"

struct role {
	/* Open the lines. 0 or -errno. */
	int (*begin)(sd_event *event, const struct conf *conf);
	/* A local client asks. */
	void (*request)(struct local_client *client, const char *request);
	/* The system goes down: what is to be done before. Leaves the loop when it is. */
	void (*leave)(void);
	void (*end)(void);
};

extern const struct role service_role, user_role;

/* Run a command of the configuration in the background, with what it is for in the log. */
void role_run(const char *command, const char *what);

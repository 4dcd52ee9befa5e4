/* SPDX-License-Identifier: BSD-3-Clause */
/* core/log.h for unit tests: messages are kept, and can be looked into. */
#pragma once

#include <stdbool.h>

#include "core/log.h"

/* All messages since the last clear, a line each. */
const char *virtio_log_text(void);
bool virtio_log_has(const char *part);
void virtio_log_clear(void);

/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-console (virtio 1.2, 5.3): options and behaviour are in doc/feature/virtio-console.md. */
#pragma once

#include "virtio/device.h"

extern const struct virtio_ops console_ops;

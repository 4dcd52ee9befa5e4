/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-net (virtio 1.2, 5.1): options and behaviour are in doc/feature/virtio-net.md. */
#pragma once

#include "virtio/device.h"

extern const struct virtio_ops net_ops;

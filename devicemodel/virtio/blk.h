/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-blk (virtio 1.2, 5.2): options and behaviour are in doc/feature/virtio-blk.md. */
#pragma once

#include "virtio/device.h"

extern const struct virtio_ops blk_ops;

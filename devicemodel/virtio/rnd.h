/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-rnd (virtio 1.2, 5.4): options and behaviour are in doc/feature/virtio-rnd.md. */
#pragma once

#include "virtio/device.h"

extern const struct virtio_ops rnd_ops;

/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the exceptions. */
#pragma once

#include "lib/types.h"

const char *exception_name(uint64_t vector);

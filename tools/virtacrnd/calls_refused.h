/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls that are known and not served, with the reason that clients are told. */
#pragma once
#include <stdint.h>

/* NULL: there is no more to say than that it is not served. */
const char *calls_refused_why(int32_t procedure);

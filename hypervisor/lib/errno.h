/* SPDX-License-Identifier: BSD-3-Clause */
/* Error numbers, the values Linux uses: they cross the hypercall ABI. */
#pragma once

#define EPERM	1
#define ENOENT	2
#define EIO	5
#define E2BIG	7
#define ENOEXEC	8
#define EAGAIN	11
#define ENOMEM	12
#define EACCES	13
#define EFAULT	14
#define EBUSY	16
#define EEXIST	17
#define ENODEV	19
#define EINVAL	22
#define ENOTTY	25
#define ENOSPC	28
#define ERANGE	34
#define ENOSYS	38
#define ETIMEDOUT 110

/* SPDX-License-Identifier: GPL-2.0 */
/* Stands in for hsm_driver/hypercall.h: hypercalls go to the fake hypervisor. */
#pragma once
#include <linux/errno.h>
#include <linux/err.h>
#include <linux/types.h>
#include "public/hypercall.h"

int hc(u32 id, u64 param1, u64 param2);
extern bool fake_has_stats;

static inline bool hc_present(void)
{
	return true;
}

static inline bool hc_privileged(void)
{
	return true;
}

static inline u32 hc_extensions(void)
{
	return HV_EXT_HSM_FUNCTION | HV_EXT_Q_HYPERCALLS | (fake_has_stats ? HV_EXT_Q_STATS : 0);
}

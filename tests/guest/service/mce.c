/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Machine checks of a VM's own doing: on the emulator of tests/emulator, RDTSC with MCE_MAGIC in RCX is an error of the kind
 * that the other registers say (models.hpp). Elsewhere it reads the TSC, and the case fails.
 */
#include "service/service.h"

#include "lib/args.h"
#include "lib/report.h"
#include "service/hc.h"
#include "x86/msr.h"

#define MCE_MAGIC	0x4d43453151554552ul
#define NEEDS_ACTION	(MC_STATUS_UC | MC_STATUS_AR)
#define WITH_ADDRESS	(MC_STATUS_ADDRV | MC_STATUS_MISCV)
#define PHYSICAL_PAGE	(MC_MISC_PHYSICAL << 6 | 12)	/* the address's mode, and its accuracy */

static void fail(uint64_t status, uint64_t addr)
{
	register uint64_t misc __asm__("r8") = PHYSICAL_PAGE;
	register uint64_t mcg __asm__("r9") = MCG_STATUS_RIPV | MCG_STATUS_EIPV;

	__asm__ volatile("rdtsc" : : "c"(MCE_MAGIC), "S"(status), "D"(addr), "r"(misc), "r"(mcg) : "eax", "edx", "memory");
}

void case_mce(void)
{
	fail(MC_STATUS_UC, 0);
	report(true, "an error that needs no action is none for this VM");
	if (args_has("memory"))
		fail(NEEDS_ACTION | WITH_ADDRESS, GPA(fail));
	else if (args_has("others"))
		fail(NEEDS_ACTION | WITH_ADDRESS, args_number("secret", 0));
	else if (args_has("context"))
		fail(NEEDS_ACTION, 0);
	else
		fail(MC_STATUS_UC | MC_STATUS_PCC, 0);
	report(false, "the VM goes on after an error that nothing survives");
}

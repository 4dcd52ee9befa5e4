/* SPDX-License-Identifier: BSD-3-Clause */
/* From the assembly to the program's guest_main(). */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/cpu.h"
#include "lib/main.h"
#include "lib/platform.h"
#include "lib/report.h"

void guest_entry(uint32_t magic, const void *info);

void guest_entry(uint32_t magic, const void *info)
{
	platform_init(magic, info);
	console_init();
	cpu_setup(0);
	clock_init();
	apic_mask_pic();
	apic_setup();
	cpus[0].apic_id = apic_id();
	guest_main();
	report_end();
}

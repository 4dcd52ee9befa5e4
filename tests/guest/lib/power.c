/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/power.h"

#include "emul/vpm.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/platform.h"
#include "x86/insn.h"

#define SLP_TYP(t)	((uint8_t)((t) << 2))	/* ACPI 6.4, 4.8.3.7: bits 4:2 */
#define SLP_EN		0x20u			/* bit 5 */
#define BOCHS_SHUTDOWN	0x8900u			/* takes the letters of "Shutdown" */
#define BOCHS_PM1_CNT	0xb004u			/* of the PIIX4, the Service VM's; S5 is type 0 */
#define PM1_SLP_EN	0x2000u			/* bit 13 */
#define LAST_WORDS_US	2000u

void power_off(void)
{
	const char *p;

	cpu_cli();
	console_flush();
	/* The emulator may drop characters that still are on their way. */
	clock_wait_us(LAST_WORDS_US);
	if (platform_is_service())
		outw(BOCHS_PM1_CNT, PM1_SLP_EN);
	else if (platform_is_vm())
		outb(VPM_SLEEP_CTL, SLP_EN | SLP_TYP(VPM_S5_TYPE));
	else
		for (p = "Shutdown"; *p; p++)
			outb(BOCHS_SHUTDOWN, (uint8_t)*p);
	for (;;)
		cpu_hlt();
}

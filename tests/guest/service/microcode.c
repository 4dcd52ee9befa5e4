/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Microcode updates from a Service VM that may bring them. The emulated processor has revision 0 and takes none: what is seen
 * here is what is refused, and that all CPUs come together and go on. The one of tests/emulator takes it (args "loads").
 */
#include "service/service.h"

#include "cpu/microcode.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/report.h"
#include "lib/string.h"
#include "lib/trap.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define SIZE	8192u
#define ROUNDS	50u
#define REVISION 7u

static union {
	struct microcode_header h;
	uint32_t word[SIZE / 4];
} update __attribute__((aligned(16)));

static void seal(void)
{
	uint32_t i, sum = 0;

	update.h.checksum = 0;
	for (i = 0; i < SIZE / 4; i++)
		sum += update.word[i];
	update.h.checksum = -sum;
}

static bool bring(const void *data)
{
	fault_clear();
	(void)!wrmsr_safe(MSR_BIOS_UPDT_TRIG, (uint64_t)data);
	return fault_vector() < 0;
}

void case_microcode(void)
{
	uint64_t start, v;
	unsigned int i, ok = 0;

	report(!rdmsr_safe(MSR_BIOS_SIGN_ID, &v) && !v, "the machine's own revision is shown");
	memset(update.word, 0x5a, SIZE);
	update.h = (struct microcode_header){
		.header_version = 1, .revision = REVISION, .signature = cpuid(1, 0).eax, .loader_revision = 1, .platforms = 0xff,
		.data_size = SIZE - sizeof(update.h), .total_size = SIZE,
	};
	seal();
	update.word[SIZE / 8]++;
	report(bring(&update.h + 1), "a damaged one is no fault");
	update.word[SIZE / 8]--;
	report(bring((void *)(1ul << 46)) && bring((void *)(1ul << 62)), "nor is one at no address");
	update.h.signature++;
	seal();
	report(bring(&update.h + 1), "nor one for another processor");
	update.h.signature--;
	seal();
	start = rdtsc();
	for (i = 0; i < ROUNDS; i++)
		ok += bring(&update.h + 1);
	report(ok == ROUNDS && rdtsc() - start < clock_from_us(5000000), "it is brought %u times", ROUNDS);
	report(!rdmsr_safe(MSR_BIOS_SIGN_ID, &v) && v >> 32 == (args_has("loads") ? REVISION : 0), "then the revision shown is %lu",
	       v >> 32);
}

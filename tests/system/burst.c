/* SPDX-License-Identifier: BSD-3-Clause */
/* burst N: executes CPUID N times: VM exits of a known number. */
#include <cpuid.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	unsigned int a, b, c, d;

	for (long n = argc == 2 ? atol(argv[1]) : 0; n > 0; n--)
		__cpuid(0, a, b, c, d);
	return 0;
}

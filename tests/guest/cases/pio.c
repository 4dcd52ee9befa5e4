/* SPDX-License-Identifier: BSD-3-Clause */
/* Port instructions: sizes, strings, repeats, faults in the middle. */
#include "cases/cases.h"
#include "cases/testdev.h"

#include "lib/paging.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/string.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "x86/cr.h"
#include "x86/insn.h"

#define UART_SCRATCH	0x3ffu
#define SCRATCH		(TESTDEV_PORT + TESTDEV_SCRATCH)
#define NOBODY		0xd0f0u

static uint8_t buffer[8192] __aligned(4096);

/* The serial port's scratch register is there on every machine. */
static void test_uart_scratch(void)
{
	uint64_t rax = 0x1122334455667788ul, count = 5, at = (uint64_t)buffer;

	outb(UART_SCRATCH, 0x5a);
	__asm__ volatile("inb %%dx, %%al" : "+a"(rax) : "d"(UART_SCRATCH));
	report_eq(rax, 0x112233445566775aul, "IN to AL keeps the rest of RAX");
	memcpy(buffer, "\x01\x02\x03\x04\x05\x06", 6);
	__asm__ volatile("rep outsb" : "+S"(at), "+c"(count) : "d"(UART_SCRATCH) : "memory");
	report(count == 0 && at == (uint64_t)buffer + 5 && inb(UART_SCRATCH) == 5, "REP OUTSB writes 5 bytes");
	count = 3;
	at = (uint64_t)buffer + 16;
	memset(buffer + 16, 0, 8);
	__asm__ volatile("rep insb" : "+D"(at), "+c"(count) : "d"(UART_SCRATCH) : "memory");
	report(count == 0 && at == (uint64_t)buffer + 19 && !memcmp(buffer + 16, "\x05\x05\x05\0", 4), "REP INSB reads 3 bytes");
	count = 0;
	__asm__ volatile("rep insb" : "+D"(at), "+c"(count) : "d"(UART_SCRATCH) : "memory");
	report(count == 0 && at == (uint64_t)buffer + 19, "a count of 0 does nothing");
	count = 2;
	at = (uint64_t)buffer + 3;
	__asm__ volatile("std; rep outsb; cld" : "+S"(at), "+c"(count) : "d"(UART_SCRATCH) : "memory");
	report(count == 0 && at == (uint64_t)buffer + 1 && inb(UART_SCRATCH) == 3, "with DF it goes backwards");
	count = 0xffffffff00000002ul;
	at = (uint64_t)buffer;
	__asm__ volatile("addr32 rep outsb" : "+S"(at), "+c"(count) : "d"(UART_SCRATCH) : "memory");
	report(count == 0 && at == (uint64_t)buffer + 2 && inb(UART_SCRATCH) == 2, "with 32-bit addresses ECX and ESI count");
}

static void test_nobody(void)
{
	uint64_t rax = 0x1122334455667788ul;

	report(inb(NOBODY) == 0xff && inw(NOBODY) == 0xffff && inl(NOBODY) == 0xffffffffu, "a port of nobody reads as ones");
	__asm__ volatile("inw %%dx, %%ax" : "+a"(rax) : "d"(NOBODY));
	report_eq(rax, 0x112233445566fffful, "IN to AX keeps the rest of RAX");
	__asm__ volatile("inl %%dx, %%eax" : "+a"(rax) : "d"(NOBODY));
	report_eq(rax, 0xffffffffu, "IN to EAX clears the upper half");
	outl(NOBODY, 0);
	report(true, "a write to nobody's port does nothing");
}

/* Elements before the faulting page are done, registers say so, and the rest works afterwards. */
static void test_fault_in_the_middle(void)
{
	uint8_t *p = paging_set(8, (uint64_t)buffer | PTE_P | PTE_W);
	uint64_t at, count = 8;

	paging_set(9, 0);
	at = (uint64_t)p + PAGE_SIZE - 3;
	outb(UART_SCRATCH, 0x77);
	ASM_TRY("rep insb", : "+D"(at), "+c"(count) : "d"(UART_SCRATCH) : "memory");
	report(fault_vector() == EXC_PF && fault_last()->cr2 == (uint64_t)p + PAGE_SIZE && fault_last()->error == PF_WRITE,
	       "REP INSB into a hole faults with the hole's address (%d, %lx, %x)", fault_vector(), fault_last()->cr2,
	       fault_last()->error);
	report(count == 5 && at == (uint64_t)p + PAGE_SIZE, "3 of 8 elements are done (RCX %lu)", count);
	at = (uint64_t)p + PAGE_SIZE - 2;
	count = 4;
	ASM_TRY("rep outsb", : "+S"(at), "+c"(count) : "d"(UART_SCRATCH) : "memory");
	report(fault_vector() == EXC_PF && fault_last()->error == 0 && count == 2, "REP OUTSB from a hole likewise (RCX %lu)",
	       count);
	paging_set(8, (uint64_t)buffer | PTE_P);
	count = 1;
	at = (uint64_t)p;
	ASM_TRY("rep insb", : "+D"(at), "+c"(count) : "d"(UART_SCRATCH) : "memory");
	report(fault_vector() == EXC_PF && fault_last()->error == (PF_PRESENT | PF_WRITE) && count == 1,
	       "INSB into a read-only page faults (%d, %x)", fault_vector(), fault_last()->error);
	p = paging_set(10, (uint64_t)buffer | PTE_P | PTE_W);
	at = (uint64_t)p;
	__asm__ volatile("insb" : "+D"(at) : "d"(UART_SCRATCH) : "memory");
	report((paging_get(10) & (PTE_A | PTE_D)) == (PTE_A | PTE_D), "INSB sets the accessed and dirty bits");
}

static void test_sizes(void)
{
	uint64_t at = (uint64_t)buffer, count = 3;
	uint32_t info;

	if (!testdev_is_there()) {
		report_skip("recorded accesses: no test device");
		return;
	}
	outl(SCRATCH, 0xa1b2c3d4u);
	report(inl(SCRATCH) == 0xa1b2c3d4u && inw(SCRATCH) == 0xc3d4 && inb(SCRATCH + 3) == 0xa1, "sizes and offsets");
	outw(SCRATCH + 1, 0x5566);
	report_eq(inl(SCRATCH), 0xa15566d4u, "a write of 2 bytes changes 2 bytes");
	testdev_write(TESTDEV_CLEAR, 0);
	memcpy(buffer, "\x11\x11\x22\x22\x33\x33", 6);
	__asm__ volatile("rep outsw" : "+S"(at), "+c"(count) : "d"(SCRATCH) : "memory");
	info = testdev_read(TESTDEV_RECORD(0, TESTDEV_INFO));
	report(testdev_read(TESTDEV_WRITES) == 3 && testdev_read(TESTDEV_RECORD(0, TESTDEV_VALUE)) == 0x3333 &&
	       testdev_read(TESTDEV_RECORD(2, TESTDEV_VALUE)) == 0x1111, "REP OUTSW makes 3 accesses in order");
	report(info == (TESTDEV_INFO_VALID | TESTDEV_INFO_WRITE | TESTDEV_INFO_PORT | 2), "of 2 bytes each (%x)", info);
	testdev_write(TESTDEV_CLEAR, 0);
	at = (uint64_t)buffer + PAGE_SIZE - 2;
	count = 2;
	outl(SCRATCH, 0x01020304);
	__asm__ volatile("rep insl" : "+D"(at), "+c"(count) : "d"(SCRATCH) : "memory");
	report(!memcmp(buffer + PAGE_SIZE - 2, "\4\3\2\1\4\3\2\1", 8), "INSL across a page boundary");
}

void case_pio(void)
{
	test_uart_scratch();
	test_nobody();
	test_fault_in_the_middle();
	test_sizes();
}

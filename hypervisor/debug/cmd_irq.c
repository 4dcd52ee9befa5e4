/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about interrupts. */
#include "assign/intx.h"
#include "assign/msi.h"
#include "cpu/percpu.h"
#include "debug/cmd.h"
#include "emul/vioapic.h"
#include "irq/ioapic.h"
#include "irq/vector.h"
#include "lib/string.h"
#include "log/console.h"
#include "vm/vm.h"
#include "x86/apicreg.h"

static const char *vector_use(uint32_t v)
{
	return v == VEC_KICK ? "kick" : v == VEC_TIMER ? "timer" : v == VEC_POSTED ? "posted interrupt" :
	       v >= VEC_DYNAMIC_FIRST && v <= VEC_DYNAMIC_LAST ? "device" : "";
}

void cmd_int(int argc __unused, char **argv __unused)
{
	uint32_t v, i;

	console_printf("VECTOR  CPU: COUNT\n");
	for (v = 0; v < 256; v++) {
		bool any = false;

		for (i = 0; i < nr_pcpus; i++) {
			uint64_t n = vector_count(i, (uint8_t)v);

			if (n && !any)
				console_printf("0x%02x  ", v);
			if (n)
				console_printf("  %u: %lu", i, n);
			any |= n != 0;
		}
		if (any)
			console_printf("  %s\n", vector_use(v));
	}
	for (i = 0; i < nr_pcpus; i++)
		console_printf("CPU %u: %lu NMIs, %lu spurious\n", i, percpu_area[i].nr_nmi, percpu_area[i].nr_spurious);
}

void cmd_pt(int argc __unused, char **argv __unused)
{
	struct msi_message guest;
	const struct vm *vm;
	uint32_t i;
	int vector;

	console_printf("VM               SOURCE     VECTOR  GUEST\n");
	for (i = 0; i < ioapic_nr_gsi(); i++)
		if (intx_look(i, &vm, &vector))
			console_printf("%-16s line %-5u 0x%02x    line %u\n", vm->name, i, vector, i);
	for (i = VEC_DYNAMIC_FIRST; i <= VEC_DYNAMIC_LAST; i++)
		if (msi_look((uint8_t)i, &vm, &guest))
			console_printf("%-16s message    0x%02x    address %lx data %x\n", vm->name, i, guest.addr, guest.data);
}

static void print_rte(uint32_t gsi, uint64_t rte)
{
	console_printf("%-4u 0x%02lx   %-6s %-5s %-4s %s %lx\n", gsi, rte & IOAPIC_RTE_VECTOR_MASK,
		       rte & IOAPIC_RTE_MASKED ? "masked" : "open", rte & IOAPIC_RTE_LEVEL ? "level" : "edge",
		       rte & IOAPIC_RTE_ACTIVE_LOW ? "low" : "high", rte & IOAPIC_RTE_LOGICAL ? "logical" : "physical",
		       rte >> IOAPIC_RTE_DEST_SHIFT);
}

void cmd_vioapic(int argc, char **argv)
{
	uint64_t id, rte;
	uint32_t i;

	if (argc != 2 || str_to_u64(argv[1], &id) || id >= MAX_VMS || !vm_table[id] || !vm_table[id]->vioapic) {
		console_printf("vioapic VM: the number of a VM that has an I/O APIC, see vm_list\n");
		return;
	}
	console_printf("LINE VECTOR STATE  MODE  POL  DESTINATION\n");
	for (i = 0; vioapic_rte(vm_table[id], i, &rte); i++)
		print_rte(i, rte);
}

void cmd_dump_ioapic(int argc __unused, char **argv __unused)
{
	uint64_t rte;
	uint32_t i;

	console_printf("LINE VECTOR STATE  MODE  POL  DESTINATION\n");
	for (i = 0; i < ioapic_nr_gsi(); i++)
		if (ioapic_rte(i, &rte))
			print_rte(i, rte);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The scenario reader: a right module is accepted, each fault is refused with its own sentence. */
/* unit: hypervisor/config/scenario.c hypervisor/config/scenario_vm.c hypervisor/config/scenario_set.c hypervisor/config/scenario_names.c hypervisor/lib/crc.c */
#include <check.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/crc.h"
#include "lib/errno.h"
#include "test_scenario_sample.h"

#define RT	(&s->vms[SAMPLE_RT])
#define SAFETY	(&s->vms[SAMPLE_SAFETY])
#define SERVICE	(&s->vms[SAMPLE_SERVICE])
#define USER	(&s->vms[SAMPLE_USER])

START_TEST(crc_is_ieee)
{
	ck_assert_uint_eq(crc32_update(0, "123456789", 9), 0xCBF43926u);
	ck_assert_uint_eq(crc32_update(crc32_update(0, "1234", 4), "56789", 5), 0xCBF43926u);
	ck_assert_uint_eq(crc32_update(0, "", 0), 0u);
}
END_TEST

START_TEST(sample_is_right)
{
	struct scenario *s = sample_scenario();
	const struct scenario *out = NULL;
	struct scenario_error e = { .text = "" };

	ck_assert_msg(scenario_read(s, SAMPLE_SIZE, &out, &e) == 0, "%s", e.text);
	ck_assert_ptr_eq(out, s);
	ck_assert_int_eq(scenario_read(s, SAMPLE_SIZE + 4096, &out, &e), 0);	/* loaders pad */
	free(s);
}
END_TEST

/* Every fault: what to spoil in a right module, and the sentence, field, VM and index it must get. */
struct fault {
	void (*spoil)(struct scenario *s);
	const char *text, *field;
	int vm_id, index;
};

#define SPOIL(name, statement) static void name(struct scenario *s) { statement; }

SPOIL(name_open, memset(s->name, 'a', sizeof(s->name)))
SPOIL(name_tail, s->name[30] = 'x')
SPOIL(reserved_header, s->reserved[1] = 1)
SPOIL(policy_unknown, s->pcpu_policy[63] = 7)
SPOIL(vm_name_open, memset(USER->name, 'u', 16))
SPOIL(vm_name_empty, memset(RT->name, 0, 16))
SPOIL(vm_name_escape, memcpy(RT->name, "\033[2J", 4))
SPOIL(vm_name_twice, strncpy(USER->name, "rt", 16))
SPOIL(priority_above, USER->priority = 9; SERVICE->priority = 8)
SPOIL(priority_budget, USER->priority = SERVICE->priority = 9; SERVICE->budget_us = 500; SERVICE->period_us = 1000)
SPOIL(regions_many, s->nr_ivshmem = 9)
SPOIL(region_extra, s->nr_ivshmem = 1)
SPOIL(region_nameless, s->ivshmem[0].name[0] = 0; s->ivshmem[0].name[1] = 0; s->ivshmem[0].name[2] = 0; s->ivshmem[0].name[3] = 0)
SPOIL(region_twice, s->ivshmem[1].name[3] = '0')
SPOIL(region_size, s->ivshmem[0].size = 3 << 20)
SPOIL(region_small, s->ivshmem[0].size = 2048)
SPOIL(region_large, s->ivshmem[0].size = 2ull << 30)
SPOIL(region_vms, s->ivshmem[0].vm_mask = 0x11)
SPOIL(region_nobody, s->ivshmem[0].vm_mask = 0; s->ivshmem[0].writer_mask = 0)
SPOIL(region_writer, s->ivshmem[0].writer_mask = 2)
SPOIL(region_silent, s->ivshmem[0].silent_mask = 2)
SPOIL(region_reserved, s->ivshmem[1].reserved = 1)
SPOIL(order_unknown, USER->load_order = 3)
SPOIL(severity_unknown, RT->severity = 0x31)
SPOIL(severity_service, USER->severity = SCENARIO_SEVERITY_SERVICE)
SPOIL(severity_of_service, SERVICE->severity = SCENARIO_SEVERITY_RT)
SPOIL(severity_rt, RT->severity = SCENARIO_SEVERITY_STANDARD)
SPOIL(crash_unknown, RT->crash_policy = 3)
SPOIL(restarts, SAFETY->restart_max = 1)
SPOIL(reserved_vm, SAFETY->reserved1 = 1)
SPOIL(flags_unknown, RT->guest_flags |= 1ull << 15)
SPOIL(options_unknown, RT->options |= 1u << 5)
SPOIL(lapic_not_rt, RT->guest_flags = SCENARIO_FLAG_LAPIC_PT)
SPOIL(lapic_service, SERVICE->guest_flags = SCENARIO_FLAG_LAPIC_PT | SCENARIO_FLAG_RT)
SPOIL(lapic_xapic, RT->options = SCENARIO_OPT_NO_X2APIC)
SPOIL(microcode_user, USER->options |= SCENARIO_OPT_MICROCODE)
SPOIL(hyperv_service, SERVICE->options = SCENARIO_OPT_HYPERV_LEAVES)
SPOIL(memory_odd, RT->memory_size = 4096)
SPOIL(memory_none, SAFETY->memory_size = 0)
SPOIL(memory_service, SERVICE->memory_size = 2 << 20)
SPOIL(hpa_user, USER->memory_hpa = 2 << 20)
SPOIL(hpa_odd, RT->memory_hpa = 0x20100000)
SPOIL(memory_beyond, RT->memory_hpa = 0xffffffffffe00000)
SPOIL(memory_overlap, SAFETY->memory_hpa = 0x2fe00000)
SPOIL(cpu_none, USER->cpu_affinity = 0)
SPOIL(weight_high, RT->weight = 129)
SPOIL(warp_high, RT->warp_us = 1000001)
SPOIL(warp_limit_alone, RT->warp_limit_us = 5)
SPOIL(unwarp_alone, RT->warp_us = 7; RT->unwarp_us = 5)
SPOIL(budget_alone, SAFETY->period_us = 0)
SPOIL(period_alone, SAFETY->budget_us = 0)
SPOIL(budget_high, SAFETY->budget_us = 1001)
SPOIL(tsc_low, SAFETY->tsc_khz = 9999)
SPOIL(tsc_high, USER->tsc_khz = 10000001)
SPOIL(tsc_service, SERVICE->tsc_khz = 10000)
SPOIL(tsc_lapic, RT->tsc_khz = 2000000)
SPOIL(policy_lapic, s->pcpu_policy[3] = SCENARIO_POLICY_BVT)
SPOIL(cpu_taken, RT->cpu_affinity = 1 << 3; SERVICE->cpu_affinity = 0xb)
SPOIL(cpu_taken_first, SERVICE->cpu_affinity = 3; SAFETY->cpu_affinity = 1 << 3)
SPOIL(cpu_taken_user, USER->cpu_affinity = 0x9)
SPOIL(cpu_noop, s->pcpu_policy[1] = SCENARIO_POLICY_NOOP)
SPOIL(cpu_noop_pre, s->pcpu_policy[2] = SCENARIO_POLICY_NOOP; SERVICE->cpu_affinity = 7)
SPOIL(vuart_unknown, RT->vuarts[3].type = 3)
SPOIL(vuart_none_set, RT->vuarts[3].irq = 5)
SPOIL(vuart_reserved, RT->vuarts[0].reserved = 1)
SPOIL(vuart_peer, RT->vuarts[0].peer_vm = 2)
SPOIL(vuart_base, RT->vuarts[0].io_base = 0x3f9)
SPOIL(vuart_pci, RT->vuarts[0].io_base = 0xcf8)
SPOIL(vuart_low, RT->vuarts[0].io_base = 0x20)
SPOIL(vuart_irq, RT->vuarts[0].irq = 2)
SPOIL(vuart_irq_high, RT->vuarts[0].irq = 16)
SPOIL(vuart_same_base, RT->vuarts[1].io_base = 0x3f8)
SPOIL(vuart_same_irq, RT->vuarts[1].irq = 4)
SPOIL(console_none, RT->console = 3)
SPOIL(console_peer, RT->console = 1)
SPOIL(console_high, RT->console = 4)
SPOIL(peer_self, RT->vuarts[1].peer_vm = SAMPLE_RT)
SPOIL(peer_missing, RT->vuarts[1].peer_vm = 4)
SPOIL(peer_index, RT->vuarts[1].peer_vuart = 4)
SPOIL(peer_one_way, RT->vuarts[1].peer_vuart = 0)
SPOIL(peer_half, SERVICE->vuarts[2] = (struct scenario_vuart){ 0 })
SPOIL(pci_many, RT->nr_pci_devs = 17)
SPOIL(pci_service, SERVICE->nr_pci_devs = 1)
SPOIL(pci_uncounted, RT->nr_pci_devs = 1)
SPOIL(pci_twice, RT->pci_devs[1] = 0xfa)
SPOIL(pci_taken, SAFETY->nr_pci_devs = 1; SAFETY->pci_devs[0] = 0x100)
SPOIL(io_many, RT->nr_io_ranges = 9)
SPOIL(io_user, USER->nr_io_ranges = 1)
SPOIL(io_uncounted, RT->nr_io_ranges = 1)
SPOIL(io_empty, RT->io_ranges[1].size = 0)
SPOIL(io_beyond, RT->io_ranges[1] = ((struct scenario_io_range){ 0xffff, 2 }))
SPOIL(io_pci, RT->io_ranges[1] = ((struct scenario_io_range){ 0xcf0, 16 }))
SPOIL(io_vuart, RT->io_ranges[1] = ((struct scenario_io_range){ 0x3fc, 1 }))
SPOIL(io_twice, RT->io_ranges[1].base = 0x60)
SPOIL(io_taken, SAFETY->nr_io_ranges = 1; SAFETY->io_ranges[0] = ((struct scenario_io_range){ 0x60, 16 }))
SPOIL(kernel_user, USER->kernel.tag[0] = 'k')
SPOIL(kernel_unknown, RT->kernel.type = 4)
SPOIL(kernel_reserved, RT->kernel.reserved[0] = 1)
SPOIL(tag_open, memset(RT->kernel.tag, 't', 32))
SPOIL(tag_tail, RT->kernel.tag[20] = 't')
SPOIL(tag_blank, RT->kernel.tag[2] = ' ')
SPOIL(tag_none, memset(RT->kernel.tag, 0, 32))
SPOIL(args_open, memset(SERVICE->kernel.bootargs, 'b', 1024))
SPOIL(args_escape, SERVICE->kernel.bootargs[7] = '\033')
SPOIL(args_high, SERVICE->kernel.bootargs[7] = (char)0xc3)
SPOIL(acpi_service, strcpy(SERVICE->kernel.acpi_tag, "ACPI_VM2"))
SPOIL(load_elf, RT->kernel.load_addr = 0x1000000)
SPOIL(load_low, SAFETY->kernel.load_addr = 0x1000)
SPOIL(load_high, SAFETY->kernel.load_addr = 64 << 20)
SPOIL(load_odd, SAFETY->kernel.load_addr = 0x1000010)
SPOIL(entry_before, SAFETY->kernel.entry_addr = 0xfff000)
SPOIL(order_two, USER->load_order = SCENARIO_SERVICE; USER->severity = SCENARIO_SEVERITY_SERVICE;
      USER->options = 0; USER->cpu_affinity = 16; strcpy(USER->kernel.tag, "k"))
SPOIL(order_wrong, struct scenario_vm vm = *SAFETY; *SAFETY = *SERVICE; *SERVICE = vm;
      RT->vuarts[1].peer_vm = 1)
SPOIL(order_alone, s->nr_vms = 1; s->total_size = sizeof(*s) + sizeof(s->vms[0]); s->nr_ivshmem = 0; memset(s->ivshmem, 0, sizeof(s->ivshmem));
      *RT = *USER)

static const struct fault faults[] = {
	{ name_open, "scenario: its name is not terminated", "name", -1, -1 },
	{ name_tail, "scenario: its name has bytes after its end", "name", -1, -1 },
	{ reserved_header, "scenario: a reserved byte of the header is not zero", "", -1, -1 },
	{ policy_unknown, "scenario: policy 7 of pCPU 63 is not known; 0 to 6 are", "pcpu_policy", -1, 63 },
	{ vm_name_open, "vm 3: its name is not terminated", "name", 3, -1 },
	{ vm_name_empty, "vm 0: its name is empty", "name", 0, -1 },
	{ vm_name_escape, "vm 0: its name has a character other than letters, digits, '_', '-' and '.'", "name", 0, -1 },
	{ vm_name_twice, "vm \"rt\": VM 0 has this name already; each VM needs its own", "name", 3, -1 },
	{ regions_many, "scenario: 9 ivshmem regions; there may be up to 8", "ivshmem_region", -1, -1 },
	{ region_extra, "scenario: ivshmem entry 1 is filled, but only 1 are counted", "ivshmem_region", -1, 1 },
	{ region_nameless, "ivshmem region 0: its name is empty", "ivshmem_region", -1, 0 },
	{ region_twice, "ivshmem region \"shm0\": region 0 has this name already; each region needs its own", "ivshmem_region", -1, 1 },
	{ region_size, "ivshmem region \"shm0\": size 0x300000; a power of two from 4K to 1G is needed, as it becomes a PCI BAR",
	  "ivshmem_region", -1, 0 },
	{ region_small, "ivshmem region \"shm0\": size 0x800; a power of two from 4K to 1G is needed, as it becomes a PCI BAR",
	  "ivshmem_region", -1, 0 },
	{ region_large, "ivshmem region \"shm0\": size 0x80000000; a power of two from 4K to 1G is needed, as it becomes a PCI BAR",
	  "ivshmem_region", -1, 0 },
	{ region_vms, "ivshmem region \"shm0\": VM mask 0x11; it must name at least one VM and only the 4 there are", "ivshmem_region", -1, 0 },
	{ region_nobody, "ivshmem region \"shm0\": VM mask 0x0; it must name at least one VM and only the 4 there are", "ivshmem_region", -1, 0 },
	{ region_writer, "ivshmem region \"shm0\": writer mask 0x2 names a VM that is not in VM mask 0x5", "ivshmem_region", -1, 0 },
	{ region_silent, "ivshmem region \"shm0\": silent mask 0x2 names a VM that is not in VM mask 0x5", "ivshmem_region", -1, 0 },
	{ region_reserved, "ivshmem region \"shm1\": a reserved byte is not zero", "ivshmem_region", -1, 1 },
	{ order_unknown, "vm \"user\": load_order 3 is not known; 0 pre_launched, 1 service and 2 post_launched are", "load_order", 3, -1 },
	{ severity_unknown, "vm \"rt\": severity 0x31 is not known; 0x10 standard, 0x20 service, 0x30 rt and 0x40 safety are", "severity", 0, -1 },
	{ severity_service, "vm \"user\": severity service does not fit load_order post_launched; the Service VM, and no other, has severity "
	  "service", "severity", 3, -1 },
	{ severity_of_service, "vm \"service\": severity rt does not fit load_order service; the Service VM, and no other, has severity service",
	  "severity", 2, -1 },
	{ severity_rt, "vm \"rt\": severity standard with guest flag rt; rt or safety is needed, else the Service VM may interrupt it",
	  "severity", 0, -1 },
	{ priority_above, "vm \"user\": priority 9 is above the 8 of the Service VM, which does its I/O; give the Service VM at least 9",
	  "priority", 3, -1 },
	{ priority_budget, "vm \"user\": priority 9, but the Service VM, which does its I/O, has a budget that may run out; take out "
	  "budget_us there or the priority here", "priority", 3, -1 },
	{ crash_unknown, "vm \"rt\": crash_policy 3 is not known; 0 stop, 1 restart and 2 notify are", "crash_policy", 0, -1 },
	{ restarts, "vm \"safety\": restart_max 1 with crash_policy stop; it goes with crash_policy restart only", "restart_max", 1, -1 },
	{ reserved_vm, "vm \"safety\": a reserved byte is not zero", "", 1, -1 },
	{ flags_unknown, "vm \"rt\": guest_flags 0x8012 has unknown bits; 0x7fff are known", "guest_flags", 0, -1 },
	{ options_unknown, "vm \"rt\": options 0x21 has unknown bits; 0x1f are known", "options", 0, -1 },
	{ lapic_not_rt, "vm \"rt\": guest flag lapic_pt needs guest flag rt as well", "guest_flags", 0, -1 },
	{ lapic_service, "vm \"service\": guest flag lapic_pt is not for the Service VM, which gets the machine's interrupts through the "
	  "hypervisor", "guest_flags", 2, -1 },
	{ microcode_user, "vm \"user\": option microcode is for the Service VM only; drop it", "options", 3, -1 },
	{ lapic_xapic, "vm \"rt\": option no_x2apic contradicts guest flag lapic_pt, which works in x2APIC mode; drop one", "options", 0, -1 },
	{ hyperv_service, "vm \"service\": option hyperv_leaves is not for the Service VM: CPUID 0x40000001 tells it that it is "
	  "privileged; drop it", "options", 2, -1 },
	{ memory_odd, "vm \"rt\": memory_size 0x1000 is not a multiple of 2M", "memory_size", 0, -1 },
	{ memory_none, "vm \"safety\": memory_size is missing; a pre-launched VM needs one, as 256M", "memory_size", 1, -1 },
	{ memory_service, "vm \"service\": memory_size is not for the Service VM, which has what the others leave; leave it out",
	  "memory_size", 2, -1 },
	{ hpa_user, "vm \"user\": memory_hpa is for pre-launched VMs only; leave it out", "memory_hpa", 3, -1 },
	{ hpa_odd, "vm \"rt\": memory_hpa 0x20100000 is not a multiple of 2M", "memory_hpa", 0, -1 },
	{ memory_beyond, "vm \"rt\": memory_size 0x10000000 at 0xffffffffffe00000 goes beyond 52 address bits", "memory_size", 0, -1 },
	{ memory_overlap, "vm \"safety\": memory 0x2fe00000 to 0x33dfffff overlaps that of vm \"rt\", 0x20000000 to 0x2fffffff; move one of "
	  "them", "memory_hpa", 1, -1 },
	{ cpu_none, "vm \"user\": cpu_affinity names no pCPU; it needs at least one, as 0 or 0-2,5", "cpu_affinity", 3, -1 },
	{ weight_high, "vm \"rt\": weight 129 is above 128", "weight", 0, -1 },
	{ warp_high, "vm \"rt\": warp_us 1000001 is above 1000000, a second", "warp_us", 0, -1 },
	{ warp_limit_alone, "vm \"rt\": warp_limit_us 5 without warp_us: nothing to end; give warp_us, too", "warp_limit_us", 0, -1 },
	{ unwarp_alone, "vm \"rt\": unwarp_us 5 without warp_limit_us, after which it begins; give both", "unwarp_us", 0, -1 },
	{ budget_alone, "vm \"safety\": budget_us 100 with period_us 0; give both or none", "budget_us", 1, -1 },
	{ period_alone, "vm \"safety\": budget_us 0 with period_us 1000; give both or none", "period_us", 1, -1 },
	{ budget_high, "vm \"safety\": budget_us 1001 is more than period_us 1000", "budget_us", 1, -1 },
	{ tsc_low, "vm \"safety\": tsc_khz is 9999; 10000 (10 MHz) to 10000000 (10 GHz) is right, or leave it out", "tsc_khz", 1, -1 },
	{ tsc_high, "vm \"user\": tsc_khz is 10000001; 10000 (10 MHz) to 10000000 (10 GHz) is right, or leave it out", "tsc_khz", 3, -1 },
	{ tsc_service, "vm \"service\": tsc_khz is not for the Service VM, whose traces and clocks are the machine's; leave it out", "tsc_khz",
	  2, -1 },
	{ tsc_lapic, "vm \"rt\": tsc_khz contradicts guest flag lapic_pt: that local APIC's deadlines are the machine's TSC; drop one",
	  "tsc_khz", 0, -1 },
	{ policy_lapic, "vm \"rt\": pCPU 3 has policy bvt, which needs the timer that guest flag lapic_pt gives away; default or noop is right",
	  "cpu_affinity", 0, -1 },
	{ cpu_taken, "vm \"service\": pCPU 3 is also used by vm \"rt\", which has LAPIC passthrough; a CPU of a LAPIC-passthrough VM must be "
	  "its own", "cpu_affinity", 2, -1 },
	{ cpu_taken_first, "vm \"safety\": pCPU 3 is also used by vm \"rt\", which has LAPIC passthrough; a CPU of a LAPIC-passthrough VM must "
	  "be its own", "cpu_affinity", 1, -1 },
	{ cpu_taken_user, "vm \"user\": pCPU 3 is also used by vm \"rt\", which has LAPIC passthrough; a CPU of a LAPIC-passthrough VM must be "
	  "its own", "cpu_affinity", 3, -1 },
	{ cpu_noop, "vm \"user\": pCPU 1 is also used by vm \"service\"; a CPU with policy noop runs one vCPU only", "cpu_affinity", 3, -1 },
	{ cpu_noop_pre, "vm \"service\": pCPU 2 is also used by vm \"safety\"; a CPU with policy noop runs one vCPU only", "cpu_affinity", 2, -1 },
	{ vuart_unknown, "vm \"rt\": vuart 3: type 3 is not known; 0 none, 1 console and 2 inter_vm are", "vuart", 0, 3 },
	{ vuart_none_set, "vm \"rt\": vuart 3: type none, but another field is set", "vuart", 0, 3 },
	{ vuart_reserved, "vm \"rt\": vuart 0: a reserved byte is not zero", "vuart", 0, 0 },
	{ vuart_peer, "vm \"rt\": vuart 0: type console has no peer; use type inter_vm or drop the peer", "vuart", 0, 0 },
	{ vuart_base, "vm \"rt\": vuart 0: io_base 0x3f9; a multiple of 8 from 0x100 on, but 0xcf8, is needed, as 0x3f8", "vuart", 0, 0 },
	{ vuart_pci, "vm \"rt\": vuart 0: io_base 0xcf8; a multiple of 8 from 0x100 on, but 0xcf8, is needed, as 0x3f8", "vuart", 0, 0 },
	{ vuart_low, "vm \"rt\": vuart 0: io_base 0x20; a multiple of 8 from 0x100 on, but 0xcf8, is needed, as 0x3f8", "vuart", 0, 0 },
	{ vuart_irq, "vm \"rt\": vuart 0: irq 2; 1 to 15 without 2 (cascade) and 8 (clock) are right", "vuart", 0, 0 },
	{ vuart_irq_high, "vm \"rt\": vuart 0: irq 16; 1 to 15 without 2 (cascade) and 8 (clock) are right", "vuart", 0, 0 },
	{ vuart_same_base, "vm \"rt\": vuart 1: io_base 0x3f8 is that of vuart 0; each needs its own", "vuart", 0, 1 },
	{ vuart_same_irq, "vm \"rt\": vuart 1: irq 4 is that of vuart 0; each needs its own", "vuart", 0, 1 },
	{ console_none, "vm \"rt\": console is vuart 3, which is not a vuart of type console; give that vuart or leave console out", "console",
	  0, -1 },
	{ console_peer, "vm \"rt\": console is vuart 1, which is not a vuart of type console; give that vuart or leave console out", "console",
	  0, -1 },
	{ console_high, "vm \"rt\": console is vuart 4, which is not a vuart of type console; give that vuart or leave console out", "console",
	  0, -1 },
	{ peer_self, "vm \"rt\": vuart 1: peer_vm 0; another one of the 4 VMs is needed", "vuart", 0, 1 },
	{ peer_missing, "vm \"rt\": vuart 1: peer_vm 4; another one of the 4 VMs is needed", "vuart", 0, 1 },
	{ peer_index, "vm \"rt\": vuart 1: peer_vuart 4; a VM has vuarts 0 to 3", "vuart", 0, 1 },
	{ peer_one_way, "vm \"rt\": vuart 1: its peer, vuart 0 of vm \"service\", does not name it back; both ends must be of type inter_vm and "
	  "name each other", "vuart", 0, 1 },
	{ peer_half, "vm \"rt\": vuart 1: its peer, vuart 2 of vm \"service\", does not name it back; both ends must be of type inter_vm and "
	  "name each other", "vuart", 0, 1 },
	{ pci_many, "vm \"rt\": 17 PCI devices; there may be up to 16", "pci_dev", 0, -1 },
	{ pci_service, "vm \"service\": pci_dev and io_range are for pre-launched VMs only: the Service VM has all that is left, and acrn-dm "
	  "assigns devices to user VMs", "pci_dev", 2, 0 },
	{ pci_uncounted, "vm \"rt\": a PCI device is set beyond the 1 counted", "pci_dev", 0, -1 },
	{ pci_twice, "vm \"rt\": PCI device 00:1f.2 is also given to vm \"rt\"; it can have one owner", "pci_dev", 0, 1 },
	{ pci_taken, "vm \"safety\": PCI device 01:00.0 is also given to vm \"rt\"; it can have one owner", "pci_dev", 1, 0 },
	{ io_many, "vm \"rt\": 9 port ranges; there may be up to 8", "io_range", 0, -1 },
	{ io_user, "vm \"user\": pci_dev and io_range are for pre-launched VMs only: the Service VM has all that is left, and acrn-dm assigns "
	  "devices to user VMs", "io_range", 3, 0 },
	{ io_uncounted, "vm \"rt\": a port range is set beyond the 1 counted", "io_range", 0, -1 },
	{ io_empty, "vm \"rt\": io_range 1: 0 ports from 0x64; at least one port is needed, and none beyond 0xffff", "io_range", 0, 1 },
	{ io_beyond, "vm \"rt\": io_range 1: 2 ports from 0xffff; at least one port is needed, and none beyond 0xffff", "io_range", 0, 1 },
	{ io_pci, "vm \"rt\": io_range 1: 0xcf0 to 0xcff covers the PCI configuration ports 0xcf8 to 0xcff, which no VM may reach directly",
	  "io_range", 0, 1 },
	{ io_vuart, "vm \"rt\": io_range 1: 0x3fc to 0x3fc overlaps vuart 0 at 0x3f8; move one of them", "io_range", 0, 1 },
	{ io_twice, "vm \"rt\": io_range 1: 0x60 to 0x60 overlaps 0x60 to 0x60 of vm \"rt\"; a port can have one owner", "io_range", 0, 1 },
	{ io_taken, "vm \"safety\": io_range 0: 0x60 to 0x6f overlaps 0x60 to 0x60 of vm \"rt\"; a port can have one owner", "io_range", 1, 0 },
	{ kernel_user, "vm \"user\": kernel is not for a post-launched VM; acrn-dm loads its kernel", "kernel", 3, -1 },
	{ kernel_unknown, "vm \"rt\": kernel type 4 is not known; 0 auto, 1 bzimage, 2 elf_multiboot and 3 elf_pvh are", "type", 0, -1 },
	{ kernel_reserved, "vm \"rt\": a reserved byte of kernel is not zero", "kernel", 0, -1 },
	{ tag_open, "vm \"rt\": tag is not terminated; it may have 31 characters", "tag", 0, -1 },
	{ tag_tail, "vm \"rt\": tag has bytes after its end", "tag", 0, -1 },
	{ tag_blank, "vm \"rt\": tag \"RT vmlinux\" has a blank; it must be one word", "tag", 0, -1 },
	{ tag_none, "vm \"rt\": kernel tag is missing; it is the first word of the boot module's string, as Linux_bzImage", "tag", 0, -1 },
	{ args_open, "vm \"service\": bootargs is not terminated; it may have 1023 characters", "bootargs", 2, -1 },
	{ args_escape, "vm \"service\": bootargs has byte 0x1b at 7; only printable ASCII is allowed", "bootargs", 2, -1 },
	{ args_high, "vm \"service\": bootargs has byte 0xc3 at 7; only printable ASCII is allowed", "bootargs", 2, -1 },
	{ acpi_service, "vm \"service\": acpi_tag is not for the Service VM, which sees the machine's own tables", "acpi_tag", 2, -1 },
	{ load_elf, "vm \"rt\": load_addr is not for kernel type elf_pvh, whose image says where it goes; leave it out", "load_addr", 0, -1 },
	{ load_low, "vm \"safety\": load_addr 0x1000; a multiple of 4K from 1M up to the end of the VM's low memory at 0x4000000 is needed",
	  "load_addr", 1, -1 },
	{ load_high, "vm \"safety\": load_addr 0x4000000; a multiple of 4K from 1M up to the end of the VM's low memory at 0x4000000 is needed",
	  "load_addr", 1, -1 },
	{ load_odd, "vm \"safety\": load_addr 0x1000010; a multiple of 4K from 1M up to the end of the VM's low memory at 0x4000000 is needed",
	  "load_addr", 1, -1 },
	{ entry_before, "vm \"safety\": entry_addr 0xfff000; an address from 0x1000000 (load_addr, or 1M) up to the end of the VM's low memory "
	  "at 0x4000000 is needed", "entry_addr", 1, -1 },
	{ order_two, "vm \"user\": load_order is service, but vm \"service\" is the Service VM already; there may be one", "load_order", 3, -1 },
	{ order_wrong, "vm \"safety\": it is pre_launched and stands after vm \"service\", which is service; the order is pre_launched, "
	  "service, post_launched", "load_order", 2, -1 },
	{ order_alone, "vm \"user\": load_order is post_launched, but there is no Service VM that could start it; add one", "load_order", 0, -1 },
};

START_TEST(fault_is_refused)
{
	const struct fault *f = &faults[_i];
	struct scenario *s = sample_scenario();
	const struct scenario *out = NULL;
	struct scenario_error e = { .text = "" };

	f->spoil(s);
	sample_seal(s);
	ck_assert_int_eq(scenario_read(s, SAMPLE_SIZE, &out, &e), -EINVAL);
	ck_assert_str_eq(e.text, f->text);
	ck_assert_str_eq(e.field, f->field);
	ck_assert_int_eq(e.vm_id, f->vm_id);
	ck_assert_int_eq(e.index, f->index);
	ck_assert_ptr_null(out);
	free(s);
}
END_TEST

/* Faults of the module's form, which the checksum must not hide. */
static void refused(const struct scenario *s, uint32_t size, const char *text)
{
	const struct scenario *out = NULL;
	struct scenario_error e = { .text = "" };

	ck_assert_int_eq(scenario_read(s, size, &out, &e), -EINVAL);
	ck_assert_str_eq(e.text, text);
	ck_assert_int_eq(e.vm_id, -1);
	ck_assert_ptr_null(out);
}

START_TEST(form_is_refused)
{
	struct scenario *s = sample_scenario();

	refused(s, 511, "scenario: the module has 511 bytes, fewer than the 512 of a header; it is truncated");
	refused(s, 0, "scenario: the module has 0 bytes, fewer than the 512 of a header; it is truncated");
	refused(s, SAMPLE_SIZE - 1, "scenario: 5823 of 5824 bytes are there; the module is truncated");
	s->magic = 0x464c457f;
	refused(s, SAMPLE_SIZE, "scenario: the module begins with 0x464c457f instead of 0x4e435351; make it with hvconfig build");
	s->magic = SCENARIO_MAGIC;
	s->version = 1;
	refused(s, SAMPLE_SIZE, "scenario: version 1 is not known; this hypervisor reads version 3: make the module with its own hvconfig");
	s->version = SCENARIO_VERSION;
	s->vm_size--;
	refused(s, SAMPLE_SIZE, "scenario: record sizes 512 and 1327 are not the 512 and 1328 of version 3");
	s->vm_size++;
	s->nr_vms = 0;
	refused(s, SAMPLE_SIZE, "scenario: 0 VMs; there must be 1 to 16");
	s->nr_vms = 17;
	refused(s, SAMPLE_SIZE, "scenario: 17 VMs; there must be 1 to 16");
	s->nr_vms = 5;
	refused(s, SAMPLE_SIZE, "scenario: total size 5824 does not fit 5 VMs, which take 7152 bytes");
	s->nr_vms = 4;
	s->crc32 = 0x12345678;
	s->vms[0].name[0] = 'R';
	{
		char text[128];

		snprintf(text, sizeof(text), "scenario: checksum 0x%x instead of 0x12345678; the module is damaged", scenario_crc(s));
		refused(s, SAMPLE_SIZE, text);
	}
	refused((struct scenario *)((char *)s + 4), SAMPLE_SIZE - 4,
		"scenario: the module begins at an address that is not a multiple of 8");
	free(s);
}
END_TEST

/* What looks like a conflict and is none: slots for user VMs share CPUs, and a real-time slot may be given the Service VM's. */
START_TEST(slots_may_share_cpus)
{
	struct scenario *s = sample_scenario();
	const struct scenario *out;
	struct scenario_error e = { .text = "" };

	USER->guest_flags = SCENARIO_FLAG_RT | SCENARIO_FLAG_LAPIC_PT;
	USER->severity = SCENARIO_SEVERITY_RT;
	USER->cpu_affinity = 2;
	s->pcpu_policy[1] = SCENARIO_POLICY_NOOP;
	sample_seal(s);
	ck_assert_msg(scenario_read(s, SAMPLE_SIZE, &out, &e) == 0, "%s", e.text);
	free(s);
}
END_TEST

struct list {
	char text[16][320];
	unsigned int nr;
};

static void keep(const struct scenario_error *e, void *arg)
{
	struct list *l = arg;

	ck_assert_uint_lt(l->nr, 16);
	strcpy(l->text[l->nr++], e->text);
}

/* Eight faults, of one VM and between VMs, two of them in one field's rules: all are found in one go, the reader's own first. */
START_TEST(all_faults_are_listed)
{
	struct scenario *s = sample_scenario();
	struct scenario_error e;
	const struct scenario *out;
	struct list l = { .nr = 0 };

	scenario_list(s, keep, &l);
	ck_assert_uint_eq(l.nr, 0);
	s->ivshmem[0].size = 5;
	RT->memory_size += 4096;
	RT->memory_hpa = 4096;
	RT->vuarts[0].io_base = 1;
	RT->vuarts[0].irq = 2;
	USER->weight = 200;
	USER->load_order = SCENARIO_PRE_LAUNCHED;
	SERVICE->cpu_affinity |= RT->cpu_affinity;
	sample_seal(s);
	scenario_list(s, keep, &l);
	ck_assert_uint_ge(l.nr, 8);
	ck_assert_int_eq(scenario_read(s, SAMPLE_SIZE, &out, &e), -EINVAL);
	ck_assert_str_eq(l.text[0], e.text);
	ck_assert_ptr_nonnull(strstr(l.text[0], "size 0x5"));
	ck_assert_ptr_nonnull(strstr(l.text[1], "memory_size 0x"));
	ck_assert_ptr_nonnull(strstr(l.text[2], "memory_hpa 0x1000 is not"));
	ck_assert_ptr_nonnull(strstr(l.text[3], "io_base 0x1"));
	ck_assert_ptr_nonnull(strstr(l.text[4], "irq 2"));
	free(s);
}
END_TEST

/* A user VM with a priority, and nobody to start it. */
START_TEST(list_without_service_vm)
{
	struct scenario *s = sample_scenario();
	struct list l = { .nr = 0 };

	SERVICE->load_order = SCENARIO_PRE_LAUNCHED;
	USER->priority = 9;
	scenario_list(s, keep, &l);
	ck_assert_uint_ge(l.nr, 2);
	free(s);
}
END_TEST

START_TEST(every_value_has_a_word)
{
	ck_assert_str_eq(scenario_policy_name(SCENARIO_POLICY_SPORADIC), "sporadic");
	ck_assert_ptr_null(scenario_policy_name(SCENARIO_NR_POLICIES));
	ck_assert_str_eq(scenario_severity_name(0x40), "safety");
	ck_assert_ptr_null(scenario_severity_name(0));
	ck_assert_str_eq(scenario_flag_name(1), "lapic_pt");
	ck_assert_str_eq(scenario_flag_name(14), "stateless");
	ck_assert_ptr_null(scenario_flag_name(15));
	ck_assert_str_eq(scenario_option_name(0), "kvm_leaf");
	ck_assert_ptr_null(scenario_option_name(5));
	ck_assert_ptr_null(scenario_load_order_name(3));
	ck_assert_ptr_null(scenario_crash_policy_name(3));
	ck_assert_ptr_null(scenario_vuart_type_name(3));
	ck_assert_ptr_null(scenario_kernel_type_name(4));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario");
	TCase *tc = tcase_create("reader");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, crc_is_ieee);
	tcase_add_test(tc, sample_is_right);
	tcase_add_loop_test(tc, fault_is_refused, 0, (int)ARRAY_SIZE(faults));
	tcase_add_test(tc, form_is_refused);
	tcase_add_test(tc, slots_may_share_cpus);
	tcase_add_test(tc, all_faults_are_listed);
	tcase_add_test(tc, list_without_service_vm);
	tcase_add_test(tc, every_value_has_a_word);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Shell commands: argv[0] is the command's name. A new one is a row in debug/shell.c. */
#pragma once

void cmd_vm_list(int argc, char **argv);
void cmd_vcpu_list(int argc, char **argv);
void cmd_vmexit(int argc, char **argv);
void cmd_memory(int argc, char **argv);
void cmd_cpu_list(int argc, char **argv);
void cmd_crash(int argc, char **argv);
void cmd_ivshmem(int argc, char **argv);

/* vm_pause, vm_resume, vcpu_pause, vcpu_resume, vm_reset, vm_off. Inside vm_table_enter(), which they leave for a while. */
void cmd_life(int argc, char **argv);
void cmd_reboot(int argc, char **argv);
void cmd_poweroff(int argc, char **argv);

void cmd_vcpu_dumpreg(int argc, char **argv);
void cmd_dump_host_mem(int argc, char **argv);
void cmd_dump_guest_mem(int argc, char **argv);
void cmd_cpuid(int argc, char **argv);
void cmd_rdmsr(int argc, char **argv);
void cmd_wrmsr(int argc, char **argv);
void cmd_int(int argc, char **argv);
void cmd_pt(int argc, char **argv);
void cmd_vioapic(int argc, char **argv);
void cmd_dump_ioapic(int argc, char **argv);

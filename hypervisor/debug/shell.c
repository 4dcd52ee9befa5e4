/* SPDX-License-Identifier: BSD-3-Clause */
/* Line editing and the table of commands. */
#include "debug/shell.h"

#include "debug/cmd.h"
#include "debug/input.h"
#include "debug/vmcon.h"
#include "emul/vuart.h"
#include "lib/string.h"
#include "log/console.h"
#include "log/log.h"
#include "public/hypercall.h"
#include "sched/thread.h"

#define PROMPT		"quercus> "
#define LINE_MAX	128u
#define ARGS_MAX	8
#define KEY_DETACH	0x1d	/* Ctrl-] */
#define KEY_DELETE	0x7f

static void cmd_help(int argc, char **argv);
static void cmd_vm_console(int argc, char **argv);
static void cmd_log(int argc, char **argv);
static void cmd_version(int argc, char **argv);
static void cmd_loglevel(int argc, char **argv);

static const struct {
	const char *name, *args, *help;
	void (*run)(int argc, char **argv);
	bool intimate;		/* shows or changes what is a VM's or the hypervisor's own: needs the boot option debug-shell */
} commands[] = {
	{ "help", "", "this list", cmd_help, false },
	{ "version", "", "of the hypervisor", cmd_version, false },
	{ "vm_list", "", "VMs: number, name, kind, state, why stopped", cmd_vm_list, false },
	{ "vcpu_list", "", "vCPUs: CPU, state, exits, run time", cmd_vcpu_list, false },
	{ "vcpu_dumpreg", "VM VCPU", "registers", cmd_vcpu_dumpreg, true },
	{ "vm_console", "VM", "attach to a VM's console; Ctrl-] comes back", cmd_vm_console, false },
	{ "vm_pause", "ID", "stop a VM's vCPUs", cmd_life, false },
	{ "vm_resume", "ID", "let a VM go on that vm_pause stopped", cmd_life, false },
	{ "vcpu_pause", "ID VCPU", "stop one vCPU", cmd_life, false },
	{ "vcpu_resume", "ID VCPU", "let it go on", cmd_life, false },
	{ "vm_reset", "ID", "start a VM afresh, as if it had asked for it", cmd_life, false },
	{ "vm_off", "ID", "switch a VM off, as if it had asked for it", cmd_life, false },
	{ "vmexit", "[clear|hist [off]]", "VM exits by vCPU and reason; reset the counts; what they cost", cmd_vmexit, false },
	{ "dump_host_mem", "ADDR LEN", "memory by physical or the hypervisor's address", cmd_dump_host_mem, true },
	{ "dump_guest_mem", "VM ADDR LEN", "memory as a VM's vCPU 0 sees it", cmd_dump_guest_mem, true },
	{ "cpuid", "LEAF [SUB]", "CPUID of the machine", cmd_cpuid, false },
	{ "rdmsr", "[-pCPU] MSR", "read an MSR", cmd_rdmsr, true },
	{ "wrmsr", "[-pCPU] MSR VAL", "write an MSR", cmd_wrmsr, true },
	{ "int", "", "interrupts by vector and CPU", cmd_int, false },
	{ "pt", "", "interrupts of devices given to VMs", cmd_pt, false },
	{ "vioapic", "VM", "a VM's interrupt lines", cmd_vioapic, false },
	{ "dump_ioapic", "", "the machine's interrupt lines", cmd_dump_ioapic, false },
	{ "cpu_list", "", "CPUs and their scheduling policy", cmd_cpu_list, false },
	{ "ivshmem", "", "shared memory: where each VM has it, doorbells rung and ignored", cmd_ivshmem, false },
	{ "memory", "[check]", "the hypervisor's page pool, or a check of who owns memory", cmd_memory, false },
	{ "log", "", "the log kept in memory", cmd_log, false },
	{ "loglevel", "[CONSOLE [MEM [NPK]]]", "what is printed and what goes to acrnlog: 1 errors to 4 all", cmd_loglevel, false },
	{ "crash", "", "faults of the hypervisor that cost a VM", cmd_crash, false },
	{ "reboot", "[force]", "reset the machine", cmd_reboot, false },
	{ "poweroff", "[force]", "switch the machine off", cmd_poweroff, false },
};

static char line[LINE_MAX];
static size_t line_len;
static struct thread *server;
static bool debugging;

static void cmd_help(int argc __unused, char **argv __unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		console_printf("  %-14s %-21s %s%s\n", commands[i].name, commands[i].args, commands[i].help,
			       commands[i].intimate && !debugging ? " (needs debug-shell)" : "");
}

static void cmd_vm_console(int argc, char **argv)
{
	uint64_t id;

	if (argc != 2 || str_to_u64(argv[1], &id) || vmcon_attach(id > 255 ? 255 : (uint32_t)id)) {
		console_printf("vm_console needs the number of a VM that has a console, see vm_list\n");
		return;
	}
	console_printf("console of VM %lu; Ctrl-] comes back\n", id);
}

static void cmd_log(int argc __unused, char **argv __unused)
{
	static char piece[512];
	uint64_t pos = 0;
	size_t n;

	while ((n = log_read(&pos, piece, sizeof(piece))))
		console_write(piece, n);
}

static void cmd_version(int argc __unused, char **argv __unused)
{
	console_printf("Quercus hypervisor 0.1, hypercall API %u.%u\n", HC_API_MAJOR, HC_API_MINOR);
}

static void cmd_loglevel(int argc, char **argv)
{
	uint64_t level[3] = { log_get_level(), log_get_sink_level(), 0 };
	int i;

	for (i = 1; i < argc; i++) {
		if (i > 3 || str_to_u64(argv[i], &level[i - 1]) || level[i - 1] > LOG_DEBUG) {
			console_printf("loglevel [CONSOLE [MEM [NPK]]]: 0 nothing, 1 errors, 2 warnings, 3 notes, 4 all\n");
			return;
		}
	}
	log_set_level((enum log_level)level[0]);
	log_set_sink_level((unsigned int)level[1]);
	console_printf("console %lu, mem (acrnlog) %lu, npk: this hypervisor drives no trace hub\n", level[0], level[1]);
}

static int split(char *s, char **argv)
{
	int n = 0;

	while (*s && n < ARGS_MAX) {
		while (*s == ' ')
			*s++ = 0;
		if (!*s)
			break;
		argv[n++] = s;
		while (*s && *s != ' ')
			s++;
	}
	return n;
}

static void run_line(void)
{
	char *argv[ARGS_MAX];
	int argc = split(line, argv);
	unsigned int i;

	if (!argc)
		return;
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, argv[0]))
			continue;
		if (commands[i].intimate && !debugging)
			console_printf("%s looks behind the walls between VMs: boot with \"debug-shell\" to allow it\n", argv[0]);
		else
			commands[i].run(argc, argv);
		return;
	}
	console_printf("%s: no such command; \"help\" lists them\n", argv[0]);
}

static void end_line(void)
{
	console_write("\n", 1);
	line[line_len] = 0;
	run_line();
	line_len = 0;
	if (!vmcon_is_attached())
		console_printf(PROMPT);
}

static void edit(char c)
{
	if (c == '\r' || c == '\n') {
		end_line();
	} else if ((c == '\b' || c == KEY_DELETE) && line_len) {
		line_len--;
		console_write("\b \b", 3);
	} else if (c >= ' ' && c < KEY_DELETE && line_len < LINE_MAX - 1) {
		line[line_len++] = c;
		console_write(&c, 1);
	}
}

static void key(int c)
{
	if (!vmcon_is_attached()) {
		edit((char)c);
	} else if (c == KEY_DETACH) {
		vmcon_detach();
		console_printf("\n" PROMPT);
	} else {
		vmcon_key((uint8_t)c);
	}
}

static void wake(void)
{
	thread_wake(server);
}

void shell_init(struct thread *t, bool tee, bool debug)
{
	vmcon_tee(tee);
	debugging = debug;
	server = t;
	vuart_output_hook = wake;
	input_init(wake);
	console_printf("\nType \"help\" for the commands.\n" PROMPT);
}

bool shell_poll(void)
{
	bool more = vmcon_pump();
	int c;

	while ((c = console_getc()) >= 0)
		key(c);
	return more;
}

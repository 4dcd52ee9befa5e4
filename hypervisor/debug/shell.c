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
#include "sched/thread.h"

#define PROMPT		"quercus> "
#define LINE_MAX	128u
#define ARGS_MAX	8
#define KEY_DETACH	0x1d	/* Ctrl-] */
#define KEY_DELETE	0x7f

static void cmd_help(int argc, char **argv);
static void cmd_vm_console(int argc, char **argv);
static void cmd_log(int argc, char **argv);

static const struct {
	const char *name, *args, *help;
	void (*run)(int argc, char **argv);
} commands[] = {
	{ "help", "", "this list", cmd_help },
	{ "vm_list", "", "VMs: number, name, kind, state, why stopped", cmd_vm_list },
	{ "vcpu_list", "", "vCPUs: CPU, state, exits, run time", cmd_vcpu_list },
	{ "vm_console", "ID", "attach to a VM's console; Ctrl-] comes back", cmd_vm_console },
	{ "vm_pause", "ID", "stop a VM's vCPUs", cmd_life },
	{ "vm_resume", "ID", "let a VM go on that vm_pause stopped", cmd_life },
	{ "vcpu_pause", "ID VCPU", "stop one vCPU", cmd_life },
	{ "vcpu_resume", "ID VCPU", "let it go on", cmd_life },
	{ "vm_reset", "ID", "start a VM afresh, as if it had asked for it", cmd_life },
	{ "vm_off", "ID", "switch a VM off, as if it had asked for it", cmd_life },
	{ "vmexit", "[clear]", "VM exits by vCPU and reason, or reset the counts", cmd_vmexit },
	{ "cpu_list", "", "CPUs and their scheduling policy", cmd_cpu_list },
	{ "memory", "[check]", "the hypervisor's page pool, or a check of who owns memory", cmd_memory },
	{ "log", "", "the log kept in memory", cmd_log },
	{ "crash", "", "faults of the hypervisor that cost a VM", cmd_crash },
	{ "reboot", "[force]", "reset the machine", cmd_reboot },
	{ "poweroff", "[force]", "switch the machine off", cmd_poweroff },
};

static char line[LINE_MAX];
static size_t line_len;
static struct thread *server;

static void cmd_help(int argc __unused, char **argv __unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		console_printf("  %-12s %-10s %s\n", commands[i].name, commands[i].args, commands[i].help);
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
		if (!strcmp(commands[i].name, argv[0])) {
			commands[i].run(argc, argv);
			return;
		}
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

void shell_init(struct thread *t, bool tee)
{
	vmcon_tee(tee);
	server = t;
	vuart_output_hook = wake;
	input_init(wake);
	console_printf("\nType \"help\" for the commands.\n" PROMPT);
}

void shell_poll(void)
{
	int c;

	(void)vmcon_pump();
	while ((c = console_getc()) >= 0)
		key(c);
}
